"""Times of day, weekdays, holidays and the sun, across midnight, in the site's time zone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from astral import Observer
from astral.sun import sunrise, sunset

from rules.dates import DayRule

DAY = 24 * 60
#: In the order of `datetime.weekday`; a holiday counts as itself and as no weekday.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
HOLIDAY = 7
EVERY_DAY = frozenset(range(8))


@dataclass(frozen=True, slots=True)
class SunTime:
    """A time of day that moves with the sun: minutes after (or before) it rises or sets."""

    event: Literal["sunrise", "sunset"]
    offset: int = 0

    def __str__(self) -> str:
        return f"{self.event}{self.offset:+}m" if self.offset else self.event


#: Minutes since midnight, or a time that moves.
Edge = int | SunTime


@dataclass(frozen=True)
class Almanac:
    """What a date is at the site.

    Attributes:
        holidays: Dates that are no weekday; `feasts`: those that come again.
        location: Latitude and longitude in degrees; None: nothing is known of the sun.
    """

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Ho_Chi_Minh"))
    holidays: frozenset[date] = frozenset()
    location: tuple[float, float] | None = None
    feasts: frozenset[DayRule] = frozenset()

    def day(self, date_: date) -> int:
        """Return which of `DAYS` a date is."""
        return HOLIDAY if self.is_holiday(date_) else date_.weekday()

    def is_holiday(self, date_: date) -> bool:
        """Return whether a date is no weekday."""
        return date_ in self.holidays or any(feast.holds(date_) for feast in self.feasts)

    def minute(self, edge: Edge, date_: date) -> int:
        """Return an edge in minutes since midnight of a date; the sun's edges need a location."""
        if isinstance(edge, int):
            return edge
        latitude, longitude = self.location or (0.0, 0.0)
        return _sun(edge.event, latitude, longitude, date_, self.zone) + edge.offset

    def dark(self, wall: datetime) -> bool | None:
        """Return whether the sun is down, None where the location is not known."""
        if self.location is None:
            return None
        local = wall.astimezone(self.zone)
        minute, today = local.hour * 60 + local.minute, local.date()
        up, down = self.minute(SunTime("sunrise"), today), self.minute(SunTime("sunset"), today)
        return not up <= minute < down

    def latest(self, wall: datetime, edge: Edge) -> datetime:
        """Return the last time (aware UTC), not after a time, at which an edge came."""
        local = wall.astimezone(self.zone)
        for back in range(3):
            date_ = local.date() - timedelta(days=back)
            midnight = datetime.combine(date_, time(), self.zone)
            moment = (midnight + timedelta(minutes=self.minute(edge, date_))).astimezone(UTC)
            if moment <= wall:
                return moment
        return wall

    def upcoming(
        self, after: datetime, edges: Sequence[Edge], days: frozenset[int], rules: Sequence[DayRule] = ()
    ) -> datetime | None:
        """Return the next time (aware UTC) at which an edge comes on one of some days; None: not within a year."""
        local = after.astimezone(self.zone)
        for ahead in range(-1, 367):  # hours after sunset may be those of the next day
            date_ = local.date() + timedelta(days=ahead)
            if self.day(date_) not in days and not any(rule.holds(date_) for rule in rules):
                continue
            midnight = datetime.combine(date_, time(), self.zone)
            passed = local.hour * 60 + local.minute - ahead * DAY
            for minute in sorted(minute for edge in edges if (minute := self.minute(edge, date_)) > passed):
                if (moment := (midnight + timedelta(minutes=minute)).astimezone(UTC)) > after:
                    return moment
        return None


@lru_cache(maxsize=1024)
def _sun(
    event: Literal["sunrise", "sunset"], latitude: float, longitude: float, date_: date, zone: ZoneInfo
) -> int:
    """Return the minute of the day; where the sun does not rise or set that day, midnight and its end."""
    try:
        reckon = sunrise if event == "sunrise" else sunset
        at = reckon(Observer(latitude, longitude), date_, tzinfo=zone)
    except ValueError:
        return 0 if event == "sunrise" else DAY
    return at.hour * 60 + at.minute


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the day, on some days.

    Attributes:
        start: The first minute that is within.
        end: The first that is without; less than `start` across midnight.
        days: Days on which it *starts* (0 is Monday, 7 a holiday): Friday's night ends on Saturday.
        rules: Other days on which it starts.
        holidays: Days that are no weekday for it, instead of the site's; None: those of the site.
    """

    start: Edge
    end: Edge
    days: frozenset[int] = EVERY_DAY
    rules: tuple[DayRule, ...] = ()
    holidays: tuple[DayRule, ...] | None = None

    def holds(self, local: datetime, almanac: Almanac | None = None) -> bool:
        """Return whether a local time is within."""
        almanac = almanac or _PLAIN
        minute, today = local.hour * 60 + local.minute, local.date()
        return self._within(minute, today, almanac) or self._within(
            minute + DAY, today - timedelta(days=1), almanac
        )

    def _within(self, minute: int, started: date, almanac: Almanac) -> bool:
        if len(self.days) < len(EVERY_DAY) and not self._begins_on(started, almanac):
            return False
        start, end = almanac.minute(self.start, started), almanac.minute(self.end, started)
        if end <= start:
            end = almanac.minute(self.end, started + timedelta(days=1)) + DAY
        return start <= minute < end

    def _begins_on(self, date_: date, almanac: Almanac) -> bool:
        if any(rule.holds(date_) for rule in self.rules):
            return True
        if self.holidays is None:
            return almanac.day(date_) in self.days
        off = any(rule.holds(date_) for rule in self.holidays)
        return (HOLIDAY if off else date_.weekday()) in self.days

    def __str__(self) -> str:
        hours = f"{clock(self.start)}–{clock(self.end)}"
        if len(self.days) >= 7:
            return hours
        return f"{hours} {','.join(filter(None, (days(self.days), *map(str, self.rules))))}"


_PLAIN = Almanac()


def clock(edge: Edge) -> str:
    """Return minutes since midnight as ``22:30``."""
    return f"{edge // 60:02}:{edge % 60:02}" if isinstance(edge, int) else str(edge)


def days(numbers: Iterable[int]) -> str:
    """Return days as their words, in order."""
    return ",".join(DAYS[number] for number in sorted(numbers))
