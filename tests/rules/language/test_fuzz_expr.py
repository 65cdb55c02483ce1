"""Expressions: any text is refused or becomes a function that tells yes or no, of any event, without raising.

What may stand in the function is read from its bytecode: no attribute, no global, no import, no loop.
"""

from __future__ import annotations

import dis
from datetime import UTC, datetime
from types import FunctionType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.language.expressions.expr import LONGEST, EarlierStep, ExprError, Names, compile_expression
from rules.language.expressions.fact_readers import timely
from rules.model import Change, Event, EventId, Fact, Kind
from rules.schedule import Almanac

_WALL = datetime(2025, 1, 1, tzinfo=UTC)
NAMES = Names(
    facts=timely(Almanac()),
    values={"limit": 30, "gate": "c1", "strict": True, "half": 0.5},
    lists={"plates": ("29A-1", "30B-2"), "numbers": (1, 2.5)},
    groups={"gates": ("c1", "c2")},
    steps={1: EarlierStep(), 3: EarlierStep(open=True)},
)

_WORDS = (
    "speed score label plate moving limit gate strict half true 1 0 0.5 1e14 999999999999999 'a' '29A-1' '*'"
)
_LISTS = ("[1, 2]", "['a', 'b']", "list('plates')", "group('gates')")
_STEPS = ("earlier(1, 'speed')", "earlier(3, 'label')", "earlier(2, 'x')", "since(1)", "since(limit)")
_LEAVES = st.sampled_from([*_WORDS.split(), *_LISTS, *_STEPS])
_SIGNS = st.sampled_from([" + ", " - ", " * ", " / ", " % ", " < ", " >= ", " == ", " != ", " and ", " or "])
_MEMBER = st.sampled_from([" in ", " not in "])
_NAMED = "in_zone entered dwell_in text number lower known abs seconds"
_FORMS = ("not {}", "-{}", "({})", "like({}, '2*')", "min({}, 1)", "max({}, 2, 3)")
_CALLS = st.sampled_from([*(f"{name}({{}})" for name in _NAMED.split()), *_FORMS])


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return (
        st.tuples(inner, _SIGNS | _MEMBER, inner).map("".join)
        | st.tuples(_CALLS, inner).map(lambda pair: pair[0].format(pair[1]))
        | st.tuples(inner, inner).map(lambda pair: f"({pair[0]}) and ({pair[1]})")
    )


_GRAMMAR = st.recursive(_LEAVES, _grow, max_leaves=12)
_FOREIGN = st.sampled_from(
    [
        "__import__('os').system('x')",
        "(lambda: 1)()",
        "[x for x in (1,)]",
        "label.__class__",
        "label.upper()",
        "open('x')",
        "speed[0]",
        "(speed := 3)",
        "f'{label!r}'",
        "1 if state else 2",
        "9 ** 9 ** 9",
        "1 << 99999",
        "~1",
        "'a' * 99999",
        "*label",
        "{**speed}",
        "await x",
        "yield",
        "...",
        "b'x'",
        "1j",
        "lower(label, label)",
        "lower(x=label)",
        "e",
        "c0",
        "t1",
        "None",
    ]
)
_TEXT = st.text("speedlab()[]{}'\"<>=!.,+-*/%:& 01_e\n\\\0é", max_size=40) | st.text(max_size=20)
_EVENT_FACTS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(
        [
            "speed",
            "plate",
            "state",
            "count",
            "age",
            "entered",
            "dwell:a",
            "a",
            "1:speed",
            "3:label",
            "1:since",
        ]
    ),
    st.floats() | st.integers() | st.integers(-(10**400), 10**400) | st.text(max_size=4) | st.booleans(),
    max_size=5,
)


def _event(facts: dict[str, Fact]) -> Event:
    return Event(
        EventId("e"), "s", 1, Kind.OBJECT, Change.BEGAN, None, _WALL, _WALL, zones=("a",), facts=facts
    )


#: Bytecode that reaches beyond the function's own constants, the event and listed functions.
_BEYOND = (
    "LOAD_ATTR",
    "LOAD_METHOD",
    "STORE_",
    "IMPORT_",
    "DELETE_",
    "FOR_ITER",
    "GET_ITER",
    "MAKE_",
    "YIELD_",
)
_OWN = ("STORE_FAST",)


def _look_at(test: object) -> None:
    if not isinstance(test, FunctionType):
        return  # a test of the library's own
    assert test.__globals__.get("__builtins__") == {}
    for code in dis.get_instructions(test):
        assert not code.opname.startswith(_BEYOND) or code.opname in _OWN, code
        if code.opname == "LOAD_GLOBAL":
            assert str(code.argval) in test.__globals__


@settings(deadline=None, max_examples=400)
@given(
    _GRAMMAR | _TEXT | st.tuples(_GRAMMAR, _SIGNS, _FOREIGN).map("".join) | _FOREIGN,
    st.lists(_EVENT_FACTS, max_size=3),
)
def test_any_expression_is_refused_or_tells_yes_or_no(text: str, facts: list[dict[str, Fact]]) -> None:
    try:
        made = compile_expression(text, NAMES)
    except ExprError as error:
        at = error.values["at"]
        assert isinstance(at, int)
        assert at >= 1
        return
    for test in (made.test, *(part.test for part in made.conjuncts)):
        _look_at(test)
        for each in [{}, *facts]:
            assert isinstance(test(_event(each)), bool)
    for each in facts:
        event = _event(each)
        made.values(event)
        assert made.test(event) == all(part.test(event) for part in made.conjuncts)


@settings(deadline=None)
@given(_FOREIGN)
def test_what_is_foreign_is_refused(text: str) -> None:
    with pytest.raises(ExprError):
        compile_expression(text, NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "not " * 100 + "state",
        "-" * 400 + "1 < 2",
        " + ".join(["1"] * 100) + " > 2",
        "like(plate, '" + "*a" * 20 + "')",
        "like(plate, '***************b')",
        "1" * (LONGEST + 1),
        "9" * 400 + " > speed",
        "state" + " and state" * 100,
        "[" * 200 + "]" * 200,
        "speed in [" + "1," * 200 + "]",
    ],
)
def test_bombs_are_refused(text: str) -> None:
    with pytest.raises(ExprError):
        compile_expression(text, NAMES)


def test_huge_numbers_do_not_raise() -> None:
    made = compile_expression(" * ".join(["999999999999999"] * 22) + " / 7 > speed % 3", NAMES)
    assert isinstance(made.test(_event({"speed": 10**300})), bool)
