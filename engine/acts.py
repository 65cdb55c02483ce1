"""What operators do, on its way to the judge: offered as an event, answered when it is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from engine.api import wire
from engine.api.problems import refusal
from engine.clock import Clock
from engine.draft import Draft
from rules.evaluator import ACKNOWLEDGE, UNACKNOWLEDGE
from rules.model import CameraId, Change, Decision, Event, Fact, Kind

#: Acts that may wait for the judge at once; people give few.
MOST: Final = 64
#: Facts that the engine gives itself: who it was, by their own word and by the kernel's.
RESERVED: Final = frozenset({"by", "user"})


class Acts:
    """Operators' acts on their way.

    Args:
        offer: Hands a draft to the judge; waits while it is full.
        ids: Gives a new event's id.
    """

    def __init__(
        self, offer: Callable[[Draft], Awaitable[None]], clock: Clock, ids: Callable[[], str]
    ) -> None:
        self._offer, self._clock, self._ids = offer, clock, ids
        self._waiting: dict[str, asyncio.Future[Event]] = {}

    def kept(self, events: Iterable[Event]) -> None:
        """Tell whoever waits for one of these events that it is durable."""
        if not self._waiting:
            return
        for event in events:
            ticket = self._waiting.get(event.id)
            if ticket is not None and not ticket.done():
                ticket.set_result(event)

    async def act(self, told: wire.Act, user: str) -> Event:
        """Hand in an act of any name but the engine's own; return the event.

        Raises:
            ApiError: The name or a fact's name is the engine's own, or too many acts wait.
        """
        if told.name in (ACKNOWLEDGE, UNACKNOWLEDGE):
            raise refusal(422, "act.reserved", name=told.name)
        if taken := sorted(RESERVED & told.facts.keys()):
            raise refusal(422, "act.fact", name=", ".join(taken))
        return await self._give(told.name, told.camera, dict(told.facts) | _who(told.by, user))

    async def acknowledge(self, made: Decision, told: wire.Acknowledge, user: str) -> Event:
        """Hand in that somebody takes care of a firing decision; return the event."""
        facts: dict[str, Fact] = {"decision": made.id, "rule": made.rule}
        if told.note:
            facts["note"] = told.note
        return await self._give(ACKNOWLEDGE, made.camera, facts | _who(told.by, user))

    async def unacknowledge(self, made: Decision, told: wire.Withdraw, user: str) -> Event:
        """Hand in that somebody takes an acknowledgement back; return the event."""
        facts: dict[str, Fact] = {"decision": made.id, "rule": made.rule}
        return await self._give(UNACKNOWLEDGE, made.camera, facts | _who(told.by, user))

    async def _give(self, name: str, camera: str | None, facts: Mapping[str, Fact]) -> Event:
        if len(self._waiting) >= MOST:
            raise refusal(503, "act.busy", most=MOST)
        about = None if camera is None else CameraId(camera)
        draft = Draft(
            Kind.OPERATOR,
            Change.NOTED,
            about,
            self._clock.now().wall,
            subject=f"operator:{name}",
            label=name,
            facts=facts,
            id=self._ids(),
        )
        ticket: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._waiting[draft.id] = ticket
        try:
            await self._offer(draft)
            return await ticket
        finally:
            del self._waiting[draft.id]


def _who(by: str, user: str) -> dict[str, Fact]:
    """Return who it was: by their own word, and by the kernel's where it is another."""
    told = by.strip() or user
    given: dict[str, Fact] = {"by": told, "user": user if user != told else ""}
    return {name: value for name, value in given.items() if value}
