"""The one check: may somebody do something, there and now. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, Protocol

from engine.identity.grant import Grant
from engine.identity.permission import Permission, roles_with
from engine.identity.place import Groups, Place
from rules.model import Fact, Instant, Sentence


class Reach(Enum):
    """Where something is to be allowed that is not about one camera."""

    SITE = "site"  #: at the whole site
    ANYWHERE = "anywhere"  #: at some place: what is answered is only of the places where it is allowed


#: A camera by its id, or how far it has to reach.
Where = str | Reach


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the check found.

    Attributes:
        grant: The one that allows it; None: nothing does, and `missing` says what would.
        basis: What allows it, for people and the audit log: a grant's id, ``owner``, ...
        until: When that ends by itself; None: it does not.
    """

    grant: Grant | None = None
    basis: str = ""
    missing: Sentence | None = None
    until: datetime | None = None

    def __bool__(self) -> bool:
        return self.missing is None


class Rights(Protocol):
    """What somebody may, as of now: whoever asks again later may hear otherwise."""

    def rule(self, permission: Permission, where: Where) -> Ruling:
        """Return whether something is allowed somewhere, by what, or what is missing."""
        ...


@dataclass(frozen=True, slots=True)
class Unlimited:
    """Rights of whom nothing could keep from anything: the engine's own user, and root."""

    basis: str = "owner"

    def rule(self, permission: Permission, where: Where) -> Ruling:
        """Allow it."""
        return Ruling(basis=self.basis)


@dataclass(frozen=True, slots=True)
class Nothing:
    """Rights of whoever may nothing, and why."""

    missing: Sentence

    def rule(self, permission: Permission, where: Where) -> Ruling:
        """Refuse it."""
        return Ruling(missing=self.missing)


def decide(
    grants: Iterable[Grant],
    permission: Permission,
    where: Where,
    *,
    who: str,
    person: str = "",
    at: Instant,
    local: datetime,
    groups: Groups,
) -> Ruling:
    """Return the grant that allows something, the one that lasts longest; without one, what comes nearest is told.

    Args:
        grants: All of one person's.
        who: The person's name, for the sentence; `person`: their id, for the command in it.
        at: Now, by both clocks; `local`: the same in the site's time zone.
    """
    able = [grant for grant in grants if grant.allows(permission)]
    here = [grant for grant in able if reaches(grant.place, where, groups)]
    found = [grant for grant in here if grant.holds(at, local)]
    if found:
        best = max(found, key=lambda grant: (grant.ends(local) is None, grant.ends(local) or at.wall))
        return Ruling(best, best.id, until=best.ends(local))
    return Ruling(missing=_missing(able, here, permission, where, (who, person or who)))


def reaches(place: Place, where: Where, groups: Groups) -> bool:
    """Return whether what holds at a place holds where it is asked for."""
    if where is Reach.ANYWHERE:
        return True
    return place.covers(where if isinstance(where, str) else None, groups)


def _missing(
    able: Iterable[Grant], here: Iterable[Grant], permission: Permission, where: Where, who: tuple[str, str]
) -> Sentence:
    """Return what is missing: the time, the place or the role."""
    place = where if isinstance(where, str) else "site"
    name, person = who
    told: dict[str, Fact] = {"who": name, "permission": permission.value, "place": place}
    for code, grants in (("access.not_now", here), ("access.not_here", able)):
        if nearest := next(iter(grants), None):
            return Sentence(
                code, {**told, "role": nearest.role.value, "grant": nearest.id, "has": str(nearest.place)}
            )
    return Sentence("access.no_role", {**told, "person": person, "roles": ", ".join(roles_with(permission))})


#: Rights of whoever has not said who they are; they may still do so (`engine.identity.permission.OPEN`).
NEWCOMER: Final = Nothing(Sentence("api.unauthorized", {}))
#: Rights of whoever is not known.
STRANGER: Final = Nothing(Sentence("access.stranger", {}))
