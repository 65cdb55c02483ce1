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
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import aiosqlite

from engine.availability import Run
from engine.errors import StoreCorrupt, StoreFull
from engine.runtime import log
from engine.runtime.clock import Clock, Mark
from engine.store import availability, codec, people, witness
from engine.store.deleting import (
    AGEING,
    CROWDING,
    END_OF_TIME,
    STEP,
    Bridge,
    bridged,
    drop_memory,
    drop_orphans,
    forget,
    forget_told,
    give_up,
    lived,
    note,
    proven,
    read_bridges,
)
from engine.store.disk_reserve import Reserve
from engine.store.faults import translated, translating
from engine.store.hashchain.linking import Linking
from engine.store.model import (
    Adoption,
    Call,
    Counts,
    Damage,
    Deletion,
    DeliveryState,
    Pending,
    Resume,
    Verdict,
    calls_of,
)
from engine.store.opening import make_sound, sole_owner
from engine.store.pages.open_pages import OpenPages, open_pages
from engine.store.pages.scrub import Scrub
from engine.store.plan import META, Item, Part, Statement, plan, resent, revived, settled
from engine.store.reads import Reads
from engine.store.schema import Upgrade, steps
from engine.store.writing.transaction import transact
from engine.store.writing.writer import Writer, tune, writer_of
from rules.memory import READABLE, VERSION

__all__ = [
    "Call",
    "Counts",
    "Damage",
    "DeliveryState",
    "Pending",
    "Resume",
    "Store",
    "Verdict",
    "calls_of",
    "open_store",
]

_log = log.get(__name__)

#: Items in one transaction at most.
BATCH = 1024
_MEMORY = "SELECT rule, key, state, since, since_wall, due, cause, subject, reason FROM memory"
_ADOPTED = "SELECT seq, digest, body FROM adoption JOIN ruleset USING (digest) ORDER BY seq DESC LIMIT 1"
#: Bytes that one promise takes with its decision and all indexes; promises may have one part in so many of the quota.
PROMISE, SHARE = 2048, 4
#: Seconds between two looks of the witness at how far the log has come.
WITNESS = 30.0


class Store(Reads):
    """What is kept. Made by `open_store`; used by tasks of one loop.

    Attributes:
        forgotten: Rows of history deleted early because the quota or the disk was full.
        given_up: Promises to targets, and dead letters, deleted because they had outgrown their share of the quota.
        full: Whether the last write found no room.
    """

    def __init__(
        self,
        path: Path,
        writer: Writer,
        reader: aiosqlite.Connection,
        reserve: Reserve,
        clock: Clock,
        damage: Damage | None,
        quota_mb: int,
        pages: OpenPages,
    ) -> None:
        super().__init__(path, reader)
        self._pages = pages
        self._writer, self._reserve, self._clock, self._damage = writer, reserve, clock, damage
        self._most = quota_mb * (1 << 20) // SHARE // PROMISE
        self._waiting: deque[tuple[Item, asyncio.Future[None]]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._writing = pages.writing
        self._bridges: tuple[Bridge, ...] = ()
        self._linking = Linking()
        self._id, self._last_seq, self._schema, self._witnessed = "", 0, 0, clock.monotonic()
        self.forgotten = self.given_up = 0
        self.full = False

    # -- life ----------------------------------------------------------------------------

    async def load(self) -> Resume:
        """Return where the last run left off, and note that this one is running."""
        meta = {str(row[0]): str(row[1]) for row in await self._read("SELECT key, value FROM meta")}
        if meta.get("memory") not in READABLE and (dropped := await self._read(_MEMORY)):
            # What another version of the rules remembered means something else: better to begin anew.
            _log.warning("store.memory_dropped", rows=len(dropped), version=meta.get("memory"))
            meta["anew"] = "version"
            await self._write((*drop_memory(), Statement(META, (("anew", meta["anew"]),))))
        rows = await self._read(_MEMORY)
        adopted = await self._read(_ADOPTED) if meta.get("anew") != "version" else []
        await self._write(tuple(drop_orphans()))
        seen = await asyncio.to_thread(witness.read, self._path)
        self._id = meta.get("store") or (seen and seen.store) or uuid4().hex
        self._last_seq = await self._highest(meta)
        self._bridges = read_bridges(meta.get("bridges", "[]"))
        self._schema = int((await self._read("PRAGMA user_version"))[0][0])
        noted = (("clean", "false"), ("memory", str(VERSION)), ("store", self._id))
        await self._write(Statement(META, noted))
        await self._witness(sync=True)
        return Resume(
            mark=await self._mark(meta["mark"]) if "mark" in meta else None,
            last_seq=self._last_seq,
            rows=tuple(self._decoded(codec.memory_of, rows)),
            clean=meta.get("clean", "true") == "true",
            damage=self._damage,
            adopted=Adoption(*adopted[0]) if adopted else None,
            settled="anew" not in meta,
        )

    async def _highest(self, meta: Mapping[str, str]) -> int:
        """Return the highest number of the log; where the note of it is damaged, one that was not given yet."""
        told = meta.get("last_seq", "0")
        if told.isdecimal():
            return int(told)
        self.unreadable += 1
        highest = (await self._read("SELECT max(coalesce(max(seq), 0), 0) FROM log"))[0][0]
        return witness.beyond(int(highest), self._clock.now().wall)

    async def _mark(self, text: str) -> Mark | None:
        """Return where the last run left off; where the note of it is damaged, as of its last event."""
        if marks := self._decoded(lambda row: codec.mark_of(str(row[0])), [(text,)]):
            return marks[0]
        last = await self._read("SELECT engine, received_at FROM event ORDER BY seq DESC LIMIT 1")
        return Mark(last[0][0], 0.0, "", codec.moment(last[0][1])) if last else None

    async def close_cleanly(self, mark: Mark | None) -> None:
        """Note that this run ended in order, at this engine time; None: at that of its last verdict."""
        noted = () if mark is None else (("mark", codec.mark_text(mark)),)
        await self._write(Statement(META, (*noted, ("clean", "true"))))
        await self._witness(sync=True)

    async def bridge(self, seconds: float) -> None:
        """Note that engine time was carried over the last so many seconds by the wall clock alone.

        They make nothing old: a wrong clock deletes nothing.
        """
        self._bridges = bridged(self._bridges, Bridge(self._clock.now().engine, seconds))
        told = json.dumps([[each.engine, each.seconds] for each in self._bridges])
        await self._write(Statement(META, (("bridges", told),)))

    def lived(self, since: float) -> float:
        """Return the seconds since an engine time that were really counted."""
        return lived(since, self._clock.now().engine, self._bridges)

    def damage(self) -> Damage | None:
        """Return the damage, of this start or an earlier one, that nobody has taken note of yet."""
        return witness.told(self._path)

    @property
    def path(self) -> Path:
        """The database file."""
        return self._path

    async def _witness(self, *, sync: bool) -> None:
        if not self._id:
            return  # not loaded: nothing is known to witness
        self._witnessed = self._clock.monotonic()
        now = self._clock.now().wall.isoformat()
        seen = witness.Witness(self._id, self._last_seq, self._schema, now)
        await asyncio.to_thread(witness.write, self._path, seen, sync=sync)

    async def finish(self) -> None:
        """Wait until everything that was handed in is written."""
        while self._task is not None:
            await asyncio.wait({self._task})

    async def fold(self) -> None:
        """Move everything that is committed into the database file: the last thing that is done with it."""
        await self._fold(self._pages.close)

    @property
    def scrub(self) -> Scrub:
        """The running look at its pages."""
        return self._pages.scrub

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

    async def settle(self, id: int, state: DeliveryState, next_at: float, detail: str) -> None:
        """Note what became of one try of an outbox row; `next_at` is engine time."""
        await self._write(settled(id, state, next_at, detail))

    async def resend(self, ids: Collection[int] | None = None) -> list[Pending]:
        """Let dead letters be tried again as if they were new; return them. None: all."""
        letters = await self.letters(ids)
        await self._write(resent([each.id for each in letters], self._clock.now().engine))
        return letters

    async def revive(self, action: str, target: str = "") -> None:
        """Make every waiting row of an action (of one of its targets) due now: the target is back."""
        await self._write(revived(action, target))

    async def keep_availability(self, runs: Iterable[Run], alive: datetime) -> None:
        """Keep runs of availability that are new or otherwise than before, and that the engine was alive then."""
        await self._write(availability.kept(runs, alive, self._clock.now().engine))

    async def keep_people(self, changes: Sequence[people.Change]) -> None:
        """Keep changes of people and of what they may, all of them or none; on return they survive power loss."""
        if changes:
            await self._write(people.kept(changes))

    async def note(self, gone: Deletion) -> None:
        """Journal a deletion outside of the database; done before it, so that none is left out."""
        await self._write(note(gone))

    async def remember(self, key: str, value: str) -> None:
        """Keep a value of the engine's own; see `recall`."""
        await self._write(Statement(META, ((key, value),)))

    async def _write(self, item: Item) -> None:
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
            if self._pages.due():
                await self._fold(self._pages.fold)
            if self._clock.monotonic() - self._witnessed >= WITNESS:
                await self._witness(sync=False)
        self._task = None

    async def _serve(self, batch: Sequence[tuple[Item, asyncio.Future[None]]]) -> None:
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
            given = (item.last_seq() for item, _ in batch if isinstance(item, Verdict))
            self._last_seq = max(self._last_seq, *given, 0)
            self._answer(batch, None)

    @staticmethod
    def _answer(batch: Iterable[tuple[Item, asyncio.Future[None]]], error: Exception | None) -> None:
        for _, ticket in batch:
            if ticket.done():  # cancelled
                continue
            if error is None:
                ticket.set_result(None)
            else:
                ticket.set_exception(error)

    async def _transact_with_room(self, statements: Sequence[Part]) -> None:
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

    async def _transact(self, statements: Sequence[Part]) -> int:
        """Run statements in one durable transaction; return the rows changed."""
        async with self._writing:  # pruning and committing share the one writer
            return await self._run(statements)

    async def _run(self, statements: Sequence[Part]) -> int:
        try:
            return await self._writer.run(lambda db: transact(db, statements, self._linking))
        except sqlite3.Error as error:
            fault = translated(error, self._path)
            if isinstance(fault, StoreCorrupt):
                await asyncio.to_thread(witness.suspect, self._path, str(fault))
            raise fault from error

    async def _fold(self, how: Callable[[sqlite3.Connection], object]) -> None:
        """Let a checkpoint be made; one that fails costs room alone, and is tried again."""
        try:
            async with self._writing:
                await self._writer.run(how)
        except StoreCorrupt as fault:
            _log.error("store.log_damaged", error=str(fault))
            self._pages.scrub.log_is_damaged()
            await asyncio.to_thread(witness.suspect, self._path, str(fault))
        except Exception as error:  # whatever it was, commits must go on
            if not self.full:
                _log.warning("store.checkpoint_failed", error=repr(error))

    # -- room ----------------------------------------------------------------------------

    async def _make_room(self) -> bool:
        """Give up the reserve and the oldest events; return whether that gave any room."""
        released = await asyncio.to_thread(self._reserve.release)
        await self._fold(self._pages.make_room)
        try:
            given_up = await self._give_up()
            gone = await self._transact(forget(END_OF_TIME, END_OF_TIME, "room"))
        except StoreFull:
            given_up = gone = 0
        if released or gone > self.forgotten == 0:  # how many more go is counted, and is a standing problem
            _log.warning("store.made_room", reserve_released=released, forgotten=gone, path=str(self._path))
        self.forgotten += gone
        return released or gone + given_up > 0

    async def _give_up(self) -> int:
        """Give up promises beyond their share of the quota, so that an outage does not eat the history."""
        counts = await self.counts()
        over = counts.due - self._most + STEP if counts.due > self._most else 0
        letters = counts.dead - self._most // 4 + STEP if counts.dead > self._most // 4 else 0
        if not over and not letters:
            return 0
        await self._transact(give_up(over, letters))
        left = await self.counts()
        gone = counts.due - left.due + counts.dead - left.dead
        if gone > self.given_up == 0:
            _log.error("store.promises_given_up", rows=gone, due=counts.due, dead=counts.dead)
        self.given_up += gone
        return gone

    async def prune(self, before: datetime) -> int:
        """Forget events received before `before`, with their decisions; return how many rows went.

        Both clocks must agree that they are that old, and of engine time only what was counted makes old: a wall
        clock that jumps ahead, also over a boot, deletes nothing.
        Works in small steps, so that it never holds up a commit for long.
        """
        gone, old = 0, self._old(before)
        while step := await self._transact(forget(*old, "age")):
            gone += step
            await asyncio.sleep(0)
        await self._write(availability.forgotten(before, old[1]))
        await self._witness(sync=True)
        return gone

    async def ageing_records(self, before: datetime) -> tuple[int, int]:
        """Return how many records are older by both clocks, as for `prune`, and the greatest `seq` of them."""
        rows, last = (await self._read(AGEING, self._old(before)))[0]
        return int(rows), int(last or 0)

    async def crowding_records(self) -> datetime | None:
        """Return before when what is told of records is more than its share of the quota; None: it is not."""
        rows = await self._read(CROWDING, (self._most,))
        return codec.moment(int(rows[0][0])) if rows else None

    async def prune_records(self, before: datetime, upto: int, why: str) -> int:
        """Forget what is told of records that old; the rows stay, and their chain. To be recorded beforehand."""
        gone, old = 0, self._old(before)
        while step := await self._transact(forget_told(*old, upto, why)):
            gone += step
            await asyncio.sleep(0)
        return gone

    def _old(self, before: datetime) -> tuple[int, float]:
        """Return both times before which everything is older, by the wall clock and by what was counted."""
        now = self._clock.now()
        return codec.micros(before), proven(now.engine, (now.wall - before).total_seconds(), self._bridges)


@asynccontextmanager
async def open_store(
    path: Path, *, quota_mb: int, clock: Clock, upgrades: Sequence[Upgrade] | None = None
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
                "store.damaged" if damage.complaint else "store.past_missing",
                complaint=damage.complaint,
                quarantine=damage.quarantine,
                saved=damage.saved,
                lost=damage.lost,
            )
        reserve = Reserve.beside(path, quota_mb)
        await asyncio.to_thread(reserve.keep)
        pages = stack.enter_context(open_pages(path))
        async with writer_of(path) as writer, aiosqlite.connect(path, isolation_level=None) as reader:
            await tune(writer, reader, quota_mb)
            pages.begin()
            store = Store(path, writer, reader, reserve, clock, damage, quota_mb, pages)
            try:
                yield store
            finally:
                try:
                    await store.finish()
                finally:
                    await store.fold()
