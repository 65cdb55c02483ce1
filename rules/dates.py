"""Days by a word: a date, a day of the month or of the lunar month, the first Monday, a span of them.

Every word is a rule that holds of a date or does not. Lunar ones are of the Vietnamese calendar (`rules.lunar`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from rules.lunar import LunarDate, lunar

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: Names that people give days -> the word that says it.
NAMED = {
    "mung-mot": "lunar-1", "ram": "lunar-15", "tet": "lunar-1-1..lunar-1-3", "giao-thua": "lunar-12-last",
    "gio-to": "lunar-3-10", "vu-lan": "lunar-7-15", "trung-thu": "lunar-8-15", "ong-tao": "lunar-12-23",
}  # fmt: skip
_DAY = r"(?:[12][0-9]|3[01]|0?[1-9])"
_MONTH = r"(?:1[0-2]|0?[1-9])"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_YEARLY = r"[0-9]{2}-[0-9]{2}"
_LUNAR = rf"lunar-{_MONTH}-(?:{_DAY}|last)"
_NTH = rf"(?:{'|'.join(WEEKDAYS)})#(?:[1-5]|last)"
#: Every word but the names of days of the week.
PATTERN = (
    rf"(?:{_DATE}(?:\.\.{_DATE})?|{_YEARLY}(?:\.\.{_YEARLY})?|{_LUNAR}(?:\.\.{_LUNAR})?|lunar-(?:{_DAY}|last)"
    rf"|day-(?:{_DAY}|last)|{_NTH}|{'|'.join(NAMED)})"
)
Test = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class DayRule:
    """A word for some days.

    Raises:
        ValueError: It is none (`of`).
    """

    word: str

    @classmethod
    def of(cls, word: str) -> DayRule:
        """Return the rule of a word."""
        _test(word)
        return cls(word)

    def holds(self, date_: date) -> bool:
        """Return whether a date is one of these days."""
        return _holds(self.word, date_)

    def following(self, after: date, days: int = 400) -> date | None:
        """Return the next of these days from a date on; None: not within so many days."""
        ahead = (after + timedelta(days=number) for number in range(days))
        return next((each for each in ahead if self.holds(each)), None)

    def __str__(self) -> str:
        return self.word


@lru_cache(maxsize=4096)
def _holds(word: str, date_: date) -> bool:
    return _test(word)(date_)


@lru_cache(maxsize=1024)
def _test(word: str) -> Test:
    """Return what a word asks of a date.

    Raises:
        ValueError: It is no word, or a date that there is not.
    """
    word = NAMED.get(word, word)
    if re.fullmatch(PATTERN, word) is None:
        raise ValueError(word)
    first, dots, last = word.partition("..")
    if dots:
        return _between(first, last)
    if word.startswith("lunar-"):
        return _of_moon(word)
    if word.startswith("day-"):
        return lambda date_: _is_day(date_.day, word[4:], last=(date_ + timedelta(days=1)).day == 1)
    if "#" in word:
        return _nth(word)
    if re.fullmatch(_DATE, word):
        only = date.fromisoformat(word)
        return lambda date_: date_ == only
    return _yearly(word)


def _is_day(day: int, wanted: str, *, last: bool) -> bool:
    return last if wanted == "last" else day == int(wanted)


def _yearly(word: str) -> Test:
    month, day = _month_day(word)
    return lambda date_: (date_.month, date_.day) == (month, day)


def _month_day(word: str) -> tuple[int, int]:
    month, day = (int(part) for part in word.split("-"))
    date(2024, month, day)  # a leap year has every date that there is
    return month, day


def _nth(word: str) -> Test:
    name, _, nth = word.partition("#")
    weekday = WEEKDAYS.index(name)

    def test(date_: date) -> bool:
        if date_.weekday() != weekday:
            return False
        if nth == "last":
            return (date_ + timedelta(days=7)).month != date_.month
        return (date_.day - 1) // 7 + 1 == int(nth)

    return test


def _of_moon(word: str) -> Test:
    month, _, day = word.removeprefix("lunar-").rpartition("-")

    def test(date_: date) -> bool:
        found = lunar(date_)
        if found is None or not _is_day(found.day, day, last=found.last):
            return False
        return not month or (found.month == int(month) and not found.leap)

    return test


def _between(first: str, last: str) -> Test:
    """Return the test of a span, both ends included; of months and days it may go over the New Year."""
    if first.startswith("lunar-"):
        return _span(lambda date_: _moon_place(lunar(date_)), _moon_word(first, 1), _moon_word(last, 99))
    if re.fullmatch(_DATE, first):
        begin, end = date.fromisoformat(first), date.fromisoformat(last)
        if begin > end:
            raise ValueError(first)
        return lambda date_: begin <= date_ <= end
    return _span(lambda date_: (date_.month, date_.day), _month_day(first), _month_day(last))


def _span(
    place: Callable[[date], tuple[int, int] | None], begin: tuple[int, int], end: tuple[int, int]
) -> Test:
    def test(date_: date) -> bool:
        here = place(date_)
        if here is None:
            return False
        return begin <= here <= end if begin <= end else here >= begin or here <= end

    return test


def _moon_place(found: LunarDate | None) -> tuple[int, int] | None:
    """Return month and day; a leap month lies between the one of its number and the next."""
    if found is None:
        return None
    return (found.month, 50 + found.day) if found.leap else (found.month, 99 if found.last else found.day)


def _moon_word(word: str, last: int) -> tuple[int, int]:
    month, _, day = word.removeprefix("lunar-").rpartition("-")
    return int(month), 99 if day == "last" else int(day)
