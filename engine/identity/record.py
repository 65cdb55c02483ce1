"""What is recorded of what people do: who, from where, by which grant, why; and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from rules.model import EMPTY, Fact


class Deed(StrEnum):
    """What was done. More of them may come."""

    ASK = "ask"  #: what is no deed, and was refused
    LOGIN = "login"
    LOGOUT = "logout"
    SESSION_ENDED = "session.ended"
    LIVE = "live"
    LIVE_ENDED = "live.ended"
    STILL = "still"
    HISTORY = "history"
    PTZ = "ptz"
    RELAY = "relay"
    SPEECH = "speech"
    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"
    SEEN = "seen"
    VERDICT = "verdict"
    SILENCE = "silence"
    UNSILENCE = "unsilence"
    ACT = "act"
    RETRY = "retry"
    RESEND = "resend"
    RELOAD = "reload"
    CONFIGURE = "configure"
    ACCESS = "access"
    AUDIT = "audit"
    KEYS = "keys"
    EXPORT = "export"
    DELETE = "delete"
    RESTORE = "restore"


class Outcome(StrEnum):
    """How it ended."""

    DONE = "done"
    REFUSED = "refused"  #: they may not
    FAILED = "failed"  #: they may, and it did not work


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """Something that somebody did, or tried to.

    Attributes:
        who: The person's id, or ``unix:`` and the local user's name; empty: not known.
        name: The person's name as it was then.
        principal: How it was known who it was (`engine.identity.caller.Principal`); `means`: by which token, session.
        address: Where from.
        camera: Of which camera, where it was about one.
        basis: What allowed it: a grant's id, ``owner``; empty where nothing did.
        code: Of the sentence that says why it was refused or failed.
        why: Why it was done, by their own word.
        about: What else there is to tell: of what, to what.
        times: How often it was done since the record before, where many are told as one.
    """

    deed: str
    outcome: Outcome = Outcome.DONE
    who: str = ""
    name: str = ""
    principal: str = ""
    means: str = ""
    address: str = ""
    camera: str | None = None
    basis: str = ""
    code: str = ""
    why: str = ""
    about: Mapping[str, Fact] = field(default_factory=lambda: EMPTY)
    times: int = 1


class Auditor(Protocol):
    """Where records go."""

    def check(self) -> None:
        """Look whether records can be kept.

        Raises:
            Refusal: ``audit.behind``: so many wait to be kept that nothing more may be done unseen.
        """
        ...

    async def record(self, record: AuditRecord) -> None:
        """Keep a record of now; waits until it is durable, but no longer than a moment."""
        ...
