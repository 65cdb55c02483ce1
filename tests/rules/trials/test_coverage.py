"""What trials have exercised is counted as an author would count it."""

from __future__ import annotations

from rules.compiler.compile import World, compile_rules
from rules.trials import runner
from rules.trials.coverage import MEASURES, Coverage

RULES = """
rules:
  - name: night
    when: {object: person, zone: gate, score: {above: 0.5}}
    between: 22:00-05:00
    for: 2s
    cooldown: 1m
  - name: dark
    when: {signal: TooDark}
    escalate: {after: 1m, do: [log]}
  - name: both
    when: {sequence: [{motion: started}, {operator: look}], within: 1m}
"""
SEEN = "{track: {label: person, zone: gate, from: 22:00, to: 22:00:04}}"


def covered(*events: str) -> Coverage:
    text = runner.read(f"trials: [{{name: t, events: [{', '.join(events)}]}}]", "t")
    assert text.file is not None, text.problems
    rules = compile_rules([("r.yaml", RULES)], World())
    coverage = Coverage(rules)
    list(runner.run_trials(text, rules, coverage.watch))
    return coverage


def test_nothing_is_covered_by_nothing() -> None:
    coverage = covered()
    assert [coverage.share(name).taken for name in MEASURES] == [0, 0, 0]
    assert coverage.share("rules").total == 3
    assert len(coverage.missing()) == coverage.share("branches").total


def test_what_was_seen_is_covered() -> None:
    coverage = covered(SEEN)
    assert coverage.share("rules").taken == 1
    missing = {branch[1:] for branch in coverage.missing() if branch[0] == "night"}
    assert missing == {
        ("label person", "fails"),
        ("zone gate", "fails"),
        ("score ≥ 0.5", "fails"),
        ("hours", "fails"),
        ("for", "broken off"),
        ("cooldown", "keeps quiet"),
    }


def test_every_branch_can_be_taken() -> None:
    coverage = covered(
        "{track: {label: dog, zone: gate, from: 21:00, to: 21:01}}",
        "{track: {label: person, zone: gate, from: 21:00, to: 21:01, score: 0.2}}",
        "{track: {label: person, zone: gate, from: 21:00, to: 21:01}}",
        "{track: {label: person, zone: yard, from: 21:00, to: 21:01}}",
        "{track: {label: person, zone: gate, from: 22:30, to: 22:30:01}}",
        "{track: {label: person, zone: gate, from: 23:00, to: 23:00:04}}",
        "{track: {label: person, zone: gate, from: 23:00:20, to: 23:00:30}}",
        "{signal: {topic: TooDark, from: 23:10, to: 23:20}}",
        "{signal: {topic: Other, from: 23:10, to: 23:20}}",
        "{motion: {from: 23:30, to: 23:31}}",
        "{operator: {name: look, camera: cam, at: 23:30:10}}",
        "{operator: {name: other, at: 23:30:20}}",
    )
    assert coverage.missing() == []
    assert [coverage.share(name).percent for name in MEASURES] == [100.0, 100.0, 100.0]
