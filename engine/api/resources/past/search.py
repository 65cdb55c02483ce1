"""Looking for entries of the log, newest first, page by page."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Protocol

from pydantic import Field

from engine.api.question import Inquiry, Named, Question, Resource
from engine.api.resources.decisions import Decision
from engine.api.resources.events import Event, Number
from engine.api.resources.past.narrowed import Narrowed, Typed
from engine.identity.access import Reach
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.identity.record import Deed
from engine.web.payload import Wire


class Found(Wire):
    """A page of what was found.

    Attributes:
        entries: Newest first, by number of the log.
        next: Where to go on, as `before`; None: everything that is older was looked through. A page may have fewer
            entries than were asked for, or none, and one has to go on all the same: it looked for as long as it may.
        waits: What is older is not in the index yet; `indexed` says how much of the log is (0..1).
        behind: Nor is what is newest; that comes within seconds.
        since: Of this time or later everything is in the index; None: all is.
    """

    entries: tuple[Annotated[Event | Decision, Field(discriminator="type")], ...] = ()
    next: int | None = None
    waits: bool = False
    behind: bool = False
    indexed: float = 1.0
    since: datetime | None = None


class SearchQuery(Narrowed):
    """What is looked for."""

    q: Typed = Field(
        "",
        description='As typed: words, "words as they stand", camera:gate,yard rule:x since:22:00 until:06:00, -not.',
    )
    type: Literal["event", "decision"] | None = Field(None, description="Only events, or only decisions.")
    before: Number | None = Field(None, description="Only entries below this number; see `next`.")
    limit: Annotated[int, Field(ge=1, le=500)] = Field(100, description="At most so many.")
    camera: Named | None = Field(None, description="Only of this camera.")


SEARCH = Question(
    "GET", "/v1/search", "Look for events and decisions, newest first", Permission.HISTORY, Found, query=SearchQuery,
    of="query", where=Reach.ANYWHERE, deed=Deed.HISTORY,
)  # fmt: skip


class SearchPort(Protocol):
    """What is asked of the engine."""

    async def search(self, caller: Caller, query: SearchQuery) -> Found:
        """Return a page of what is found.

        Raises:
            HttpProblem: 422 ``search.bad_time``, 503 ``search.not_ready``, ``search.no_words``.
        """
        ...


def resource(looked: SearchPort) -> Resource:
    """Return the question."""

    async def search(asked: Inquiry[SearchQuery, None]) -> Found:
        return await looked.search(asked.caller, asked.query)

    return Resource("search", (SEARCH.by(search),))
