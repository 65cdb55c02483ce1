from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.config.action_params import PARAMS
from engine.config.settings import MotionSettings
from rules.document.source import parse
from rules.document.validation import flaws, nearest, validate
from rules.language.schema import RuleFile, json_schema
from rules.text import catalogue

ROOT = Path(__file__).parents[3]


def told(when: str, more: str = "") -> list[str]:
    text = f"rules:\n  - name: r\n    when: {when}\n{more}"
    return [str(problem) for problem in validate(RuleFile, parse(text, "f"))[1]]


def good(when: str, more: str = "") -> RuleFile:
    file, problems = validate(RuleFile, parse(f"rules:\n  - name: r\n    when: {when}\n{more}", "f"))
    assert file is not None, [str(problem) for problem in problems]
    return file


@pytest.mark.parametrize(
    "when",
    [
        "{object: person, zone: gate, score: {above: 0.5}}",
        "{object: [person, car], zone: [a, b], cameras: c1, change: began}",
        "{object: any}",
        "{motion: started, share: {above: 0.1, below: 0.9}}",
        "{motion: stopped}",
        "{signal: VideoSource/MotionAlarm, state: false}",
        "{camera: [lost, refused]}",
        "{engine: engine.gap}",
        "{operator: acknowledge}",
    ],
)
def test_patterns_that_are_meant(when: str) -> None:
    good(when)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{object: person, score: {above: lots}}", ["f:3:43: rules.0.when.score.above: must be a number"]),
        ("{object: person, score: {above: 1.5}}", ["f:3:43: rules.0.when.score.above: must be at most 1.0"]),
        ("{object: person, score: {}}", ["f:3:35: rules.0.when.score: needs “above” or “below”"]),
        (
            "{object: person, score: {above: 0.5, below: 0.5}}",
            ["f:3:35: rules.0.when.score: “above” must be less than “below”"],
        ),
        (
            "{object: person, zon: a}",
            ["f:3:28: rules.0.when.zon: there is no key “zon” here (did you mean “zone”?)"],
        ),
        (
            "{objekt: person}",
            [
                "f:3:11: rules.0.when: says nothing about what must happen: needs one of object, crowd, motion, "
                "plate, signal, camera, mqtt, engine, operator, decision, at, "
                "every, sequence, all, any, count, absent (did you mean “object”?)"
            ],
        ),
        (
            "{object: person, motion: started}",
            [
                "f:3:11: rules.0.when: says several things at once (object, motion); one rule is about one of them"
            ],
        ),
        (
            "{camera: lots}",
            [
                "f:3:20: rules.0.when.camera: must be one of: online, lost, refused, failed, discovered, deaf, "
                "blind, impaired, clock, noisy, behind, slowed (did you mean “lost”?)"
            ],
        ),
        (
            "{object: [person, 3]}",
            ["f:3:29: rules.0.when.object.1: must be text (put numbers and plates in quotes)"],
        ),
        ("{object: []}", ["f:3:20: rules.0.when.object: needs at least 1 entries"]),
        ("person", ["f:3:11: rules.0.when: must be a mapping (key: value)"]),
        ("", ["f:3:5: rules.0.when: must be a mapping (key: value)"]),
    ],
)
def test_patterns_that_are_not(when: str, expected: list[str]) -> None:
    assert told(when) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            "    for: 5",
            "f:4:10: rules.0.for: must be a duration with its unit, e.g. 30s, 5m, 1h30m (did you mean “5s”?)",
        ),
        ("    for: 0s", "f:4:10: rules.0.for: must be more than 0 and at most ten years"),
        ("    for: 1y", "f:4:10: rules.0.for: must be a duration with its unit, e.g. 30s, 5m, 1h30m"),
        ("    between: 22:30", "f:4:14: rules.0.between: must be hours, e.g. 22:00-05:00"),
        ("    between: 22:30-25:00", "f:4:14: rules.0.between: must be a time of day from 00:00 to 24:00"),
        ("    between: 05:00-05:00", "f:4:14: rules.0.between: begins and ends at the same time"),
        ("    between: {from: 1:00, days: [fr]}", "f:4:34: rules.0.between.days.0: must be a day: mon … sun"),
        ("    enabled: no", "f:4:14: rules.0.enabled: must be true or false"),
        (
            "    severity: crit",
            "f:4:15: rules.0.severity: must be one of: info, warning, critical (did you mean “critical”?)",
        ),
        ("    do: [{a: {}, b: {}}]", "f:4:10: rules.0.do.0: must be an action's name, or one action"),
        ("    do: log", "f:4:9: rules.0.do: must be a list"),
        ("    hold: 5s", "f:4:5: rules.0.hold: there is no key “hold” here"),
        (
            "    cooldown: {time: 5s, per: track}",
            "f:4:31: rules.0.cooldown.per: must be one of: subject, camera, rule",
        ),
        ("    title: {vi: a}", "f:4:5: rules.0.title.en: “en” is missing"),
    ],
)
def test_keys_that_are_wrong(more: str, expected: str) -> None:
    (line,) = told("{object: person}", more)
    assert line.startswith(expected)


def test_a_moment_cannot_be_counted() -> None:
    (line,) = told("{object: person, change: began}", "    for: 5s")
    assert line == "f:4:10: rules.0.for: cannot be counted: what `when` names is a moment and does not last"


def test_every_problem_is_reported_at_once() -> None:
    text = "rules:\n  - name: A\n    when: {object: 1, zon: x}\n    for: x\n  - when: {motion: begun}\n"
    assert len(validate(RuleFile, parse(text, "f"))[1]) == 6


def test_values_are_read() -> None:
    (rule,) = good(
        "{object: person}",
        "    for: 1h30m\n    between: [22:00–05:00, {from: 7:05, to: 24:00, days: sat}]\n"
        "    cooldown: 500ms\n    do: [log, {ptz: {preset: a}}, snapshot: ]\n",
    ).rules
    assert rule.hold == 5400
    assert [str(hours.window()) for hours in rule.between or ()] == ["22:00–05:00", "07:05–24:00 sat"]
    assert rule.cooldown is not None
    assert rule.cooldown.time == 0.5
    assert [(call.name, call.params) for call in rule.do] == [
        ("log", {}),
        ("ptz", {"preset": "a"}),
        ("snapshot", {}),
    ]


def test_the_checked_in_schema_is_current() -> None:
    stored = json.loads((ROOT / "configs/schema/rules.schema.json").read_text("utf-8"))
    assert stored == json_schema(PARAMS), "matthan rules schema > configs/schema/rules.schema.json"


def test_the_schema_explains_every_key() -> None:
    silent = [
        (name, key)
        for name, definition in json_schema()["$defs"].items()
        for key, about in definition.get("properties", {}).items()
        if "description" not in about
    ]
    assert silent == []


def test_what_is_suggested_is_not_what_is_written() -> None:
    assert told("{motion: started, change: ended}")[0].endswith("there is no key “change” here")
    assert not flaws(MotionSettings, {"sensitivity": 50.5})[0].suggestion
    assert flaws(MotionSettings, {"sensitivity": "50"})[0].suggestion == "50"


def test_the_nearest_word() -> None:
    assert nearest("persn", ["person", "car"]) == "person"
    assert nearest("Zone", ["zone"]) == "zone"
    assert nearest("xyz", ["person"]) == ""


def test_both_languages_say_the_same_things() -> None:
    vi, en = catalogue("vi"), catalogue("en")
    assert vi.keys() == en.keys()
    import string

    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert {code for code in en if names(vi[code]) != names(en[code])} == set()


_WORDS = st.sampled_from(
    [
        "rules",
        "name",
        "when",
        "object",
        "zone",
        "score",
        "above",
        "for",
        "between",
        "do",
        "title",
        "days",
        "x",
    ]
)
_VALUES = st.sampled_from(
    ["person", "5s", "22:00-05:00", "log", 1, 0.5, None, True, "", "lost", "started", 10**40]
)
_TREES = st.recursive(
    _VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=15,
)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(_TREES)
def test_any_tree_is_taken_or_told(tree: object) -> None:
    text = json.dumps({"rules": [tree]})
    file, problems = validate(RuleFile, parse(text, "f"))
    assert (file is None) == bool(problems)
    known = catalogue("en")
    assert all(problem.code in known for problem in problems)
