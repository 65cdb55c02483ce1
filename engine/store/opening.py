"""Before the store is open: one owner, a sound file, the newest schema. Blocking; runs in a thread."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from engine.errors import StoreBusy, StoreCorrupt
from engine.seal.key_file import hand_over
from engine.store import witness
from engine.store.model import Damage
from engine.store.pages.start import PagesAtStart
from engine.store.rescue.salvage import last_seq, number_on, quarantine, salvage, set_aside
from engine.store.rescue.wal import read_log
from engine.store.schema import Upgrade
from engine.store.upgrading import upgrade_with_copy

#: Seconds that looking for damage may take at a start; a larger database is looked at in part.
CHECK_SECONDS = 5.0
#: Seconds that saving rows from a damaged database may take.
SALVAGE_SECONDS = 60.0
_CUT_LOG = "the write-ahead log is damaged before its end"
_NO_FILE = "the database file is empty, its write-ahead log is not"
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
        hand_over(handle, path.parent)  # where root restores, the service must be able to take it
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreBusy(f"{path} is in use by another matthan") from None
        yield
    finally:
        os.close(handle)


def make_sound(
    path: Path, carried: Sequence[Upgrade], wall: datetime, monotonic: Callable[[], float]
) -> Damage | None:
    """Leave an upgraded, readable database at `path`; a damaged one is set aside and salvaged.

    What is found damaged or missing is told beside the database too, until a person has taken note.

    Raises:
        StoreError: It was written by a newer program.
        UpgradeRefused: There is no room for an upgrade.
    """
    _resume_swap(path)
    past = witness.read(path) or _unwitnessed(path, wall)
    pages = PagesAtStart(path)
    damage = _sound(path, carried, wall, monotonic, past, pages)
    damage = damage or _missing(path, past, wall, pages)
    if damage is not None:
        witness.tell(path, damage)
    pages.finish(_deadline(monotonic, CHECK_SECONDS))
    return damage


def _unwitnessed(path: Path, wall: datetime) -> witness.Witness | None:
    """Return what is known of a past that no witness tells of; None: a database is there, and says itself.

    Where there was none yet, the first witness is written before it is made: if that is cut short, nothing is missing.
    """
    if path.exists() and path.stat().st_size:
        return None
    beside = (path, path.with_name(path.name + ".reserve"), path.with_name("snapshots"))
    if any(each.exists() for each in beside):
        return witness.Witness("", 0, 0, "")
    first = witness.Witness(uuid4().hex, 0, 0, wall.isoformat())
    witness.write(path, first, sync=True)
    return first


def _sound(
    path: Path,
    carried: Sequence[Upgrade],
    wall: datetime,
    monotonic: Callable[[], float],
    past: witness.Witness | None,
    pages: PagesAtStart,
) -> Damage | None:
    log = read_log(path.with_name(path.name + "-wal"))
    size = path.stat().st_size if path.exists() else 0
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its log the same permissions
    complaint = _CUT_LOG if log.damaged else _NO_FILE if log.pages and not size else None
    end = monotonic() + CHECK_SECONDS
    complaint = (
        complaint or _suspected(path) or pages.complaint(log, lambda: monotonic() > end - CHECK_SECONDS / 2)
    )
    complaint = complaint or _complaint(path, carried, lambda: monotonic() > end, pages)
    if complaint is None:
        return None
    # What is known of it may be set aside before it is: a next start has to know it too.
    witness.suspect(path, complaint)
    late, aside = _deadline(monotonic, SALVAGE_SECONDS), quarantine(path, wall)
    cut = log.damaged or not size
    with _beside(path) as fresh:
        damage = salvage(path, fresh, carried, complaint, wall, late, aside=aside, past=past, cut_log=cut)
    witness.tell(path, damage)
    set_aside(path, aside)
    pages.forget()
    _salvaged(path).rename(path)
    witness.suspect_file(path).unlink(missing_ok=True)
    with closing(_connect(path)) as db, pages.folding(db):  # its pages change by its log alone from now on
        pass
    return damage


def _salvaged(path: Path) -> Path:
    """Return where the database lies that takes the place of a damaged one, as soon as it is complete."""
    return path.with_name(path.name + ".salvaged")


@contextmanager
def _beside(path: Path) -> Iterator[sqlite3.Connection]:
    """Make a database that is to take the place of a damaged one.

    However this is cut short, the next start finds the damaged one in its place, or this one complete.
    """
    part = path.with_name(path.name + ".salvaging")
    for suffix in ("", "-wal", "-shm"):
        part.with_name(part.name + suffix).unlink(missing_ok=True)
    os.close(os.open(part, os.O_RDWR | os.O_CREAT, 0o600))
    with closing(_connect(part)) as fresh:
        yield fresh
        fresh.execute("PRAGMA journal_mode = DELETE")  # all of it in the one file that is renamed
    part.rename(_salvaged(path))


def _resume_swap(path: Path) -> None:
    """Go on where the last start was cut short between setting a damaged database aside and replacing it."""
    if path.exists():  # damaged still, or the new one already
        _salvaged(path).unlink(missing_ok=True)
    elif _salvaged(path).exists():
        _salvaged(path).rename(path)


def _missing(path: Path, past: witness.Witness | None, wall: datetime, pages: PagesAtStart) -> Damage | None:
    """Return what is missing of a sound database that had come further, or is another one; numbers go on above."""
    if past is None:
        return None
    with closing(_connect(path)) as db, pages.folding(db):
        told = db.execute("SELECT value FROM meta WHERE key = 'store'").fetchone()
        last = last_seq(db)
        other = told is not None and bool(past.store) and told[0] != past.store
        if last >= past.last_seq and (last or past.store) and not other:
            return None
        number_on(db, witness.beyond(max(last, past.last_seq), wall))
    return Damage("", "", {}, max(0, past.last_seq - last) or None)


def _connect(path: Path) -> sqlite3.Connection:
    with ExitStack() as stack:  # a damaged file refuses already here
        db = stack.enter_context(closing(sqlite3.connect(path, isolation_level=None)))
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA wal_autocheckpoint = 0")  # what is moved is noted before (engine.store.pages)
        stack.pop_all()
        return db


def _suspected(path: Path) -> str | None:
    suspect = witness.suspect_file(path)
    if not suspect.exists():
        return None
    return suspect.read_text("utf-8") or "damage was met while running"


def _complaint(
    path: Path, carried: Sequence[Upgrade], late: Callable[[], bool], pages: PagesAtStart
) -> str | None:
    """Upgrade the database; return what is wrong with it, None when nothing was found."""
    try:
        with closing(_connect(path)) as db, pages.folding(db):
            upgrade_with_copy(db, path, carried)
            return _quick_check(db, late)
    except StoreCorrupt as error:
        return str(error)
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
