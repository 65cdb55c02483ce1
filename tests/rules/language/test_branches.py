"""The ways in which an expression may hold: together they are the expression, each alone is enough for it."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.language.expressions.branches import MOST, Literal, branches
from rules.language.expressions.comparisons import Constants

NOTHING_NAMED = Constants()
#: What may be true or false of an event, each of a fact of its own.
PARTS = ("state", "dark", "score > 0.5", "known(speed)", "like(label, 'c*')", "in_zone('a')")
TRUTH = dict(zip(PARTS, ("p0", "p1", "p2", "p3", "p4", "p5"), strict=True))
EXPRESSIONS = st.recursive(
    st.sampled_from(PARTS) | st.sampled_from(["true", "false"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda each: f"({' '.join(each)})"),
        inner.map(lambda each: f"not ({each})"),
    ),
    max_leaves=7,
)


def value(text: str, world: dict[str, bool]) -> bool:
    for part, name in TRUTH.items():
        text = text.replace(part, name)
    names = {**world, "true": True, "false": False}
    return bool(eval(text, {"__builtins__": {}}, names))  # noqa: S307 - written by this test


def true_in(literal: Literal, world: dict[str, bool]) -> bool:
    return world[TRUTH[literal.text]] is literal.holds


@given(EXPRESSIONS)
def test_an_expression_holds_where_all_of_some_way_does(text: str) -> None:
    ways = branches(text, NOTHING_NAMED)
    assert ways is not None
    for values in product((False, True), repeat=len(PARTS)):
        world = dict(zip(TRUTH.values(), values, strict=True))
        assert any(all(true_in(each, world) for each in way) for way in ways) is value(text, world)


@pytest.mark.parametrize(
    ("text", "needs", "subject", "sign"),
    [
        ("score > 0.5", ("score",), "score", ">"),
        ("0.5 < score", ("score",), "score", ">"),
        ("not (score > 0.5)", ("score",), "score", "<="),
        ("label in ['car', 'bus']", ("label",), "label", "in"),
        ("not like(label, 'c*')", ("label",), "label", "unlike"),
        ("not known(speed)", ("speed",), "speed", "unknown"),
        ("number('cm') > 3", (".cm",), "", ">"),
        ("in_zone('gate')", ("zones",), "in_zone:gate", "=="),
        ("dwell_in('gate') > 3", ("dwell:",), "dwell_in('gate')", ">"),
        ("earlier(1, 'label') == 'car'", ("1:label",), "1:label", "=="),
        ("since(2) < 5", ("2:since",), "2:since", "<"),
        ("rule == 'night'", ("rule:",), "rule", "=="),
    ],
)
def test_a_part_says_what_it_needs_and_what_it_is_about(
    text: str, needs: tuple[str, ...], subject: str, sign: str
) -> None:
    ways = branches(text, NOTHING_NAMED)
    assert ways is not None
    ((literal,),) = ways
    assert (literal.needs, literal.subject, literal.sign) == (needs, subject, sign)


def test_two_facts_are_compared_with_each_other() -> None:
    ways = branches("speed == kmh", NOTHING_NAMED)
    assert ways is not None
    assert (ways[0][0].subject, ways[0][0].other) == ("speed", "kmh")


def test_of_more_ways_than_are_followed_nothing_is_said() -> None:
    either = "(state or dark)"
    text = " and ".join([either] * 8)
    assert len(branches(text, NOTHING_NAMED) or ()) == MOST
    assert branches(f"{text} and {either}", NOTHING_NAMED) is None


def test_a_named_switch_decides_at_once() -> None:
    named = Constants(values={"busy": True})
    ways = branches("busy and state", named)
    assert ways is not None
    assert [each.subject for way in ways for each in way] == ["state"]
    assert branches("not busy", named) == ()


@pytest.mark.parametrize(("text", "ways"), [("True", 1), ("not False", 1), ("False", 0), ("not True", 0)])
def test_what_is_always_so_has_one_way_and_what_never_is_none(text: str, ways: int) -> None:
    assert branches(text, NOTHING_NAMED) == ((),) * ways
