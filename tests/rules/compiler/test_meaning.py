"""Rules mean what they say: ends, reasons, what must not happen, decisions that come by several ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rules.evaluator import alert_state
from rules.model import Change, Kind, Phase
from rules.text import render

Make = Callable[..., Any]
GONE: dict[str, Any] = {"change": Change.ENDED, "facts": {"left": "gate", "stood": 70.0, "age": 90.0}}


@pytest.mark.parametrize(
    "when",
    [
        "{object: person, zone: gate, removed: 1m}",
        "{object: person, zone: gate, change: ended}",
        "{object: person, change: ended, if: in_zone('gate')}",
        "{object: person, leaves: gate}",
        "{object: person, leaves: gate, zone: gate}",
        "{count: {object: person, change: ended, zone: gate}, above: 2, within: 1m, by: zone}",
        "{count: {object: person, leaves: gate}, above: 2, within: 1m, by: zone}",
    ],
)
def test_who_is_gone_is_gone_from_a_zone(bench: Make, when: str) -> None:
    made = bench(f"rules: [{{name: r, when: {when}}}]")
    decided = [*made.see(0), *made.see(1, **GONE), *made.see(2, subject="track:2", **GONE)]
    assert [each.phase for each in decided][:1] == [Phase.FIRING]
    other = bench(f"rules: [{{name: r, when: {when}}}]")
    elsewhere = {**GONE, "zones": ("yard",), "facts": {**GONE["facts"], "left": "yard"}}
    assert [*other.see(1, **elsewhere), *other.see(2, subject="track:2", **elsewhere)] == []


def test_what_leaves_a_zone_is_counted_there_and_not_where_it_went(bench: Make) -> None:
    made = bench(
        "rules: [{name: r, when: {count: {object: any, leaves: gate}, above: 2, within: 1m, by: zone}}]"
    )
    made.see(0, zones=("yard",), facts={"left": "gate"})
    (decided,) = made.see(1, subject="track:2", zones=(), facts={"left": "gate porch"})
    assert decided.key == "c1/zone:gate"


@pytest.mark.parametrize(
    ("asks", "facts", "told"),
    [
        ("number('cm') > 80", {"cm": 82.5}, "number('cm') = 82.5"),
        ("text('who') == 'an'", {"who": "an"}, "text('who') = an"),
        ("not known(speed) and dwell_in('gate') >= 5", {"dwell:gate": 7}, "speed = –, dwell_in('gate') = 7"),
        ("in_zone('gate') and not left('yard')", {}, "in_zone('gate') = true, left('yard') = false"),
    ],
)
def test_a_reason_shows_what_was_read(bench: Make, asks: str, facts: dict[str, Any], told: str) -> None:
    made = bench(f'rules: [{{name: r, when: {{object: person}}, if: "{asks}"}}]')
    (fired,) = made.see(0, facts=facts)
    (over,) = made.see(1, facts={"cm": 10, "who": "linh", "speed": 1, "left": "yard"})
    assert told in render(fired.reason.code, fired.reason.values, "en")
    assert "= –" not in render(over.reason.code, over.reason.values, "en").replace("dwell_in('gate') = –", "")


PASSES = """
rules:
  - name: stays
    when: {sequence: [{plate: any, cameras: c1}, {not: {plate: any, cameras: c2}}], within: 10s, by: plate}
    if: score > 0.8
  - name: not-out
    when: {absent: {plate: any, cameras: c2}, for: 10s, after: {plate: any, cameras: c1}, by: plate}
    if: score > 0.8
"""


@pytest.mark.parametrize("out", [None, 0.5, 0.9])
def test_a_bad_look_at_what_must_not_happen_is_one(bench: Make, out: float | None) -> None:
    made = bench(PASSES.replace("by: plate", "by: site").replace("stays", f"stays-{out or 0:.0f}"))
    read = {"kind": Kind.PLATE, "change": Change.NOTED, "label": "29E12345", "subject": "plate:29E12345"}
    made.see(0, **read, score=0.9)
    if out is not None:
        made.see(5, **read, camera="c2", score=out)
    fired = {each.rule for each in made.tick(20)}
    assert len(fired) == (2 if out is None else 0)


def tangle(layers: int) -> str:
    rules = ["rules:", "- {name: r0, when: {object: person, zone: gate}}"]
    for at in range(layers):
        rules += [f"- {{name: {way}{at}, when: {{decision: r{at}}}}}" for way in "ab"]
        rules += [f"- {{name: r{at + 1}, when: {{decision: [a{at}, b{at}]}}}}"]
    return "\n".join(rules)


def test_a_decision_that_comes_by_many_ways_is_heard_once(bench: Make) -> None:
    made = bench(tangle(60))
    began, ended = made.see(0), made.see(1, change=Change.ENDED)
    assert [each.phase for each in began] == [Phase.FIRING] * 181
    assert [each.phase for each in ended] == [Phase.RESOLVED] * 181
    assert len({each.id for each in (*began, *ended)}) == 362
    assert len(made.memory) == 0


def test_moments_that_come_by_many_ways_too(bench: Make) -> None:
    made = bench(tangle(8).replace("{object: person, zone: gate}", "{object: person, enters: gate}"))
    assert len(made.see(0, facts={"entered": "gate"})) == 25
    both = "{any: [{object: person, enters: gate}, {object: any, crosses: line}]}"
    once = bench(f"rules: [{{name: r, when: {both}}}]")
    assert len(once.see(0, facts={"entered": "gate", "line": "line"})) == 1


def test_what_is_heard_of_two_rules_ends_with_the_last(bench: Make) -> None:
    made = bench("""
rules:
  - {name: near, when: {object: person, zone: gate}}
  - {name: sure, when: {object: person, score: {above: 0.5}}}
  - {name: either, when: {decision: [near, sure]}}
  - {name: both, when: {all: [{decision: [near, sure]}, {motion: started}]}}
""")
    made.see(0, kind=Kind.MOTION, change=Change.BEGAN, subject="motion", label=None)
    assert [each.rule for each in made.see(0)] == ["near", "sure", "either", "both"]
    assert [each.rule for each in made.see(1, zones=())] == ["near"]
    assert [each.rule for each in made.see(2, zones=(), score=0.1)] == ["sure", "either", "both"]


def test_decisions_of_one_step_are_bounded_and_it_is_told(
    bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_state, "MOST_HEARD", 10)
    made = bench(tangle(10))
    assert len(made.see(0)) < 31
    (fault,) = made.steps[-1].faults
    assert "more than" in fault.error


def test_what_a_moment_leads_to_is_one_and_comes_again(bench: Make) -> None:
    made = bench("""
rules:
  - {name: act, when: {operator: round}}
  - {name: then, when: {decision: act}}
  - {name: and-then, when: {decision: then}}
""")
    told = {
        "kind": Kind.OPERATOR,
        "change": Change.NOTED,
        "label": "round",
        "subject": "operator",
        "zones": (),
    }
    for at in range(3):
        assert [each.rule for each in made.see(at, **told)] == ["act", "then", "and-then"]
    assert len(made.memory) == 0


EARLIER = """
rules:
  - name: r
    when:
      sequence:
        - {%s}
        - {%s, if: "%s"}
      within: 1m
"""


@pytest.mark.parametrize(
    ("asks", "first", "second", "fires"),
    [
        ("number('round') > earlier(1, 'round')", 1, 2, True),
        ("number('round') > earlier(1, 'round')", 2, 2, False),
        ("earlier(1, 'round') == 1", 1, 2, True),
        ("earlier(1, 'round') in [1, 2]", 3, 2, False),
        ("text('round') == earlier(1, 'round')", "an", "an", True),
        ("like(earlier(1, 'round'), 'a*')", "an", "x", True),
        ("earlier(1, 'round')", True, 1, True),
        ("not earlier(1, 'round')", True, 1, False),
        ("earlier(1, 'round') + 1 == number('round')", "1", 2, True),
        ("earlier(1, 'round') < number('round') and text('round') != earlier(1, 'round')", 1, 2, True),
        ("earlier(1, 'round') != '2' and earlier(1, 'round') > 0", 1, 1, True),
    ],
)
@pytest.mark.parametrize("kind", ["operator", "mqtt", "signal"])
def test_a_step_asks_for_any_fact_of_an_earlier_one(
    bench: Make, kind: str, asks: str, first: Any, second: Any, fires: bool
) -> None:
    made = bench(EARLIER % (f"{kind}: a", f"{kind}: b", asks))
    told = {"kind": Kind(kind), "change": Change.NOTED, "zones": (), "score": None, "subject": kind}
    made.see(0, **told, label="a", facts={"round": first})
    assert bool(made.see(1, **told, label="b", facts={"round": second})) is fires


@pytest.mark.parametrize("name", ["score", "x", "camera", "speed", "rule", "round"])
def test_what_a_message_names_as_events_are_described_is_its_own(bench: Make, name: str) -> None:
    """A message has no score and stands nowhere: what it calls so is a fact of its own."""
    made = bench(EARLIER % ("mqtt: a", "mqtt: b", f"earlier(1, '{name}') == 'c9'"))
    told = {
        "kind": Kind.MQTT,
        "change": Change.NOTED,
        "zones": (),
        "score": None,
        "camera": None,
        "subject": "m",
    }
    made.see(0, **told, label="a", facts={name: "c9"})
    assert made.see(1, **told, label="b", facts={})


def test_a_step_asks_for_what_an_earlier_object_had_and_expressions_have_no_name_for(bench: Make) -> None:
    made = bench(
        EARLIER % ("object: bag, removed: 1m", "object: person", "earlier(1, 'stood') >= seconds('3m')")
    )
    for at, stood in ((0, 100), (10, 200)):
        made.see(at, label="bag", change=Change.ENDED, subject=f"track:{at}", facts={"stood": stood})
        fired = bool(made.see(at + 1, label="person", change=Change.BEGAN, subject=f"track:p{at}"))
        assert fired is (stood >= 180)
