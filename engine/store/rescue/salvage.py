"""A damaged database: set aside under a new name, and read out row by row as far as it can be.

First as SQLite reads it, table by table; what it cannot reach is then looked for on the pages themselves
(`engine.store.rescue.carve`). A database is salvaged into one of its own schema, which is upgraded afterwards.

Blocking, and done with plain `sqlite3`: it happens before the store is open.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.store.model import Damage
from engine.store.people import Table
from engine.store.rescue.carve import Image, Shape, carve
from engine.store.schema import Upgrade, upgrade
from engine.store.search.index_file import forget_index
from engine.store.witness import Witness, beyond

#: Tables worth saving, in order: people first, for nobody gets in without; newest promises, then history.
TABLES = (
    *Table, "meta", "memory", "outbox", "dead_letter", "deletion", "ruleset", "adoption", "audit", "availability",
    "decision", "acknowledgement", "attention", "event", "link",
)  # fmt: skip
#: The schema of databases that had no witness yet, where nothing else tells; and what each schema brought.
_UNWITNESSED = 3
_BROUGHT = {
    "attention": 9, "person": 8, "audit": 7, "availability": 6, "link": 5, "dead_letter": 4, "adoption": 3,
    "acknowledgement": 2, "event": 1,
}  # fmt: skip
#: Rows read at once.
PIECE = 256
#: Row number beyond any, where the search for a damaged table's end begins.
FAR = 1 << 40
#: Reads of one table that may fail before the rest of it is given up (it stays in the quarantined file).
PATIENCE = 50_000


def quarantine(path: Path, wall: datetime) -> Path:
    """Return where a damaged database is to be set aside; no other file has that name."""
    stamp = wall.strftime("%Y%m%dT%H%M%SZ")
    name, again = f"{path.name}.corrupt-{stamp}", 0
    while path.with_name(name).exists():
        again += 1
        name = f"{path.name}.corrupt-{stamp}-{again}"
    return path.with_name(name)


def set_aside(path: Path, where: Path) -> None:
    """Rename a database with its log."""
    forget_index(path)  # it is of what is set aside
    for suffix in ("-wal", "-shm", ""):  # the database last: until then it is there, and damaged
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(where.with_name(where.name + suffix))


def salvage(
    damaged: Path,
    fresh: sqlite3.Connection,
    carried: Sequence[Upgrade],
    complaint: str,
    wall: datetime,
    late: Callable[[], bool],
    *,
    aside: Path,
    past: Witness | None = None,
    cut_log: bool = False,
) -> Damage:
    """Copy every readable row of a damaged database into a fresh one, newest first, and upgrade that.

    Args:
        fresh: An empty database in autocommit mode.
        carried: Upgrades, as for `upgrade`.
        wall: Now; where the last number of the log is lost, numbering goes on from its seconds since 1970, or far
            above the last that was witnessed.
        late: Says when to stop: what is not copied by then stays in the quarantined file.
        aside: Where that will be.
        past: How far the database is known to have come.
        cut_log: Its write-ahead log is damaged in the middle: SQLite would leave out what was answered for.
    """
    image = Image(damaged)
    upgrade(fresh, carried[: _schema(image, len(carried), past)])
    there = {row[0] for row in fresh.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    saved = {table: 0 for table in TABLES if table in there}
    with closing(_reader(damaged)) as source:
        torn = [table for table in saved if cut_log or not _copy(source, fresh, table, late, saved)]
    _carve(image, fresh, torn, late, saved)
    _set_counter(fresh)
    upgrade(fresh, carried)
    note_anew(fresh)
    lost = _repair_sequence(fresh, wall, past)
    return Damage(complaint, str(aside), saved, lost)


def _reader(damaged: Path) -> sqlite3.Connection:
    """Open a damaged database so that nothing in it changes, and a file that is too short is read all the same."""
    db = sqlite3.connect(f"{damaged.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    with suppress(sqlite3.DatabaseError):
        db.execute("PRAGMA writable_schema = ON")
    return db


def _schema(image: Image, known: int, past: Witness | None) -> int:
    """Return the number of a damaged database's last upgrade, as far as anything tells."""
    told = image.version or 0
    if not 1 <= told <= known:
        found = image.tables()
        told = next((number for table, number in _BROUGHT.items() if table in found), 0)
    return min(known, told or (_UNWITNESSED if past is None or not past.schema else past.schema) or known)


def _copy(
    source: sqlite3.Connection,
    fresh: sqlite3.Connection,
    table: str,
    late: Callable[[], bool],
    saved: dict[str, int],
) -> bool:
    """Copy what SQLite can reach of a table; return whether that was all of it."""
    columns = [row[1] for row in fresh.execute(f"PRAGMA table_info({table})")]
    reading = _Reading(source, table, ", ".join(columns), late)
    with suppress(sqlite3.DatabaseError):  # the table cannot even be named: nothing to reach
        for rows in reading.pieces():
            saved[table] += _insert(fresh, table, rows)
        return reading.failures == 0
    return False


def _insert(fresh: sqlite3.Connection, table: str, rows: Sequence[Sequence[object]]) -> int:
    """Insert rows that are not there yet; a row that breaks the schema is part of the damage."""
    if not rows:
        return 0
    insert = f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(rows[0]))})"  # noqa: S608
    copied = 0
    fresh.execute("BEGIN IMMEDIATE")
    for row in rows:
        with suppress(sqlite3.IntegrityError, OverflowError):
            copied += fresh.execute(insert, row).rowcount
    fresh.execute("COMMIT")
    return copied


def _carve(
    image: Image,
    fresh: sqlite3.Connection,
    torn: Sequence[str],
    late: Callable[[], bool],
    saved: dict[str, int],
) -> None:
    """Look for the rows of some tables on every page."""
    shapes = [Shape.of(fresh, table) for table in torn]
    waiting: dict[str, list[Sequence[object]]] = {table: [] for table in torn}
    for shape, row in carve(image, shapes, late) if shapes else ():
        rows = waiting[shape.table]
        rows.append(row)
        if len(rows) >= PIECE:
            saved[shape.table] += _insert(fresh, shape.table, rows)
            rows.clear()
    for table, rows in waiting.items():
        saved[table] += _insert(fresh, table, rows)


def _set_counter(fresh: sqlite3.Connection) -> None:
    """Let the numbers of promises go on above those of dead letters, which have had them."""
    with suppress(sqlite3.OperationalError):  # a schema without dead letters of their own
        fresh.execute(
            "UPDATE sqlite_sequence SET seq = max(seq, (SELECT coalesce(max(id), 0) FROM dead_letter)) "
            "WHERE name = 'outbox'"
        )


@dataclass(slots=True)
class _Reading:
    """One table of a damaged database as SQLite reads it.

    Attributes:
        failures: Reads that failed: something is there that SQLite does not reach.
    """

    db: sqlite3.Connection
    table: str
    names: str
    late: Callable[[], bool]
    failures: int = 0

    def pieces(self) -> Iterator[Sequence[Sequence[object]]]:
        """Yield readable rows, highest row number first."""
        down = (
            f"SELECT rowid, {self.names} FROM {self.table} "  # noqa: S608 - names are our own
            f"WHERE rowid <= ? ORDER BY rowid DESC LIMIT {PIECE}"
        )
        low, top = self._lowest(), self._highest()
        while top >= low and self.failures < PATIENCE and not self.late():
            try:
                rows = self.db.execute(down, (top,)).fetchall()
            except sqlite3.DatabaseError:
                bottom = max(low, top - PIECE + 1)
                yield self._between(bottom, top)
                top = bottom - 1
            else:
                yield [row[1:] for row in rows]
                top = rows[-1][0] - 1 if rows else low - 1

    def _between(self, low: int, high: int) -> list[Sequence[object]]:
        """Return the readable rows of a damaged range, halving it down to single rows."""
        select = (
            f"SELECT {self.names} FROM {self.table} "  # noqa: S608 - names are our own
            "WHERE rowid BETWEEN ? AND ? ORDER BY rowid DESC"
        )
        ranges, found = [(low, high)], list[Sequence[object]]()
        while ranges:
            low, high = ranges.pop()
            try:
                found += self.db.execute(select, (low, high)).fetchall()
            except sqlite3.DatabaseError:
                self.failures += 1
                if low < high:
                    middle = (low + high) // 2
                    ranges += [(low, middle), (middle + 1, high)]
        return found

    def _lowest(self) -> int:
        try:
            found = self.db.execute(f"SELECT min(rowid) FROM {self.table}").fetchone()[0]  # noqa: S608
        except sqlite3.DatabaseError:
            self.failures += 1
            return 0
        return 0 if found is None else int(found)

    def _highest(self) -> int:
        """Return the highest row number; where the end is damaged, the highest below the damage."""
        with suppress(sqlite3.DatabaseError):
            found = self.db.execute(f"SELECT max(rowid) FROM {self.table}").fetchone()[0]  # noqa: S608
            return -1 if found is None else int(found)
        self.failures += 1
        readable, damaged = -1, FAR
        while damaged - readable > 1:
            middle = (readable + damaged) // 2
            if self._can_look(middle):
                readable = middle
            else:
                damaged = middle
        return readable

    def _can_look(self, rowid: int) -> bool:
        try:
            self.db.execute(f"SELECT 1 FROM {self.table} WHERE rowid = ?", (rowid,)).fetchone()  # noqa: S608
        except sqlite3.DatabaseError:
            return False
        return True


def number_on(db: sqlite3.Connection, last: int) -> None:
    """Let the log's numbers go on above one."""
    db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('last_seq', ?)", (str(last),))


def note_anew(db: sqlite3.Connection) -> None:
    """Let rules be adopted anew, at whichever start comes so far: of what counts from nothing rows may be missing."""
    db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('anew', 'damage')")


def last_seq(db: sqlite3.Connection) -> int:
    """Return the highest number of the log that a database knows of."""
    rows = db.execute(
        "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'last_seq' "
        "UNION ALL SELECT max(seq) FROM event UNION ALL SELECT max(seq) FROM decision "
        "UNION ALL SELECT max(seq) FROM audit"
    )
    return max((row[0] or 0 for row in rows), default=0)


def _repair_sequence(fresh: sqlite3.Connection, wall: datetime, past: Witness | None) -> int | None:
    """Make sure that no number of the log is given twice; return how many entries are missing, if known."""
    kept, first, highest = fresh.execute("SELECT count(*), min(seq), max(seq) FROM event").fetchone()
    for table in ("decision", "audit"):
        kept += fresh.execute(f"SELECT count(*) FROM {table} WHERE seq >= ?", (first or 1,)).fetchone()[0]  # noqa: S608
    told = fresh.execute("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'last_seq'").fetchone()
    known = 0 if past is None else past.last_seq
    if told is not None and told[0] >= max(highest or 0, known):
        return int(told[0]) - (first or 1) + 1 - int(kept)
    number_on(fresh, beyond(max(highest or 0, known), wall))
    return max(0, known - (first or 1) + 1 - int(kept)) if known > (highest or 0) else None
