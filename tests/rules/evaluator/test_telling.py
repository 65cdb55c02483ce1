"""Who is told, when, how often; and what is not told because something else says enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rules.compiler.ruleset import RuleSet
from rules.document.errors import RuleError
from rules.evaluator.evaluator import ticks
from rules.model import CameraId, Change, Decision
from rules.text import render
from tests.rules.evaluator.test_alert_state import operator
from tests.rules.stories import GONE, LOST, ONLINE, on, why

Make = Callable[[str | RuleSet], Any]


def run(b: Any, at: float) -> list[Decision]:
    made: list[Decision] = []
    for now in ticks(b.memory, b.now(at)):
        made += b.step(None, now.engine)
    return made


def done(made: Decision) -> list[str]:
    return [str(each.params.get("to", each.name)) for each in made.actions]


TIERS = """
receivers:
  chief: {do: [{call: {to: chief}}]}
rules:
  - name: r
    when: {object: person}
    do: [{call: {to: officer}}]
    escalate:
      - {after: 5m, do: [{call: {to: leader}}]}
      - {after: 15m, tell: chief, every: 30m}
    resolved: {message: {vi: "Hết", en: "Over at {zone}"}, do: [{call: {to: all}}]}
"""


def test_tiers_and_repeats_until_somebody_takes_it(bench: Make) -> None:
    b = bench(TIERS)
    (fired,) = b.see(0.0)
    assert done(fired) == ["officer"]
    made = run(b, 4600.0)
    assert [((each.at - fired.at).total_seconds(), done(each)) for each in made] == [
        (300.0, ["leader"]), (900.0, ["chief"]), (2700.0, ["chief"]), (4500.0, ["chief"]),
    ]  # fmt: skip
    assert len({each.id for each in made}) == 4
    assert {each.alert for each in made} == {fired.id}
    b.see(4700.0, **operator(decision=fired.id))
    assert run(b, 20_000.0) == []
    (over,) = b.see(20_001.0, **GONE)
    assert done(over) == ["all"]
    assert over.message == {"vi": "Hết", "en": "Over at gate"}


def test_taken_between_two_tiers_it_goes_no_further_and_taken_back_it_does(bench: Make) -> None:
    b = bench(TIERS)
    (fired,) = b.see(0.0)
    run(b, 400.0)
    b.see(400.0, **operator(decision=fired.id))
    back = operator(decision=fired.id) | {"label": "unacknowledge"}
    b.see(410.0, **back)
    assert [done(each) for each in run(b, 1000.0)] == [["chief"]]


HOURS = """
schedules: {day: 07:30-17:00}
receivers:
  office: {do: [{call: {to: office}}], during: day}
  duty: {do: [{call: {to: duty}}], not_during: day, resolved: true}
routes:
  - {severity: critical, to: [office, duty], stop: true}
  - {tags: noisy, cameras: c2, to: office}
  - {to: duty}
rules:
  - {name: hot, when: {signal: Fire}, severity: critical, do: [{call: {to: siren}}]}
  - {name: loud, when: {signal: Noise}, tags: noisy}
"""


def test_receivers_are_told_at_their_hours(bench: Make) -> None:
    b = bench(HOURS)  # 22:00
    (fired,) = b.see(0.0, **on("Fire"))
    assert done(fired) == ["siren", "duty"]
    (over,) = b.see(1.0, **on("Fire", change=Change.ENDED))
    assert done(over) == ["duty"]
    (day,) = b.see(12 * 3600.0, **on("Fire"))
    assert done(day) == ["siren", "office"]


def test_routes_fit_by_severity_tag_and_camera(bench: Make) -> None:
    b = bench(HOURS)
    (one,) = b.see(12 * 3600.0, **on("Noise"))
    assert done(one) == [], "the office hears of c2 alone, duty sleeps by day"
    (two,) = b.see(12 * 3600.0, **on("Noise", camera=CameraId("c2")))
    assert done(two) == ["office"]


INHIBIT = """
groups: {switch-3: [c1, c2, c3, c4]}
inhibit:
  - {by: {rules: switch}, of: {tags: single}, same: group}
rules:
  - name: switch
    when: {count: {camera: lost, groups: switch-3}, above: 3, within: 1m, distinct: camera, by: site}
  - {name: single, when: {camera: lost}, tags: single, for: 30s}
"""


def test_one_alarm_for_the_switch_and_none_for_each_camera(bench: Make) -> None:
    b = bench(INHIBIT)
    made = [each for at in range(4) for each in b.see(float(at), **LOST, camera=CameraId(f"c{at + 1}"))]
    assert [(each.rule, str(each.phase)) for each in made] == [("switch", "firing")]
    later = run(b, 40.0)
    assert [(each.rule, str(each.phase)) for each in later] == [("single", "silenced")] * 4
    assert "switch says enough" in why(later[0])
    assert run(b, 50.0) == []
    b.see(50.0, **LOST, camera=CameraId("c9"))
    assert ("single", "c9", "firing") in [(each.rule, each.camera, str(each.phase)) for each in run(b, 90.0)]


def test_what_still_holds_is_told_when_the_other_is_over(bench: Make) -> None:
    b = bench(
        "inhibit: [{by: {rules: lost}, of: {severity: info}}]\n"
        "rules:\n  - {name: lost, when: {camera: lost}}\n  - {name: door, when: {signal: Door}, severity: info}\n"
    )
    b.see(0.0, **LOST)
    assert [str(each.phase) for each in b.see(1.0, **on("Door"))] == ["silenced"]
    assert [str(each.phase) for each in b.see(2.0, **on("Door", camera=CameraId("c2")))] == ["firing"]
    assert [each.rule for each in b.see(3.0, **ONLINE)] == ["lost"]
    assert [(each.rule, str(each.phase)) for each in run(b, 3.0)] == [("door", "firing")]


def test_what_ended_meanwhile_is_never_told(bench: Make) -> None:
    b = bench(
        "inhibit: [{by: {rules: lost}, of: {severity: info}}]\n"
        "rules:\n  - {name: lost, when: {camera: lost}}\n  - {name: door, when: {signal: Door}, severity: info}\n"
    )
    b.see(0.0, **LOST)
    b.see(1.0, **on("Door"))
    assert b.see(2.0, **on("Door", change=Change.ENDED)) == ()
    b.see(3.0, **ONLINE)
    assert run(b, 9.0) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("rules: [{name: r, when: {signal: A}, tell: x}]", "unknown_receiver"),
        ("routes: [{to: x}]", "unknown_receiver"), ("routes: [{to: x, tags: y}]", "unknown_receiver"),
        ("rules: [{name: r, when: {signal: A}, escalate: [{after: 1m, tell: x}]}]", "unknown_receiver"),
        ("rules: [{name: r, when: {signal: A}, escalate: [{after: 2m, do: [l]}, {after: 1m, do: [l]}]}]",
         "escalate_order"),
        ("rules: [{name: r, when: {signal: A}, escalate: [{after: 1m, do: [l], every: 1m}, {after: 2m, do: [l]}]}]",
         "escalate_order"),
        ("rules: [{name: r, when: {signal: A}, escalate: {after: 1m}}]", "empty"),
        ("inhibit: [{by: {}, of: {severity: info}}]", "chosen_all"),
        ("receivers: {x: {do: [l], during: nie}}", "unknown_schedule"),
        ("inhibit: [{by: {rules: nobody}, of: {severity: info}}]", "unknown_rule"),
    ],
)  # fmt: skip
def test_who_is_not_there_is_said(compile_text: Any, text: str, code: str) -> None:
    with pytest.raises(RuleError) as error:
        compile_text(text)
    assert f"problem.{code}" in [each.code for each in error.value.problems]
    assert all(render(each.code, each.values, "vi") for each in error.value.problems)
