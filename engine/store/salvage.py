"""A damaged database: set aside under a new name, and read out row by row as far as it can be.

Blocking, and done with plain `sqlite3`: it happens before the store is open.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from engine.store.model import Damage

#: Tables worth saving, in order: newest promises first, then history.
TABLES = ("meta", "memory", "outbox", "ruleset", "adoption", "decision", "acknowledgement", "event")
#: Rows read at once.
PIECE = 256
#: Row number beyond any, where the search for a damaged table's end begins.
FAR = 1 << 40
#: Reads of one table that may fail before the rest of it is given up (it stays in the quarantined file).
PATIENCE = 50_000


def quarantine(path: Path, wall: datetime) -> Path:
    """Rename a database with its log; return the new name, which no other file has."""
    stamp = wall.strftime("%Y%m%dT%H%M%SZ")
    name, again = f"{path.name}.corrupt-{stamp}", 0
    while path.with_name(name).exists():
        again += 1
        name = f"{path.name}.corrupt-{stamp}-{again}"
    for suffix in ("-wal", "-shm", ""):  # the database last: until then a crash finds everything in place
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(path.with_name(name + suffix))
    return path.with_name(name)


def salvage(
    damaged: Path, fresh: sqlite3.Connection, complaint: str, wall: datetime, late: Callable[[], bool]
) -> Damage:
    """Copy every readable row of a damaged database into a fresh one, newest first.

    Args:
        fresh: An upgraded, empty database in autocommit mode.
        wall: Now; where the last event number is lost, numbering goes on from its seconds since 1970, which
            no site has reached.
        late: Says when to stop: what is not copied by then stays in the quarantined file.
    """
    saved = dict.fromkeys(TABLES, 0)
    with closing(sqlite3.connect(damaged, isolation_level=None)) as source:
        for table in TABLES:
            with suppress(sqlite3.DatabaseError):  # the table cannot even be named: nothing to save
                saved[table] = _copy(source, fresh, table, late)
    lost = _repair_sequence(fresh, wall)
    return Damage(complaint, str(damaged), saved, lost)


def _copy(source: sqlite3.Connection, fresh: sqlite3.Connection, table: str, late: Callable[[], bool]) -> int:
    columns = [row[1] for row in fresh.execute(f"PRAGMA table_info({table})")]
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    insert = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - names are our own
    copied = 0
    for rows in _pieces(source, table, names, late):
        fresh.execute("BEGIN IMMEDIATE")
        for row in rows:
            with suppress(sqlite3.IntegrityError):  # a row that breaks the schema is part of the damage
                copied += fresh.execute(insert, row).rowcount
        fresh.execute("COMMIT")
    return copied


def _pieces(
    db: sqlite3.Connection, table: str, names: str, late: Callable[[], bool]
) -> Iterator[Sequence[tuple[object, ...]]]:
    """Yield readable rows, highest row number first."""
    down = f"SELECT rowid, {names} FROM {table} WHERE rowid <= ? ORDER BY rowid DESC LIMIT {PIECE}"  # noqa: S608
    low, top, failures = _lowest(db, table), _highest(db, table), 0
    while top >= low and failures < PATIENCE and not late():
        try:
            rows = db.execute(down, (top,)).fetchall()
        except sqlite3.DatabaseError:
            bottom = max(low, top - PIECE + 1)
            found, failed = _between(db, table, names, bottom, top)
            yield found
            failures += failed
            top = bottom - 1
        else:
            yield [row[1:] for row in rows]
            top = rows[-1][0] - 1 if rows else low - 1


def _between(
    db: sqlite3.Connection, table: str, names: str, low: int, high: int
) -> tuple[list[tuple[object, ...]], int]:
    """Return the readable rows of a damaged range, halving it down to single rows, and how many reads failed."""
    select = f"SELECT {names} FROM {table} WHERE rowid BETWEEN ? AND ? ORDER BY rowid DESC"  # noqa: S608
    ranges, found, failed = [(low, high)], list[tuple[object, ...]](), 0
    while ranges:
        low, high = ranges.pop()
        try:
            found += db.execute(select, (low, high)).fetchall()
        except sqlite3.DatabaseError:
            failed += 1
            if low < high:
                middle = (low + high) // 2
                ranges += [(low, middle), (middle + 1, high)]
    return found, failed


def _lowest(db: sqlite3.Connection, table: str) -> int:
    try:
        found = db.execute(f"SELECT min(rowid) FROM {table}").fetchone()[0]  # noqa: S608 - names are our own
    except sqlite3.DatabaseError:
        return 0
    return 0 if found is None else int(found)


def _highest(db: sqlite3.Connection, table: str) -> int:
    """Return the highest row number; where the end is damaged, the highest below the damage."""
    with suppress(sqlite3.DatabaseError):
        found = db.execute(f"SELECT max(rowid) FROM {table}").fetchone()[0]  # noqa: S608 - names are our own
        return -1 if found is None else int(found)
    readable, damaged = -1, FAR
    while damaged - readable > 1:
        middle = (readable + damaged) // 2
        if _can_look(db, table, middle):
            readable = middle
        else:
            damaged = middle
    return readable


def _can_look(db: sqlite3.Connection, table: str, rowid: int) -> bool:
    try:
        db.execute(f"SELECT 1 FROM {table} WHERE rowid = ?", (rowid,)).fetchone()  # noqa: S608 - names are our own
    except sqlite3.DatabaseError:
        return False
    return True


def _repair_sequence(fresh: sqlite3.Connection, wall: datetime) -> int | None:
    """Make sure that no event number is given twice; return how many events are missing, if known."""
    kept, first, highest = fresh.execute("SELECT count(*), min(seq), max(seq) FROM event").fetchone()
    told = fresh.execute("SELECT value FROM meta WHERE key = 'last_seq'").fetchone()
    if told is not None and int(told[0]) >= (highest or 0):
        return int(told[0]) - (first or 1) + 1 - int(kept)
    last = max(highest or 0, int(wall.timestamp()))
    fresh.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('last_seq', ?)", (str(last),))
    return None
