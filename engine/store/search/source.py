"""The log as the index reads it: a connection of its own, so that nobody waits for it. Blocking."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from engine.store.search import bits, entries
from engine.store.search.block import Block
from engine.store.search.entries import Entry

_TOP = "SELECT max(coalesce((SELECT max(seq) FROM event), 0), coalesce((SELECT max(seq) FROM decision), 0))"
_BELOW = (
    "SELECT max(coalesce((SELECT max(seq) FROM event WHERE seq < ?1), -1), "
    "coalesce((SELECT max(seq) FROM decision WHERE seq < ?1), -1))"
)
_LEFT = (
    "SELECT (SELECT count(*) FROM event WHERE seq >= ?1 AND seq < ?2) "
    "+ (SELECT count(*) FROM decision WHERE seq >= ?1 AND seq < ?2)"
)


@dataclass(frozen=True, slots=True)
class Oldest:
    """The oldest event that is left; `at` in microseconds."""

    seq: int
    at: int


class Source:
    """Reads a database that an engine writes; it changes nothing in it.

    Raises:
        sqlite3.Error: It cannot be read. So may every method.
    """

    def __init__(self, database: Path) -> None:
        uri = f"{database.resolve().as_uri()}?mode=ro"
        self._db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)

    def name(self) -> str:
        """Return the name of the database; it keeps it in a backup."""
        row = self._db.execute("SELECT value FROM meta WHERE key = 'store'").fetchone()
        return str(row[0]) if row else ""

    def top(self) -> int:
        """Return the greatest number of the log, 0 where it is empty."""
        return int(self._db.execute(_TOP).fetchone()[0])

    def oldest(self) -> Oldest | None:
        """Return the oldest event; None: there is none."""
        row = self._db.execute("SELECT seq, received_at FROM event ORDER BY seq LIMIT 1").fetchone()
        return Oldest(int(row[0]), entries.ticks(row[1])) if row else None

    def id_of(self, seq: int) -> str | None:
        """Return the id of an event; None: there is none of that number."""
        row = self._db.execute("SELECT id FROM event WHERE seq = ?", (seq,)).fetchone()
        return str(row[0]) if row else None

    def time_from(self, seq: int) -> int | None:
        """Return when the first event of at least that number was received, in microseconds."""
        row = self._db.execute(
            "SELECT received_at FROM event WHERE seq >= ? ORDER BY seq LIMIT 1", (seq,)
        ).fetchone()
        return entries.ticks(row[0]) if row else None

    def blocks(self, below: int) -> set[int]:
        """Return every block below one that has entries; a probe for each, however many entries there are."""
        found = set[int]()
        while (seq := int(self._db.execute(_BELOW, (below << bits.SHIFT,)).fetchone()[0])) >= 0:
            below = bits.block_of(seq)
            found.add(below)
        return found

    def left(self, number: int) -> int:
        """Return how many entries a block has by now."""
        edges = number << bits.SHIFT, (number + 1) << bits.SHIFT
        return int(self._db.execute(_LEFT, edges).fetchone()[0])

    def read(self, after: int, upto: int, limit: int) -> tuple[list[Entry], int]:
        """Return entries after a number, at most so many, and up to where they are all."""
        events = self._db.execute(entries.EVENTS, (after, upto, limit)).fetchall()
        end = int(events[-1][0]) if len(events) == limit else upto
        made = self._db.execute(entries.DECISIONS, (after, end, limit)).fetchall()
        if len(made) == limit:
            end = int(made[-1][0])
            events = [row for row in events if row[0] <= end]
        return sorted([*map(entries.event, events), *map(entries.decision, made)], key=lambda e: e.seq), end

    def block(self, number: int, piece: int) -> Block:
        """Return all that is left of a block, read in pieces."""
        block, after, last = Block(number), (number << bits.SHIFT) - 1, ((number + 1) << bits.SHIFT) - 1
        while after < last:
            found, after = self.read(after, last, piece)
            block.add(found)
        return block

    def close(self) -> None:
        """Close it."""
        self._db.close()
