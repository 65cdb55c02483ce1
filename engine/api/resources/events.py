"""Events, as they are stored."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Protocol

from pydantic import Field

from engine.api.question import Inquiry, Named, Question, Resource
from engine.api.resources.cameras import Box
from engine.api.resources.past.narrowed import Narrowed
from engine.identity.access import Reach
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.identity.record import Deed
from engine.web.payload import Fact, Wire

#: A number of an event; the store counts so far.
Number = Annotated[int, Field(ge=0, lt=2**63)]


class Event(Wire):
    """An event, as stored.

    Attributes:
        received_at: When it was judged by this machine's clock; `at` is its source's.
        engine: Engine time when it was judged, in seconds: what timers count, and a replay needs.
    """

    type: Literal["event"] = "event"
    id: str
    site: str = ""
    seq: int
    kind: str
    change: str
    camera: str | None = None
    at: datetime
    received_at: datetime | None = None
    clock_suspect: bool = False
    subject: str = ""
    label: str | None = None
    zones: tuple[str, ...] = ()
    score: float | None = None
    box: Box | None = None
    facts: dict[str, Fact] = Field(default_factory=dict)
    engine: float | None = None


class EventQuery(Narrowed):
    """Which events."""

    before: Number | None = Field(None, description="Only events with a smaller seq.")
    limit: Annotated[int, Field(ge=1, le=1000)] = Field(100, description="At most so many.")
    camera: Named | None = Field(None, description="Only of this camera.")


EVENTS = Question(
    "GET", "/v1/events", "Events, newest first", Permission.HISTORY, list[Event], query=EventQuery,
    of="query", where=Reach.ANYWHERE, deed=Deed.HISTORY,
)  # fmt: skip


class EventPort(Protocol):
    """What is asked of the engine."""

    async def events(self, caller: Caller, query: EventQuery) -> list[Event]:
        """Return stored events, newest first, with ``seq < before``.

        Raises:
            HttpProblem: Narrowed down: 503 ``search.not_ready``, ``search.unfinished``, ``search.no_words``.
        """
        ...


def resource(stored: EventPort) -> Resource:
    """Return the questions about events."""

    async def events(asked: Inquiry[EventQuery, None]) -> list[Event]:
        return await stored.events(asked.caller, asked.query)

    return Resource("events", (EVENTS.by(events),))
