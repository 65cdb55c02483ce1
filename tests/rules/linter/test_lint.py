"""What is no mistake of the grammar and yet probably not meant."""

from __future__ import annotations

import pytest

from rules.compiler.compile import World, examine
from rules.document.problem import Problem
from rules.linter.lint import lint


def linted(*files: tuple[str, str], world: World | None = None) -> list[Problem]:
    return lint(examine(files, world or World()), dict(files))


def told(text: str, world: World | None = None) -> list[str]:
    found = linted(("f.yaml", text), world=world)
    return [f"{each.line}:{each.column} {each.code.partition('.')[2]}" for each in found]


def rule(*keys: str, name: str = "r") -> str:
    return "".join([f"  - name: {name}\n", *(f"    {key}\n" for key in keys)])


def file(*rules: str) -> str:
    return "rules:\n" + "".join(rules)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            file(rule("when: {motion: started}", "between: 22:00-05:00", "not_between: 20:00-06:00")),
            ["4:5 unreachable_hours"],
        ),
        (file(rule("when: {motion: started}", "between: 22:00-22:10", "for: 1h")), ["5:10 unreachable_for"]),
        (file(rule("when: {motion: started}", "between: 22:00-05:00", "for: 1h")), []),
        (file(rule("when: {motion: started}", "between: 22:00-22:10", "for: 1d")), []),
        (
            file(
                rule("when: {motion: started}", "enabled: false"),
                rule("when: {decision: [r]}", name="s"),
            ),
            ["6:23 unreachable_rule"],
        ),
        (file(rule("when: {signal: RuleEngine/FieldDetector/ObjectsInside}")), ["3:20 never_clears"]),
        (
            file(rule("when: {signal: RuleEngine/FieldDetector/ObjectsInside}", "auto_clear: 30s")),
            [],
        ),
        (file(rule("when: {object: person}", "do: [log, snapshot]")), ["4:5 no_cooldown"]),
        (file(rule("when: {object: person}", "do: [log]")), []),
        (file(rule("when: {object: person}", "do: [snapshot]", "cooldown: 1m")), []),
        (file(rule('when: {plate: "29E12345"}')), []),
        (file(rule("when: {plate: 29A12345}")), ["3:19 plate_quotes"]),
        (file(rule('when: {plate: ["29e-123.45"]}')), ["3:20 plate_form"]),
        (
            file(
                rule("when: {object: [person, car]}", "do: [log]"),
                rule("when: {object: car, zone: gate}", "do: [log]", name="s"),
            ),
            ["5:11 shadowed"],
        ),
        (
            file(
                rule("when: {object: car, zone: gate, score: {above: 0.7}}", "for: 2s", name="s"),
                rule("when: {object: any, score: {above: 0.5}}", "for: 2s"),
            ),
            ["2:11 shadowed"],
        ),
        (
            file(
                rule("when: {object: [person, car]}", "do: [log]"),
                rule("when: {object: [car, bus]}", "do: [log]", name="s"),
            ),
            ["5:11 overlap"],
        ),
        (
            file(
                rule("when: {object: [person, car]}", "do: [log]"),
                rule("when: {object: [car, bus]}", "do: [snapshot]", "cooldown: 1m", name="s"),
            ),
            [],
        ),
        (
            file(
                rule("when: {object: car, cameras: c1}", "do: [log]"),
                rule("when: {object: car, cameras: c2}", "do: [log]", name="s"),
            ),
            [],
        ),
        (
            file(
                rule("when: {object: car}", "between: 22:00-05:00", "do: [log]"),
                rule("when: {object: car}", "between: 05:00-22:00", "do: [log]", name="s"),
            ),
            [],
        ),
    ],
)
def test_warnings(text: str, expected: list[str]) -> None:
    assert told(text) == expected


def test_a_plate_from_a_list_and_the_nearest_suggestion() -> None:
    text = 'lists: {xe: ["29E-12345"]}\n' + file(rule("when: {plate: $xe}"))
    (problem,) = linted(("f.yaml", text))
    assert problem.suggestion == "29E12345"
    assert problem.sentence().endswith("(did you mean “29E12345”?)")


def test_broken_files_are_left_to_the_compiler() -> None:
    assert told("rules: [") == []
    assert told("rules: [{name: r, when: {}}]") == []


def test_warnings_are_in_the_order_of_files() -> None:
    bad = file(rule("when: {object: person}", "do: [snapshot]"))
    found = linted(("b.yaml", bad), ("a.yaml", bad.replace("r\n", "s\n")))
    assert found[0].source == "b.yaml"
