"""A key that a pattern can never have is told when the rule is read: else it would be silent at night."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rules.compiler.compile import World, check_rules
from rules.compiler.ruleset import RuleSet
from rules.model import Change, Kind

Make = Callable[[str | RuleSet], Any]


def told(when: str, more: str = "") -> list[tuple[str, int]]:
    text = f"groups: {{a: [c1], b: [c2, c3]}}\nrules:\n  - name: r\n    when: {when}\n{more}"
    _, problems = check_rules([("f.yaml", text)], World())
    return [(each.code.removeprefix("problem."), each.column) for each in problems]


def codes(when: str, more: str = "") -> list[str]:
    return [code for code, _ in told(when, more)]


@pytest.mark.parametrize(
    "when",
    [
        "{count: {plate: any}, above: 3, within: 1m, by: zone}",
        "{count: {plate: any}, above: 3, within: 1m, by: [camera, track]}",
        "{count: {plate: any}, above: 3, within: 1m, distinct: zone}",
        "{count: {motion: started}, above: 3, within: 1m, distinct: label}",
        "{count: {mqtt: a/b}, above: 3, within: 1m, distinct: camera}",
        "{count: {object: person}, above: 3, within: 1m, by: plate}",
        "{sequence: [{object: car}, {signal: Gate}], within: 1m, by: track}",
        "{sequence: [{mqtt: a/b}, {object: car}], within: 1m, by: camera}",
        "{absent: {object: car, leaves: gate}, for: 1m, after: {plate: any}, by: plate}",
        "{absent: {mqtt: a/b}, for: 1m, by: camera}",
    ],
)
def test_what_a_pattern_never_has(when: str) -> None:
    assert codes(when) == ["key_never"]


@pytest.mark.parametrize(
    "when",
    [
        "{sequence: [{plate: any, cameras: c1}, {plate: any, cameras: c2}], within: 1m}",
        "{sequence: [{object: car, groups: a}, {object: car, groups: b}], within: 1m, by: track}",
        "{sequence: [{object: car, enters: x}, {object: car, enters: y}], within: 1m, by: [track, zone]}",
        '{sequence: [{plate: "29A11111"}, {plate: "29A22222"}], within: 1m, by: plate}',
        "{all: [{object: person}, {object: dog}], by: label}",
        "{absent: {object: car, cameras: c1}, for: 1m, after: {signal: Gate, cameras: c2}}",
    ],
)
def test_what_the_patterns_never_share(when: str) -> None:
    assert codes(when) == ["key_apart"]


@pytest.mark.parametrize(
    "when",
    [
        "{count: {plate: any}, above: 3, within: 1m, by: [camera, plate]}",
        "{count: {mqtt: a/b}, above: 3, within: 1m, by: plate}",
        "{sequence: [{plate: any, cameras: c1}, {plate: any, cameras: c2}], within: 1m, by: plate}",
        "{sequence: [{plate: any}, {not: {object: person}}, {plate: any}], within: 1m, by: plate}",
        "{sequence: [{object: car, cameras: c2}, {object: car, groups: b}], within: 1m}",
        "{sequence: [{object: car, enters: [x, y]}, {object: car, enters: y}], within: 1m, by: zone}",
        "{all: [{object: any}, {object: dog}], by: label}",
        "{all: [{object: person}, {crowd: person, zone: x, above: 2}], by: zone}",
        "{sequence: [{mqtt: a/b}, {object: car, cameras: c1}], within: 1m}",
        "{any: [{object: person, cameras: c1}, {plate: any, cameras: c2}]}",
        "{every: 2h}",
    ],
)
def test_what_they_have_is_no_problem(when: str) -> None:
    assert codes(when) == []


def test_the_place_is_the_key_or_else_the_last_step() -> None:
    begins = len("    when: ") + 1
    written = "{count: {plate: any}, above: 3, within: 1m, by: [plate, zone]}"
    assert told(written) == [("key_never", begins + written.index("zone"))]
    unwritten = "{sequence: [{plate: any, cameras: c1}, {plate: any, cameras: c2}], within: 1m}"
    assert told(unwritten) == [("key_apart", begins + unwritten.rindex("{plate"))]


def test_a_missed_thing_is_told_once() -> None:
    assert codes("{absent: {plate: any}, for: 1m, by: zone}") == ["absent_by"]


@pytest.mark.parametrize("per", ["zone", "plate"])
def test_a_cooldown_for_what_never_is_there(per: str) -> None:
    more = f"    cooldown: {{time: 1m, per: {per}}}\n"
    assert codes("{signal: Gate}" if per == "zone" else "{object: person}", more) == ["key_never"]
    assert codes("{object: person}" if per == "zone" else "{plate: any}", more) == []
    assert codes("{any: [{plate: any}, {object: person, zone: x}]}", more) == []


def test_an_unknown_group_is_one_problem() -> None:
    assert codes("{sequence: [{motion: started, groups: x}, {motion: started, groups: a}], within: 1m}") == [
        "unknown_group"
    ]


def message(topic: str) -> dict[str, Any]:
    return {
        "kind": Kind.MQTT,
        "change": Change.NOTED,
        "camera": None,
        "subject": f"mqtt:{topic}",
        "label": topic,
        "zones": (),
        "score": None,
        "facts": {"payload": "x"},
    }


def test_a_message_belongs_to_the_site_where_nothing_is_written(bench: Make) -> None:
    both = bench("rules: [{name: r, when: {all: [{mqtt: door}, {object: person}], within: 10s}}]")
    assert both.see(0.0, **message("door")) == ()
    assert [made.key for made in both.see(5.0)] == ["*"]


def test_a_sensor_that_goes_on_speaking_is_not_missed_by_every_camera(bench: Make) -> None:
    from rules.compiler.compile import compile_rules
    from rules.evaluator.evaluator import settle

    world = World(zones={"c1": frozenset(), "c2": frozenset()})
    text = "rules: [{name: r, when: {absent: {mqtt: beat}, for: 1m}}]"
    b = bench(compile_rules([("f.yaml", text)], world))
    b.memory.apply(settle(b.rules, b.memory, b.now(0.0), None).changes)
    for at in (30.0, 60.0, 90.0, 120.0):
        assert b.see(at, **message("beat")) == ()
    assert [made.key for made in b.tick(181.0)] == ["*"]
