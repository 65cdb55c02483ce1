"""Acts: what operators tell the rules; silences: what they let be judged and not told for a while."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Protocol

from pydantic import AwareDatetime, Field, model_validator

from engine.api.person import Given, Line, Name, Person, Text
from engine.api.question import Inquiry, Question, Resource
from engine.api.resources.events import Event
from engine.identity.access import Reach
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.identity.record import Deed
from engine.web.payload import Wire
from rules.document.scalars import Duration

_Number = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e15, le=1e15)]
_Whole = Annotated[int, Field(strict=True, ge=-(10**15), le=10**15)]
_Plain = Annotated[bool, Field(strict=True)] | _Whole | _Number | Text


class Act(Given):
    """What an operator did; rules wait for it with ``{operator: NAME}`` and read its facts."""

    name: Name
    camera: Annotated[str, Field(max_length=64)] | None = None
    by: Person = ""
    facts: Annotated[dict[Name, _Plain], Field(max_length=32)] = Field(default_factory=dict)


ACT = Question(
    "POST", "/v1/acts", "Tell rules what an operator did", Permission.ACT, Event, body=Act, keyed=True,
    of="body", deed=Deed.ACT,
)  # fmt: skip


class ActPort(Protocol):
    """What is asked of the engine."""

    async def act(self, caller: Caller, asked: Act, key: str = "") -> Event:
        """Hand an operator's act to the rules; return the event, which is durable then.

        Args:
            asked: What was done.
            key: With the same one of the same user it is the same event; empty: a new one.

        Raises:
            HttpProblem: 422 ``act.reserved``, ``act.fact`` or ``act.other``, 503 ``act.busy``.
        """
        ...


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


class BeginSilence(Given):
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
    def _ends(self) -> BeginSilence:
        if (self.until is None) is (self.lasts is None):
            raise ValueError("give `until` or `lasts`")
        return self


class EndSilence(Given):
    """Who ends it."""

    by: Person = ""


SILENCES = Question(
    "GET", "/v1/silences", "What is judged and not told now", Permission.STATE, list[Silence],
    where=Reach.ANYWHERE,
)  # fmt: skip
SILENCE = Question(
    "POST", "/v1/silences", "Let something be judged and not told for a while", Permission.SILENCE, Silence,
    body=BeginSilence, where=Reach.ANYWHERE, deed=Deed.SILENCE,
)  # fmt: skip
UNSILENCE = Question(
    "POST", "/v1/silences/{id}/end", "EndSilence a silence before its time", Permission.SILENCE, Event, body=EndSilence,
    optional=True, where=Reach.ANYWHERE, deed=Deed.UNSILENCE,
)  # fmt: skip


class SilencePort(Protocol):
    """What is asked of the engine."""

    async def silences(self, caller: Caller) -> list[Silence]:
        """Return what is silenced now, of the cameras that whoever asks may see."""
        ...

    async def silence(self, caller: Caller, asked: BeginSilence) -> Silence:
        """Silence something; return it, which is durable then.

        Raises:
            HttpProblem: 403 without the grant at its cameras (at the site, where none are named), 422 ``silence.*``,
                503 ``silence.full``, ``act.busy``.
        """
        ...

    async def unsilence(self, caller: Caller, id: str, asked: EndSilence) -> Event:
        """EndSilence a silence; return the event of it.

        Raises:
            HttpProblem: 403, 404 ``silence.none``, 409 ``silence.declared``, 503 ``act.busy``.
        """
        ...


def resource(acts: ActPort) -> Resource:
    """Return the questions about acts."""

    async def act(asked: Inquiry[None, Act]) -> Event:
        return await acts.act(asked.caller, asked.body, asked.key)

    return Resource("acts", (ACT.by(act),))


def silences(port: SilencePort) -> Resource:
    """Return the questions about silences."""

    async def listed(asked: Inquiry[None, None]) -> list[Silence]:
        return await port.silences(asked.caller)

    async def begin(asked: Inquiry[None, BeginSilence]) -> Silence:
        return await port.silence(asked.caller, asked.body)

    async def end(asked: Inquiry[None, EndSilence]) -> Event:
        return await port.unsilence(asked.caller, asked.name, asked.body)

    return Resource("silences", (SILENCES.by(listed), SILENCE.by(begin), UNSILENCE.by(end)))
