"""What is suggested can be written: it is never another mistake, and never another meaning."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from rules.document import suggestions
from rules.document.scalars import Slug, TimeOfDay, seconds

ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=True),
    st.text(max_size=40),
    st.lists(st.text(max_size=3)),
)
UNITS = {"ms": 0.001, "giây": 1, "mins": 60, "phút": 60, "hours": 3600, "giờ": 3600, "ngày": 86400}
SLUGS, TIMES = TypeAdapter(Slug), TypeAdapter(TimeOfDay)


def code_of(read: Callable[[], object]) -> str:
    """Return the code of what is wrong with a text, empty where it is read."""
    try:
        read()
    except PydanticCustomError as error:
        return str((error.context or {})["code"])
    return ""


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("5 mins", "5m"), ("30", "30s"), (30, "30s"), ("1 giờ 30 phút", "1h30m"), ("1,5 h", "1.5h"), ("2 tiếng", "2h"),
        ("ngày mai", ""), ("5 lần", ""), (True, ""), (None, ""), (1.5, ""), ("5m x", ""), ("", ""), ("10" * 9, ""),
    ],
)  # fmt: skip
def test_durations(written: object, meant: str) -> None:
    assert suggestions.duration(written) == meant


@given(st.lists(st.tuples(st.integers(1, 999), st.sampled_from(sorted(UNITS))), min_size=1, max_size=3))
def test_a_duration_in_peoples_words_is_the_same_time(parts: list[tuple[int, str]]) -> None:
    written = " ".join(f"{number} {unit}" for number, unit in parts)
    meant = sum(number * UNITS[unit] for number, unit in parts)
    assert seconds(suggestions.duration(written)) == pytest.approx(meant)


@given(ANYTHING)
def test_a_suggested_duration_is_one(written: object) -> None:
    if meant := suggestions.duration(written):
        assert code_of(lambda: seconds(meant)) in ("", "duration_range")  # "0 s" and a thousand years


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("22h - 5h", "22:00-05:00"), ("22:30–5:15", "22:30-05:15"), ("22h30 đến 5h", "22:30-05:00"),
        ("0h-24h", "00:00-24:00"), ("22", ""), ("22h-5h-7h", ""), ("25h-5h", ""), ("22:61-5h", ""), ("đêm", ""),
    ],
)  # fmt: skip
def test_hours(written: str, meant: str) -> None:
    assert suggestions.hours(written) == meant


@given(st.text(max_size=30))
@example("24:59-24:01")
def test_suggested_hours_are_times_of_day(written: str) -> None:
    for edge in filter(None, suggestions.hours(written).split("-")):
        assert TIMES.validate_python(edge) <= 24 * 60


@given(st.text(max_size=100))
def test_a_suggested_name_is_one(written: str) -> None:
    meant = suggestions.slug(written)
    assert not meant or SLUGS.validate_python(meant) == meant


def test_a_name_keeps_its_letters() -> None:
    assert suggestions.slug("Người ở Cổng số 2 (Đường Láng)") == "nguoi-o-cong-so-2-duong-lang"
    assert suggestions.slug("đ" * 80) == "d" * 63
    assert suggestions.slug("a" * 62 + " b") == "a" * 62


@pytest.mark.parametrize(
    ("written", "most", "meant"),
    [
        ("0,6", None, "0.6"), ("60%", None, "0.6"), ("60", 1, "0.6"), (60, 1, "0.6"), ("60", None, "60"), (1.5, 1, ""),
        ("101", 1, ""), ("> 0.6", 1, ""), ("nhiều", None, ""), (None, None, ""), ("1", 1, "1"),
    ],
)  # fmt: skip
def test_numbers(written: object, most: float | None, meant: str) -> None:
    assert suggestions.number(written, most) == meant


@given(ANYTHING, st.sampled_from([None, 1, 100]))
def test_a_suggested_number_is_within_the_bound(written: object, most: float | None) -> None:
    meant = suggestions.number(written, most)
    assert not meant or 0 <= float(meant) <= (most or float("inf"))


@pytest.mark.parametrize(
    ("written", "keys", "meant"),
    [
        ("> 0.6", {"above"}, "{above: 0.6}"), ("< 0,3", {"above"}, "{below: 0.3}"), (60, {"above"}, "{above: 0.6}"),
        ("cao", {"above"}, ""), ("person", {"object"}, "{object: person}"), ("a b", {"object"}, ""),
        ([1], {"rules"}, "rules:"), ([1], {"any"}, "{any: [...]}"), ([1], {"zone"}, ""), ("x", {"zone"}, ""),
    ],
)  # fmt: skip
def test_mappings(written: object, keys: set[str], meant: str) -> None:
    assert suggestions.mapping(written, keys) == meant


def test_switches_and_lists() -> None:
    assert [suggestions.switch(each) for each in ("Yes", "off", 1, True, "có")] == [
        "true",
        "false",
        "true",
        "",
        "",
    ]
    assert [suggestions.several(each) for each in (None, "log", "a b", 3)] == ["[]", "[log]", "", ""]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a && b || !c", "a and b or not c"), ("score = 0,6", "score == 0.6"), ("a != 1", ""), ("a >= 1", ""),
        ("score ≥ 60%", "score >= 0.6"), ("“a == 1”", "a == 1"), ("plate == 29A12345", "plate == '29A12345'"),
        ("plate == '29A12345'", ""), ("a => 1", "a >= 1"),
        ("x AND NOT y", "x and not y"), ("label is 'dog'", "label == 'dog'"), ("a ==", ""), ("(a && b", ""),
    ],
)  # fmt: skip
def test_expressions(written: str, meant: str) -> None:
    assert suggestions.expression(written) == meant


SIGNS = st.sampled_from(
    [
        "a",
        "b",
        "1",
        "0,5",
        "60%",
        "&&",
        "||",
        "!",
        "=",
        "≥",
        "=>",
        "<",
        "AND",
        "is",
        "“",
        "”",
        "(",
        ")",
        "'x'",
        " ",
    ]
)


@given(st.lists(SIGNS, max_size=12).map(" ".join))
def test_a_suggested_expression_is_read_and_needs_no_other(written: str) -> None:
    meant = suggestions.expression(written)
    if meant:
        ast.parse(meant, mode="eval")
        again = suggestions.expression(meant)
        assert again in ("", meant), (written, meant, again)


def test_quotes_go_from_around_a_text_alone() -> None:
    assert suggestions.unquoted(" “nga-tu” ") == "nga-tu"
    assert suggestions.unquoted("a“b”c") == "a“b”c"
    assert not re.search(f"[{suggestions.QUOTES}]", suggestions.unquoted("«x»"))


@given(st.text(max_size=20))
def test_whatever_is_no_name_is_refused_with_a_name(written: str) -> None:
    try:
        assert SLUGS.validate_python(written) == written
    except ValidationError as error:
        context: dict[str, Any] = error.errors()[0]["ctx"]
        assert context["suggestion"] == suggestions.slug(written)
