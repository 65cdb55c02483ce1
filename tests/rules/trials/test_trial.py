"""Trials through the real evaluator: what is expected, what comes, and what is said when the two differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.compiler.compile import compile_rules
from rules.kinds.shorthand import trial_time
from rules.model import Change, Event, Kind
from rules.trials import runner, trial_events
from rules.trials.runner import Outcome
from rules.trials.trial_events import Calendar, arrivals

NIGHT = """
rules:
  - name: night
    when: {object: person, zone: gate, score: {above: 0.5}}
    between: 22:00-05:00
    for: 2s
    do: [log]
  - name: dark
    when: {signal: TooDark}
    severity: critical
"""
HEAD = (
    "camera: c1\ncameras: {c1: [gate], c2: {zones: {gate: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}}}\ntrials:\n"
)


def one(events: str, expect: str = "", more: str = "") -> str:
    return f"{HEAD}  - name: t\n    events: [{events}]\n    expect: [{expect}]\n{more}"


def trial(events: str, expect: str, rules: str = NIGHT) -> Outcome:
    text = runner.read(one(events, expect), "t.trial.yaml")
    assert text.file is not None, [str(each) for each in text.problems]
    compiled = compile_rules([("night.yaml", rules)], runner.world(text.file))
    (outcome,) = runner.run_trials(text, compiled)
    return outcome


def told(outcome: Outcome) -> list[str]:
    return [f"{each.key}: {each.sentence()}" for each in outcome.failures]


def events(text: str) -> list[Event]:
    file = runner.read(one(text), "t").file
    assert file is not None
    found = arrivals(file, file.trials[0], Calendar(file, file.trials[0]))
    return [each.event for each in found]


PERSON = "{track: {label: person, zone: gate, from: 22:01:00, to: 22:01:10, every: 1s}}"
LATER = "{track: {label: person, zone: gate, from: 02:00, to: 02:00:03}}"


def test_everything_that_can_be_expected() -> None:
    outcome = trial(
        f"{PERSON}, {LATER}, {{signal: {{topic: TooDark, at: 23:00}}}}",
        """{fires: night, at: 22:01:02, camera: c1, do: log, severity: warning, says: "for 2 s"},
        {fires: night, at: 02:00:02}, {resolves: night, at: 02:00:03}, {fires: dark, at: 23:00},
        {pending: night, at: 22:01:01}, {firing: night, at: 22:01:05}, {silent: night, at: 22:01:11},
        {resolves: night, at: 22:01:10}, {silent: night, from: 22:02, to: 23:00}""",
    )
    assert told(outcome) == []
    assert sorted(outcome.expected) == sorted(outcome.came)
    assert outcome.came[-2:] == ("02:00:02 fires night", "02:00:03 resolves night")


@pytest.mark.parametrize(
    ("expect", "failure"),
    [
        (
            "{fires: night, at: 22:01:03}",
            "trials.0.expect.0: night did not fire then; it fired at 22:01:02 c1",
        ),
        (
            "{fires: night, at: 22:01:02, camera: c2}",
            "trials.0.expect.0: night did not fire then; it fired at 22:01:02 c1",
        ),
        ("{fires: dark, at: 22:01:03}", "trials.0.expect.0: dark did not fire"),
        (
            "{fires: nigth, at: 22:01:02}",
            "trials.0.expect.0.fires: no rule “nigth” is judged in the files that are tried",
        ),
        ("{silent: night}", "trials.0.name: night fired at 22:01:02 c1, which was not expected: person"),
        ("{silent: night}", "trials.0.expect.0: at 22:01:02 night is not silent; it is firing"),
        ("", "trials.0.name: night fired at 22:01:02 c1, which was not expected"),
        ("{resolves: night, at: 22:01:09}", "trials.0.expect.0: night was not resolved then"),
        (
            "{pending: night, at: 22:01:03}",
            "trials.0.expect.0: at 22:01:03 night is not pending; it is firing",
        ),
        (
            "{firing: night, at: 22:01:01}",
            "trials.0.expect.0: at 22:01:01 night is not firing; it is pending",
        ),
        (
            "{silent: night, at: 22:01:01}",
            "trials.0.expect.0: at 22:01:01 night is not silent; it is pending",
        ),
        ("{pending: dark, at: 22:01:01}", "trials.0.expect.0: at 22:01:01 dark is not pending; it is silent"),
        (
            "{fires: night, at: 22:01:02, severity: info}",
            "trials.0.expect.0.severity: its severity is warning",
        ),
        ("{fires: night, at: 22:01:02, do: [log, log]}", "trials.0.expect.0.do: its actions are: log"),
        ("{fires: night, at: 22:01:02, says: dog}", "trials.0.expect.0.says: it says: person (0.90 ≥ 0.50)"),
    ],
)
def test_what_differs_is_told_at_its_line(expect: str, failure: str) -> None:
    outcome = trial(PERSON, expect)
    assert any(line.startswith(failure) for line in told(outcome)), told(outcome)
    assert all(each.line > 3 for each in outcome.failures)
    assert not outcome.passed


def test_a_resolution_is_judged_only_where_one_is_expected() -> None:
    assert told(trial(PERSON, "{fires: night, at: 22:01:02}")) == []
    twice = f"{PERSON}, {{track: {{label: person, zone: gate, from: 22:02, to: 22:02:05}}}}"
    fires = "{fires: night, at: 22:01:02}, {fires: night, at: 22:02:02}"
    (line,) = told(trial(twice, fires + ", {resolves: night, at: 22:01:10}"))
    assert "night was resolved at 22:02:05 c1, which was not expected: person is gone" in line


def test_a_rule_that_raises_fails_the_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    text = runner.read(one(PERSON), "t")
    rules = compile_rules([("night.yaml", NIGHT)], runner.world(text.file)) if text.file else None
    assert rules is not None
    monkeypatch.setattr(type(rules.rules[0].patterns[0]), "holds", lambda *_: 1 / 0)
    (outcome,) = runner.run_trials(text, rules)
    assert any("failed inside: ZeroDivisionError" in line for line in told(outcome))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("events: [{track: {label: a, from: 22:61}}]", "trials.0.events.0.track.from: must be a time of day"),
        ("events: [{}]", "trials.0.events.0: must say one thing that happens"),
        ("events: [{signal: {topic: x}}]", "trials.0.events.0.signal: needs either “at”"),
        ("events: [{trak: {label: a, from: 22:00}}]", "trials.0.events.0.trak: there is no key “trak” here"),
        ("expect: [{fires: a}]", "trials.0.expect.0: needs “at”"),
        ("expect: [{at: 22:00}]", "trials.0.expect.0: must say one thing of one rule"),
        ("day: 2025-02-30", "trials.0.day: must be a date"),
        (
            "events: [{event: {kind: objekt, at: 22:00}}]",
            "trials.0.events.0.event.kind: must be one of: object",
        ),
    ],
)
def test_a_wrong_trial_is_told_as_a_wrong_rule_is(text: str, problem: str) -> None:
    read = runner.read(f"trials:\n  - name: t\n    {text}\n", "t.trial.yaml")
    assert read.file is None
    assert any(problem in str(each) for each in read.problems), [str(each) for each in read.problems]


def test_a_track_is_told_as_the_engine_tells_it() -> None:
    told = events(
        "{track: {label: person, camera: c2, path: [[0.2, 0.8], [0.8, 0.8]], from: 10:00, to: 10:00:03}}"
    )
    assert [each.change for each in told] == [Change.BEGAN, Change.GOES_ON, Change.GOES_ON, Change.ENDED]
    assert [each.zones for each in told] == [("gate",), ("gate",), (), ()]
    assert told[0].box is not None
    assert told[0].facts["vx"] == pytest.approx(0.2)
    assert {each.subject for each in told} == {"track:1"}
    assert told[0].at == datetime(2025, 1, 1, 3, 0, tzinfo=UTC)
    assert [each.seq for each in told] == [1, 2, 3, 4]


def test_one_object_in_two_entries() -> None:
    told = events(
        "{track: {id: 7, label: person, zone: gate, from: 10:00, to: 10:00:02, gone: false}},"
        "{track: {id: 7, label: dog, from: 10:00:02, to: 10:00:03}}"
    )
    assert [(each.change, each.label) for each in told] == [
        (Change.BEGAN, "person"),
        (Change.GOES_ON, "person"),
        (Change.GOES_ON, "dog"),
        (Change.ENDED, "dog"),
    ]


def test_every_other_shorthand() -> None:
    told = events(
        "{motion: {from: 10:00, to: 10:01, share: 0.2}}, {signal: {topic: A/B, from: 10:02, to: 10:03}},"
        "{signal: {topic: A/C, at: 10:04, facts: {n: 1}}}, {health: {state: lost, at: 10:05}},"
        "{health: {state: online, at: 10:06}}, {engine: {name: engine.gap, at: 10:07}},"
        "{operator: {name: acknowledge, at: 10:08}}, {event: {kind: object, at: 10:09, subject: x, box: [0, 0, 1, 1]}}"
    )
    assert [(each.kind, each.change, each.label, each.camera) for each in told] == [
        (Kind.MOTION, Change.BEGAN, None, "c1"),
        (Kind.MOTION, Change.ENDED, None, "c1"),
        (Kind.SIGNAL, Change.BEGAN, "A/B", "c1"),
        (Kind.SIGNAL, Change.ENDED, "A/B", "c1"),
        (Kind.SIGNAL, Change.NOTED, "A/C", "c1"),
        (Kind.CAMERA, Change.ENDED, "lost", "c1"),
        (Kind.CAMERA, Change.BEGAN, "online", "c1"),
        (Kind.ENGINE, Change.NOTED, "engine.gap", None),
        (Kind.OPERATOR, Change.NOTED, "acknowledge", None),
        (Kind.OBJECT, Change.NOTED, None, "c1"),
    ]


def test_a_trial_of_too_many_events_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_events, "MOST_EVENTS", 5)
    assert "trials.0.events: comes to more events than a trial may have" in told(trial(PERSON, ""))


def test_midnight_and_days() -> None:
    text = runner.read(one("{motion: {from: 23:00, to: 01:00}}", "{silent: dark, at: +1d 00:30}"), "t")
    assert text.file is not None
    calendar = Calendar(text.file, text.file.trials[0])
    first, last = (calendar.wall(calendar.seconds(trial_time(each))) for each in ("23:00", "01:00"))
    assert last - first == timedelta(hours=2)
    assert calendar.seconds(trial_time("+1d 00:30")) == trial_time("+1d 00:30")


@given(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.integers(0, 9))
def test_moments_are_read_as_written(hour: int, minute: int, second: int, day: int) -> None:
    written = f"+{day}d {hour:02}:{minute:02}:{second:02}"
    assert trial_time(written) == ((day * 24 + hour) * 60 + minute) * 60 + second


def test_what_comes_before_since_is_remembered_and_does_not_count() -> None:
    def told_since(since: str, expect: str) -> list[str]:
        written = one(PERSON, expect).replace("- name: t\n", f"- name: t\n    since: {since}\n")
        text = runner.read(written, "t")
        (outcome,) = runner.run_trials(text, compile_rules([("r.yaml", NIGHT)], runner.world(text.file)))  # type: ignore[arg-type]
        return told(outcome)

    assert told_since("22:01:03", "") == []
    assert told_since("22:01:03", "{firing: night, at: 22:01:05}, {resolves: night, at: 22:01:10}") == []
    assert told_since("22:01:02", "") != []
