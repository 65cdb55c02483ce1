"""Keys, a history of them, and heads, made of fixed seeds and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.seal.chain import Entry, Place, extended
from engine.seal.head_file import HeadFile
from engine.seal.heads import Head, Why
from engine.seal.history import History, begun
from engine.seal.keys import Keys, Source
from engine.seal.signing import PrivateKey

NOW = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
#: A chain of entries 1..40: its places by number.
CHAIN = {0: Place(0)} | {
    link.seq: Place(link.seq, link.value)
    for link in extended(Place(0), [Entry(n, f"e{n}", bytes([n]) * 32) for n in range(1, 41)])[0]
}


def key(n: int) -> PrivateKey:
    return PrivateKey(bytes([n]) * 32)


def value_at(seq: int) -> bytes | None:
    place = CHAIN.get(seq)
    return place.value if place else None


def keys_of(history: History, private: PrivateKey | None) -> Keys:
    return Keys(history, private, Source.FILE, Path("seal.pem"))


def head(seq: int, days: float = 0, why: Why = Why.DAILY, store: str = "db") -> Head:
    return Head(store, "gate", CHAIN[seq], seq, NOW + timedelta(days=days), why)


@pytest.fixture
def history() -> History:
    return begun(key(1), NOW)


@pytest.fixture
def heads(tmp_path: Path, history: History) -> HeadFile:
    """A file of five heads, at the entries 0, 10, 20, 30 and 40, a day apart."""
    file = HeadFile(tmp_path, ours=True)
    for n in range(5):
        file.add(head(n * 10, n), keys_of(history, key(1)))
    return file
