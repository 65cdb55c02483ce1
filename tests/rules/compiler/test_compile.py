from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import BaseModel, ConfigDict

from rules.compiler.compile import World, check_rules, compile_rules, params_check
from rules.compiler.ruleset import RuleSet
from rules.document.errors import RuleError
from rules.document.source import Gravity
from rules.model import ActionCall, CameraId, Severity


class PtzParams(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    preset: str
    camera: str | None = None


WORLD = World(
    zones={"c1": frozenset({"gate", "yard"}), "c2": frozenset({"street"})},
    labels=frozenset({"person", "car"}),
    actions={"log": lambda _: (), "ptz": params_check(PtzParams)},
)


def told(text: str) -> list[str]:
    _, problems = check_rules([("f.yaml", text)], WORLD)
    return [str(problem) for problem in problems]


def rule(when: str, more: str = "") -> str:
    return f"rules:\n  - name: r\n    when: {when}\n{more}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            rule("{object: person, cameras: [c1, c3]}"),
            "f.yaml:3:42: rules.0.when.cameras.1: there is no camera “c3”",
        ),
        (
            rule("{object: person, cameras: c2, zone: gate}"),
            "f.yaml:3:47: rules.0.when.zone: none of its cameras has a zone “gate”",
        ),
        (
            rule("{object: person, zone: [gat]}"),
            "f.yaml:3:35: rules.0.when.zone.0: none of its cameras has a zone “gat” (did you mean “gate”?)",
        ),
        (
            rule("{motion: started}", "    do: [lgo]"),
            "f.yaml:4:10: rules.0.do.0: there is no action “lgo”; there are: log, ptz (did you mean “log”?)",
        ),
        (
            rule("{motion: started}", "    do: [{ptz: {prest: x}}]"),
            "f.yaml:4:17: rules.0.do.0.ptz.prest: there is no key “prest” here (did you mean “preset”?)",
        ),
        (
            rule("{motion: started}", "    do: [{ptz: {preset: 3}}]"),
            "f.yaml:4:25: rules.0.do.0.ptz.preset: must be text",
        ),
        (
            rule("{motion: started}", "    do: [{ptz: {preset: x, camera: c9}}]"),
            "f.yaml:4:36: rules.0.do.0.ptz.camera: there is no camera “c9”",
        ),
        (rule("{motion: started}", "    do: [ptz]"), "f.yaml:4:10: rules.0.do.0.preset: “preset” is missing"),
    ],
)
def test_unknown_names_are_told_at_their_place(text: str, expected: str) -> None:
    lines = told(text)
    assert any(line.startswith(expected) for line in lines), lines


def test_an_unknown_label_is_a_warning() -> None:
    rules = compile_rules([("f.yaml", rule("{object: [persn, any, moving]}"))], WORLD)
    (warning,) = rules.warnings
    assert warning.severity is Gravity.WARNING
    assert warning.suggestion == "person"
    assert len(rules.rules) == 1


def test_every_file_is_reported_at_once() -> None:
    files = [
        ("a.yaml", rule("{object: person, zone: nowhere}")),
        ("b.yaml", "rules: ["),
        ("c.yaml", rule("{objct: person}")),
        ("d.yaml", rule("{motion: started}")),
    ]
    with pytest.raises(RuleError) as caught:
        compile_rules(files, WORLD)
    assert [(problem.source, problem.code) for problem in caught.value.problems] == [
        ("a.yaml", "problem.unknown_zone"),
        ("b.yaml", "problem.syntax"),
        ("c.yaml", "problem.duplicate_rule"),
        ("c.yaml", "problem.kind"),
        ("d.yaml", "problem.duplicate_rule"),
    ]
    assert "d.yaml:2:11: rules.0.name: another rule has the name “r” (a.yaml:2)" in str(caught.value)


def test_without_a_world_names_are_not_checked() -> None:
    text = rule("{object: x, zone: y, cameras: z}", "    do: [w]")
    assert check_rules([("f", text)], None)[1] == []
    assert check_rules([("f", text)], World())[1] == []


def test_a_rule_is_compiled(compile_text: Callable[..., RuleSet]) -> None:
    text = rule(
        "{object: person, zone: gate, cameras: c1, score: {above: 0.5}}",
        "    for: 2s\n    cooldown: {time: 1m, per: rule}\n    severity: critical\n    title: Cổng\n"
        "    do: [log, {ptz: {preset: a}}]\n",
    )
    (made,) = compile_text(text, WORLD).rules
    assert (made.hold, made.cooldown, made.per, made.severity) == (2.0, 60.0, "rule", Severity.CRITICAL)
    assert made.title == {"vi": "Cổng", "en": "Cổng"}
    assert made.actions == (ActionCall("log", {}), ActionCall("ptz", {"preset": "a"}))
    (pattern,) = made.patterns
    assert (pattern.labels, pattern.zones) == (frozenset({"person"}), frozenset({"gate"}))
    assert pattern.cameras == frozenset({CameraId("c1")})


def test_a_disabled_rule_is_checked_but_not_judged() -> None:
    rules, problems = check_rules([("f", rule("{object: a, zone: no}", "    enabled: false"))], WORLD)
    assert rules.rules == ()
    assert "problem.unknown_zone" in {problem.code for problem in problems}
