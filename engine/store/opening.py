"""Before the store is open: one owner, a sound file, the newest schema. Blocking; runs in a thread."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path

from engine.errors import StoreBusy
from engine.store.model import Damage
from engine.store.salvage import quarantine, salvage
from engine.store.schema import Step, upgrade

#: Seconds that looking for damage may take at a start; a larger database is looked at in part.
CHECK_SECONDS = 5.0
#: Seconds that saving rows from a damaged database may take.
SALVAGE_SECONDS = 30.0
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_STEPS_PER_LOOK = 20_000  #: SQLite instructions between two looks at the clock: a few milliseconds


def lock_file(path: Path) -> Path:
    """Return the file whose lock the owner of a database holds."""
    return path.with_name(path.name + ".lock")


@contextmanager
def sole_owner(path: Path) -> Iterator[None]:
    """Hold the database's lock file, so that two engines never judge one site.

    Raises:
        StoreBusy: Another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(lock_file(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreBusy(f"{path} is in use by another matthan") from None
        yield
    finally:
        os.close(handle)


def suspect_file(path: Path) -> Path:
    """Return the file whose presence says: damage was met while running, set this database aside."""
    return path.with_name(path.name + ".suspect")


def make_sound(
    path: Path, carried: Sequence[Step], wall: datetime, monotonic: Callable[[], float]
) -> Damage | None:
    """Leave an upgraded, readable database at `path`; a damaged one is set aside and salvaged.

    Raises:
        StoreError: It was written by a newer program.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its log the same permissions
    complaint = _complaint(path, carried, monotonic)
    if complaint is None:
        return None
    damaged = quarantine(path, wall)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    late = _deadline(monotonic, SALVAGE_SECONDS)
    with closing(_connect(path)) as fresh:
        upgrade(fresh, carried)
        damage = salvage(damaged, fresh, complaint, wall, late)
    suspect_file(path).unlink(missing_ok=True)
    return damage


def _connect(path: Path) -> sqlite3.Connection:
    with ExitStack() as stack:  # a damaged file refuses already here
        db = stack.enter_context(closing(sqlite3.connect(path, isolation_level=None)))
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        stack.pop_all()
        return db


def _complaint(path: Path, carried: Sequence[Step], monotonic: Callable[[], float]) -> str | None:
    """Upgrade the database; return what is wrong with it, None when nothing was found."""
    suspect = suspect_file(path)
    if suspect.exists():
        return suspect.read_text("utf-8") or "damage was met while running"
    try:
        with closing(_connect(path)) as db:
            upgrade(db, carried)
            return _quick_check(db, _deadline(monotonic, CHECK_SECONDS))
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _CORRUPT:
            return str(error)
        raise


def _quick_check(db: sqlite3.Connection, late: Callable[[], bool]) -> str | None:
    db.set_progress_handler(late, _STEPS_PER_LOOK)
    try:
        found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None  # out of time: not known to be damaged
        raise
    finally:
        db.set_progress_handler(None, 0)
    return None if found == "ok" else str(found)


def _deadline(monotonic: Callable[[], float], seconds: float) -> Callable[[], bool]:
    end = monotonic() + seconds
    return lambda: monotonic() > end
