"""The times at which hours are tried: a week, one of each season for the sun, and those around holidays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise

from rules.compiler.ruleset import ActiveHours
from rules.dates import DayRule
from rules.schedule import DAY, DAYS, Edge, SunTime

#: A week without holidays near. Monday.
_WEEK = datetime(2025, 6, 2)
_MOST_HOLIDAYS = 10


def times_of_day(
    edges: Sequence[Edge], days: frozenset[int], hours: ActiveHours, rules: Sequence[DayRule] = ()
) -> Iterator[datetime]:
    """Yield the times of day that come in the weeks on which hours are tried."""
    almanac = hours.almanac
    for midnight in _midnights(hours, edges, rules):
        date_ = midnight.date()
        if almanac.day(date_) in days or any(rule.holds(date_) for rule in rules):
            yield from (midnight + timedelta(minutes=almanac.minute(edge, midnight.date())) for edge in edges)


@lru_cache(maxsize=1024)  # rules share their hours
def longest(hours: ActiveHours) -> int:
    """Return the minutes of the longest time in one piece in a week, at most a day."""
    most = run = 0
    last = None
    for midnight, start, end, holds in _pieces(hours):
        if last is not None and midnight - last > timedelta(days=1):
            run = 0
        last = midnight
        run = run + end - start if holds else 0
        most = max(most, run)
    return min(most, DAY)


@lru_cache(maxsize=1024)
def within(hours: ActiveHours) -> tuple[frozenset[int], frozenset[str]] | None:
    """Return the hours of the day and the weekdays that are within; None: the sun decides, who knows when."""
    if _sunny(_edges(hours)):
        return None
    found = [(midnight, start, end) for midnight, start, end, holds in _pieces(hours) if holds]
    whole = frozenset(hour for _, start, end in found for hour in range(start // 60, (end - 1) // 60 + 1))
    return whole, frozenset(DAYS[midnight.weekday()] for midnight, _, _ in found)


def _pieces(hours: ActiveHours) -> Iterator[tuple[datetime, int, int, bool]]:
    """Yield the pieces of days, in minutes, between which nothing changes, and whether hours hold in them."""
    edges = _edges(hours)
    for midnight in _midnights(hours):
        minutes = (hours.almanac.minute(edge, midnight.date()) for edge in edges)
        for start, end in pairwise(sorted({0, DAY, *(edge for edge in minutes if 0 < edge < DAY)})):
            yield midnight, start, end, hours.hold(midnight + timedelta(minutes=start))


def _some_day(rule: DayRule) -> date | None:
    """Return one of the days of a word: after the week that is tried, or the very date."""
    written = rule.word.partition("..")[0]
    dated = len(written) == len("2027-01-01") and written[:4].isdecimal()
    return date.fromisoformat(written) if dated else rule.following(_WEEK.date())


def _rules(hours: ActiveHours, rules: Sequence[DayRule]) -> list[DayRule]:
    windows = (*hours.between, *hours.free, *hours.during)
    named = [rule for each in windows for rule in (*each.rules, *(each.holidays or ()))]
    return [*named, *rules, *sorted(hours.almanac.feasts, key=str)[:_MOST_HOLIDAYS]]


def _midnights(
    hours: ActiveHours, edges: Sequence[Edge] = (), rules: Sequence[DayRule] = ()
) -> Iterator[datetime]:
    """Yield the days on which hours are tried: a week, one of each season for the sun, and those of holidays."""
    sunny = _sunny((*edges, *_edges(hours)))
    weeks = [_WEEK + timedelta(days=season) for season in ((0, 91, 182, 273) if sunny else (0,))]
    holidays = sorted(hours.almanac.holidays)[:_MOST_HOLIDAYS]
    holidays += [found for rule in _rules(hours, rules) if (found := _some_day(rule)) is not None]
    weeks += [datetime.combine(day - timedelta(days=3), time()) for day in holidays]
    for week in weeks:
        for ahead in range(8):  # a day more: a piece may go over the week's end
            yield (week + timedelta(days=ahead)).replace(tzinfo=hours.almanac.zone)


def _edges(hours: ActiveHours) -> list[Edge]:
    windows = (*hours.between, *hours.free, *hours.during)
    return [edge for window in windows for edge in (window.start, window.end)]


def _sunny(edges: Sequence[Edge]) -> bool:
    return any(isinstance(edge, SunTime) for edge in edges)
