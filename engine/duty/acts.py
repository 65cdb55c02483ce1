"""What operators do, on its way to the judge: offered as an event, answered when it is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from engine.draft import Draft
from engine.errors import Because, Refusal
from engine.runtime.clock import Clock
from engine.store.model import NO_DUTIES, SEEN, VERDICT, Duties, Duty
from rules.evaluator.evaluator import ACKNOWLEDGE, UNACKNOWLEDGE
from rules.model import CameraId, Change, Decision, Event, Fact, Kind
from rules.silence import SILENCE, UNSILENCE, Target

#: Acts that may wait for the judge at once; people give few.
MOST: Final = 64
#: Acts that are told by ways of their own.
_OWN: Final = frozenset({ACKNOWLEDGE, UNACKNOWLEDGE, SEEN, VERDICT, SILENCE, UNSILENCE})
#: Facts that the engine gives itself: who it was, by their own word and by the kernel's.
RESERVED: Final = frozenset({"by", "user"})
#: An act's event once it is durable, with what it says of who takes care of a decision.
Kept = tuple[Event, Duty | None]


@dataclass(frozen=True, slots=True)
class Act:
    """What an operator did; rules wait for it with ``{operator: NAME}`` and read its facts.

    Attributes:
        by: Who it was, by their own word.
    """

    name: str
    camera: str | None = None
    by: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)


class Acts:
    """Operators' acts on their way.

    An act with a key (`Idempotency-Key`) is one event, however often it is told, over restarts too: the event's id
    is made of the key, so that the store knows it again.

    Args:
        offer: Hands a draft to the judge; waits while it is full.
        ids: Gives a new event's id.
        stored: Finds an event by its id.
    """

    def __init__(
        self,
        offer: Callable[[Draft], Awaitable[None]],
        clock: Clock,
        ids: Callable[[], str],
        stored: Callable[[str], Awaitable[Event | None]],
    ) -> None:
        self._offer, self._clock, self._ids, self._stored = offer, clock, ids, stored
        self._waiting: dict[str, asyncio.Future[Kept]] = {}
        self._asking = asyncio.Lock()

    @property
    def waiting(self) -> int:
        """How many acts wait for the judge; `MOST` may."""
        return len(self._waiting)

    def kept(self, events: Iterable[Event], duties: Duties = NO_DUTIES) -> None:
        """Tell whoever waits for one of these events that it is durable, and what it says of who takes care."""
        if not self._waiting:
            return
        for event in events:
            ticket = self._waiting.pop(event.id, None)
            if ticket is not None and not ticket.done():
                ticket.set_result((event, duties.get(event.id)))

    async def hand_in(self, act: Act, user: str, key: str = "") -> Event:
        """Hand in an act of any name but the engine's own; return the event.

        Args:
            act: What was done.
            user: Whom the kernel knows the client as; empty over TCP.
            key: Names this act among the user's; with the same one it is the same event.

        Raises:
            Refusal: The name or a fact's name is the engine's own, the key is another act's, or too many acts wait.
        """
        if act.name in _OWN:
            raise Refusal(Because.INVALID, "act.reserved", name=act.name)
        if taken := sorted(RESERVED & act.facts.keys()):
            raise Refusal(Because.INVALID, "act.fact", name=", ".join(taken))
        facts = dict(act.facts) | _who(act.by, user)
        if not key:
            ticket = await self._hand_in(self._ids(), act.name, act.camera, facts)
            return (await asyncio.shield(ticket))[0]
        return await self._once(_id_of(user, key), act, facts)

    async def _once(self, id: str, act: Act, facts: Mapping[str, Fact]) -> Event:
        """Return the event of an act that may have been told before."""
        async with self._asking:  # the same key twice at once: the second one finds the first one waiting
            ticket = self._waiting.get(id) or await self._found(id)
            if ticket is None:
                ticket = await self._hand_in(id, act.name, act.camera, facts)
        event, _ = await asyncio.shield(ticket)
        if (event.label, event.camera, dict(event.facts)) != (act.name, act.camera, dict(facts)):
            raise Refusal(Because.INVALID, "act.other")
        return event

    async def acknowledge(self, decision: Decision, by: str, note: str, user: str) -> asyncio.Future[Kept]:
        """Hand in that somebody takes care of a firing decision; return what has its event once it is durable."""
        facts: dict[str, Fact] = {"decision": decision.id, "rule": decision.rule}
        if note:
            facts["note"] = note
        return await self._hand_in(self._ids(), ACKNOWLEDGE, decision.camera, facts | _who(by, user))

    async def unacknowledge(self, decision: Decision, by: str, user: str) -> asyncio.Future[Kept]:
        """Hand in that somebody takes an acknowledgement back; likewise."""
        facts: dict[str, Fact] = {"decision": decision.id, "rule": decision.rule}
        return await self._hand_in(self._ids(), UNACKNOWLEDGE, decision.camera, facts | _who(by, user))

    async def judge(
        self, decision: Decision, verdict: str, by: str, note: str, user: str
    ) -> asyncio.Future[Kept]:
        """Hand in what a decision turned out to be; likewise."""
        facts: dict[str, Fact] = {"decision": decision.id, "rule": decision.rule, "verdict": verdict}
        if note:
            facts["note"] = note
        return await self._hand_in(self._ids(), VERDICT, decision.camera, facts | _who(by, user))

    async def see(self, decision: Decision, by: str, user: str) -> asyncio.Future[Kept]:
        """Hand in that somebody has seen what a firing decision tells; likewise."""
        facts: dict[str, Fact] = {"decision": decision.id, "rule": decision.rule}
        return await self._hand_in(self._ids(), SEEN, decision.camera, facts | _who(by, user))

    async def silence(
        self, target: Target, until: datetime, by: str, why: str, user: str
    ) -> asyncio.Future[Kept]:
        """Hand in that something shall not be told until a time (aware); likewise."""
        facts: dict[str, Fact] = {**target.told(), "until": until.isoformat(), "why": why}
        camera = next(iter(target.cameras)) if len(target.cameras) == 1 else None
        return await self._hand_in(self._ids(), SILENCE, camera, facts | _who(by, user))

    async def unsilence(self, silence: str, by: str, user: str) -> asyncio.Future[Kept]:
        """Hand in that a silence ends before its time; likewise."""
        return await self._hand_in(self._ids(), UNSILENCE, None, {"silence": silence} | _who(by, user))

    async def _found(self, id: str) -> asyncio.Future[Kept] | None:
        """Return an event that is stored already, as one who waits for it gets it."""
        known = await self._stored(id)
        if known is None:
            return None
        ticket: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        ticket.set_result((known, None))
        return ticket

    async def _hand_in(
        self, id: str, name: str, camera: str | None, facts: Mapping[str, Fact]
    ) -> asyncio.Future[Kept]:
        """Offer an act to the judge; return what has its event as soon as that is durable.

        Whoever gives up waiting leaves the act on its way: its id stays known until it is stored.
        """
        if len(self._waiting) >= MOST:
            raise Refusal(Because.BUSY, "act.busy", most=MOST)
        about = None if camera is None else CameraId(camera)
        draft = Draft(
            Kind.OPERATOR,
            Change.NOTED,
            about,
            self._clock.now().wall,
            subject=f"operator:{name}",
            label=name,
            facts=facts,
            id=id,
        )
        ticket: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        self._waiting[draft.id] = ticket
        try:
            await self._offer(draft)
        except BaseException:
            del self._waiting[draft.id]
            raise
        return ticket


def _id_of(user: str, key: str) -> str:
    """Return the id of an event that is known again by a user's key."""
    digest = sha256(f"{user}\0{key}".encode()).digest()
    # Version 8 of RFC 9562: made by a rule of one's own.
    return str(UUID(int=int.from_bytes(digest[:16]) & ~(0xF << 76) & ~(0x3 << 62) | 8 << 76 | 2 << 62))


def _who(by: str, user: str) -> dict[str, Fact]:
    """Return who it was: by their own word, and by the kernel's where it is another."""
    told = by.strip() or user
    given: dict[str, Fact] = {"by": told, "user": user if user != told else ""}
    return {name: value for name, value in given.items() if value}
