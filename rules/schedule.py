"""Times of day and weekdays, across midnight, in the site's time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

DAY = 24 * 60
#: In the order of `datetime.weekday`.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the day, on some weekdays.

    Attributes:
        start: Minutes since midnight, the first that is within.
        end: The first that is without; less than `start` across midnight.
        days: Weekdays on which it *starts* (0 is Monday): Friday's night ends on Saturday.
    """

    start: int
    end: int
    days: frozenset[int] = frozenset(range(7))

    def holds(self, local: datetime) -> bool:
        """Return whether a local time is within."""
        minute, day = local.hour * 60 + local.minute, local.weekday()
        if self.start < self.end:
            return self.start <= minute < self.end and day in self.days
        if minute >= self.start:
            return day in self.days
        return minute < self.end and (day - 1) % 7 in self.days

    def __str__(self) -> str:
        hours = f"{clock(self.start)}–{clock(self.end)}"
        return hours if len(self.days) == 7 else f"{hours} {days(self.days)}"


def clock(minute: int) -> str:
    """Return minutes since midnight as ``22:30``."""
    return f"{minute // 60:02}:{minute % 60:02}"


def days(numbers: frozenset[int]) -> str:
    """Return weekdays as their words, in order."""
    return ",".join(DAYS[number] for number in sorted(numbers))
