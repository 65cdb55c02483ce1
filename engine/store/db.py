"""The store: one writer that commits for many at once, one reader, nothing lost after `commit` returns.

*Group commit*: whoever commits while a transaction is on its way to the disk waits for the next one,
which carries everybody who is waiting. WAL and ``synchronous = FULL``: an answered commit survives
power loss.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import aiosqlite

from engine import log
from engine.clock import Clock, Mark
from engine.errors import StoreCorrupt, StoreFull
from engine.store import codec
from engine.store.faults import translated, translating
from engine.store.model import (
    YIELDS,
    Acknowledgement,
    Adoption,
    Call,
    Counts,
    Damage,
    Pending,
    Resume,
    State,
    Verdict,
    calls_of,
)
from engine.store.opening import make_sound, sole_owner, suspect_file
from engine.store.plan import META, Statement, plan
from engine.store.room import Reserve
from engine.store.schema import Step, steps
from rules.memory import VERSION
from rules.model import Decision, Event

__all__ = [
    "Call",
    "Counts",
    "Damage",
    "Pending",
    "Resume",
    "State",
    "Store",
    "Verdict",
    "calls_of",
    "open_store",
]

_log = log.get(__name__)

#: Items in one transaction at most.
BATCH = 1024
#: Events forgotten at once when the quota or the disk is full, and per step of `prune`.
STEP = 500
#: Pages of the write-ahead log before it is folded into the database (4 MiB).
CHECKPOINT_PAGES = 1000
_BUSY_SECONDS = 5.0

_FORGET_EVENTS = (
    "DELETE FROM event WHERE seq IN (SELECT seq FROM event ORDER BY seq LIMIT ?) "
    "AND received_at < ? AND engine < ?"
)
# Decisions go with the events they came from; one with an action still to be done, or that still fires, stays.
_OLD_DECISIONS = (
    "SELECT id FROM decision WHERE at < min(?, coalesce((SELECT received_at FROM event ORDER BY seq LIMIT 1), ?)) "
    "AND engine < ? AND NOT EXISTS (SELECT 1 FROM outbox WHERE decision = decision.id AND state = 'due') "
    "AND NOT EXISTS (SELECT 1 FROM memory WHERE cause = decision.cause AND state IN ('firing', 'fading', 'waiting')) "
    "ORDER BY n LIMIT ?"
)
_FORGET_CALLS = f"DELETE FROM outbox WHERE decision IN ({_OLD_DECISIONS})"  # noqa: S608 - our own text
_FORGET_DECISIONS = f"DELETE FROM decision WHERE id IN ({_OLD_DECISIONS})"  # noqa: S608 - our own text
_FORGET_ACKNOWLEDGED = f"DELETE FROM acknowledgement WHERE decision IN ({_OLD_DECISIONS})"  # noqa: S608
_ACKNOWLEDGED = (
    "SELECT decision, at, person, note FROM acknowledgement "
    "WHERE decision IN (SELECT value FROM json_each(?))"
)
# The rules of the oldest event that is left stay, also when the event that adopted them has gone.
_FORGET_ADOPTIONS = (
    "DELETE FROM adoption WHERE seq < (SELECT max(seq) FROM adoption "
    "WHERE seq <= coalesce((SELECT min(seq) FROM event), ?))"
)
_FORGET_RULES = "DELETE FROM ruleset WHERE digest NOT IN (SELECT digest FROM adoption)"
_END_OF_TIME = 1 << 62
_MEMORY = "SELECT rule, key, state, since, since_wall, due, cause, subject, reason FROM memory"
_ADOPTED = "SELECT seq, digest, body FROM adoption JOIN ruleset USING (digest) ORDER BY seq DESC LIMIT 1"
_PENDING = (
    f"SELECT {codec.PENDING} FROM outbox JOIN decision ON decision.id = outbox.decision "  # noqa: S608
    "LEFT JOIN event ON event.id = decision.cause "
)
# A loose index scan: one probe per lane, however many rows wait in it.
_LANES = (
    "WITH RECURSIVE each(lane) AS (SELECT min(lane) FROM outbox WHERE state = 'due' UNION ALL "
    "SELECT (SELECT min(lane) FROM outbox WHERE state = 'due' AND lane > each.lane) FROM each "
    "WHERE each.lane IS NOT NULL) SELECT lane FROM each WHERE lane IS NOT NULL"
)


class Store:
    """What is kept. Made by `open_store`; used by tasks of one loop.

    Attributes:
        forgotten: Rows deleted early because the quota or the disk was full.
        full: Whether the last write found no room.
    """

    def __init__(
        self,
        path: Path,
        writer: aiosqlite.Connection,
        reader: aiosqlite.Connection,
        reserve: Reserve,
        clock: Clock,
        damage: Damage | None,
    ) -> None:
        self._path, self._writer, self._reader = path, writer, reader
        self._reserve, self._clock, self._damage = reserve, clock, damage
        self._waiting: deque[tuple[Verdict | Statement, asyncio.Future[None]]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self.forgotten = 0
        self.full = False

    # -- life ----------------------------------------------------------------------------

    async def load(self) -> Resume:
        """Return where the last run left off, and note that this one is running."""
        meta = {str(row[0]): str(row[1]) for row in await self._read("SELECT key, value FROM meta")}
        rows, adopted = await self._read(_MEMORY), await self._read(_ADOPTED)
        if rows and meta.get("memory") != str(VERSION):
            # What another version of the rules remembered means something else: better to begin anew.
            _log.warning("store.memory_dropped", rows=len(rows), version=meta.get("memory"))
            await self._write(Statement("DELETE FROM memory", ((),)))
            rows, adopted = [], []
        await self._write(Statement(META, (("clean", "false"), ("memory", str(VERSION)))))
        return Resume(
            mark=codec.mark_of(meta["mark"]) if "mark" in meta else None,
            last_seq=int(meta.get("last_seq", 0)),
            rows=tuple(codec.memory_of(row) for row in rows),
            clean=meta.get("clean", "true") == "true",
            damage=self._damage,
            # After damage rows may be missing: adopting again lets what counts from nothing count.
            adopted=Adoption(*adopted[0]) if adopted and self._damage is None else None,
        )

    async def close_cleanly(self, mark: Mark) -> None:
        """Note that this run ended in order, at this engine time."""
        await self._write(Statement(META, (("mark", codec.mark_text(mark)), ("clean", "true"))))

    async def finish(self) -> None:
        """Wait until everything that was handed in is written."""
        while self._task is not None:
            await asyncio.wait({self._task})

    # -- writing -------------------------------------------------------------------------

    async def commit(self, verdict: Verdict) -> None:
        """Keep a verdict, all of it or nothing; on return it survives power loss.

        A caller that is cancelled while waiting does not know whether it was kept.

        Raises:
            StoreFull: No room, even after the oldest events were given up. Trying again is safe.
            StoreBusy: Locked by another program for too long. Trying again is safe.
            StoreCorrupt: The database is damaged; the next start sets it aside.
        """
        await self._write(verdict)

    async def settle(self, id: int, state: State, next_at: float, detail: str) -> None:
        """Note what became of one try of an outbox row; `next_at` is engine time."""
        await self._write(
            Statement(
                "UPDATE outbox SET state = ?, next_at = ?, detail = ?, attempts = attempts + 1 WHERE id = ?",
                ((state, next_at, detail, id),),
            )
        )

    async def revive(self, action: str) -> None:
        """Make every waiting row of an action due now: its target is back."""
        sql = "UPDATE outbox SET next_at = 0 WHERE state = 'due' AND action = ?"
        await self._write(Statement(sql, ((action,),)))

    async def _write(self, item: Verdict | Statement) -> None:
        loop = asyncio.get_running_loop()
        ticket: asyncio.Future[None] = loop.create_future()
        self._waiting.append((item, ticket))
        if self._task is None:
            # Owned by the store: it lives while somebody waits, and `finish` waits for it. It is no child of
            # the caller, whose cancellation must not tear a transaction that carries others.
            self._task = loop.create_task(self._drain(), name="store.writer")
        await ticket

    async def _drain(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            await self._serve(batch)
        self._task = None

    async def _serve(self, batch: Sequence[tuple[Verdict | Statement, asyncio.Future[None]]]) -> None:
        try:
            await self._transact_with_room(plan(item for item, _ in batch))
        except (StoreFull, StoreCorrupt) as error:
            self._answer(batch, error)
        except Exception as error:  # whatever it was, it belongs to whoever is waiting for this write
            if len(batch) == 1:
                self._answer(batch, error)
            for one in batch if len(batch) > 1 else ():  # one bad item must not fail its neighbours
                await self._serve([one])
        else:
            self._answer(batch, None)

    @staticmethod
    def _answer(
        batch: Iterable[tuple[Verdict | Statement, asyncio.Future[None]]], error: Exception | None
    ) -> None:
        for _, ticket in batch:
            if ticket.done():  # cancelled
                continue
            if error is None:
                ticket.set_result(None)
            else:
                ticket.set_exception(error)

    async def _transact_with_room(self, statements: Sequence[Statement]) -> None:
        while True:
            try:
                await self._transact(statements)
            except StoreFull:
                if not await self._make_room():
                    self._now_full(True)
                    raise
            else:
                self._now_full(False)
                if self._reserve.spent:
                    await asyncio.to_thread(self._reserve.renew)
                return

    def _now_full(self, full: bool) -> None:
        """Note whether there is no room left; the log hears of a change only, not of every try."""
        if full and not self.full:
            _log.error("store.full", path=str(self._path))
        elif self.full and not full:
            _log.info("store.has_room", path=str(self._path))
        self.full = full

    async def _transact(self, statements: Sequence[Statement]) -> int:
        """Run statements in one durable transaction; return the rows changed."""
        async with self._writing:  # pruning and committing share the one writer
            return await self._run(statements)

    async def _run(self, statements: Sequence[Statement]) -> int:
        db = self._writer
        before = db.total_changes
        try:
            for each in statements:
                await db.executemany(each.sql, each.rows)
            await db.commit()
        except BaseException as error:  # whatever it was, the transaction must not stay open
            await self._undo()
            if not isinstance(error, sqlite3.Error):
                raise
            fault = translated(error, self._path)
            if isinstance(fault, StoreCorrupt):
                with suppress(OSError):  # the next start then has to find the damage by itself
                    await asyncio.to_thread(suspect_file(self._path).write_text, str(fault), "utf-8")
            raise fault from error
        return db.total_changes - before

    async def _undo(self) -> None:
        try:
            await self._writer.rollback()
        except sqlite3.Error as error:
            _log.warning("store.rollback_failed", error=str(error))

    # -- room ----------------------------------------------------------------------------

    async def _make_room(self) -> bool:
        """Give up the reserve and the oldest events; return whether that gave any room."""
        released = await asyncio.to_thread(self._reserve.release)
        try:
            await self._writer.execute_fetchall("PRAGMA wal_checkpoint(RESTART)")
        except sqlite3.Error as error:
            if not self.full:
                _log.warning("store.checkpoint_failed", error=str(error))
        try:
            gone = await self._forget(_END_OF_TIME, _END_OF_TIME)
        except StoreFull:
            gone = 0
        if released or gone > self.forgotten == 0:  # how many more go is counted, and is a standing problem
            _log.warning("store.made_room", reserve_released=released, forgotten=gone, path=str(self._path))
        self.forgotten += gone
        return released or gone > 0

    async def prune(self, before: datetime) -> int:
        """Forget events received before `before`, with their decisions; return how many rows went.

        Both clocks must agree that they are that old: a wall clock that jumps ahead deletes nothing.
        Works in small steps, so that it never holds up a commit for long.
        """
        now = self._clock.now()
        engine = now.engine - (now.wall - before).total_seconds()
        gone = 0
        while step := await self._forget(codec.micros(before), engine):
            gone += step
            await asyncio.sleep(0)
        return gone

    async def _forget(self, before: int, engine: float) -> int:
        old = (before, before, engine, STEP)
        return await self._transact(
            [
                Statement(_FORGET_EVENTS, ((STEP, before, engine),)),
                Statement(_FORGET_CALLS, (old,)),
                Statement(_FORGET_ACKNOWLEDGED, (old,)),
                Statement(_FORGET_DECISIONS, (old,)),
                Statement(_FORGET_ADOPTIONS, ((_END_OF_TIME,),)),
                Statement(_FORGET_RULES, ((),)),
            ]
        )

    # -- reading -------------------------------------------------------------------------

    async def events(
        self, before: int | None = None, limit: int = 100, camera: str | None = None
    ) -> list[Event]:
        """Return events newest first, with ``seq < before``."""
        sql = f"SELECT {codec.EVENT} FROM event WHERE seq < ?"  # noqa: S608 - our own text
        rows = await self._page(sql, _END_OF_TIME if before is None else before, limit, camera, "seq")
        return [codec.event_of(row) for row in rows]

    async def event(self, id: str) -> Event | None:
        """Return one event, None when it is not (or no longer) stored."""
        rows = await self._read(f"SELECT {codec.EVENT} FROM event WHERE id = ?", (id,))  # noqa: S608
        return codec.event_of(rows[0]) if rows else None

    async def decisions(
        self, before: str | None = None, limit: int = 100, camera: str | None = None
    ) -> list[Decision]:
        """Return decisions newest first, older than the decision id `before` (none if it is unknown)."""
        edge = _END_OF_TIME
        if before is not None:
            found = await self._read("SELECT n FROM decision WHERE id = ?", (before,))
            edge = int(found[0][0]) if found else 0
        sql = f"SELECT {codec.DECISION} FROM decision WHERE n < ?"  # noqa: S608 - our own text
        return [codec.decision_of(row) for row in await self._page(sql, edge, limit, camera, "n")]

    async def decisions_of(self, ids: Iterable[str]) -> list[Decision]:
        """Return the decisions of these ids, as far as they are stored."""
        sql = f"SELECT {codec.DECISION} FROM decision WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608
        return [codec.decision_of(row) for row in await self._read(sql, (json.dumps(list(ids)),))]

    async def acknowledgements(self, ids: Iterable[str]) -> dict[str, Acknowledgement]:
        """Return who acknowledged which of these decisions."""
        rows = await self._read(_ACKNOWLEDGED, (json.dumps(list(ids)),))
        return {told.decision: told for told in map(codec.acknowledged_of, rows)}

    async def lanes(self) -> list[str]:
        """Return every outbox lane with rows still to be done."""
        return [str(row[0]) for row in await self._read(_LANES)]

    async def due(self, now: float, limit: int, lane: str | None = None) -> list[Pending]:
        """Return outbox rows to be tried at engine time `now`, in order of decision.

        Rows that failed often come after the others, so that one bad message cannot block its lane.
        """
        sql = _PENDING + "WHERE outbox.state = 'due' AND outbox.next_at <= ? AND (? IS NULL OR lane = ?) "
        rows = await self._read(
            sql + "ORDER BY attempts >= ?, outbox.id LIMIT ?", (now, lane, lane, YIELDS, limit)
        )
        return [codec.pending_of(row) for row in rows]

    async def next_try(self, lane: str) -> float | None:
        """Return the engine time of a lane's next try, None when nothing is left to be done."""
        sql = "SELECT min(next_at) FROM outbox WHERE state = 'due' AND lane = ?"
        found: float | None = (await self._read(sql, (lane,)))[0][0]
        return found

    async def dead(self, limit: int = 100) -> list[Pending]:
        """Return dead letters, newest first."""
        rows = await self._read(
            _PENDING + "WHERE outbox.state = 'dead' ORDER BY outbox.id DESC LIMIT ?", (limit,)
        )
        return [codec.pending_of(row) for row in rows]

    async def counts(self) -> Counts:
        """Return how many outbox rows there are by state."""
        rows = await self._read("SELECT state, count(*) FROM outbox GROUP BY state")
        return replace(Counts(), **{str(state): int(count) for state, count in rows})

    async def _page(
        self, sql: str, before: int, limit: int, camera: str | None, order: str
    ) -> list[codec.Columns]:
        chosen = () if camera is None else (camera,)
        where = "" if camera is None else " AND camera = ?"
        return await self._read(f"{sql}{where} ORDER BY {order} DESC LIMIT ?", (before, *chosen, limit))

    async def _read(self, sql: str, values: tuple[object, ...] = ()) -> list[codec.Columns]:
        with translating(self._path):
            return [tuple(row) for row in await self._reader.execute_fetchall(sql, values)]


@asynccontextmanager
async def open_store(
    path: Path, *, quota_mb: int, clock: Clock, upgrades: Sequence[Step] | None = None
) -> AsyncIterator[Store]:
    """Open the store at `path` for as long as the context lasts; makes it where there is none.

    Args:
        path: The database file; its folder is made with mode 0700.
        quota_mb: Most mebibytes the database may take; beyond it the oldest events go.
        upgrades: Upgrade files; default: those this program carries.

    Raises:
        StoreBusy: Another process has it open.
        StoreError: It was written by a newer program.
    """
    with ExitStack() as stack, translating(path):
        stack.enter_context(sole_owner(path))
        carried = steps() if upgrades is None else upgrades
        damage = await asyncio.to_thread(make_sound, path, carried, clock.now().wall, clock.monotonic)
        if damage is not None:
            _log.error(
                "store.damaged", complaint=damage.complaint, quarantine=damage.quarantine, saved=damage.saved
            )
        reserve = Reserve.beside(path, quota_mb)
        await asyncio.to_thread(reserve.keep)
        # The writer's transactions begin with its first statement: one hop to its thread less per commit.
        async with _connect(path, "IMMEDIATE") as writer, _connect(path, None) as reader:
            await _tune(writer, reader, quota_mb)
            store = Store(path, writer, reader, reserve, clock, damage)
            try:
                yield store
            finally:
                await store.finish()


def _connect(path: Path, begin: Literal["IMMEDIATE"] | None) -> aiosqlite.Connection:
    return aiosqlite.connect(path, isolation_level=begin, timeout=_BUSY_SECONDS)


async def _tune(writer: aiosqlite.Connection, reader: aiosqlite.Connection, quota_mb: int) -> None:
    await writer.execute_fetchall("PRAGMA synchronous = FULL")
    await writer.execute_fetchall(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    size = next(iter(await writer.execute_fetchall("PRAGMA page_size")))[0]
    await writer.execute_fetchall(f"PRAGMA max_page_count = {quota_mb * (1 << 20) // int(size)}")
    await reader.execute_fetchall("PRAGMA query_only = ON")
