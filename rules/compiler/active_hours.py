"""When a rule applies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from rules.kinds.conditions import Telling
from rules.model import Fact
from rules.schedule import Almanac, Window

#: Days after which hours that hold are taken to hold on.
_FAR = 366


@dataclass(frozen=True, slots=True)
class ActiveHours:
    """When a rule applies: within one of `between` and one of `during` (if any), outside all of `free`."""

    almanac: Almanac
    between: tuple[Window, ...] = ()
    free: tuple[Window, ...] = ()
    during: tuple[Window, ...] = ()

    def hold(self, wall: datetime) -> bool:
        """Return whether the rule applies at a time (aware)."""
        local, almanac = wall.astimezone(self.almanac.zone), self.almanac
        for windows in (self.between, self.during):
            if windows and not any(window.holds(local, almanac) for window in windows):
                return False
        return not any(window.holds(local, almanac) for window in self.free)

    def told(self, wall: datetime) -> list[Telling]:
        """Return the parts of a reason that name the hours."""
        local = wall.astimezone(self.almanac.zone)
        values: dict[str, Fact] = {"at": f"{local:%H:%M}", "free": ", ".join(map(str, self.free))}
        within = (*self.between, *self.during)
        windows = [str(window) for window in within if window.holds(local, self.almanac)]
        parts: list[Telling] = [("reason.hours", {**values, "window": window}) for window in windows[:1]]
        return parts or ([("reason.not_hours", values)] if self.free else [])

    def until(self, wall: datetime) -> datetime:
        """Return the next time (aware UTC) at which it does not hold; a year on, where there is none sooner."""
        for moment in self.turns(wall):
            if not self.hold(moment):
                return moment
        return wall + timedelta(days=_FAR)

    def since(self, wall: datetime) -> datetime:
        """Return when it began to hold, of a time at which it does; a year before, where it always does."""
        began = wall - timedelta(days=_FAR)
        for ahead in range(8):
            turns = [each for each in self.turns(wall - timedelta(days=ahead + 1), 3) if each <= wall]
            for moment in reversed(turns):
                if not self.hold(moment - timedelta(microseconds=1)):
                    return moment
        return began

    def turns(self, wall: datetime, days: int = _FAR) -> Iterator[datetime]:
        """Yield the times after one (aware UTC), in order, at which it may begin or end to hold."""
        local, almanac = wall.astimezone(self.almanac.zone), self.almanac
        windows = (*self.between, *self.free, *self.during)
        for ahead in range(-1, days):
            date_ = local.date() + timedelta(days=ahead)
            edges = {almanac.minute(edge, date_) for each in windows for edge in (each.start, each.end)}
            midnight = datetime.combine(date_, time(), almanac.zone)
            for minute in sorted(edges | {0}):  # midnight: another day may be none of a window's
                moment = (midnight + timedelta(minutes=minute)).astimezone(UTC)
                if moment > wall:
                    yield moment
