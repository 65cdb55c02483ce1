"""Who asks, and what they may: the one thing that every handler is told of a client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from engine.identity.access import STRANGER, Reach, Rights, Ruling, Where
from engine.identity.permission import OPEN, Permission
from engine.identity.record import AuditRecord, Outcome
from rules.model import EMPTY, Fact

#: Characters that are kept of why somebody does something.
LONGEST_WHY: Final = 200


class Principal(StrEnum):
    """How it is known who asks."""

    #: The kernel's word on the unix socket.
    LOCAL_USER = "local user"
    #: A bearer token over TCP.
    TOKEN = "token"  # noqa: S105 - no secret, a word
    #: Somebody who logged in with a password.
    SESSION = "session"
    #: A client certificate.
    CERTIFICATE = "certificate"
    #: A person behind a short-lived link.
    LINK = "link"
    #: Somebody who has not said yet who they are.
    NEWCOMER = "newcomer"


@dataclass(slots=True)
class Trail:
    """What the check found while one request was answered: what the audit log tells of it."""

    ruling: Ruling | None = None
    camera: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        principal: How that is known.
        user: The person's id, or `unix_user` where no person is behind a local user; empty: nothing is known.
        rights: What they may.
        name: The person's name, for people; empty where no person is known.
        means: By what: a token's or a session's id, a local user's name.
        address: Where from: ``unix``, or the address of the other side.
        why: Why, by their own word.
        trail: What is found while this request is answered.
    """

    principal: Principal
    user: str = ""
    rights: Rights = STRANGER
    name: str = ""
    means: str = ""
    address: str = ""
    why: str = ""
    trail: Trail = field(default_factory=Trail, compare=False, repr=False)

    def named(self, told: str) -> str:
        """Return under which name they act: their own where they are known, else what they say."""
        return self.name or told

    def may(self, permission: Permission, where: Where = Reach.SITE) -> bool:
        """Return whether they may do something there."""
        return permission in OPEN or bool(self.rights.rule(permission, where))

    def sees(self, camera: str | None, permission: Permission = Permission.STATE) -> bool:
        """Return whether they may see something of a camera; None: of the site as a whole."""
        return self.may(permission, Reach.SITE if camera is None else camera)

    def rule(self, permission: Permission, where: Where) -> Ruling:
        """Return whether they may, and note it on the trail of this request."""
        ruling = Ruling(basis="everybody") if permission in OPEN else self.rights.rule(permission, where)
        self.trail.ruling = ruling
        if isinstance(where, str):
            self.trail.camera = where
        return ruling

    def record(
        self,
        deed: str,
        outcome: Outcome = Outcome.DONE,
        *,
        camera: str | None = None,
        code: str = "",
        about: Mapping[str, Fact] = EMPTY,
    ) -> AuditRecord:
        """Return what is recorded of something that they did or tried, by what the trail says."""
        ruling = self.trail.ruling
        return AuditRecord(
            deed,
            outcome,
            who=self.user,
            name=self.name,
            principal=self.principal.value,
            means=self.means,
            address=self.address,
            camera=camera,
            basis=ruling.basis if ruling else "",
            code=code,
            why=self.why,
            about=about,
        )


def unix_user(name: str) -> str:
    """Return how a user of this machine is named who is no person: never as a person could be."""
    return f"unix:{name}"


def own_word(told: str) -> str:
    """Return why somebody does something, as they say it: one harmless line."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in told).split())[:LONGEST_WHY]
