"""A database's hash chain, read and verified. Blocking."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from heapq import merge
from pathlib import Path

from engine.seal.chain import Break, Link, Place, digests, verify
from engine.store.faults import translating

#: Columns that are digested, in order; engine/store/codec.py writes them.
EVENT = "seq, id, camera, received_at, engine, body"
DECISION = "seq, id, camera, cause, at, engine, body"


def audit(path: Path) -> Break | None:
    """Return the first place of a database's chain that does not hold, None where all does; the engine may run.

    Raises:
        StoreError: The database, or what it says of its chain, cannot be read.
    """
    with translating(path), closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        db.text_factory = bytes  # a changed byte may be no letter any more
        db.execute("BEGIN")  # all as of one moment
        start, head = _place(db, "chain_from"), _place(db, "chain")
        links = (Link(*row) for row in db.execute("SELECT seq, digest, previous FROM link ORDER BY seq"))
        return verify(_entries(db), links, start, head)


def _place(db: sqlite3.Connection, key: str) -> Place:
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    place = Place(0) if row is None else Place.read(row[0].decode("utf-8", "replace"))
    if place is None:
        raise sqlite3.DatabaseError(f"meta says nothing readable of “{key}”")
    return place


def _entries(db: sqlite3.Connection) -> Iterator[tuple[int, bytes]]:
    events = db.execute(f"SELECT {EVENT} FROM event ORDER BY seq")  # noqa: S608 - our own text
    decisions = db.execute(f"SELECT {DECISION} FROM decision WHERE seq IS NOT NULL ORDER BY seq")  # noqa: S608
    return merge(digests("event", events), digests("decision", decisions))
