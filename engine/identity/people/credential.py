"""What somebody shows instead of a password: a session's secret, a token, a code that works once.

Each is random, and kept as its SHA-256 alone: whoever reads the database can show none of them. Their age goes by both
clocks, whichever says sooner that it is over: a wall clock that is set back makes nothing last longer.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from engine.identity.permission import Role
from engine.identity.place import Place
from rules.model import Instant

#: Returns so many random bytes.
Random = Callable[[int], bytes]

SESSION, TOKEN = "ms_", "mt_"
#: Bytes of a secret, and of a code that somebody may have to type.
SECRET_BYTES: Final = 32
CODE_BYTES: Final = 16
#: How long a code works.
CODE_LIFE: Final = timedelta(hours=24)
#: Days that a token lasts unless told otherwise, and at most.
TOKEN_DAYS, MOST_TOKEN_DAYS = 90, 400


class Purpose(StrEnum):
    """What a code is for."""

    FIRST = "first"  #: nobody is registered yet: whoever shows it becomes the first admin
    SETUP = "setup"  #: a person who was added chooses a password
    RESET = "reset"  #: a person chooses another one


@dataclass(frozen=True, slots=True)
class Token:
    """What a program shows.

    Attributes:
        person: On whose behalf; it may no more than they may.
        role: No more than that role may; None: all that the person may. `place`: likewise.
        engine: Engine time when it was made.
        used: When it was shown last.
    """

    id: str
    secret: bytes = field(repr=False)
    person: str
    purpose: str
    made: datetime
    until: datetime
    engine: float
    by: str = ""
    role: Role | None = None
    place: Place | None = None
    used: datetime | None = None

    def over(self, now: Instant) -> bool:
        """Return whether it has expired."""
        return _over(now, self.made, self.engine, self.until - self.made)


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has logged in.

    Attributes:
        address: From where.
        engine: Engine time when they did.
        used: When it was used last; `used_at`: the same in engine time.
    """

    id: str
    secret: bytes = field(repr=False)
    person: str
    address: str
    made: datetime
    engine: float
    used: datetime
    used_at: float

    def over(self, now: Instant, whole: timedelta, idle: timedelta) -> bool:
        """Return whether it has ended: it is so long since the login, or since it was used."""
        return _over(now, self.made, self.engine, whole) or now.engine - self.used_at >= idle.total_seconds()


@dataclass(frozen=True, slots=True)
class Code:
    """What is shown once, to choose a password.

    Attributes:
        person: Whose password; None: of who is not registered yet.
    """

    id: str
    secret: bytes = field(repr=False)
    purpose: Purpose
    made: datetime
    engine: float
    person: str | None = None

    def over(self, now: Instant) -> bool:
        """Return whether it works no more."""
        return _over(now, self.made, self.engine, CODE_LIFE)


def _over(now: Instant, made: datetime, engine: float, length: timedelta) -> bool:
    return now.wall >= made + length or now.engine - engine >= length.total_seconds()


def digest(secret: str) -> bytes:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def short(kind: str, random: Random) -> str:
    """Return an identity that people can read to each other: ``g-k3x9p2a``."""
    return f"{kind}-{_base32(random(4))}"


def session_secret(random: Random) -> str:
    """Return a new session's secret."""
    return SESSION + _base64(random(SECRET_BYTES))


def token_secret(id: str, random: Random) -> str:
    """Return a new token's secret."""
    return f"{TOKEN}{id}_{_base64(random(SECRET_BYTES))}"


def code_secret(random: Random) -> str:
    """Return a new code, in groups that can be read aloud."""
    whole = _base32(random(CODE_BYTES))
    return "-".join(whole[at : at + 5] for at in range(0, len(whole), 5))


def code_digest(code: str) -> bytes:
    """Return what is kept of a code, however it was typed."""
    return digest("".join(letter for letter in code.lower() if letter.isalnum()))


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
