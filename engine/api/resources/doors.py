"""The doors that are open: where, how they are encrypted, and by what clients know them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

from pydantic import Field

from engine.api.question import Inquiry, Question, Resource
from engine.identity.access import Reach
from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.web.payload import Wire


class Door(Wire):
    """One door."""

    name: str
    address: str = Field(description="A unix socket's path, or where it listens: https://HOST:PORT.")
    tls: Literal["", "own", "files"] = Field("", description="Whose certificate; empty: it is not encrypted.")
    fingerprint: str = Field("", description="SHA-256 of the certificate, as browsers show it.")
    key: str = Field("", description="SHA-256 of its public key, which clients remember: a renewal keeps it.")
    until: datetime | None = Field(None, description="When the certificate ends.")
    inside: int = Field(0, description="Connections that are open.")
    turned_away: int = Field(0, description="Connections that found no room since the start.")


DOORS = Question(
    "GET", "/v1/doors", "The doors that are open, and their fingerprints", Permission.STATE, list[Door],
    where=Reach.ANYWHERE,
)  # fmt: skip


class DoorPort(Protocol):
    """What is asked of the engine."""

    def doors(self, caller: Caller) -> list[Door]:
        """Return the doors that are open."""
        ...


def resource(doors: DoorPort) -> Resource:
    """Return the question about doors."""

    async def listed(asked: Inquiry[None, None]) -> list[Door]:
        return doors.doors(asked.caller)

    return Resource("doors", (DOORS.by(listed),))
