"""An older database is copied before it is brought to the newest schema. Blocking.

The copy lies beside it, named after the schema that it has: with it the older program goes on as if nothing had been.
Only the last one is kept.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from engine.errors import UpgradeRefused
from engine.runtime import log
from engine.runtime.whole_file import sync
from engine.store.schema import Upgrade, upgrade, version_of

_log = log.get(__name__)
_BY_DISK = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
_PART = ".part"
#: Pages copied at once.
_PIECE = 1024


def copy_of(path: Path, schema: int) -> Path:
    """Return where the copy lies that was made before a database of a schema was upgraded."""
    return path.with_name(f"{path.name}.schema-{schema}")


def upgrade_with_copy(db: sqlite3.Connection, path: Path, carried: Sequence[Upgrade]) -> None:
    """Bring the database at a path to the newest schema; an older one is copied before.

    Args:
        db: A connection to it, in autocommit mode.
        carried: As for `upgrade`.

    Raises:
        StoreError: It was written by a newer program.
        UpgradeRefused: There is no room for the copy, or for the upgrade; the database is as it was.
        sqlite3.Error: A step failed, or the database is damaged; it is as it was.
    """
    have, know = version_of(db), len(carried)
    if 0 < have < know:
        try:
            _copy(db, path, have)
            upgrade(db, carried)
        except (OSError, sqlite3.OperationalError) as error:
            copy_of(path, have).unlink(missing_ok=True)  # the database is the same, and may need its room
            if (detail := _said_by_disk(error)) is None:
                raise
            mb = 2 * path.stat().st_size // (1 << 20) + 1
            raise UpgradeRefused(
                "store.upgrade_refused", path=str(path), have=have, know=know, detail=detail, mb=mb
            ) from error
        _log.info("store.upgraded", path=str(path), before=have, now=know, copy=str(copy_of(path, have)))
    else:
        upgrade(db, carried)
    _forget_older(path)


def _copy(db: sqlite3.Connection, path: Path, have: int) -> None:
    """Copy a database, all of it or nothing."""
    kept = copy_of(path, have)
    part = kept.with_name(kept.name + _PART)
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(part, isolation_level=None)) as copy:
            db.backup(copy, pages=_PIECE)
            copy.execute("PRAGMA journal_mode = DELETE")  # all of it in the one file that is renamed
        sync(part)
        part.replace(kept)
        sync(path.parent)
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            part.with_name(part.name + suffix).unlink(missing_ok=True)


def _said_by_disk(error: Exception) -> str | None:
    """Return what the disk said, None where it was not the disk."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error) if getattr(error, "sqlite_errorcode", 0) & 0xFF in _BY_DISK else None


def _forget_older(path: Path) -> None:
    """Keep the last copy alone, and no piece of one."""
    copies = list(path.parent.glob(f"{path.name}.schema-*"))
    whole = {int(told): each for each in copies if (told := each.name.rpartition("-")[2]).isdecimal()}
    last = whole.get(max(whole, default=0))
    for each in copies:
        if each != last:
            each.unlink(missing_ok=True)
