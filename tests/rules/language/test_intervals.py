"""What is reckoned never comes farther than is told: a comparison that holds of some numbers was reachable."""

from __future__ import annotations

import ast
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.kinds.value_ranges import Interval
from rules.language.expressions.intervals import reachable
from rules.model import Fact

RANGES = {"a": Interval(0, 1), "b": Interval(-2, 3), "c": Interval(0)}
SIGNS = {"<": ast.Lt(), "<=": ast.LtE(), ">": ast.Gt(), ">=": ast.GtE()}
LEAVES = st.sampled_from(["a", "b", "c"]) | st.integers(-3, 3).map(lambda number: f"({number})")
REWORKED = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda each: f"({' '.join(each)})"),
        inner.map(lambda each: f"(-{each})"),
        inner.map(lambda each: f"abs({each})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(
            lambda each: f"{each[0]}({each[1]}, {each[2]})"
        ),
    ),
    max_leaves=6,
)


def node(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def known(part: ast.expr) -> Interval | Fact | None:
    match part:
        case ast.Name(id=name):
            return RANGES.get(name)
        case ast.Constant(value=int() | float() as value):
            return value
    return None


@given(
    REWORKED,
    st.sampled_from([*SIGNS]),
    REWORKED,
    st.fixed_dictionaries(
        {"a": st.sampled_from([0, 0.5, 1]), "b": st.sampled_from([-2, 0, 3]), "c": st.integers(0, 9)}
    ),
)
def test_what_holds_of_some_numbers_is_reachable(
    left: str, sign: str, right: str, facts: dict[str, float]
) -> None:
    names = {"abs": abs, "min": min, "max": max, **facts}
    if eval(f"{left} {sign} {right}", {"__builtins__": {}}, names):  # noqa: S307 - written by this test
        assert reachable(node(left), sign, node(right), known)


@pytest.mark.parametrize(
    ("left", "sign", "right", "may_be"),
    [
        ("a", ">", "1", False),
        ("a", ">=", "1", True),
        ("a", "<", "0", False),
        ("a", "<=", "0", True),
        ("a + a", ">", "2", False),
        ("a - a", ">=", "1", True),  # wider than the truth: that both are one fact is not seen
        ("b * b", ">", "9", False),
        ("b * b", "<", "-6", False),
        ("b * b", "<=", "-6", True),
        ("abs(b)", "<", "0", False),
        ("abs(b)", ">", "3", False),
        ("abs(b)", "<=", "0", True),
        ("-b", ">", "2", False),
        ("min(a, c)", ">", "1", False),
        ("max(a, c)", ">", "1000", True),
        ("max(a, b)", "<", "0", False),
        ("unknown", ">", "1000", True),
        ("a / b", ">", "1000", True),
    ],
)
def test_bounds_are_as_narrow_as_they_can_be_told(left: str, sign: str, right: str, may_be: bool) -> None:
    assert reachable(node(left), sign, node(right), known) is may_be


def test_what_has_no_end_times_nothing_is_anything() -> None:
    assert inf * 0 != 0
    assert reachable(node("c * 0"), ">", node("5"), known), (
        "nobody knows what comes of it: it is taken as possible"
    )
