"""What stands in a file is read to one value, and what is no such value is told by its code."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from rules.document.scalars import (
    LONGEST,
    Duration,
    EdgeOfDay,
    Feast,
    OneOrMany,
    Slug,
    TimeOfDay,
    edge_of_day,
    minute_of_day,
    seconds,
    value_at,
)
from rules.schedule import SunTime

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
PARTS = st.lists(st.tuples(st.integers(1, 400), st.sampled_from(sorted(UNITS))), min_size=1, max_size=5)


def refused(read: Callable[[object], object], written: object) -> tuple[str, str]:
    """Return code and suggestion of what is told about a value."""
    with pytest.raises(PydanticCustomError) as caught:
        read(written)
    context = caught.value.context or {}
    return str(context["code"]), str(context.get("suggestion", ""))


@given(PARTS)
def test_a_duration_is_the_sum_of_its_parts(parts: list[tuple[int, str]]) -> None:
    text = "".join(f"{number}{unit}" for number, unit in parts)
    assert seconds(text) == pytest.approx(sum(number * UNITS[unit] for number, unit in parts))
    assert seconds(seconds(text)) == seconds(text)  # what was read before passes


@pytest.mark.parametrize(
    ("written", "code", "suggestion"),
    [
        ("5 mins", "duration", "5m"),
        ("5", "duration", "5s"),
        (5, "duration", "5s"),
        ("-5s", "duration", ""),
        (True, "duration", ""),
        (None, "duration", ""),
        ([], "duration", ""),
        ("5m ", "duration", "5m"),
        ("5M", "duration", "5m"),
        ("0s", "duration_range", ""),
        ("4000d", "duration_range", ""),
    ],
)
def test_what_is_no_duration(written: object, code: str, suggestion: str) -> None:
    assert refused(seconds, written) == (code, suggestion)


def test_ten_years_are_the_longest() -> None:
    assert seconds("3650d") == LONGEST
    assert refused(seconds, "3650d1ms") == ("duration_range", "")


@given(st.integers(0, 24 * 60))
def test_every_minute_of_the_day_is_read(minute: int) -> None:
    hour, rest = divmod(minute, 60)
    assert minute_of_day(f"{hour:02}:{rest:02}") == minute
    assert minute_of_day(f"{hour}:{rest:02}") == minute
    assert minute_of_day(minute) == minute


@pytest.mark.parametrize(
    "written", ["24:01", "25:00", "12:60", "12", "12:5", "noon", "", None, True, 1.5, " 12:00"]
)
def test_what_is_no_time_of_day(written: object) -> None:
    assert refused(minute_of_day, written)[0] == "clock"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("22:30", 1350),
        ("sunset", SunTime("sunset", 0)),
        ("sunrise+30m", SunTime("sunrise", 30)),
        ("sunset-1h30m", SunTime("sunset", -90)),
        (SunTime("sunset", 5), SunTime("sunset", 5)),
    ],
)
def test_edges_of_day(written: object, read: object) -> None:
    assert edge_of_day(written) == read


@pytest.mark.parametrize("written", ["sunset+", "sunset 30m", "moonrise", "sunset+30", "Sunset"])
def test_what_is_no_edge_of_day(written: str) -> None:
    assert refused(edge_of_day, written)[0] == "clock"


@given(st.dates())
def test_dates(day: date) -> None:
    assert TypeAdapter(Feast).validate_python(day.isoformat()) == day.isoformat()


@pytest.mark.parametrize("written", ["2027-13-01", "1.1.2027", "", 20270101, None])
def test_what_is_no_date(written: object) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Feast).validate_python(written)
    assert caught.value.errors()[0]["type"] == "feast"


def test_one_may_stand_for_many() -> None:
    names = TypeAdapter(OneOrMany[Slug])
    assert names.validate_python("a") == names.validate_python(["a"]) == ["a"]
    assert names.validate_python(["a", "b"]) == ["a", "b"]
    wrong: tuple[object, ...] = ([], ["A"], "A", None, [[]])
    for written in wrong:
        with pytest.raises(ValidationError):
            names.validate_python(written)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [(Duration, "1h30m", "1 h"), (TimeOfDay, "22:30", "25:00"), (EdgeOfDay, "sunset-30m", "dusk")],
)
def test_an_editor_is_told_the_same(kind: Any, good: str, bad: str) -> None:
    adapter = TypeAdapter(kind)
    pattern = adapter.json_schema()["pattern"]
    adapter.validate_python(good)
    assert re.search(pattern, good)
    assert not re.search(pattern, bad)
    with pytest.raises(ValidationError):
        adapter.validate_python(bad)


def test_a_key_that_a_kind_does_not_have_is_none() -> None:
    class Some:
        def __init__(self) -> None:
            self.zone = "gate"

    assert (value_at(Some(), "zone"), value_at(Some(), "above")) == ("gate", None)
