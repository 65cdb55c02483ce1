from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.document.source import MAX_CHARACTERS, MAX_DEPTH, Flaw, Problem, parse


def told(text: str) -> list[str]:
    return [str(problem) for problem in parse(text, "f.yaml").problems]


def test_yaml_12_keeps_times_switches_and_plates_as_text() -> None:
    document = parse(
        "a: 22:30\nb: on\nc: no\nd: 0777\ne: 1.5\nf: ~\ng: true\nh: '12'\ni: 0x1f\nj: 1_000\n", "f"
    )
    assert document.data == {
        "a": "22:30",
        "b": "on",
        "c": "no",
        "d": 777,
        "e": 1.5,
        "f": None,
        "g": True,
        "h": "12",
        "i": "0x1f",
        "j": "1_000",
    }
    assert not document.problems


def test_every_value_has_its_place() -> None:
    document = parse("a:\n  - b: 1\n    c: {d: 2}\n", "f")
    assert document.places["a",].key == (1, 1)
    assert document.places["a", 0].value == (2, 5)
    assert document.places["a", 0, "c", "d"].value == (3, 12)
    assert document.places["a", 0, "c", "d"].key == (3, 9)


def test_duplicate_keys_are_reported_at_every_level_and_the_first_stays() -> None:
    document = parse("a: 1\nb: {x: 1, x: 2}\na: {b: 3}\n", "f")
    assert document.data == {"a": 1, "b": {"x": 1}}
    assert [(p.line, p.column, p.code, p.values) for p in document.problems] == [
        (2, 11, "problem.duplicate_key", {"line": 2}),
        (3, 1, "problem.duplicate_key", {"line": 1}),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 'x\n", "f.yaml:1:4: is opened and not closed; reading stopped on line 2"),
        (
            "a: b: c",
            "f.yaml:1:5: a colon where none can be: put a text with “: ” in quotes, write a space after the colon of "
            "the line above, and indent as its neighbours",
        ),
        ("a: 1\nb: \x01", "f.yaml:2:4: a character that is not allowed in YAML (U+0001)"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document (---) in one file is not supported"),
        ("? [1]\n: 2\n", "f.yaml:1:3: a key must be plain text"),
        (
            "a: !!python/object/apply:os.system [x]\n",
            "f.yaml:1:4: the tag “tag:yaml.org,2002:python/object/apply:os.system”",
        ),
        ("a: &x [1, *x]\n", "f.yaml:1:11: “*x” refers to nothing that is complete before it"),
        ("a: *x\n", "f.yaml:1:4: “*x” refers to nothing that is complete before it"),
    ],
)
def test_broken_text_is_told_at_its_place(text: str, expected: str) -> None:
    assert any(line.startswith(expected) for line in told(text)), told(text)


def test_aliases_share_values() -> None:
    assert parse("a: &x {k: [1]}\nb: *x\n", "f").data == {"a": {"k": [1]}, "b": {"k": [1]}}


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    document = parse("\n".join(lines), "f")
    assert [problem.code for problem in document.problems] == ["problem.nodes"]


def test_depth_is_counted_through_aliases_too() -> None:
    half = MAX_DEPTH // 2 + 1
    nested = "[" * half + "]" * half
    text = f"a: &x {nested}\nb: {'[' * half}*x{']' * half}\n"
    assert [problem.code for problem in parse(text, "f").problems] == ["problem.depth"]


def test_deep_nesting_is_refused_without_recursion() -> None:
    assert [problem.code for problem in parse("[" * 100_000, "f").problems] == ["problem.depth"]


def test_a_large_file_is_refused_unread() -> None:
    assert [problem.code for problem in parse("x" * (MAX_CHARACTERS + 1), "f").problems] == ["problem.size"]


def test_many_values_are_refused() -> None:
    assert [problem.code for problem in parse("[" + "1," * 60_000 + "]", "f").problems] == ["problem.nodes"]


def test_a_flaw_is_placed_by_the_steps_that_are_written() -> None:
    document = parse("rules:\n  - when: {object: a}\n", "f")
    flaw = Flaw(("rules", 0, "when", "<object>", "zone"), "problem.missing", {"key": "zone"})
    assert str(document.locate(flaw)) == "f:2:5: rules.0.when.zone: “zone” is missing"


def test_a_problem_speaks_both_languages() -> None:
    problem = Problem("f", 1, 2, "k", "problem.choice", {"known": "a, b"}, "a")
    assert problem.sentence("en") == "must be one of: a, b (did you mean “a”?)"
    assert problem.sentence("vi") == "phải là một trong: a, b (có phải ý bạn là “a”?)"


_PIECES = st.sampled_from(
    [*"ab:-[]{},&*!|>'\"#%@\n\t ~0.", "a: ", "- ", "---\n", "&x ", "*x ", "\0", "é", "\ud800"]
)


@given(st.lists(_PIECES, max_size=40).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    document = parse(text, "f")
    assert all(problem.line >= 1 and problem.column >= 1 for problem in document.problems)


_DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text("abc é\n:#-22:30", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("ab:- ", max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(_DATA)
def test_json_reads_as_itself(data: object) -> None:
    import json

    document = parse(json.dumps(data), "f")
    assert not document.problems
    assert document.data == data


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_read_as_themselves(number: float) -> None:
    read = parse(repr(number), "f").data
    assert isinstance(read, (int, float))
    assert math.isclose(read, number)
