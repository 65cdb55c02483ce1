"""Who asks, and what they may: the one thing that every handler is told of a client."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """What a question needs of whoever asks it."""

    READ = "read"  #: look: pictures, events, decisions, figures
    OPERATE = "operate"  #: do what whoever is on duty does: acknowledge, move a camera, send again
    CONFIGURE = "configure"  #: change what the engine does


#: For now whoever is let in may do everything.
EVERYTHING = frozenset(Permission)


class Principal(StrEnum):
    """How it is known who asks."""

    #: The kernel's word on the unix socket.
    LOCAL_USER = "local user"
    #: A token over TCP, which says only that its bearer may enter.
    TOKEN = "token"  # noqa: S105 - no secret, a word


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        principal: How that is known.
        user: The local user's name; empty for a token, of whose bearer nothing is known.
        grants: What they may.
    """

    principal: Principal
    user: str = ""
    grants: frozenset[Permission] = EVERYTHING
