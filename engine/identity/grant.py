"""A grant: a role, at a place, at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from engine.identity.permission import ROLES, Permission, Role
from engine.identity.place import SITE, Place
from rules.model import Instant


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of a day, in the site's time zone; over midnight where the end is not after the beginning.

    Attributes:
        days: On which days it begins, Monday is 0; all seven: every day.
    """

    begin: time
    end: time
    days: frozenset[int] = frozenset(range(7))

    def holds(self, local: datetime) -> bool:
        """Return whether a local time lies within."""
        now, day = local.time(), local.weekday()
        if self.begin < self.end:
            return self.begin <= now < self.end and day in self.days
        late, early = now >= self.begin and day in self.days, now < self.end and (day - 1) % 7 in self.days
        return late or early

    def ends(self, local: datetime) -> datetime:
        """Return when the hours that a local time lies within are over."""
        # In an hour that summer time repeats, the same one of the two: the other is over, or not meant.
        end = datetime.combine(local.date(), self.end.replace(fold=local.fold), local.tzinfo)
        return end if end > local else end + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody may, where and when.

    Attributes:
        id: Short, unique on its site.
        person: Whose it is.
        since: From when on (aware UTC); `until`: up to when, None: until it is taken back.
        hours: At which hours; None: at all.
        by: Who gave it, and `why`, in their own words.
        engine: Engine time by which it is over as well: a wall clock that is set back gives nothing back; None where
            `until` is None.
    """

    id: str
    person: str
    role: Role
    place: Place = SITE
    since: datetime | None = None
    until: datetime | None = None
    hours: Hours | None = None
    by: str = ""
    why: str = ""
    engine: float | None = None

    def allows(self, permission: Permission) -> bool:
        """Return whether its role allows something."""
        return permission in ROLES[self.role]

    def over(self, at: Instant) -> bool:
        """Return whether it has ended for good, by whichever clock says so sooner."""
        late = self.until is not None and self.until <= at.wall
        return late or (self.engine is not None and self.engine <= at.engine)

    def holds(self, at: Instant, local: datetime) -> bool:
        """Return whether it holds at a moment (`local`: the same in the site's time zone)."""
        begun = self.since is None or self.since <= at.wall
        return begun and not self.over(at) and (self.hours is None or self.hours.holds(local))

    def ends(self, local: datetime) -> datetime | None:
        """Return when it ceases to hold, of one that holds at a local time; None: not by itself."""
        ends = [] if self.until is None else [self.until]
        ends += [] if self.hours is None else [self.hours.ends(local)]
        return min(ends, default=None)
