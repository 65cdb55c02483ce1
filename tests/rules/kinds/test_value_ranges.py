"""What is left of a fact where a comparison holds: nothing that may be is lost, nothing that cannot be is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from operator import eq, ge, gt, le, lt, ne

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.kinds.value_ranges import (
    OPPOSITE,
    Domain,
    Interval,
    TextsLike,
    bounded,
    intersection,
    is_empty,
    narrowed,
    shown,
)
from rules.model import Fact

ORDER: dict[str, Callable[[Fact, Fact], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne}
NUMBERS = st.integers(-3, 3).map(float)
WORDS = st.sampled_from(["a", "b", "ab", "ba"])


def holds(value: Fact, sign: str, values: Sequence[Fact]) -> bool:
    if sign in ("in", "not in"):
        return (value in values) is (sign == "in")
    if sign in ("like", "unlike"):
        return fnmatchcase(str(value), str(values[0])) is (sign == "like")
    return ORDER[sign](value, values[0])


def within(value: Fact, domain: Domain) -> bool:
    return not is_empty(intersection(frozenset({value}), domain))


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.sampled_from(sorted(ORDER)))
def test_of_numbers_what_a_comparison_leaves_is_what_fulfils_it(
    value: float, low: float, high: float, bound: float, sign: str
) -> None:
    whole = Interval(low, high)
    left = narrowed(whole, sign, [bound])
    if within(value, whole) and holds(value, sign, [bound]):
        assert within(value, left)
    if within(value, left) and sign != "!=":  # a hole in the middle is not kept
        assert within(value, whole)
        assert holds(value, sign, [bound])


@given(st.frozensets(WORDS), WORDS, st.sampled_from([*OPPOSITE]), st.lists(WORDS, min_size=1, max_size=2))
def test_of_words_what_a_comparison_leaves_is_what_fulfils_it(
    known: frozenset[Fact], value: str, sign: str, values: list[Fact]
) -> None:
    left = narrowed(known, sign, values)
    assert within(value, left) is (value in known and holds(value, sign, values))


@given(
    st.sampled_from(["==", "!=", "in", "not in", "like", "unlike"]),
    WORDS,
    st.lists(WORDS, min_size=1, max_size=2),
)
def test_of_any_text_what_a_comparison_leaves_is_what_fulfils_it(
    sign: str, value: str, values: list[Fact]
) -> None:
    several = values if "in" in sign else values[:1]
    assert within(value, narrowed(None, sign, several)) is holds(value, sign, several)


@given(st.frozensets(NUMBERS), NUMBERS, NUMBERS)
def test_what_two_facts_can_both_be(known: frozenset[Fact], low: float, high: float) -> None:
    both = intersection(known, Interval(low, high))
    assert both == frozenset(each for each in known if low <= float(each) <= high)
    assert both == intersection(Interval(low, high), known)


def test_an_end_that_is_not_within_is_no_value() -> None:
    assert is_empty(Interval(1, 1).cut("<", 1))
    assert is_empty(Interval(0, 1).cut("<", 0))
    assert not is_empty(Interval(0, 1).cut("<=", 0))
    assert is_empty(Interval(0, 1).cut("<=", 0).cut("!=", 0))


def test_a_test_that_admits_some_texts_and_words_that_it_must_not_be() -> None:
    capitals = TextsLike(str.isupper)
    left = narrowed(narrowed(capitals, "!=", ["A"]), "like", ["A*"])
    assert [word for word in ("A", "AB", "ab", "B") if within(word, left)] == ["AB"]
    assert not within(1.0, left)


@pytest.mark.parametrize(
    ("above", "below", "words"),
    [
        (0.5, None, "score: {above: 0.5}"),
        (None, 2, "score: {below: 2}"),
        (1, 2, "score: {above: 1, below: 2}"),
    ],
)
def test_bounds_leave_what_is_within_and_say_how_they_are_written(
    above: float | None, below: float | None, words: str
) -> None:
    domain, told = bounded("score", above, below)
    assert told == words
    assert [value for value in (-1.0, 0.0, 0.5, 1.0, 1.9, 2.0) if within(value, domain)] == [
        value
        for value in (0.0, 0.5, 1.0, 1.9, 2.0)
        if (above is None or value >= above) and (below is None or value < below)
    ]


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        (Interval(0, 1), "0..1"),
        (Interval(0), "≥ 0"),
        (frozenset(range(24)), "0..23"),
        (frozenset({"b", "a"}), "a, b"),
    ],
)
def test_as_its_author_would_write_it(domain: Domain, text: str) -> None:
    assert shown(domain) == text
