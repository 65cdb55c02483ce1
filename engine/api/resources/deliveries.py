"""Deliveries: what became of actions, and those that were given up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Protocol

from pydantic import Field

from engine.api.person import Given
from engine.api.question import Inquiry, Query, Question, Resource
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.identity.record import Deed
from engine.web.payload import Wire


class Delivery(Wire):
    """What became of an action."""

    type: Literal["delivery"] = "delivery"
    id: int
    decision: str
    action: str
    camera: str | None = None
    at: datetime
    state: Literal["done", "again", "dead"]
    attempts: int
    detail: str = ""


class Letter(Wire):
    """An action that was given up; a person must look.

    Attributes:
        id: Of the letter, as its `Delivery` said.
        decision: What it belongs to; `at` when that was decided.
        target: Where it should have gone, empty for actions without targets.
        detail: What the last attempt was answered.
    """

    id: int
    decision: str
    action: str
    target: str = ""
    camera: str | None = None
    rule: str
    severity: str
    phase: str
    at: datetime
    attempts: int
    detail: str = ""


class LetterQuery(Query):
    """Which dead letters."""

    before: Annotated[int, Field(ge=1, lt=1 << 62)] | None = Field(
        None, description="Only with a smaller id."
    )
    limit: Annotated[int, Field(ge=1, le=1000)] = Field(100, description="At most so many.")


class Resend(Given):
    """Which dead letters are to be sent again: those named, or all."""

    ids: tuple[int, ...] | None = Field(None, description="Their ids; left out: all.", max_length=1000)


DEAD = Question(
    "GET", "/v1/deliveries/dead", "What was given up, newest first", Permission.HISTORY, list[Letter],
    query=LetterQuery,
)  # fmt: skip
RESEND = Question(
    "POST", "/v1/deliveries/retry", "Send dead letters again", Permission.RESEND, list[Letter], deed=Deed.RESEND,
    body=Resend, optional=True,
)  # fmt: skip


class DeliveryPort(Protocol):
    """What is asked of the engine."""

    async def letters(self, caller: Caller, *, before: int | None, limit: int) -> list[Letter]:
        """Return dead letters, newest first, with ids below `before`."""
        ...

    async def resend(self, caller: Caller, ids: Sequence[int] | None) -> list[Letter]:
        """Let dead letters (None: all) be tried again; return them; 404 ``delivery.unknown`` for an unknown id."""
        ...


def resource(deliveries: DeliveryPort) -> Resource:
    """Return the questions about deliveries."""

    async def letters(asked: Inquiry[LetterQuery, None]) -> list[Letter]:
        return await deliveries.letters(asked.caller, before=asked.query.before, limit=asked.query.limit)

    async def resend(asked: Inquiry[None, Resend]) -> list[Letter]:
        return await deliveries.resend(asked.caller, asked.body.ids)

    return Resource("deliveries", (DEAD.by(letters), RESEND.by(resend)))
