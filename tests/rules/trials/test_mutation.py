"""Every condition that no trial would miss is told, at its line."""

from __future__ import annotations

import pytest

from rules.compiler.compile import World
from rules.trials import runner
from rules.trials.mutation import MutationResult, mutate

RULE = """\
rules:
  - name: night
    when:
      object: person
      zone: gate
    between: 22:00-05:00
    for: 2s
    severity: info
    do: []
"""
SEEN = "{track: {label: person, zone: gate, from: 22:00, to: 22:00:04}}"
BASE = "{name: seen, events: [%s], expect: [{fires: night, at: 22:00:02}]}" % SEEN  # noqa: UP031 - braces
ELSEWHERE = "{name: elsewhere, events: [{track: {label: person, from: 22:00, to: 22:00:09}}]}"
A_DOG = "{name: a dog, events: [{track: {label: dog, zone: gate, from: 22:00, to: 22:00:09}}]}"
BY_DAY = "{name: by day, events: [{track: {label: person, zone: gate, from: 12:00, to: 12:00:09}}]}"


def mutated(*trials: str, rule: str = RULE) -> MutationResult:
    text = runner.read("trials: [" + ", ".join(trials) + "]", "t.trial.yaml")
    assert text.file is not None, text.problems
    return mutate([("night.yaml", rule)], [text], World())


def told(result: MutationResult) -> list[str]:
    return [f"{each.line}: {each.sentence()}" for each in result.survivors]


def test_what_is_not_tried_survives() -> None:
    result = mutated(BASE)
    assert told(result) == [
        "4: nothing notices when “person” becomes “any”",
        "5: nothing notices when “zone: gate” is left out",
        "6: nothing notices when “between: 22:00-05:00” is left out",
    ]
    assert result.total == 6


def test_what_is_tried_is_noticed() -> None:
    result = mutated(BASE, ELSEWHERE, A_DOG, BY_DAY)
    assert told(result) == []
    assert result.killed == 6


@pytest.mark.parametrize(
    ("more", "survivor"),
    [
        ("      score: {above: 0.5}\n", "“above” becomes “below”"),
        ("      cameras: cam\n", "“cameras: cam” is left out"),
    ],
)
def test_flips(more: str, survivor: str) -> None:
    rule = RULE.replace("      zone: gate\n", "      zone: gate\n" + more)
    told_with = told(mutated(ELSEWHERE, rule=rule))
    assert any(survivor in line for line in told_with), told_with


def test_the_default_left_out_is_no_mutant() -> None:
    rule = "rules: [{name: r, when: {signal: S, state: true}}]"
    trial = (
        "{name: t, events: [{signal: {topic: S, from: 10:00, to: 11:00}}], expect: [{fires: r, at: 10:00}]}"
    )
    result = mutated(trial, rule=rule)
    assert (result.killed, told(result)) == (1, [])


def test_a_rule_that_is_off_is_left_alone_and_progress_is_told() -> None:
    seen: list[int] = []
    text = runner.read("trials: [{name: t}]", "t")
    off = RULE.replace("severity: info", "enabled: false")
    assert mutate([("f", off)], [text], World(), (), seen.append).total == 0
    assert seen == []
    assert mutate([("f", RULE)], [text], World(), (), seen.append).total == seen[-1] == 6
