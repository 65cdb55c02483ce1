"""The Vietnamese lunar calendar: day, month and leap month of a date, reckoned for UTC+7.

Months begin on the day of a new moon; the month of the winter solstice is the eleventh; of thirteen months between two
of those the first without a principal term (the sun's longitude passes no multiple of 30° in it) is the leap month. The
same rules as the Chinese calendar's, an hour further west: in some years the New Year is another day (1968, 1969, 1985,
2007, 2030).

New moons after Jean Meeus, *Astronomical Algorithms* (2nd edition, 1998), chapter 49; the sun after chapter 25; the
difference of dynamical time after Espenak and Meeus (2006). Right to about a minute for new moons and a quarter of an
hour for the sun; `tests/rules/test_lunar.py` holds every month from 1901 to 2076 against another ephemeris. After that
two new moons (2077, 2085) fall within a minute of midnight: how the earth will turn by then nobody knows so well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from math import floor, pi, sin

#: Hours east of Greenwich, whose days count.
ZONE = 7.0
#: The day of 1 January 2000 in days from year 1, and its Julian date at midnight UT.
_EPOCH, _EPOCH_JULIAN = date(2000, 1, 1).toordinal(), 2451544.5
#: Mean length of a month in days.
_MONTH = 29.530588861
#: First and last year for which the reckoning holds.
FIRST, LAST = 1900, 2100

#: Seconds by which dynamical time was ahead of UT, by year (Espenak and Meeus).
_DELTA = (
    (1900, -2.8), (1910, 10.4), (1920, 21.2), (1930, 24.0), (1940, 24.3), (1950, 29.1), (1960, 33.1), (1970, 40.2),
    (1980, 50.5), (1990, 56.9), (2000, 63.8), (2010, 66.1), (2020, 71.6),
)  # fmt: skip

#: Periodic terms of a new moon: coefficient in days, power of the eccentricity, multiples of M, M', F, Ω.
_TERMS = (
    (-0.40720, 0, 0, 1, 0, 0), (0.17241, 1, 1, 0, 0, 0), (0.01608, 0, 0, 2, 0, 0), (0.01039, 0, 0, 0, 2, 0),
    (0.00739, 1, -1, 1, 0, 0), (-0.00514, 1, 1, 1, 0, 0), (0.00208, 2, 2, 0, 0, 0), (-0.00111, 0, 0, 1, -2, 0),
    (-0.00057, 0, 0, 1, 2, 0), (0.00056, 1, 1, 2, 0, 0), (-0.00042, 0, 0, 3, 0, 0), (0.00042, 1, 1, 0, 2, 0),
    (0.00038, 1, 1, 0, -2, 0), (-0.00024, 1, -1, 2, 0, 0), (-0.00017, 0, 0, 0, 0, 1), (-0.00007, 0, 2, 1, 0, 0),
    (0.00004, 0, 0, 2, -2, 0), (0.00004, 0, 3, 0, 0, 0), (0.00003, 0, 1, 1, -2, 0), (0.00003, 0, 0, 2, 2, 0),
    (-0.00003, 0, 1, 1, 2, 0), (0.00003, 0, -1, 1, 2, 0), (-0.00002, 0, -1, 1, -2, 0), (-0.00002, 0, 1, 3, 0, 0),
    (0.00002, 0, 0, 4, 0, 0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LunarDate:
    """A day of the lunar calendar.

    Attributes:
        day: 1 to 30; 15 is rằm, 1 mùng một.
        month: 1 to 12; `leap`: it is the second one of its number.
        last: Whether it is the last day of its month.
    """

    day: int
    month: int
    leap: bool = False
    last: bool = False


def lunar(date_: date) -> LunarDate | None:
    """Return the lunar date of a date; None outside the years for which the reckoning holds."""
    if not FIRST < date_.year < LAST:
        return None
    day = date_.toordinal()
    # The eleventh month that is not after the date, and the next one.
    first = _eleventh(date_.year)
    year = date_.year if first <= day else date_.year - 1
    begins = _months(year)
    index = max(number for number, begin in enumerate(begins) if begin <= day)
    leap = _leap(year)
    number = index - (leap is not None and index >= leap)
    return LunarDate(
        day - begins[index] + 1,
        (number + 10) % 12 + 1,
        index == leap,
        day + 1 == begins[index + 1],
    )


def new_year(year: int) -> date:
    """Return the date of Tết Nguyên đán in a year."""
    at = date(year, 1, 20)
    while (found := lunar(at)) is None or (found.day, found.month, found.leap) != (1, 1, False):
        at += timedelta(days=1)
    return at


@lru_cache(maxsize=512)
def _months(year: int) -> tuple[int, ...]:
    """Return the first days (from year 1) of the months from the eleventh of a year on, to after the next one."""
    first, last = _eleventh(year), _eleventh(year + 1)
    number = _number(first)
    days = [_new_moon_day(number + ahead) for ahead in range(15)]
    return tuple(day for day in days if day <= last + 31)


@lru_cache(maxsize=512)
def _leap(year: int) -> int | None:
    """Return which month (from 0, the eleventh of a year) is the leap month; None: there is none."""
    months, last = _months(year), _eleventh(year + 1)
    if months.index(last) == 12:
        return None
    return next(index for index in range(1, 14) if _sector(months[index]) == _sector(months[index + 1]))


@lru_cache(maxsize=512)
def _eleventh(year: int) -> int:
    """Return the first day of the month of the winter solstice of a year."""
    number = _number(date(year, 12, 31).toordinal())
    day = _new_moon_day(number)
    while day > date(year, 12, 31).toordinal():
        number -= 1
        day = _new_moon_day(number)
    # the solstice (sector 9 begins) lies before this month: it is the one before
    return _new_moon_day(number - 1) if _sector(day) >= 9 else day


def _number(day: int) -> int:
    """Return the number of the new moon (0: January 2000) that is nearest to a day."""
    return round((day - _EPOCH - 5.26) / _MONTH)


@lru_cache(maxsize=2048)
def _new_moon_day(number: int) -> int:
    """Return the day (from year 1) on which a new moon falls at UTC+7."""
    return floor(_new_moon(number) - _EPOCH_JULIAN + ZONE / 24) + _EPOCH


def _new_moon(k: int) -> float:
    """Return the Julian date (UT) of a new moon."""
    t = k / 1236.85
    mean = 2451550.09766 + _MONTH * k + 0.00015437 * t**2 - 0.00000015 * t**3
    e = 1 - 0.002516 * t - 0.0000074 * t**2
    m = _turn(2.5534 + 29.10535670 * k - 0.0000014 * t**2)
    moon = _turn(201.5643 + 385.81693528 * k + 0.0107582 * t**2 + 0.00001238 * t**3)
    f = _turn(160.7108 + 390.67050284 * k - 0.0016118 * t**2)
    node = _turn(124.7746 - 1.56375588 * k + 0.0020672 * t**2)
    sum_ = sum(
        size * e**power * sin(a * m + b * moon + c * f + d * node) for size, power, a, b, c, d in _TERMS
    )
    planets = 0.000325 * sin(_turn(299.77 + 0.107408 * k - 0.009173 * t**2))
    return mean + sum_ + planets - _dynamical(2000 + t * 100) / 86400


def _sector(day: int) -> int:
    """Return in which twelfth of its way the sun is when a day begins at UTC+7; 9 begins at the winter solstice."""
    t = (day - _EPOCH + _EPOCH_JULIAN - ZONE / 24 + 68 / 86400 - 2451545.0) / 36525
    mean = 280.46646 + 36000.76983 * t + 0.0003032 * t**2
    m = _turn(357.52911 + 35999.05029 * t - 0.0001537 * t**2)
    centre = (1.914602 - 0.004817 * t) * sin(m) + 0.019993 * sin(2 * m) + 0.000289 * sin(3 * m)
    apparent = mean + centre - 0.00569 - 0.00478 * sin(_turn(125.04 - 1934.136 * t))
    return int(apparent % 360 // 30)


def _turn(degrees: float) -> float:
    return degrees % 360 * pi / 180


def _dynamical(year: float) -> float:
    """Return by how many seconds dynamical time is ahead of UT, to a few; what is to come is a guess of theirs."""
    if year >= _DELTA[-1][0]:
        t = year - 2000
        return 62.92 + 0.32217 * t + 0.005589 * t**2
    for (begin, before), (end, after) in pairwise(_DELTA):
        if year < end:
            return before + (after - before) * (year - begin) / (end - begin)
    return _DELTA[-1][1]
