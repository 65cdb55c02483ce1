"""What a log has gained is what SQLite would read of it, and nothing that is not whole."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zlib import crc32

import pytest

from engine.store.pages.tail import Gain, Tail
from engine.store.rescue.wal import read_log


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "m.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute("CREATE TABLE t (a, b)")
        yield db


@pytest.fixture
def wal(tmp_path: Path) -> Path:
    return tmp_path / "m.db-wal"


def _insert(db: sqlite3.Connection, rows: int, size: int = 500) -> None:
    random_bytes = random.Random(rows).randbytes
    db.executemany("INSERT INTO t VALUES (?, ?)", [(n, random_bytes(size)) for n in range(rows)])


def test_all_gains_together_are_what_the_log_holds(db: sqlite3.Connection, wal: Path) -> None:
    tail, found = Tail(wal), dict[int, int]()
    for rows in (3, 700, 0, 2000, 1):
        db.execute("BEGIN")
        _insert(db, rows)
        db.execute("COMMIT")
        gain = tail.gain()
        found |= gain.sums
        assert found == {page: crc32(content) for page, content in read_log(wal).pages.items()}
        assert gain.size == (db.execute("PRAGMA page_count").fetchone()[0] if gain.sums else 0)
    assert gain.frames == db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]


def test_what_was_not_committed_is_no_gain(db: sqlite3.Connection, wal: Path) -> None:
    tail = Tail(wal)
    tail.gain()
    db.execute("PRAGMA cache_size = 10")  # so that SQLite writes to the log what it may have to take back
    db.execute("BEGIN")
    _insert(db, 3000)
    before = wal.stat().st_size
    assert before > 1 << 20
    assert tail.gain().sums == {}
    db.execute("ROLLBACK")
    db.execute("INSERT INTO t VALUES (1, 2)")
    gain = tail.gain()
    assert (len(gain.sums), wal.stat().st_size) == (1, before)


def test_a_log_that_is_filled_anew_is_read_from_its_beginning(db: sqlite3.Connection, wal: Path) -> None:
    tail = Tail(wal)
    _insert(db, 100)
    first = tail.gain()
    db.execute("PRAGMA wal_checkpoint(PASSIVE)")
    assert tail.gain() == Gain(frames=first.frames, salts=first.salts)
    db.execute("INSERT INTO t VALUES (1, 2)")
    anew = tail.gain()
    assert (anew.frames, len(anew.sums)) == (1, 1)
    assert anew.salts != first.salts


def test_nothing_behind_a_flipped_bit_is_a_gain(db: sqlite3.Connection, wal: Path) -> None:
    for n in range(20):
        db.execute("INSERT INTO t VALUES (?, 'x')", (n,))
    whole, data = Tail(wal).gain(), wal.read_bytes()
    frames = [32 + 4120 * n for n in range(whole.frames)]
    for n, at in enumerate(frames):
        for place in (at, at + 8, at + 16, at + 24, at + 4119):
            bad = bytearray(data)
            bad[place] ^= 4
            wal.with_name("copy").write_bytes(bad)
            assert Tail(wal.with_name("copy")).gain().frames <= n
    for place in range(32):  # the head: SQLite takes nothing of it then
        bad = bytearray(data)
        bad[place] ^= 4
        wal.with_name("copy").write_bytes(bad)
        assert Tail(wal.with_name("copy")).gain() == Gain()


def test_no_log_and_an_empty_one_have_nothing(wal: Path) -> None:
    assert Tail(wal).gain() == Gain()
    wal.write_bytes(b"")
    assert Tail(wal).gain() == Gain()
    assert Tail(wal).pages(()) == set()


def test_pages_behind_a_place(db: sqlite3.Connection, wal: Path) -> None:
    _insert(db, 100)
    gain = Tail(wal).gain()
    assert gain.salts is not None
    db.execute("INSERT INTO t VALUES (1, 2)")
    last = Tail(wal).pages((*gain.salts, gain.frames))
    assert len(last) == 1
    assert last < Tail(wal).pages(()) == Tail(wal).pages((1, 2, 99))
