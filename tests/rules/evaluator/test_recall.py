"""What rules remember of numbers: over a time, before, and counters; bounded whatever comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.compiler.ruleset import RuleSet
from rules.document.errors import RuleError
from rules.evaluator.evaluator import ticks
from rules.evaluator.recall import MOST
from rules.memory import Memory
from rules.model import Change, Decision, Kind
from tests.rules.conftest import START, Bench, compiled
from tests.rules.evaluator.test_until import cm, phases
from tests.rules.stories import begin, why

Make = Callable[[str | RuleSet], Any]


def rule(if_: str, when: str = "{mqtt: song/+}", more: str = "") -> str:
    return f'rules:\n  - name: r\n    when: {when}\n    if: "{if_}"\n{more}'


def run(b: Any, at: float) -> list[Decision]:
    made: list[Decision] = []
    for now in ticks(b.memory, b.now(at)):
        made += b.step(None, now.engine)
    return made


def test_water_has_risen_by_more_than_five_within_ten_minutes(bench: Make) -> None:
    b = bench(rule("delta(number('cm'), '10m') > 5"))
    told = [
        phases(b.see(at, **cm(value)))
        for at, value in ((0.0, 50), (300.0, 53), (590.0, 54), (650.0, 56), (700.0, 59.5), (1400.0, 59.5))
    ]
    assert told == [[], [], [], [], ["firing"], []]
    (fired,) = b.steps[4].decisions
    assert "delta(number('cm'), '10m') = 6.5" in why(fired)


@pytest.mark.parametrize(
    ("asked", "value"),
    [("avg", 20.0), ("low", 10.0), ("high", 30.0), ("delta", 20.0), ("rate", 0.2)],
)
def test_each_figure(bench: Make, asked: str, value: float) -> None:
    b = bench(rule(f"{asked}(number('cm'), '10m') >= {value} and {asked}(number('cm'), '10m') <= {value}"))
    made = [phases(b.see(at, **cm(number))) for at, number in ((0.0, 10), (50.0, 20), (100.0, 30))]
    assert made[-1] == ["firing"]


def test_the_one_before_and_each_subject_for_itself(bench: Make) -> None:
    b = bench(rule("number('cm') > earlier(number('cm')) + 10"))
    assert b.see(0.0, **cm(50)) == ()
    assert b.see(1.0, **cm(70, "song/b")) == (), "another river"
    assert b.see(2.0, **cm(59)) == ()
    assert phases(b.see(3.0, **cm(70))) == ["firing"]


def test_only_what_the_pattern_lets_through_is_remembered(bench: Make) -> None:
    b = bench(rule("avg(score, '1m') < 0.5", "{object: person, zone: gate}"))
    b.see(0.0, score=0.9)
    b.see(1.0, score=0.0, zones=("yard",))
    assert b.see(2.0, score=0.3) == ()
    assert phases(b.see(3.0, score=0.1)) == ["firing"]


def test_it_is_forgotten_when_nobody_tells_any_more(bench: Make) -> None:
    b = bench(rule("avg(number('cm'), '10m') > 100"))
    for number in range(50):
        b.see(number / 10, **cm(1, f"song/{number}"))
    assert len(b.memory) == 50
    run(b, 700.0)
    assert len(b.memory) == 0


def test_a_million_would_fit(bench: Make) -> None:
    b = bench(rule("high(number('cm'), '1h') > 1e9"))
    for number in range(20_000):
        b.see(number / 2, **cm(number % 97))
    (row,) = [row for _, _, row in b.memory.rows()]
    assert len(row.data) <= MOST + 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 40), st.floats(-50, 50)), min_size=1, max_size=40))
def test_figures_are_those_of_the_whole_list_to_a_piece(told: list[tuple[float, float]]) -> None:
    """Against the plain truth, with a window so short that pieces do not matter, and nothing merged."""
    b = Bench(compiled(rule("avg(number('cm'), '2m') > -1e6")))
    at, seen = 0.0, []
    for pause, value in told:
        at += pause + 1.0  # a piece of two minutes is one second
        seen.append((at, value))
        done = b.see(at, **cm(value))
        inside = [each for when, each in seen if when > at - 120]
        (only,) = done
        shown = float(why(only).partition("avg(number('cm'), '2m') = ")[2].split("]")[0].split(",")[0])
        assert shown == pytest.approx(sum(inside) / len(inside), abs=0.01, rel=0.01)


COUNTED = """
counters:
  vao: {count: {object: person, crosses: cong, direction: in}, since: "06:00"}
  ra: {count: {object: person, crosses: cong, direction: out}, since: "06:00"}
  xe: {count: {object: car, crosses: cong}}
rules:
  - {name: nobody-left, when: {at: "23:00"}, if: "counted('vao') - counted('ra') > 0"}
  - name: twice-as-many
    when: {every: 1m}
    if: "counted('xe', '5m') >= 2 * (counted('xe', '10m') - counted('xe', '5m')) and counted('xe', '5m') > 2"
  - {name: tenth, when: {object: car, crosses: cong}, if: "counted('xe') >= 10"}
"""


def cross(direction: str, label: str = "person", **more: Any) -> dict[str, Any]:
    facts = {"line": "cong", "direction": direction, "side": "left"}
    return {"label": label, "facts": facts, "subject": f"track:{label}", **more}


def test_more_went_in_than_out_at_closing(bench: Make) -> None:
    b = bench(COUNTED)
    begin(b)
    for at, way in enumerate(("in", "in", "out")):
        b.see(float(at), **cross(way))
    (fired,) = [each for each in run(b, 3700.0) if each.rule == "nobody-left"]
    assert fired.at == b.now(3600.0).wall
    assert "counted('vao') = 2" in why(fired)
    b.see(3800.0, **cross("out"))
    assert not [each for each in run(b, 3 * 86400.0) if each.rule == "nobody-left"], "it begins anew at six"


def test_twice_as_many_as_before(bench: Make) -> None:
    b = bench(COUNTED)
    begin(b)
    for at in (10.0, 100.0, 310.0, 320.0, 330.0, 340.0):
        run(b, at)
        b.see(at, **cross("in", "car"))
    made = [each for each in run(b, 420.0) if each.rule == "twice-as-many"]
    assert [each.at for each in made] == [b.now(360.0).wall, b.now(420.0).wall]


def test_a_counter_counts_the_very_event_that_asks_it(bench: Make) -> None:
    b = bench(COUNTED)
    begin(b)
    made = [phases(b.see(float(at), **cross("in", "car"))) for at in range(10)]
    assert made == [[]] * 9 + [["firing"]]


def test_counters_survive_a_restart(bench: Make) -> None:
    b = bench(COUNTED)
    begin(b)
    b.see(0.0, **cross("in"))
    b.memory = Memory(list(b.memory.rows()))
    begin(b, 1.0)
    assert [each.rule for each in run(b, 3700.0) if each.rule == "nobody-left"] == ["nobody-left"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (rule("counted('x') > 1"), "unknown_counter"), (rule("avg(number('cm')) > 1"), "expr_arguments"),
        (rule("avg(number('cm'), 'soon') > 1"), "duration"), (rule("avg(label, '1m') > 1"), "expr_type"),
        (rule("avg(delta(number('cm'), '1m'), '1m') > 1"), "expr_form"),
        (rule("score > 0.5", "{every: 1h}"), "if_at"), (rule("avg(score, '1m') > 0.5", "{every: 1h}"), "if_at"),
        ("counters: {x: {count: {object: person}}}", "counter_lasts"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said(text: str, code: str) -> None:
    with pytest.raises(RuleError) as error:
        compiled(text)
    assert [each.code for each in error.value.problems] == [f"problem.{code}"]


def test_names_in_a_counter_are_checked(compile_text: Any) -> None:
    from rules.compiler.compile import World

    world = World(zones={"c1": frozenset({"gate"})}, lines={"c1": frozenset({"cong"})})
    with pytest.raises(RuleError) as error:
        compile_text("counters:\n  x: {count: {object: person, enters: gat}}\n", world)
    (problem,) = error.value.problems
    assert (problem.code, problem.line, problem.suggestion) == ("problem.unknown_zone", 2, "gate")


def test_memory_stays_flat_over_ever_new_subjects(bench: Make) -> None:
    b = bench(rule("avg(score, '10s') > 2", "{object: person}"))
    for number in range(3000):
        b.see(number * 0.5, subject=f"track:{number}")
        run(b, number * 0.5)
    assert len(b.memory) <= 40
    assert START + timedelta(0) == START


def test_a_lost_camera_forgets_no_numbers(bench: Make) -> None:
    b = bench(rule("delta(number('cm'), '10m') > 5", "{signal: Water}"))
    water = {
        "kind": Kind.SIGNAL,
        "change": Change.BEGAN,
        "subject": "signal:Water",
        "label": "Water",
        "score": None,
    }
    b.see(0.0, **water, facts={"cm": 10})
    b.see(1.0, kind=Kind.CAMERA, label="lost", change=Change.ENDED, subject="camera", zones=())
    assert phases(b.see(2.0, **water, facts={"cm": 20})) == ["firing"]
