"""What somebody writes who writes rules for the first time: one problem each, at its place, with what was meant."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from rules.compiler.compile import World, examine
from rules.linter.lint import lint

WORLD = World(
    zones={"cong": frozenset({"san"}), "cho": frozenset({"via-he"})},
    labels=frozenset({"person", "car"}),
    actions={"log": lambda params: [], "snapshot": lambda params: []},
)
PERSON = "when: {object: person}"


@dataclass(frozen=True)
class Told:
    place: str
    code: str
    suggestion: str = ""


def rule(*keys: str) -> str:
    return "rules:\n  - name: r\n" + "".join(f"    {key}\n" for key in keys)


def told(text: str) -> list[Told]:
    checked = examine([("f", text)], WORLD)
    found = [*checked.problems, *lint(checked, {"f": text})]
    return [
        Told(f"{each.line}:{each.column}", each.code.removeprefix("problem."), each.suggestion)
        for each in found
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rules:\n\t- name: r\n", Told("2:1", "tab")),
        ("rules:\n  - name: r\n\twhen: {object: person}\n", Told("3:1", "tab")),
        ("rules:\n  - name: r\n   when: {object: person}\n", Told("3:4", "indentation")),
        ("rules:\n  - name: r\n    title: Cảnh báo: có người\n", Told("3:20", "colon")),
        ('rules:\n  - name: r\n    title: "Cảnh báo\n', Told("3:12", "not_closed")),
        (rule("when: {object: person", "do: [log]"), Told("3:11", "not_closed")),
        (rule("when: {object: @person}"), Told("3:20", "cannot_begin")),
        (rule("when： {object: person}"), Told("3:5", "unknown_key", "when")),
        (rule("when: {object： person}"), Told("3:11", "kind", "object")),
        (rule("when: {plate: “29A12345”}"), Told("3:19", "quotes", "29A12345")),
        (rule("when: {plate: '29E-123.45'}"), Told("3:19", "plate_form", "29E12345")),
        (rule("when: {plate: 29e12345}"), Told("3:19", "text")),
        (f"rules:\n  - name: Người-ở-cổng\n    {PERSON}\n", Told("2:11", "slug", "nguoi-o-cong")),
        (f"rules:\n  - name: 'Ngu\u031bo\u031b\u0300i'\n    {PERSON}\n", Told("2:11", "slug", "nguoi")),
        (rule("when: {object: người}"), Told("3:20", "unknown_label", "person")),
        (rule(PERSON, "for: 5mins"), Told("4:10", "duration", "5m")),
        (rule(PERSON, "for: 5 phút"), Told("4:10", "duration", "5m")),
        (rule(PERSON, "for: 1,5 giờ"), Told("4:10", "duration", "1.5h")),
        (rule(PERSON, "for: 5"), Told("4:10", "duration", "5s")),
        (rule(PERSON, "for: soon"), Told("4:10", "duration")),
        (rule(PERSON, "between: 22h - 5h30"), Told("4:14", "hours", "22:00-05:30")),
        (rule(PERSON, "between: 22:00 to 05:00"), Told("4:14", "hours", "22:00-05:00")),
        (rule("when: {object: person, score: 0.6}"), Told("3:35", "mapping", "{above: 0.6}")),
        (rule("when: {object: person, score: '< 60%'}"), Told("3:35", "mapping", "{below: 0.6}")),
        (rule("when: {object: person, score: > 0.6}"), Told("3:35", "cannot_begin")),
        (rule("when: {object: person, score: {above: 60%}}"), Told("3:43", "number", "0.6")),
        (rule("when: {object: person, score: {above: 60}}"), Told("3:43", "at_most", "0.6")),
        (rule("when: {object: person, score: {above: '0,6'}}"), Told("3:43", "number", "0.6")),
        (rule(PERSON, "enabled: no"), Told("4:14", "boolean", "false")),
        (rule(PERSON, "do: log"), Told("4:9", "list", "[log]")),
        (rule("when: [{object: person}, {motion: started}]"), Told("3:11", "mapping", "{any: [...]}")),
        (rule(PERSON, "on: motion"), Told("4:5", "unknown_key")),
        (rule(PERSON, "fro: 5s"), Told("4:5", "unknown_key", "for")),
        (rule(PERSON, "zone: san"), Told("4:5", "unknown_key", "when: {zone: ...}")),
        (rule(PERSON, "f\u200bor: 5s"), Told("4:5", "invisible")),
        (rule(PERSON, "when: {object: car}"), Told("4:5", "duplicate_key")),
        (
            rule(PERSON, "if: score > 0.6 && hour < 6"),
            Told("4:22", "expr_syntax", "score > 0.6 and hour < 6"),
        ),
        (rule(PERSON, "if: 'label = \"person\"'"), Told("4:16", "expr_syntax", 'label == "person"')),
        (f"rules:\n  - &a {{name: r, {PERSON}}}\n  - {{<<: *a, name: s}}\n", Told("3:6", "merge_key")),
        (rule(PERSON) + "---\n" + rule(PERSON), Told("4:1", "documents")),
        (f"- name: r\n  {PERSON}\n", Told("1:1", "mapping", "rules:")),
        ("", Told("1:1", "mapping")),
        ("rules:\n", Told("1:1", "list", "[]")),
        ("rules:\n  r: {}\n", Told("2:3", "list")),
        (rule(PERSON).replace("\n", "\r\n") + "    fro: 3s\r\n", Told("4:5", "unknown_key", "for")),
    ],
)
def test_one_mistake_is_one_problem(text: str, expected: Told) -> None:
    assert told(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + rule(PERSON),
        rule(PERSON).replace("\n", "\r\n"),
        rule("when: {at: 22:30}"),
        rule(PERSON, "between: 22:00 – 5:00"),
        rule("when: &who {object: person}"),
    ],
)
def test_what_is_right_is_left_alone(text: str) -> None:
    assert told(text) == []


def test_every_mistake_of_a_rule_is_told_at_once() -> None:
    text = rule("when: {object: person, zone: sna}", "for: 5mins", "severity: hihg", "do: [lgo]", "fro: 1s")
    assert [each.code for each in told(text)] == [
        "unknown_zone", "duration", "choice", "unknown_action", "unknown_key",
    ]  # fmt: skip
