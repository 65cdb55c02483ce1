"""Links new entries of the log to its hash chain, within the transaction that keeps them. Blocking."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from engine.seal.chain import Entry, Link, Place, extended
from engine.store.hashchain import audited
from engine.store.plan import META, Chaining

_LINK = "INSERT INTO link (seq, digest, previous) VALUES (?, ?, ?)"
_UNDER = "SELECT seq, id FROM log WHERE seq IN (SELECT value FROM json_each(?))"
_LAST = "SELECT seq, digest, previous FROM link ORDER BY seq DESC LIMIT 1"
_NOTED = "SELECT value FROM meta WHERE key = ?"


class Ends(NamedTuple):
    """Where the log's chain ends, and where that of what people did (`engine.store.hashchain.audited`)."""

    log: Place
    audit: Place


class Linking:
    """The chains' ends as the writer of a store knows them.

    Attributes:
        head: Those of the last transaction that was committed; None: not read yet.
    """

    def __init__(self) -> None:
        self.head: Ends | None = None

    def link(self, db: sqlite3.Connection, what: Chaining, *, whole: bool) -> Ends | None:
        """Link a transaction's entries, with the notes that end it; return the ends once it is committed.

        Args:
            db: The writer, within the transaction.
            whole: All of them are new; else some were kept already, and it is looked up which are there.
        """
        ends, notes = self.head, list(what.notes)
        if what.entries or what.audits:
            ends = ends or Ends(_stored(db), _recorded(db))
            there = what.entries if whole else _kept(db, what.entries)
            told, audit = _record(db, what, ends.audit, notes) if what.audits else ([], ends.audit)
            links, head = extended(ends.log, [*there, *told] if told else there)
            ends = Ends(head, audit)
            if links:
                db.executemany(_LINK, links)
                notes.append(("chain", head.written()))
        db.executemany(META, notes)
        return ends


def _record(
    db: sqlite3.Connection, what: Chaining, end: Place, notes: list[tuple[str, str]]
) -> tuple[list[Entry], Place]:
    """Write the records that are new, each in its place of their chain; return what is to be linked, and the end."""
    known = {row[0] for row in db.execute(audited.KNOWN, (json.dumps([each.id for each in what.audits]),))}
    fresh = {each.id: each for each in what.audits if each.id not in known}
    rows, told, end = audited.chained(fresh.values(), end)
    if rows:
        db.executemany(audited.INSERT, rows)
        notes.append((audited.END, end.written()))
    return told, end


def _kept(db: sqlite3.Connection, entries: Sequence[Entry]) -> list[Entry]:
    """Return those of some entries that the log has under their own number."""
    seqs = json.dumps([each.seq for each in entries])
    found = set(db.execute(_UNDER, (seqs,)))
    return [each for each in entries if (each.seq, each.id) in found]


def _stored(db: sqlite3.Connection) -> Place:
    """Return the chain's head as stored; where the note of it is damaged, that of its last link."""
    if (place := _noted(db, "chain")) is not None:
        return place
    for seq, digest, previous in db.execute(_LAST).fetchall():
        return Place(seq, Link(seq, digest, previous).value)
    return Place(0)


def _recorded(db: sqlite3.Connection) -> Place:
    """Return the end of the chain of records: as noted, unless a record is there that is further (after damage)."""
    noted = _noted(db, audited.END) or Place(0)
    for row in db.execute(audited.LAST).fetchall():
        last = audited.end_of(row)
        return last if last.seq > noted.seq else noted
    return noted


def _noted(db: sqlite3.Connection, key: str) -> Place | None:
    rows = db.execute(_NOTED, (key,)).fetchall()
    return Place.read(str(rows[0][0])) if rows else None
