"""What the store answers: pages of history, what is to be done, what was given up."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import aiosqlite

from engine.availability import Run
from engine.runtime import log
from engine.seal.chain import Place
from engine.store import availability, codec, people
from engine.store.deleting import END_OF_TIME
from engine.store.faults import translating
from engine.store.hashchain import audited
from engine.store.hashchain.audited import AuditFilter
from engine.store.model import YIELDS, Acknowledgement, Audited, Counts, Deletion, Pending, Unseen
from rules.model import Decision, Event

_ACKNOWLEDGED = (
    "SELECT decision, at, person, note FROM acknowledgement "
    "WHERE decision IN (SELECT value FROM json_each(?))"
)
_UNSEEN = "SELECT decision, ended FROM attention WHERE seen IS NULL AND at < ? ORDER BY at DESC LIMIT ?"
_HOW_MANY_UNSEEN = "SELECT count(*) FROM attention WHERE seen IS NULL"
_JOINED = "JOIN decision ON decision.id = {table}.subject LEFT JOIN event ON event.id = decision.cause "
_PENDING = f"SELECT {codec.PENDING} FROM outbox {_JOINED.format(table='outbox')}"  # noqa: S608 - our own text
_LETTERS = f"SELECT {codec.LETTER} FROM dead_letter {_JOINED.format(table='dead_letter')}"  # noqa: S608
# In order of decision, then those that let others pass, in order of their next try. Both from an index of their own
# (0004_log.sql): a backlog is not sorted for every look at its beginning.
_FRESH = f"{_PENDING} WHERE {{lane}} outbox.attempts < {YIELDS} AND next_at <= ? ORDER BY outbox.id LIMIT ?"
_YIELDING = f"{_PENDING} WHERE {{lane}} outbox.attempts >= {YIELDS} AND next_at <= ? ORDER BY next_at LIMIT ?"
_NEXT = (
    f"SELECT min(next_at) FROM (SELECT min(next_at) AS next_at FROM outbox WHERE lane = ?1 AND attempts < {YIELDS} "  # noqa: S608
    f"UNION ALL SELECT min(next_at) FROM outbox WHERE lane = ?1 AND attempts >= {YIELDS})"
)
# A loose index scan: one probe per lane, however many rows wait in it.
_LANES = (
    "WITH RECURSIVE each(lane) AS (SELECT min(lane) FROM outbox UNION ALL "
    "SELECT (SELECT min(lane) FROM outbox WHERE lane > each.lane) FROM each "
    "WHERE each.lane IS NOT NULL) SELECT lane FROM each WHERE lane IS NOT NULL"
)

_CHAINED = (
    "SELECT (SELECT value FROM meta WHERE key = 'store'), (SELECT value FROM meta WHERE key = 'chain'), "
    "(SELECT count(*) FROM link)"
)

_log = log.get(__name__)
T = TypeVar("T")


class Reads:
    """The reading half of a store.

    Attributes:
        unreadable: Rows that were met and whose text is damaged; they are left out.
    """

    def __init__(self, path: Path, reader: aiosqlite.Connection) -> None:
        self._path, self._reader = path, reader
        self.unreadable = 0

    def bytes_used(self) -> int:
        """Return what the database takes on the disk, its log of pages included."""
        files = (self._path, self._path.with_name(self._path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def _decoded(self, decode: Callable[[codec.Columns], T], rows: Iterable[codec.Columns]) -> list[T]:
        """Return what rows mean, without those that mean nothing: SQLite does not see a changed letter."""
        found = list[T]()
        for row in rows:
            try:
                found.append(decode(row))
            except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
                if not self.unreadable:
                    _log.error("store.unreadable", row=str(row[0]), reason=repr(error))
                self.unreadable += 1
        return found

    async def log(self, after: int, limit: int = 500) -> list[tuple[int, Event | Decision | Audited]]:
        """Return entries of the log with ``seq > after``, in order: events, decisions and records, without holes.

        What follows the log keeps the last `seq` it has seen; acknowledgements and deletions are events.
        """
        events = await self._read(
            f"SELECT {codec.EVENT} FROM event WHERE seq > ? ORDER BY seq LIMIT ?",  # noqa: S608 - our own text
            (after, limit),
        )
        decisions = await self._read(
            f"SELECT seq, {codec.DECISION} FROM decision WHERE seq > ? ORDER BY seq LIMIT ?",  # noqa: S608
            (after, limit),
        )
        records = await self._read(
            f"SELECT {audited.COLUMNS} FROM audit WHERE seq > ? ORDER BY seq LIMIT ?",  # noqa: S608 - our own text
            (after, limit),
        )
        all_: list[tuple[int, Event | Decision | Audited]] = []
        all_ += self._decoded(lambda row: (row[0], codec.event_of(row)), events)
        all_ += self._decoded(lambda row: (row[0], codec.decision_of(row[1:])), decisions)
        all_ += self._decoded(lambda row: (row[0], audited.audited_of(row)), records)
        return sorted(all_, key=lambda entry: entry[0])[:limit]

    async def records(self, which: AuditFilter) -> list[Audited]:
        """Return what people did, newest first."""
        return self._decoded(audited.audited_of, await self._read(*which.query()))

    async def entries(self, seqs: Collection[int]) -> list[tuple[int, Event | Decision]]:
        """Return the events and decisions of some numbers of the log, greatest first, as far as they are there."""
        told = (json.dumps([*seqs]),)
        events = await self._read(
            f"SELECT {codec.EVENT} FROM event WHERE seq IN (SELECT value FROM json_each(?))",  # noqa: S608 - our own text
            told,
        )
        decisions = await self._read(
            f"SELECT seq, {codec.DECISION} FROM decision WHERE seq IN (SELECT value FROM json_each(?))",  # noqa: S608
            told,
        )
        all_: list[tuple[int, Event | Decision]] = []
        all_ += self._decoded(lambda row: (row[0], codec.event_of(row)), events)
        all_ += self._decoded(lambda row: (row[0], codec.decision_of(row[1:])), decisions)
        return sorted(all_, key=lambda entry: -entry[0])

    async def number_of(self, decision: str) -> int | None:
        """Return a decision's number in the log; None: it has none, or nobody knows it."""
        rows = await self._read("SELECT seq FROM decision WHERE id = ?", (decision,))
        return rows[0][0] if rows else None

    async def events(
        self, before: int | None = None, limit: int = 100, camera: str | None = None
    ) -> list[Event]:
        """Return events newest first, with ``seq < before``."""
        sql = f"SELECT {codec.EVENT} FROM event WHERE seq < ?"  # noqa: S608 - our own text
        rows = await self._page(sql, END_OF_TIME if before is None else before, limit, camera, "seq")
        return self._decoded(codec.event_of, rows)

    async def event(self, id: str) -> Event | None:
        """Return one event, None when it is not (or no longer) stored."""
        rows = await self._read(f"SELECT {codec.EVENT} FROM event WHERE id = ?", (id,))  # noqa: S608
        return next(iter(self._decoded(codec.event_of, rows)), None)

    async def decisions(
        self, before: str | None = None, limit: int = 100, camera: str | None = None
    ) -> list[Decision]:
        """Return decisions newest first, older than the decision id `before` (none if it is unknown)."""
        edge = END_OF_TIME
        if before is not None:
            found = await self._read("SELECT n FROM decision WHERE id = ?", (before,))
            edge = int(found[0][0]) if found else 0
        sql = f"SELECT {codec.DECISION} FROM decision WHERE n < ?"  # noqa: S608 - our own text
        return self._decoded(codec.decision_of, await self._page(sql, edge, limit, camera, "n"))

    async def decisions_of(self, ids: Iterable[str]) -> list[Decision]:
        """Return the decisions of these ids, as far as they are stored."""
        sql = f"SELECT {codec.DECISION} FROM decision WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608
        return self._decoded(codec.decision_of, await self._read(sql, (json.dumps(list(ids)),)))

    async def decisions_of_alert(self, alert: str) -> list[Decision]:
        """Return an alert's decisions, in order: its firing, its escalation, its end, as far as they are stored."""
        sql = f"SELECT {codec.DECISION} FROM decision WHERE alert = ? ORDER BY n"  # noqa: S608 - our own text
        return self._decoded(codec.decision_of, await self._read(sql, (alert,)))

    async def acknowledgements(self, ids: Iterable[str]) -> dict[str, Acknowledgement]:
        """Return who acknowledged which of these decisions."""
        rows = await self._read(_ACKNOWLEDGED, (json.dumps(list(ids)),))
        return {told.decision: told for told in map(codec.acknowledged_of, rows)}

    async def unseen(self, limit: int, before: datetime | None = None) -> list[Unseen]:
        """Return alerts that nobody has seen, newest first, of those that began before a time."""
        until = END_OF_TIME if before is None else codec.micros(before)
        rows = await self._read(_UNSEEN, (until, limit))
        return [codec.unseen_of(row) for row in rows]

    async def count_unseen(self) -> int:
        """Return how many alerts nobody has seen."""
        return int((await self._read(_HOW_MANY_UNSEEN))[0][0])

    async def lanes(self) -> list[str]:
        """Return every outbox lane with rows still to be done."""
        return [str(row[0]) for row in await self._read(_LANES)]

    async def due(self, now: float, limit: int, lane: str | None = None) -> list[Pending]:
        """Return outbox rows to be tried at engine time `now`, in order of decision.

        Rows that failed often come after the others, so that one bad message cannot block its lane.
        """
        where, chosen = ("", ()) if lane is None else ("lane = ? AND", (lane,))
        rows = await self._read(_FRESH.format(lane=where), (*chosen, now, limit))
        if len(rows) < limit:
            rows += await self._read(_YIELDING.format(lane=where), (*chosen, now, limit - len(rows)))
        return self._decoded(codec.pending_of, rows)

    async def next_try(self, lane: str) -> float | None:
        """Return the engine time of a lane's next try, None when nothing is left to be done."""
        found: float | None = (await self._read(_NEXT, (lane,)))[0][0]
        return found

    async def dead(self, limit: int = 100, before: int | None = None) -> list[Pending]:
        """Return dead letters, newest first, with ids below `before`."""
        sql = f"{_LETTERS} WHERE dead_letter.id < ? ORDER BY dead_letter.id DESC LIMIT ?"
        rows = await self._read(sql, (END_OF_TIME if before is None else before, limit))
        return self._decoded(codec.pending_of, rows)

    async def letters(self, ids: Collection[int] | None) -> list[Pending]:
        """Return the dead letters of these ids, as far as there are any; None: all. In order of decision."""
        where = "" if ids is None else "WHERE dead_letter.id IN (SELECT value FROM json_each(?))"
        values = () if ids is None else (json.dumps(list(ids)),)
        rows = await self._read(f"{_LETTERS} {where} ORDER BY dead_letter.id", values)
        return self._decoded(codec.pending_of, rows)

    async def counts(self) -> Counts:
        """Return how many outbox rows and dead letters there are."""
        rows = await self._read("SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM dead_letter)")
        return Counts(*rows[0])

    async def deletions(self) -> list[Deletion]:
        """Return what was deleted and is not yet an event of the log."""
        rows = await self._read("SELECT what, why, rows, first, last, since, until FROM deletion")
        return [codec.deletion_of(row) for row in rows]

    async def availability(self, since: datetime, until: datetime, camera: str | None = None) -> list[Run]:
        """Return the runs of availability within a time, in the order in which they began; None: of all cameras."""
        values = codec.micros(until), codec.micros(since), camera
        return self._decoded(availability.run_of, await self._read(availability.WITHIN, values))

    async def last_availability(self) -> tuple[list[Run], datetime | None]:
        """Return the last run of each camera, and when an engine was last alive."""
        told = await self.recall(availability.ALIVE)
        runs = self._decoded(availability.run_of, await self._read(availability.LAST))
        return runs, codec.moment(int(told)) if told is not None else None

    async def people(self, table: people.Table) -> list[codec.Columns]:
        """Return all rows of a table of people, as `engine.store.people.COLUMNS` says."""
        return await self._read(f"SELECT {people.COLUMNS[table]} FROM {table} ORDER BY rowid")  # noqa: S608 - our own

    async def recall(self, key: str) -> str | None:
        """Return a value of the engine's own that was kept, None where none was."""
        rows = await self._read("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else None

    async def known_records(self, ids: Iterable[str]) -> set[str]:
        """Return which of some records are there."""
        return {str(row[0]) for row in await self._read(audited.KNOWN, (json.dumps([*ids]),))}

    async def recorded(self) -> Place | None:
        """Return where the chain of records ends; None: there are none."""
        return Place.read(await self.recall(audited.END) or "")

    async def chained(self) -> tuple[str, Place, int]:
        """Return this database's name, where its log's hash chain ends, and how many links it has, as of one moment."""
        name, head, count = (await self._read(_CHAINED))[0]
        return str(name or ""), Place.read(str(head)) or Place(0), int(count)

    async def _page(
        self, sql: str, before: int, limit: int, camera: str | None, order: str
    ) -> list[codec.Columns]:
        chosen = () if camera is None else (camera,)
        where = "" if camera is None else " AND camera = ?"
        return await self._read(f"{sql}{where} ORDER BY {order} DESC LIMIT ?", (before, *chosen, limit))

    async def _read(self, sql: str, values: tuple[object, ...] = ()) -> list[codec.Columns]:
        with translating(self._path):
            return [tuple(row) for row in await self._reader.execute_fetchall(sql, values)]
