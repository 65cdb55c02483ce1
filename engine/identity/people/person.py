"""A person: who may be granted something."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

#: How the name is written by which a person logs in.
PATTERN: Final = r"^[a-z][a-z0-9._-]{0,31}$"
_NAME: Final = re.compile(PATTERN)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may be granted something.

    Attributes:
        id: By which they log in; never given again. `name`: for people.
        local: Users of this machine who are this person.
        by: Who added them.
        password: Argon2id in PHC form; None: they have none (yet). `set_at`: since when.
        disabled: Since when they may nothing; None: they are not. `removed`: likewise, and for good.
    """

    id: str
    name: str
    made: datetime
    by: str = ""
    local: frozenset[str] = frozenset()
    password: str | None = field(default=None, repr=False)
    set_at: datetime | None = None
    disabled: datetime | None = None
    removed: datetime | None = None

    @property
    def active(self) -> bool:
        """Whether they may do what they are granted."""
        return self.disabled is None and self.removed is None

    @property
    def able(self) -> bool:
        """Whether they can get in: by a password, or as a user of this machine."""
        return self.active and (self.password is not None or bool(self.local))


def written(name: str) -> str | None:
    """Return a name as persons have it, None where nobody can have it."""
    folded = name.strip().lower()
    return folded if _NAME.match(folded) else None
