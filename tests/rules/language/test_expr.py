"""What expressions mean, and what is no expression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from rules.compiler.compile import World, check_rules, compile_rules
from rules.compiler.ruleset import RuleSet
from rules.language.expressions.expr import EarlierStep, ExprError, Names, compile_expression
from rules.language.expressions.fact_readers import timely
from rules.model import CameraId, Change, Event, EventId, Kind
from rules.schedule import Almanac
from rules.text import render

#: 22:30 in Việt Nam, a Wednesday and a holiday.
AT = datetime(2025, 1, 1, 15, 30, tzinfo=UTC)
ALMANAC = Almanac(holidays=frozenset({date(2025, 1, 1)}), location=(21.0, 105.8))
NAMES = Names(
    timely(ALMANAC),
    {"fast": 12, "who": "person"},
    {"plates": ("29E1", "30A2")},
    {"gates": ("c1", "c2")},
)


def event(**given: Any) -> Event:
    told: dict[str, Any] = {
        "kind": Kind.OBJECT,
        "change": Change.GOES_ON,
        "camera": CameraId("c1"),
        "subject": "track:1",
        "label": "person",
        "zones": ("gate", "yard"),
        "score": 0.8,
        "box": (0.1, 0.2, 0.3, 0.9),
        "facts": {"speed": 3.5, "plate": "29E1", "dwell:gate": 40.0, "age": 50.0, "state": True, "n": "7"},
    }
    return Event(EventId("e"), "s", 1, at=AT, received_at=AT, **(told | given))


@pytest.mark.parametrize(
    "text",
    [
        "score > 0.6 and speed < 12 and camera in group('gates')",
        "0.2 < score <= 0.8",
        "speed * 2 + 1 == 8",
        "speed < fast and label == who",
        "label in ['person', 'dog'] and label not in ['cat']",
        "plate in list('plates') and like(plate, '29*')",
        "in_zone('gate') and not in_zone('street')",
        "dwell >= 40 and dwell_in('gate') >= 40 and age >= seconds('50s')",
        "state and not initial",
        "known(plate) and not known(kmh)",
        "not kmh > 3 and not (kmh < 3)",
        "hour == 22 and minute == 30 and weekday == 'wed'",
        "holiday and dark",
        "abs(-speed) == max(1, min(speed, 9))",
        "number('n') == 7 and text('state') == 'true'",
        "lower('ABC') == 'abc'",
        "x > 0.19 and y == 0.9 and width < 0.3",
        "speed / 0 > 1 or true",
        "  score > 0.1  ",
    ],
)
def test_it_holds(text: str) -> None:
    made = compile_expression(text, NAMES)
    assert made.test(event()) is True
    assert all(part.test(event()) for part in made.conjuncts)


@pytest.mark.parametrize(
    "text",
    [
        "score > 0.8",
        "kmh > 0",
        "kmh == kmh",
        "speed / 0 > 1",
        "speed % (age - age) == 0",
        "in_zone('x')",
        "camera == 'c2'",
    ],
)
def test_it_does_not_hold(text: str) -> None:
    assert compile_expression(text, NAMES).test(event()) is False


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("score > > 1", "expr_syntax", 9),
        ("score > 'a'", "expr_type", 9),
        ("label > 3", "expr_type", 9),
        ("scor > 3", "expr_name", 1),
        ("score", "expr_truth", 1),
        ("score > 1 and label", "expr_truth", 15),
        ("label == 'xe đạp điện' and scor > 3", "expr_name", 28),
        ("label == 'xe đạp điện' and score > > 3", "expr_syntax", 36),
        ("label.upper() == 'A'", "expr_form", 1),
        ("label[0] == 'A'", "expr_form", 1),
        ("(lambda: 1)() == 1", "expr_form", 1),
        ("open('x') == 1", "expr_call", 1),
        ("camera in group('gate')", "unknown_group", 11),
        ("plate in list('plate')", "unknown_list", 10),
        ("label in [1]", "expr_type", 10),
        ("label in label", "expr_list", 10),
        ("in_zone(label)", "expr_word", 9),
        ("like(label, '*a*b*c*d*')", "expr_pattern", 13),
        ("known('x')", "expr_known", 7),
        ("earlier(1, 'speed') > 1", "expr_step", 9),
        ("since(label) > 1", "expr_step", 7),
        ("seconds('soon') > 1", "duration", 1),
        ("2 ** 9 > 1", "expr_form", 1),
        ("x := 3", "expr_syntax", 3),
        (" and ".join(["score > 0"] * 60), "expr_long", 1),
        ("(" * 300 + "true" + ")" * 300, "expr_long", 1),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, code: str, at: int) -> None:
    with pytest.raises(ExprError) as caught:
        compile_expression(text, NAMES)
    assert (caught.value.code, caught.value.values["at"]) == (f"problem.{code}", at)


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("earlier(2, 'speed') > 1", "expr_step", 9),
        ("earlier(true, 'speed') > 1", "expr_step", 9),
        ("since(1.5) > 1", "expr_step", 7),
        ("earlier(1, 'sped') > 1", "expr_name", 12),
        ("earlier(2, 'anything') > 1", "expr_step", 9),
        ("earlier(1, speed) > 1", "expr_word", 12),
        ("earlier(1, 'speed') == 'fast'", "expr_type", 24),
        ("earlier(1) > 1", "expr_arguments", 1),
    ],
)
def test_what_is_asked_of_an_earlier_step_is_checked(text: str, code: str, at: int) -> None:
    with pytest.raises(ExprError) as caught:
        compile_expression(text, replace(NAMES, steps={1: EarlierStep(), 3: EarlierStep()}))
    assert (caught.value.code, caught.value.values["at"]) == (f"problem.{code}", at)


def test_the_kinds_of_values_have_names_in_both_languages() -> None:
    with pytest.raises(ExprError) as caught:
        compile_expression("score > 'a'", NAMES)
    told = {language: render(caught.value.code, caught.value.values, language) for language in ("en", "vi")}
    assert told == {
        "en": "“'a'” is a text where a number is needed (character 9)",
        "vi": "“'a'” là chữ, ở đây cần số (ký tự 9)",
    }


def test_the_nearest_name_is_suggested() -> None:
    with pytest.raises(ExprError) as caught:
        compile_expression("scor > 3", NAMES)
    assert caught.value.suggestion == "score"


def test_type_errors_are_found_when_the_file_is_read() -> None:
    text = "rules:\n  - name: r\n    if: score > 'a'\n    when: {all: [{object: a, if: hour}, {motion: started}]}\n"
    _, problems = check_rules([("f", text)], World())
    assert [(problem.line, problem.column, problem.code) for problem in problems] == [
        (3, 17, "problem.expr_type"),
        (4, 34, "problem.expr_truth"),
    ]


def test_equalities_are_found_by_the_index() -> None:
    made = compile_expression("camera in group('gates') and label == 'car' and score > 1", NAMES)
    assert [part.equal for part in made.conjuncts] == [
        ("camera", frozenset({"c1", "c2"})),
        ("label", frozenset({"car"})),
        None,
    ]
    text = "rules: [{name: r, when: {object: any, if: \"camera == 'c2' and line == 'a'\"}}]"
    rules = compile_rules([("f", text)], World())
    assert rules.candidates(event()) == ()
    assert len(rules.candidates(event(camera=CameraId("c2"), facts={"line": "a"}))) == 1
    assert rules.candidates(event(camera=CameraId("c2"), facts={"line": "b"})) == ()


def test_a_reason_names_the_values_that_were_read(bench: Callable[[str | RuleSet], Any]) -> None:
    from rules.text import render

    b = bench("rules: [{name: r, when: {object: person}, if: speed > 3 and hour > 5}]")
    (made,) = b.see(0.0, facts={"speed": 3.5})
    assert render(made.reason.code, made.reason.values, "en") == (
        "person [speed > 3 and hour > 5: speed = 3.5, hour = 22]"
    )
    (over,) = b.see(1.0, facts={"speed": 2.0})
    assert "no longer [speed > 3: speed = 2, hour = 22]" in render(over.reason.code, over.reason.values, "en")
