"""What people do, on its way to the log: handed to the judge, answered when it is durable.

A deed is answered when its record is durable, or after a moment: while the disk is full, people must go on looking
and acknowledging. What waits is bounded, and lies as files beside the database meanwhile (`engine.identity.spool`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from engine.draft import AuditDraft
from engine.errors import Because, Refusal
from engine.identity.record import AuditRecord
from engine.identity.repeats import Repeats
from engine.identity.spool import Spool, Unusable, drafted
from engine.runtime import log
from engine.runtime.clock import Clock
from rules.model import Sentence

_log = log.get(__name__)
#: Records that may wait to be kept; beyond it nothing more is done that must be recorded.
MOST: Final = 256
#: Records that wait in memory at most: refusals come without being asked for. More lie in files alone.
HELD: Final = 4 * MOST
#: Seconds that whoever does something waits for its record.
PATIENCE: Final = 1.0
#: Seconds between two looks at what is counted, and at what commands left.
LOOK: Final = 5.0
#: Seconds that the end of the engine waits for what is not kept yet.
FAREWELL: Final = 5.0
#: Of the refusal of what could not be recorded: nothing was done, and it is a standing problem already.
BEHIND: Final = "audit.behind"


class Kept(Protocol):
    """A record that is durable."""

    @property
    def id(self) -> str:
        """Its id."""
        ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    draft: AuditDraft
    ticket: asyncio.Future[None]


class AuditLog:
    """Implements `engine.identity.record.Auditor`; `run` is its one task.

    Args:
        offer: Hands a draft to the judge; waits while it is full.
        ids: Gives a new record's id.
        spool: Where records lie that wait longer than a moment.
        known: Returns which of some records are durable: a file may have outlived a kill.

    Attributes:
        lost: Records that could be kept nowhere.
    """

    def __init__(
        self,
        offer: Callable[[AuditDraft], Awaitable[None]],
        clock: Clock,
        ids: Callable[[], str],
        spool: Spool,
        known: Callable[[Iterable[str]], Awaitable[set[str]]],
    ) -> None:
        self._offer, self._clock, self._ids, self._spool = offer, clock, ids, spool
        self._known = known
        self._repeats = Repeats()
        self._waiting: dict[str, _Waiting] = {}
        self._out = deque[AuditDraft]()
        self._fresh, self._looking = asyncio.Event(), asyncio.Lock()
        self._late = False
        self._bad: Unusable | None = None
        self._spooled, self._done = set[str](), set[str]()
        self.lost = 0

    @property
    def waiting(self) -> int:
        """How many records are not durable yet; `MOST` may be, then nothing more is done."""
        return len(self._waiting)

    def problems(self) -> Iterator[Sentence]:
        """Yield what a person must see to."""
        if self._late:
            yield Sentence(BEHIND, {"waiting": self.waiting, "most": MOST})
        if self.lost:
            yield Sentence("audit.lost", {"times": self.lost})
        if self._bad is not None:
            path = str(self._spool.folder / self._bad.name)
            yield Sentence("audit.bad_file", {"path": path, "detail": self._bad.detail})

    # -- Auditor ------------------------------------------------------------------------------

    def check(self) -> None:
        """Look whether records can be kept.

        Raises:
            Refusal: ``audit.behind``: too many wait.
        """
        if self.waiting >= MOST:
            raise Refusal(Because.BUSY, BEHIND, waiting=self.waiting, most=MOST)

    async def record(self, record: AuditRecord) -> None:
        """Keep a record of now; waits until it is durable, but no longer than a moment."""
        if record.code == BEHIND:
            return
        now = self._clock.now()
        told = self._repeats.tell(record, self._clock.monotonic(), now.wall)
        await self._keep([drafted(each, self._ids(), now.wall) for each in told])

    async def enter(self, record: AuditRecord) -> bool:
        """Keep a record of now; return whether it is durable. It is not counted with others."""
        draft = drafted(record, self._ids(), self._clock.now().wall)
        await self._keep([draft])
        return draft.id not in self._waiting

    async def settle(self) -> None:
        """Wait until what waits now is durable, but not for ever."""
        await self._wait([*self._waiting], FAREWELL)

    async def _keep(self, drafts: Iterable[AuditDraft]) -> None:
        held = list[AuditDraft]()
        for each in drafts:
            if self.waiting < HELD:
                self._hand_in(each)
                held.append(each)
            elif not await self._leave(each):
                self.lost += 1
        if not self._late:
            await self._wait((each.id for each in held), PATIENCE)
        late = [each for each in held if each.id in self._waiting]
        if late and not self._late:
            self._late = True
            _log.error(BEHIND, waiting=self.waiting)
        for each in late:
            await self._leave(each)

    async def _wait(self, ids: Iterable[str], seconds: float) -> None:
        """Wait until records are durable, but no longer than so many seconds."""
        if tickets := {self._waiting[each].ticket for each in ids if each in self._waiting}:
            await asyncio.wait(tickets, timeout=seconds)

    def _hand_in(self, draft: AuditDraft) -> None:
        self._waiting[draft.id] = _Waiting(draft, asyncio.get_running_loop().create_future())
        self._out.append(draft)
        self._fresh.set()

    async def _leave(self, draft: AuditDraft) -> bool:
        """Leave a record as a file, so that a kill does not lose it; return whether that could be."""
        try:
            await asyncio.to_thread(self._spool.leave, draft)
        except OSError as error:  # the disk is full: it waits in memory
            _log.warning("audit.not_spooled", reason=error.strerror, deed=draft.deed)
            return False
        self._spooled.add(draft.id)
        return True

    def kept(self, records: Iterable[Kept]) -> None:
        """Tell whoever waits that records are durable."""
        for each in records:
            found = self._waiting.pop(each.id, None)
            if found is not None and not found.ticket.done():
                found.ticket.set_result(None)
            self._done.add(each.id)
        if self._late and not self._waiting:
            self._late = False
            _log.info("audit.caught_up")

    # -- the task -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Hand records to the judge, in order, for ever; and what commands left, and what was counted."""
        while True:
            await self.look()
            try:
                async with asyncio.timeout(LOOK):
                    await self._hand_out()
            except TimeoutError:
                continue

    async def _hand_out(self) -> None:
        while True:
            while self._out:
                await self._offer(self._out[0])
                self._out.popleft()
            self._fresh.clear()
            await self._fresh.wait()

    async def look(self) -> None:
        """Hand in what commands left, and what was counted in windows that are over."""
        async with self._looking:
            await self._take_in()
        for record in self._repeats.due(self._clock.monotonic()):
            self._hand_in(drafted(record, self._ids(), self._clock.now().wall))

    async def _take_in(self) -> None:
        """Hand in what commands left."""
        await asyncio.to_thread(self._forget_done)
        left = await asyncio.to_thread(lambda: [*self._spool.waiting()])
        for each in (each for each in left if isinstance(each, Unusable)):
            await asyncio.to_thread(self._put_aside, each)
        drafts = {
            each.id: each for each in left if isinstance(each, AuditDraft) and each.id not in self._waiting
        }
        self._spooled |= drafts.keys()
        self._done |= await self._known(drafts)
        for id_, draft in drafts.items():
            if id_ not in self._done | self._waiting.keys() and self.waiting < HELD:
                self._hand_in(draft)
        await asyncio.to_thread(self._forget_done)

    def _forget_done(self) -> None:
        """Delete the files of what is durable."""
        for id_ in [*(self._spooled & self._done)]:
            self._spool.done(id_)
            self._spooled.discard(id_)
        self._done &= self._spooled

    def _put_aside(self, unusable: Unusable) -> None:
        _log.error("audit.bad_file", name=unusable.name, detail=unusable.detail)
        self._bad = unusable
        self._spool.put_aside(unusable.name)

    async def finish(self) -> None:
        """Tell what is counted still, and wait until all is durable; what cannot be is left as files."""
        for record in self._repeats.close():
            self._hand_in(drafted(record, self._ids(), self._clock.now().wall))
        await self.settle()
        for each in [*self._waiting.values()]:
            await self._leave(each.draft)
        await asyncio.to_thread(self._forget_done)
