"""Links new entries of the log to its hash chain, within the transaction that keeps them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

import aiosqlite

from engine.seal.chain import Entry, Link, Place, extended
from engine.store import audited
from engine.store.plan import META, Chaining

_LINK = "INSERT INTO link (seq, digest, previous) VALUES (?, ?, ?)"
_UNDER = "SELECT seq, id FROM log WHERE seq IN (SELECT value FROM json_each(?))"
_LAST = "SELECT seq, digest, previous FROM link ORDER BY seq DESC LIMIT 1"


class Ends(NamedTuple):
    """Where the log's chain ends, and where that of what people did (`engine.store.audited`)."""

    log: Place
    audit: Place


class Linking:
    """The chains' ends as the writer of a store knows them.

    Attributes:
        head: Those of the last transaction that was committed; None: not read yet.
    """

    def __init__(self, writer: aiosqlite.Connection) -> None:
        self._writer = writer
        self.head: Ends | None = None

    async def link(self, what: Chaining, *, whole: bool) -> Ends | None:
        """Link a transaction's entries, with the notes that end it; return the head that it has once it is committed.

        Args:
            whole: All of them are new; else some were kept already, and it is looked up which are there.
        """
        ends, notes = self.head, list(what.notes)
        if what.entries or what.audits:
            ends = ends or Ends(await self._stored(), await self._recorded())
            there = what.entries if whole else await self._kept(what.entries)
            told, ends = await self._record(what, ends, notes)
            links, head = extended(ends.log, [*there, *told])
            ends = Ends(head, ends.audit)
            if links:
                await self._writer.executemany(_LINK, links)
                notes.append(("chain", head.written()))
        await self._writer.executemany(META, notes)
        return ends

    async def _record(
        self, what: Chaining, ends: Ends, notes: list[tuple[str, str]]
    ) -> tuple[list[Entry], Ends]:
        """Write the records that are new, each in its place of their chain; return what is to be linked."""
        ids = json.dumps([each.id for each in what.audits])
        known = {row[0] for row in await self._writer.execute_fetchall(audited.KNOWN, (ids,))}
        fresh = {each.id: each for each in what.audits if each.id not in known}
        rows, told, end = audited.chained(fresh.values(), ends.audit)
        if rows:
            await self._writer.executemany(audited.INSERT, rows)
            notes.append((audited.END, end.written()))
        return told, Ends(ends.log, end)

    async def _kept(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return those of some entries that the log has under their own number."""
        seqs = json.dumps([each.seq for each in entries])
        found = {tuple(row) for row in await self._writer.execute_fetchall(_UNDER, (seqs,))}
        return [each for each in entries if (each.seq, each.id) in found]

    async def _recorded(self) -> Place:
        """Return the end of the chain of records as stored; where the note of it is damaged, that of the last one."""
        for (text,) in await self._writer.execute_fetchall("SELECT value FROM meta WHERE key = 'audit'"):
            if (place := Place.read(str(text))) is not None:
                return place
        for row in await self._writer.execute_fetchall(audited.LAST):
            return audited.end_of(row)
        return Place(0)

    async def _stored(self) -> Place:
        """Return the chain's head as stored; where the note of it is damaged, that of its last link."""
        for (text,) in await self._writer.execute_fetchall("SELECT value FROM meta WHERE key = 'chain'"):
            if (place := Place.read(str(text))) is not None:
                return place
        for seq, digest, previous in await self._writer.execute_fetchall(_LAST):
            return Place(seq, Link(seq, digest, previous).value)
        return Place(0)
