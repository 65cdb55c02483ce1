"""The Vietnamese lunar calendar: against published dates of Tết, and every month against another ephemeris."""

from __future__ import annotations

from datetime import UTC, date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.dates import NAMED, DayRule
from rules.lunar import FIRST, LAST, LunarDate, lunar, new_year

#: As calendars of Việt Nam print it (until 1975 of the North), by year from 1968 on.
TET = (
    "01-29", "02-16", "02-06", "01-27", "02-15", "02-03", "01-23", "02-11", "01-31", "02-18", "02-07", "01-28",
    "02-16", "02-05", "01-25", "02-13", "02-02", "01-21", "02-09", "01-29", "02-17", "02-06", "01-27", "02-15",
    "02-04", "01-23", "02-10", "01-31", "02-19", "02-07", "01-28", "02-16", "02-05", "01-24", "02-12", "02-01",
    "01-22", "02-09", "01-29", "02-17", "02-07", "01-26", "02-14", "02-03", "01-23", "02-10", "01-31", "02-19",
    "02-08", "01-28", "02-16", "02-05", "01-25", "02-12", "02-01", "01-22", "02-10", "01-29", "02-17", "02-06",
    "01-26", "02-13", "02-02", "01-23", "02-11", "01-31", "02-19", "02-08", "01-28", "02-15", "02-04", "01-24",
    "02-12", "02-01", "01-22", "02-10", "01-30", "02-17", "02-06", "01-26", "02-14", "02-02", "01-23",
)  # fmt: skip
#: Years in which China's New Year is another day, and that day.
CHINA = {1968: "01-30", 1969: "02-17", 1985: "02-20", 2007: "02-18", 2030: "02-03"}


@pytest.mark.parametrize("year", range(1968, 2051))
def test_tet_is_as_published(year: int) -> None:
    assert new_year(year) == date.fromisoformat(f"{year}-{TET[year - 1968]}")


@pytest.mark.parametrize("year", CHINA)
def test_it_is_not_the_chinese_calendar(year: int) -> None:
    assert new_year(year) != date.fromisoformat(f"{year}-{CHINA[year]}")


@pytest.mark.parametrize(
    ("written", "month"),
    [
        ("1984-12-01", 11),
        ("2004-03-25", 2),
        ("2006-08-30", 7),
        ("2020-05-25", 4),
        ("2023-03-25", 2),
        ("2025-08-01", 6),
    ],
)
def test_leap_months_are_known(written: str, month: int) -> None:
    found = lunar(date.fromisoformat(written))
    assert found is not None
    assert (found.month, found.leap) == (month, written != "1984-12-01")


def test_1984_and_1985_are_not_chinas() -> None:
    """In China 1984 had a leap tenth month; here 1985 has a leap second one."""
    assert lunar(date(1984, 12, 23)) == LunarDate(2, 12)
    assert lunar(date(1985, 3, 25)) == LunarDate(5, 2, leap=True)


def test_every_month_begins_where_another_ephemeris_says() -> None:
    ephem = pytest.importorskip("ephem")
    months, at = [], ephem.Date("1900/12/15")
    while (at := ephem.Date(ephem.next_new_moon(at) + 1)).datetime().year < 2077:
        months.append((ephem.Date(at - 1).datetime().replace(tzinfo=UTC) + timedelta(hours=7)).date())
    days = (
        date(1901, 1, 1) + timedelta(days=ahead) for ahead in range((months[-1] - date(1901, 1, 1)).days + 1)
    )
    ours = [each for each in days if (found := lunar(each)) is not None and found.day == 1]
    assert len(ours) > 2000
    assert ours == [each for each in months if each.year > 1900]


def test_outside_its_years_nothing_is_said() -> None:
    assert lunar(date(FIRST, 6, 1)) is None
    assert lunar(date(LAST, 6, 1)) is None
    assert not DayRule.of("ram").holds(date(2150, 6, 15))


@given(st.dates(date(1901, 1, 1), date(2099, 12, 30)))
def test_days_follow_each_other(day: date) -> None:
    here, after = lunar(day), lunar(day + timedelta(days=1))
    assert here is not None
    assert after is not None
    assert (after.day, here.last) in ((here.day + 1, False), (1, True))
    assert here.day <= 30
    assert not here.last or here.day in (29, 30)


@pytest.mark.parametrize(
    ("word", "dates", "others"),
    [
        ("ram", ["2026-12-23", "2026-03-03"], ["2026-12-24"]), ("mung-mot", ["2026-12-09"], ["2026-12-01"]),
        ("tet", ["2026-02-17", "2026-02-19"], ["2026-02-20", "2026-02-16"]),
        ("giao-thua", ["2026-02-16"], ["2026-12-31"]),
        ("lunar-12-23..lunar-1-7", ["2026-02-10", "2026-02-23"], ["2026-02-09", "2026-02-24"]),
        ("gio-to", ["2026-04-26"], ["2026-04-27"]), ("lunar-6-15", ["2025-07-09"], ["2025-08-08"]),
        ("mon#1", ["2026-12-07"], ["2026-12-14"]), ("fri#last", ["2026-12-25"], ["2026-12-18"]),
        ("day-1", ["2026-12-01"], ["2026-12-02"]), ("day-last", ["2027-02-28", "2028-02-29"], ["2028-02-28"]),
        ("04-30", ["2027-04-30"], ["2027-05-01"]), ("12-24..01-02", ["2026-12-24", "2027-01-02"], ["2027-01-03"]),
        ("2026-12-05..2026-12-07", ["2026-12-05", "2026-12-07"], ["2026-12-08", "2027-12-06"]),
        ("trung-thu", ["2026-09-25"], ["2026-09-26"]),
    ],
)  # fmt: skip
def test_words_for_days(word: str, dates: list[str], others: list[str]) -> None:
    rule = DayRule.of(word)
    assert all(rule.holds(date.fromisoformat(each)) for each in dates)
    assert not any(rule.holds(date.fromisoformat(each)) for each in others)


@pytest.mark.parametrize(
    "word",
    [
        "mon",
        "mon#6",
        "2026-02-30",
        "02-30",
        "13-01",
        "lunar-13-1",
        "lunar-31-",
        "day-0",
        "2027-01-02..2027-01-01",
        "",
    ],
)
def test_what_is_no_word(word: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        DayRule.of(word)


def test_every_name_is_a_word() -> None:
    assert all(DayRule.of(name).following(date(2026, 1, 1)) for name in NAMED)
