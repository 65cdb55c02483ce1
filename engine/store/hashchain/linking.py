"""Links new entries of the log to its hash chain, within the transaction that keeps them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import aiosqlite

from engine.seal.chain import Entry, Link, Place, extended
from engine.store.plan import META, Chaining

_LINK = "INSERT INTO link (seq, digest, previous) VALUES (?, ?, ?)"
_UNDER = "SELECT seq, id FROM log WHERE seq IN (SELECT value FROM json_each(?))"
_LAST = "SELECT seq, digest, previous FROM link ORDER BY seq DESC LIMIT 1"


class Linking:
    """The chain's end as the writer of a store knows it.

    Attributes:
        head: That of the last transaction that was committed; None: not read yet.
    """

    def __init__(self, writer: aiosqlite.Connection) -> None:
        self._writer = writer
        self.head: Place | None = None

    async def link(self, what: Chaining, *, whole: bool) -> Place | None:
        """Link a transaction's entries, with the notes that end it; return the head that it has once it is committed.

        Args:
            whole: All of them are new; else some were kept already, and it is looked up which are there.
        """
        head, notes = self.head, list(what.notes)
        if what.entries:
            there = what.entries if whole else await self._kept(what.entries)
            links, head = extended(head or await self._stored(), there)
            if links:
                await self._writer.executemany(_LINK, links)
                notes.append(("chain", head.written()))
        await self._writer.executemany(META, notes)
        return head

    async def _kept(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return those of some entries that the log has under their own number."""
        seqs = json.dumps([each.seq for each in entries])
        found = {tuple(row) for row in await self._writer.execute_fetchall(_UNDER, (seqs,))}
        return [each for each in entries if (each.seq, each.id) in found]

    async def _stored(self) -> Place:
        """Return the chain's head as stored; where the note of it is damaged, that of its last link."""
        for (text,) in await self._writer.execute_fetchall("SELECT value FROM meta WHERE key = 'chain'"):
            if (place := Place.read(str(text))) is not None:
                return place
        for seq, digest, previous in await self._writer.execute_fetchall(_LAST):
            return Place(seq, Link(seq, digest, previous).value)
        return Place(0)
