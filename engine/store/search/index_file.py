"""The index as a file beside the database. All of it can be made anew: what is damaged is thrown away. Blocking.

It is no part of the database: what it costs to write is not paid by commits, and there is nothing in it to be saved.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from engine.store.search import bits
from engine.store.search.block import Block, Key

#: Of the file; another one is made anew. With each change of what is kept, or of how texts are folded, one more.
VERSION = 1
#: Bits of a posting's number that say the term.
TERMS = 24
_WORDS = "CREATE VIRTUAL TABLE {name} USING fts5(told, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3')"
_TABLES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE term (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    # A block is there as a whole or not at all: its entries, their first and last time, the last event.
    "CREATE TABLE block (n INTEGER PRIMARY KEY, entries INTEGER NOT NULL, first INTEGER NOT NULL, "
    "last INTEGER NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL)",
    "CREATE TABLE moment (n INTEGER PRIMARY KEY, times BLOB NOT NULL)",
    # Block and term as one number: a block is written, and goes, as one stretch of pages.
    "CREATE TABLE posting (id INTEGER PRIMARY KEY, bits BLOB NOT NULL)",
    "CREATE TABLE tally (bucket INTEGER, scope TEXT, camera TEXT, name TEXT, n INTEGER, worst INTEGER, "
    "PRIMARY KEY (scope, bucket, camera, name)) WITHOUT ROWID",
)
_COUNT = (
    "INSERT INTO tally (bucket, scope, camera, name, n, worst) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET n = n + excluded.n, worst = min(worst, excluded.worst)"
)


def index_path(database: Path) -> Path:
    """Return where the index of a database lies."""
    return database.with_name(database.name + ".search")


def forget_index(database: Path) -> None:
    """Throw the index of a database away; it is made anew."""
    path = index_path(database)
    for suffix in ("-wal", "-shm", ""):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def has_words(db: sqlite3.Connection) -> bool:
    """Return whether this SQLite can search texts (FTS5)."""
    try:
        db.execute(_WORDS.format(name="temp.tried"))
        db.execute("DROP TABLE temp.tried")
    except sqlite3.OperationalError:
        return False
    return True


class Stale(sqlite3.DatabaseError):
    """An index of another version, or of another database: it is to be made anew."""


class WordsTable:
    """Texts in which words are looked for, in a file or in memory.

    Args:
        db: Where; None: texts cannot be searched here.
    """

    def __init__(self, db: sqlite3.Connection | None) -> None:
        self._db = db

    @classmethod
    def in_memory(cls, *, able: bool) -> WordsTable:
        """Return an empty one."""
        if not able:
            return cls(None)
        db = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        db.execute(_WORDS.format(name="words"))
        return cls(db)

    def add(self, told: Sequence[tuple[int, str]]) -> None:
        """Keep texts by number of the log."""
        if self._db is not None and told:
            self._db.executemany("INSERT INTO words (rowid, told) VALUES (?, ?)", told)

    def having(self, match: str, low: int, below: int) -> Iterator[int]:
        """Yield the numbers with texts that match, greatest first."""
        if self._db is None:
            return
        sql = "SELECT rowid FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ? ORDER BY rowid DESC"
        for row in self._db.execute(sql, (match, low, below)):
            yield row[0]

    def close(self) -> None:
        """Forget them."""
        if self._db is not None:
            self._db.close()


class IndexFile:
    """The index, open for writing by one thread, or for reading.

    Attributes:
        able: Whether texts can be searched.
    """

    def __init__(self, path: Path, *, store: str = "", readonly: bool = False) -> None:
        """Open it; for writing it is made where there is none.

        Raises:
            Stale: It is of another version, or of another database.
            sqlite3.Error: It is damaged, or there is no room.
        """
        self.path = path
        if not readonly:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self.able = has_words(self.db)
            self.words = WordsTable(self.db if self.able else None)
            if readonly:
                self.db.execute("PRAGMA query_only = ON")
            else:
                self._prepare(store)
        except BaseException:
            self.db.close()
            raise

    def _prepare(self, store: str) -> None:
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute(
            "PRAGMA synchronous = NORMAL"
        )  # a power cut may cost the last blocks: they are read again
        self.db.execute("PRAGMA secure_delete = ON")
        wanted, found = f"{VERSION}/{store}/{int(self.able)}", self._meta()
        if found == wanted:
            return
        if found or self.db.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise Stale
        with self._writing():
            for sql in (*_TABLES, *((_WORDS.format(name="words"),) if self.able else ())):
                self.db.execute(sql)
            self.db.execute("INSERT INTO meta VALUES ('is', ?)", (wanted,))

    def _meta(self) -> str:
        try:
            row = self.db.execute("SELECT value FROM meta WHERE key = 'is'").fetchone()
        except sqlite3.OperationalError:  # no such table
            return ""
        return str(row[0]) if row else ""

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:
            self.db.rollback()
            raise

    # -- writing -------------------------------------------------------------------------

    def keep(self, block: Block, *, count: bool = True) -> None:
        """Keep a complete block in the place of what was kept of it; `count`: its entries are counted, too."""
        with self._writing():
            self._drop(block.number)
            if not block.times:
                return
            ids = {each: self._id(each) for each in block.terms()}
            rows = sorted(
                (block.number << TERMS | id_, bits.pack(block.bits(each))) for each, id_ in ids.items()
            )
            self.db.executemany("INSERT INTO posting VALUES (?, ?)", rows)
            self.words.add(block.told)
            times = block.times.values()
            self.db.execute(
                "INSERT INTO moment VALUES (?, ?)", (block.number, bits.pack_times(block.times.items()))
            )
            told = block.number, len(block.times), min(times), max(times), *block.last
            self.db.execute("INSERT INTO block VALUES (?, ?, ?, ?, ?, ?)", told)
            if count:
                counted = [(*key, n, block.worst.get(key, 3)) for key, n in block.counts.items()]
                self.db.executemany(_COUNT, counted)

    def _id(self, name: str) -> int:
        """Return the number of a term, a new one where it has none."""
        known = self.term(name)
        if known is not None:
            return known
        return int(self.db.execute("INSERT INTO term (name) VALUES (?) RETURNING id", (name,)).fetchone()[0])

    def _drop(self, number: int) -> None:
        low, high = number << TERMS, (number + 1) << TERMS
        self.db.execute("DELETE FROM posting WHERE id >= ? AND id < ?", (low, high))
        self.db.execute("DELETE FROM moment WHERE n = ?", (number,))
        self.db.execute("DELETE FROM block WHERE n = ?", (number,))
        if self.able:
            low, high = number << bits.SHIFT, (number + 1) << bits.SHIFT
            self.db.execute("DELETE FROM words WHERE rowid >= ? AND rowid < ?", (low, high))

    def forget_counts(self, before: int) -> None:
        """Forget what was counted in buckets before one."""
        for (scope,) in self.db.execute("SELECT DISTINCT scope FROM tally").fetchall():
            self.db.execute("DELETE FROM tally WHERE scope = ? AND bucket < ?", (scope, before))

    def squeeze(self) -> None:
        """Let the words of texts that went be gone from the file as well, not only from what is found."""
        if self.able:
            self.db.execute("INSERT INTO words (words) VALUES ('optimize')")

    # -- reading -------------------------------------------------------------------------

    def blocks(self) -> list[tuple[int, int, int, str]]:
        """Return each block that is kept: number, entries, number and id of its last event."""
        return [tuple(row) for row in self.db.execute("SELECT n, entries, seq, id FROM block ORDER BY n")]

    def earliest(self) -> list[int]:
        """Return the earliest time of all blocks; empty: there are none."""
        return [int(row[0]) for row in self.db.execute("SELECT min(first) FROM block") if row[0] is not None]

    def term(self, name: str) -> int | None:
        """Return the number of a term; None: no entry has it."""
        row = self.db.execute("SELECT id FROM term WHERE name = ?", (name,)).fetchone()
        return None if row is None else int(row[0])

    def terms(self, field: str) -> list[str]:
        """Return the terms of a field."""
        rows = self.db.execute(
            "SELECT name FROM term WHERE name >= ? AND name < ?", (f"{field}:", f"{field};")
        )
        return [str(row[0]) for row in rows]

    def bits(self, number: int, term: int) -> int:
        """Return the places of a block that have a term."""
        row = self.db.execute("SELECT bits FROM posting WHERE id = ?", (number << TERMS | term,)).fetchone()
        return 0 if row is None else bits.unpack(row[0])

    def within(self, number: int, since: int | None, until: int | None) -> int:
        """Return the places of a block with a time from `since` to before `until`."""
        row = self.db.execute("SELECT times FROM moment WHERE n = ?", (number,)).fetchone()
        return 0 if row is None else bits.within(row[0], since, until)

    def having(
        self, terms: Sequence[int], low: int, high: int, since: int | None, until: int | None
    ) -> Iterator[tuple[int, bool, int]]:
        """Yield the blocks that have all terms and times that are wanted: number, all times are, places; newest first.

        Args:
            low: First block; `high`: the last one.
        """
        joins = " ".join(
            f"CROSS JOIN posting AS p{i} ON p{i}.id = (block.n << {TERMS}) + {each}"
            for i, each in enumerate(terms)
        )
        columns = "".join(f", p{i}.bits" for i in range(len(terms)))
        first, last = since if since is not None else -(1 << 62), until if until is not None else 1 << 62
        sql = (
            f"SELECT block.n, block.first >= ?3 AND block.last < ?4{columns} FROM block {joins} "  # noqa: S608 - our own
            "WHERE block.n BETWEEN ?1 AND ?2 AND block.last >= ?3 AND block.first < ?4 ORDER BY block.n DESC"
        )
        for number, whole, *held in self.db.execute(sql, (low, high, first, last)):
            found = bits.ALL
            for each in held:
                found &= bits.unpack(each)
            yield number, bool(whole), found

    def counts(self, scope: str, first: int, last: int) -> list[tuple[Key, int, int]]:
        """Return what was counted of a scope in the buckets from one to another: key, number, worst."""
        sql = "SELECT bucket, scope, camera, name, n, worst FROM tally WHERE scope = ? AND bucket BETWEEN ? AND ?"
        rows = self.db.execute(sql, (scope, first, last))
        return [((row[0], row[1], row[2], row[3]), row[4], row[5]) for row in rows]

    def close(self) -> None:
        """Close it."""
        self.db.close()
