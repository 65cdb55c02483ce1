"""Silences: what is judged and not told for a while."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Protocol

from pydantic import AwareDatetime, Field, model_validator

from engine.api.person import Given, Line, Person, Text
from engine.api.question import Inquiry, Question, Resource
from engine.api.resources.events import Event
from engine.identity.access import Reach
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.identity.record import Deed
from engine.web.payload import Wire
from rules.document.scalars import Duration

_Slug = Annotated[Line, Field(min_length=1, max_length=64, pattern=r"^\S+$")]
_Names = Annotated[tuple[_Slug, ...], Field(max_length=64)]


class Silence(Wire):
    """Something that is judged and not told.

    Attributes:
        rules: With `cameras`, `zones` and `tags` what it is about; of what is empty anything, and all must hold.
        declared: A rule file says so (`suspend`, `maintenance`): it ends there.
        muted: How often each rule would have fired since.
    """

    id: str
    rules: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime
    by: str = ""
    why: str = ""
    declared: bool = False
    muted: dict[str, int] = Field(default_factory=dict)


class Begin(Given):
    """What shall be silent, until when or for how long (``2h``), and why. Without `by` it is whoever asks."""

    rules: _Names = ()
    cameras: _Names = ()
    groups: _Names = ()
    zones: _Names = ()
    tags: _Names = ()
    until: AwareDatetime | None = None
    lasts: Duration | None = None
    why: Annotated[Text, Field(min_length=1)]
    by: Person = ""

    @model_validator(mode="after")
    def _ends(self) -> Begin:
        if (self.until is None) is (self.lasts is None):
            raise ValueError("give `until` or `lasts`")
        return self


class End(Given):
    """Who ends it."""

    by: Person = ""


SILENCES = Question(
    "GET", "/v1/silences", "What is judged and not told now", Permission.STATE, list[Silence],
    where=Reach.ANYWHERE,
)  # fmt: skip
SILENCE = Question(
    "POST", "/v1/silences", "Let something be judged and not told for a while", Permission.SILENCE, Silence,
    body=Begin, where=Reach.ANYWHERE, deed=Deed.SILENCE,
)  # fmt: skip
UNSILENCE = Question(
    "POST", "/v1/silences/{id}/end", "End a silence before its time", Permission.SILENCE, Event, body=End,
    optional=True, where=Reach.ANYWHERE, deed=Deed.UNSILENCE,
)  # fmt: skip


class SilencePort(Protocol):
    """What is asked of the engine."""

    async def silences(self, caller: Caller) -> list[Silence]:
        """Return what is silenced now, of the cameras that whoever asks may see."""
        ...

    async def silence(self, caller: Caller, asked: Begin) -> Silence:
        """Silence something; return it, which is durable then.

        Raises:
            HttpProblem: 403 without the grant at its cameras (at the site, where none are named), 422 ``silence.*``,
                503 ``silence.full``, ``act.busy``.
        """
        ...

    async def unsilence(self, caller: Caller, id: str, asked: End) -> Event:
        """End a silence; return the event of it.

        Raises:
            HttpProblem: 403, 404 ``silence.none``, 409 ``silence.declared``, 503 ``act.busy``.
        """
        ...


def resource(silences: SilencePort) -> Resource:
    """Return the questions about silences."""

    async def listed(asked: Inquiry[None, None]) -> list[Silence]:
        return await silences.silences(asked.caller)

    async def begin(asked: Inquiry[None, Begin]) -> Silence:
        return await silences.silence(asked.caller, asked.body)

    async def end(asked: Inquiry[None, End]) -> Event:
        return await silences.unsilence(asked.caller, asked.name, asked.body)

    return Resource("silences", (SILENCES.by(listed), SILENCE.by(begin), UNSILENCE.by(end)))
