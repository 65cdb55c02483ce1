"""Hysteresis: what began holds on until an event of its subject fulfils `until`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rules.compiler.ruleset import RuleSet
from rules.document.errors import RuleError
from rules.model import Change, Kind
from rules.text import render
from tests.rules.stories import GAP, LOST, on

Make = Callable[[str | RuleSet], Any]
WATER = "rules: [{name: r, when: {mqtt: song/+}, if: number('cm') > 80, until: number('cm') < 60%s}]"


def cm(value: float, topic: str = "song/a") -> dict[str, Any]:
    return {
        "kind": Kind.MQTT, "change": Change.NOTED, "camera": None, "subject": f"mqtt:{topic}", "label": topic,
        "zones": (), "score": None, "facts": {"cm": value},
    }  # fmt: skip


def phases(made: Any) -> list[str]:
    return [str(each.phase) for each in made]


def test_between_the_bounds_it_goes_on_as_it_was(bench: Make) -> None:
    b = bench(WATER % "")
    told = [
        phases(b.see(float(at), **cm(value))) for at, value in enumerate((70, 81, 70, 90, 61, 59, 70, 81))
    ]
    assert told == [[], ["firing"], [], [], [], ["resolved"], [], ["firing"]]
    (over,) = b.see(20.0, **cm(10))
    assert render(over.reason.code, over.reason.values, "en") == (
        "message song/a, over: number('cm') < 60 [number('cm') = 10], after 13 s"
    )


def test_each_subject_for_itself_and_an_unknown_number_ends_nothing(bench: Make) -> None:
    b = bench(WATER % "")
    b.see(0.0, **cm(90))
    assert b.see(1.0, **cm(10, "song/b")) == ()
    assert b.see(2.0, **{**cm(0), "facts": {}}) == ()
    assert phases(b.see(3.0, **cm(10))) == ["resolved"]


def test_it_counts_while_it_holds_on(bench: Make) -> None:
    b = bench(WATER % ", for: 10s")
    b.see(0.0, **cm(90))
    b.see(5.0, **cm(70))
    assert phases(b.tick(10.0)) == ["firing"]


def test_an_end_that_is_told_ends_it_and_so_does_a_lost_camera(bench: Make) -> None:
    b = bench("rules: [{name: r, when: {object: person}, if: score > 0.8, until: score < 0.3}]")
    b.see(0.0)
    assert b.see(1.0, score=0.5) == ()
    assert phases(b.see(2.0, change=Change.ENDED)) == ["resolved"]
    b.see(3.0)
    assert phases(b.see(4.0, **LOST)) == ["resolved"]
    b.see(5.0)
    assert phases(b.see(6.0, **GAP)) == ["resolved"]


def test_it_does_not_stand_beside_combinations(compile_text: Any) -> None:
    with pytest.raises(RuleError) as error:
        compile_text("rules: [{name: r, when: {all: [{signal: A}, {signal: B}]}, until: hour > 3}]")
    assert [each.code for each in error.value.problems] == ["problem.until_alone"]
    with pytest.raises(RuleError) as error:
        compile_text("rules: [{name: r, when: {signal: A}, until: nothing > 3}]")
    assert [each.code for each in error.value.problems] == ["problem.expr_name"]


def test_events_are_kept_together_by_any_fact(bench: Make) -> None:
    b = bench(
        "rules:\n  - name: r\n    when:\n      sequence: [{signal: A}, {signal: B}]\n      within: 1m\n"
        "      by: text('card')\n"
    )
    for at, (topic, card) in enumerate((("A", "1"), ("B", "2"), ("B", None))):
        assert b.see(float(at), **on(topic, facts={} if card is None else {"card": card})) == ()
    assert phases(b.see(9.0, **on("B", facts={"card": "1"}))) == ["firing"]
