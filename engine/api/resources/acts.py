"""Acts: what operators tell the rules."""

from __future__ import annotations

from typing import Annotated, Protocol

from pydantic import Field

from engine.api.person import Given, Name, Person, Text
from engine.api.question import Inquiry, Question, Resource
from engine.api.resources.events import Event
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.identity.record import Deed

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


def resource(acts: ActPort) -> Resource:
    """Return the questions about acts."""

    async def act(asked: Inquiry[None, Act]) -> Event:
        return await acts.act(asked.caller, asked.body, asked.key)

    return Resource("acts", (ACT.by(act),))
