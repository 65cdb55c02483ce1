"""Who takes care of a decision: the first one who said so, and who may take that back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from engine.duty.acts import MOST, Acts, Kept
from engine.duty.turns import Turns
from engine.errors import Because, Refusal
from engine.runtime.clock import Clock
from engine.store.model import Acknowledgement
from rules.evaluator.alert_state import UNDO
from rules.model import Decision, Event, Phase

if TYPE_CHECKING:
    from engine.store.ports import Decisions


async def firing(store: Decisions, id: str) -> Decision:
    """Return the firing decision that a decision, its escalation or its end too, stands for.

    Raises:
        Refusal: ``decision.unknown``.
    """
    found = await store.decisions_of([id])
    if found and found[0].phase is not Phase.FIRING and found[0].alert:
        found = await store.decisions_of([found[0].alert]) or found
    if not found:
        raise Refusal(Because.UNKNOWN, "decision.unknown", id=id)
    return found[0]


class Acknowledgements:
    """Takes and takes back acknowledgements, of each decision one at a time: of two at once the first one counts.

    An act that is on its way keeps its place also where the one who asked has gone: nobody else comes first meanwhile.
    """

    def __init__(self, store: Decisions, acts: Acts, clock: Clock) -> None:
        self._store, self._acts, self._clock = store, acts, clock
        self._turns = Turns(MOST)
        self._going: dict[str, asyncio.Future[Kept]] = {}

    async def give(
        self, decision: str, by: str, note: str, user: str
    ) -> tuple[Decision, Acknowledgement | None]:
        """Note that somebody takes care of a decision, also when it has ended; return it with who was the first to.

        Args:
            decision: Its id, or its escalation's or its end's.
            by: Who it is by their own word; `user`: whom the kernel knows them as.

        Raises:
            Refusal: ``decision.unknown``, or too many acts wait.
        """
        fired = await firing(self._store, decision)
        async with self._alone(fired):
            if (known := await self._of(fired)) is not None:
                return fired, known
            _, duty = await self._durable(fired, await self._acts.acknowledge(fired, by, note, user))
        return fired, duty if isinstance(duty, Acknowledgement) else None

    async def withdraw(self, decision: str, at: datetime, by: str, user: str) -> Decision:
        """Note that somebody takes an acknowledgement back, the very one and their own, while that is possible.

        Args:
            at: When it was made, as it was answered.

        Raises:
            Refusal: As in `give`; ``acknowledge.other``: it is not that one, or another person's;
                ``acknowledge.late``.
        """
        fired = await firing(self._store, decision)
        async with self._alone(fired):
            known = await self._of(fired)
            if known is None or known.at != at or known.by not in {by.strip() or user, user}:
                raise Refusal(Because.CONFLICT, "acknowledge.other", id=fired.id[:8])
            if (self._clock.now().wall - known.at).total_seconds() > UNDO:
                raise Refusal(Because.CONFLICT, "acknowledge.late", seconds=int(UNDO))
            await self._durable(fired, await self._acts.unacknowledge(fired, by, user))
        return fired

    async def see(self, decision: str, by: str, user: str) -> Event:
        """Note that somebody has seen a decision, which asks nobody to take care of it; return the event of it.

        Args:
            decision: Its id, its escalation's or its end's.

        Raises:
            Refusal: ``decision.unknown``, or too many acts wait.
        """
        fired = await firing(self._store, decision)
        return (await asyncio.shield(await self._acts.see(fired, by, user)))[0]

    @asynccontextmanager
    async def _alone(self, fired: Decision) -> AsyncIterator[None]:
        """Be the only one who is at a decision; what is on its way for it is durable first."""
        async with self._turns.of(fired.id):
            if (going := self._going.get(fired.id)) is not None:
                await asyncio.wait({going})
            yield

    async def _durable(self, fired: Decision, act: asyncio.Future[Kept]) -> Kept:
        """Wait until an act is durable."""
        self._going[fired.id] = act
        act.add_done_callback(lambda _: self._going.pop(fired.id, None))
        return await asyncio.shield(act)

    async def _of(self, fired: Decision) -> Acknowledgement | None:
        return (await self._store.acknowledgements([fired.id])).get(fired.id)
