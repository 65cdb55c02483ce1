"""What somebody may be allowed to do, and which roles allow it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Permission(StrEnum):
    """What a question needs of whoever asks it."""

    STATE = "state"  #: how cameras, rules and the engine do, what fires now
    LIVE = "live"  #: look at a camera's live picture
    STILL = "still"  #: have a single picture
    HISTORY = "history"  #: look back: what happened and was decided
    PTZ = "ptz"  #: move a camera's head
    RELAY = "relay"  #: switch a camera's output
    SPEECH = "speech"  #: speak through a camera
    ACKNOWLEDGE = "acknowledge"  #: take care of what fires, and take that back
    SILENCE = "silence"  #: let something be judged and not told for a while, and end that
    ACT = "act"  #: tell the rules what was done
    RETRY = "retry"  #: let a camera be tried again
    RESEND = "resend"  #: send again what was given up
    RULES = "rules"  #: let rules and cameras be read again
    CONFIGURE = "configure"  #: set up cameras
    EXPORT = "export"  #: take what is stored away
    DELETE = "delete"  #: delete what is stored
    RESTORE = "restore"  #: put another past in place
    ACCESS = "access"  #: say who may do what
    AUDIT = "audit"  #: read who did what
    LOGIN = "login"  #: say who one is: everybody may, whoever they are


class Role(StrEnum):
    """What people are here, by what they may do."""

    VIEWER = "viewer"
    OFFICER = "officer"
    AUTHOR = "author"
    TECHNICIAN = "technician"
    ADMIN = "admin"
    AUDITOR = "auditor"


_VIEWER: Final = frozenset({Permission.STATE, Permission.LIVE, Permission.STILL})
_OFFICER: Final = _VIEWER | {
    Permission.HISTORY,
    Permission.PTZ,
    Permission.RELAY,
    Permission.SPEECH,
    Permission.ACKNOWLEDGE,
    Permission.SILENCE,
    Permission.ACT,
    Permission.RETRY,
    Permission.RESEND,
}
#: What needs no grant: nobody could get one otherwise.
OPEN: Final = frozenset({Permission.LOGIN})
#: What each role allows. An auditor sees who did what, and no picture.
ROLES: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.VIEWER: _VIEWER,
        Role.OFFICER: _OFFICER,
        Role.AUTHOR: frozenset({Permission.STATE, Permission.HISTORY, Permission.RULES}),
        Role.TECHNICIAN: _VIEWER
        | {Permission.PTZ, Permission.RELAY, Permission.SPEECH, Permission.RETRY, Permission.CONFIGURE},
        Role.ADMIN: frozenset(Permission),
        Role.AUDITOR: frozenset({Permission.STATE, Permission.AUDIT}),
    }
)


def roles_with(permission: Permission) -> tuple[Role, ...]:
    """Return the roles that allow something, the one that allows least first."""
    able = [role for role, allowed in ROLES.items() if permission in allowed]
    return tuple(sorted(able, key=lambda role: len(ROLES[role])))
