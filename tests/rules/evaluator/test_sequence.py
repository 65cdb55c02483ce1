"""Sequences, by their stories: steps in order, what must not happen between, what a step asks of an earlier one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rules.compiler.ruleset import RuleSet
from rules.evaluator.evaluator import step
from rules.model import CameraId, Change, Phase
from rules.text import render
from tests.rules.stories import GAP, on, plate, why

Make = Callable[[str | RuleSet], Any]


STEPS = """
rules:
  - name: r
    when:
      sequence: [{object: person, zone: yard}, {object: person, zone: store}]
      within: 30s
      by: track
"""


def test_a_sequence_tells_each_step(bench: Make) -> None:
    b = bench(STEPS)
    assert b.see(0.0, zones=("yard",)) == ()
    (made,) = b.see(20.0, zones=("store",))
    assert (made.phase, made.key, made.cause) == (Phase.FIRING, "c1/track:1", "e2")
    assert why(made) == "person in zone yard, then person in zone store, within 20 s"
    assert render(made.reason.code, made.reason.values, "vi") == (
        "người trong vùng yard, rồi người trong vùng store, trong 20 s"
    )
    assert len(b.memory) == 0


@pytest.mark.parametrize(
    ("first", "second", "pause"),
    [
        ({"zones": ("store",)}, {"zones": ("yard",)}, 5.0),
        ({"zones": ("yard",)}, {"zones": ("store",), "subject": "track:2"}, 5.0),
        ({"zones": ("yard",)}, {"zones": ("store",)}, 30.0),
    ],
)
def test_a_sequence_asks_for_order_key_and_time(
    bench: Make, first: dict[str, Any], second: dict[str, Any], pause: float
) -> None:
    b = bench(STEPS)
    assert b.see(0.0, **first) == ()
    assert b.see(pause, **second) == ()


def test_one_event_is_one_step(bench: Make) -> None:
    b = bench(STEPS)
    assert b.see(0.0, zones=("yard", "store")) == ()
    assert len(b.see(1.0, zones=("yard", "store"))) == 1


def test_a_sequence_is_found_by_its_latest_beginning(bench: Make) -> None:
    b = bench(STEPS)
    b.see(0.0, zones=("yard",))
    b.see(25.0, zones=("yard",))
    assert len(b.see(50.0, zones=("store",))) == 1


def test_a_sequence_that_is_not_finished_is_forgotten(bench: Make) -> None:
    b = bench(STEPS)
    b.see(0.0, zones=("yard",))
    assert len(b.memory) == 1
    assert b.tick(30.0) == ()
    assert len(b.memory) == 0


PLATES = """
rules:
  - name: r
    when:
      sequence:
        - {plate: any, cameras: c1}
        - not: {object: person, cameras: c3}
        - {plate: any, cameras: c2}
      within: 10m
      by: plate
"""


def test_a_sequence_over_cameras_by_plate(bench: Make) -> None:
    b = bench(PLATES)
    b.see(0.0, **plate("29E1", "c1"))
    assert b.see(60.0, **plate("30A2", "c2")) == ()
    (made,) = b.see(70.0, **plate("29E1", "c2"))
    assert (made.key, made.camera) == ("*/plate:29E1", "c2")


def test_what_must_not_happen_between_breaks_it(bench: Make) -> None:
    b = bench(PLATES)
    b.see(0.0, **plate("29E1", "c1"))
    b.see(30.0, camera=CameraId("c3"))
    assert b.see(70.0, **plate("29E1", "c2")) == ()


CLOSES = """
rules:
  - name: r
    when:
      sequence: [{signal: Door}, {not: {signal: Door, state: false}}]
      within: 5m
"""


def test_a_last_not_waits_for_the_end(bench: Make) -> None:
    b = bench(CLOSES)
    b.see(0.0, **on("Door"))
    b.see(100.0, **on("Door", change=Change.GOES_ON))
    (made,) = b.tick(900.0)
    assert (made.at, made.key) == (b.now(300.0).wall, "c1")
    assert why(made) == "signal Door, and not what should follow within 5 min"
    b.see(1000.0, **on("Door"))
    b.see(1299.0, **on("Door", change=Change.ENDED))
    assert b.tick(2000.0) == ()


def test_a_last_not_is_given_up_while_nobody_watches(bench: Make) -> None:
    b = bench(CLOSES)
    b.see(0.0, **on("Door"))
    b.see(10.0, **GAP)
    assert b.tick(900.0) == ()
    fires = bench(CLOSES.replace("within: 5m", "within: 5m\n      on_gap: fire"))
    fires.see(0.0, **on("Door"))
    fires.see(10.0, **GAP)
    assert len(fires.tick(900.0)) == 1


# -- steps that ask for earlier ones -----------------------------------------------------------------

FASTER = """
rules:
  - name: r
    when:
      sequence:
        - {plate: any, cameras: c1}
        - {plate: any, cameras: c2, if: "number('kmh') > earlier(1, 'score') * 100 and since(1) >= seconds('5s')"}
      within: 1m
      by: plate
"""


def test_a_step_asks_for_the_facts_and_the_time_of_an_earlier_one(bench: Make) -> None:
    b = bench(FASTER)
    assert b.see(0.0, **plate("A", "c1", score=0.5)) == ()
    assert b.see(4.0, **plate("A", "c2", facts={"kmh": 60})) == (), "too soon"
    assert b.see(6.0, **plate("A", "c2", facts={"kmh": 40})) == (), "too slow"
    assert b.see(7.0, **plate("B", "c2", facts={"kmh": 60})) == (), "another plate"
    (made,) = b.see(8.0, **plate("A", "c2", facts={"kmh": 60}))
    assert "earlier(1, 'score') = 0.5, since(1) = 8" in why(made)


SWAPPED = """
rules:
  - name: r
    when:
      sequence: [{object: person, zone: bench}, {object: person, leaves: yard, if: "subject != earlier(1, 'subject')"}]
      within: 1m
"""


def test_an_earlier_step_of_other_facts_is_not_forgotten_for_the_last_one(bench: Make) -> None:
    b = bench(SWAPPED)
    b.see(0.0, subject="track:1", zones=("bench",))
    b.see(1.0, subject="track:2", zones=("bench",))
    assert len(b.see(2.0, subject="track:2", zones=(), facts={"left": "yard"})) == 1


def test_attempts_are_bounded_and_those_given_up_are_counted(bench: Make) -> None:
    b = bench(SWAPPED)
    evicted: list[str] = []
    for n in range(12):
        done = step(
            b.rules, b.memory, b.event(float(n), subject=f"track:{n}", zones=("bench",)), b.now(float(n))
        )
        b.memory.apply(done.changes)
        evicted += done.evicted
    assert evicted == ["r"] * 4
    ((_, _, row),) = b.memory.rows()
    assert len(row.data[0]) == 8


NOBODY_ELSE = """
rules:
  - name: r
    when:
      sequence:
        - {object: person, enters: store}
        - not: {object: person, enters: store, if: "subject != earlier(1, 'subject')"}
      within: 20s
"""


def test_a_not_may_ask_too(bench: Make) -> None:
    b = bench(NOBODY_ELSE)
    come = {"zones": ("store",), "facts": {"entered": "store"}}
    b.see(0.0, subject="track:1", **come)
    assert len(b.tick(20.0)) == 1, "nobody came after"
    b.see(30.0, subject="track:1", **come)
    b.see(31.0, subject="track:1", **come)
    b.see(32.0, subject="track:2", **come)
    assert [each.at.second for each in b.tick(99.0)] == [52], (
        "the second one is alone, the first was followed"
    )
