"""Tokens: what programs show, on behalf of a person, for a purpose and a time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Protocol

from pydantic import Field

from engine.api.person import Given, Line
from engine.api.question import Inquiry, Question, Resource
from engine.api.resources.people import PersonId, PlaceText
from engine.identity.caller import Caller
from engine.identity.people.credential import MOST_TOKEN_DAYS, TOKEN_DAYS
from engine.identity.permission import Permission, Role
from engine.identity.record import Deed
from engine.web.payload import Wire

Purpose = Annotated[Line, Field(min_length=1, max_length=200)]


class NewToken(Given):
    """On whose behalf, what for, and how long; it may no more than the person, and less where that is said."""

    person: PersonId
    purpose: Purpose
    days: Annotated[int, Field(strict=True, ge=1, le=MOST_TOKEN_DAYS)] = TOKEN_DAYS
    role: Role | None = None
    place: PlaceText | None = None


class TokenInfo(Wire):
    """A token; never its secret."""

    id: str
    person: str
    purpose: str
    made: datetime
    until: datetime
    by: str = ""
    role: Role | None = None
    place: str | None = None
    used: datetime | None = None
    over: bool = Field(False, description="Whether it has expired.")


class TokenMade(Wire):
    """A new token with its secret, which is told this one time."""

    token: TokenInfo
    secret: str


TOKENS = Question("GET", "/v1/tokens", "Tokens that there are", Permission.ACCESS, list[TokenInfo])
MAKE = Question(
    "POST", "/v1/tokens", "Make a token; the answer has its secret", Permission.ACCESS, TokenMade, body=NewToken,
    deed=Deed.ACCESS,
)  # fmt: skip
REVOKE = Question(
    "DELETE", "/v1/tokens/{id}", "Revoke a token", Permission.ACCESS, TokenInfo, deed=Deed.ACCESS
)


class TokenPort(Protocol):
    """What is asked of the engine."""

    def tokens(self, caller: Caller) -> list[TokenInfo]:
        """Return all tokens."""
        ...

    async def make_token(self, caller: Caller, asked: NewToken) -> TokenMade:
        """Make a token.

        Raises:
            Refusal: ``access.no_person``, ``access.beyond``, ``access.no_place``.
        """
        ...

    async def revoke_token(self, caller: Caller, token: str) -> TokenInfo:
        """Revoke a token.

        Raises:
            Refusal: ``access.no_token``.
        """
        ...


def resource(tokens: TokenPort) -> Resource:
    """Return the questions about tokens."""

    async def listed(asked: Inquiry[None, None]) -> list[TokenInfo]:
        return tokens.tokens(asked.caller)

    async def make(asked: Inquiry[None, NewToken]) -> TokenMade:
        return await tokens.make_token(asked.caller, asked.body)

    async def revoke(asked: Inquiry[None, None]) -> TokenInfo:
        return await tokens.revoke_token(asked.caller, asked.name)

    return Resource("tokens", (TOKENS.by(listed), MAKE.by(make), REVOKE.by(revoke)))
