"""Slips in trials: what would show nothing is told at its place instead of passing."""

from __future__ import annotations

import pytest

from rules.compiler.compile import World, compile_rules
from rules.trials import runner, trial_events
from rules.trials.trial_events import Calendar

SITE = """\
camera: c1
cameras: {c1: [yard, gate], c2: {zones: {door: [[0, 0], [1, 0], [1, 1]]}}}
trials:
  - name: t
    start: 09:00
    until: 12:00
"""
SEEN = "{track: {label: person, zone: yard, from: 10:00, to: 10:01}}"


def told(events: str, expect: str = "", site: str = SITE) -> list[str]:
    text = f"{site}    events: [{events}]\n    expect: [{expect}]\n"
    return [f"{each.key}: {each.sentence()}" for each in runner.read(text, "t.trial.yaml").problems]


@pytest.mark.parametrize(
    ("event", "slip"),
    [
        ("{track: {label: person, from: 10:01, to: 10:00}}", "track.to: must be later than “from”"),
        ("{track: {label: person, from: 10:00, to: 10:00}}", "track.to: must be later than “from”"),
        ("{motion: {from: 10:01, to: 10:00}}", "motion.to: must be later than “from”"),
        ("{crowd: {zone: gate, count: 3, from: 10:01, to: 10:00}}", "crowd.to: must be later than “from”"),
        ("{signal: {topic: S, from: 10:01, to: 10:00}}", "signal.to: must be later than “from”"),
        ("{signal: {topic: S, at: 12:01}}", "signal: comes after the end of the trial (its until)"),
        ("{mqtt: {topic: a, at: +1d 09:00}}", "mqtt: comes after the end of the trial (its until)"),
        ("{track: {label: a, zone: yrad, from: 10:00}}", "track.zone: none of its cameras has a zone “yrad” (did you"),
        ("{track: {label: a, camera: c2, zone: yard, from: 10:00}}", "track.zone: none of its cameras has a zone"),
        ("{motion: {zone: [yard, door], from: 10:00}}", "motion.zone.1: none of its cameras has a zone “door”"),
        ("{plate: {text: '29A1', camera: c3, at: 10:00}}", "plate.camera: there is no camera “c3”"),
        ("{event: {kind: object, zones: [gaet], at: 10:00}}", "event.zones.0: none of its cameras has a zone “gaet”"),
        ("{operator: {name: o, camera: c9, at: 10:00}}", "operator.camera: there is no camera “c9”"),
        ("{health: {state: lost, over: true, at: 10:00}}", "health.over: lost is never over by itself: another state"),
        ("{event: {kind: decision, label: a, at: 10:00}}", "event.kind: must be one of: object, motion, signal,"),
    ],
)  # fmt: skip
def test_an_event_that_never_is_is_told(event: str, slip: str) -> None:
    (line,) = told(event)
    assert line.startswith(f"trials.0.events.0.{slip}")


@pytest.mark.parametrize(
    ("expect", "slip"),
    [
        ("{fires: r, at: 12:30}", "at: comes after the end of the trial (its until)"),
        ("{silent: r, from: 11:00, to: 10:00}", "to: must be later than “from”"),
        ("{silent: r, camera: c7}", "camera: there is no camera “c7”"),
    ],
)
def test_an_expectation_of_nothing_is_told(expect: str, slip: str) -> None:
    (line,) = told(SEEN, expect)
    assert line.startswith(f"trials.0.expect.0.{slip}")


def test_one_object_is_not_told_twice_at_once() -> None:
    entry = "{track: {id: a, label: person, from: %s, to: %s}}"
    assert told(f"{entry % ('10:00', '10:05')}, {entry % ('10:05', '10:06')}") == []
    assert told(f"{entry % ('10:00', '10:05')}, {entry % ('10:04', '10:06')}") == [
        "trials.0.events.1.track.from: this object (its id) is told by another entry at the same time"
    ]
    often = "{track: {id: a, label: person, from: 10:00, to: 10:02, repeat: {times: 3, every: %s}}}"
    assert told(often % "3m") == []
    assert len(told(often % "1m")) == 1


@pytest.mark.parametrize(
    "event",
    [
        SEEN,
        "{operator: {name: o, at: 10:00}}",
        "{mqtt: {topic: a, at: 10:00}}",
        "{health: {state: deaf, over: true, at: 10:00}}",
        "{crowd: {camera: c2, zone: door, count: 3, from: 10:00}}",
        "{track: {label: person, from: 23:00, to: +1d 01:00}}",
    ],
)
def test_what_makes_sense_is_left_alone(event: str) -> None:
    assert told(event, "{silent: r, from: 10:00, to: 11:00}", SITE.replace("    until: 12:00\n", "")) == []


def test_without_a_site_any_place_will_do_and_the_next_day_is_no_way_back() -> None:
    site = "trials:\n  - name: t\n"
    assert (
        told("{track: {label: person, camera: c9, zone: any-where, from: 23:00, to: 01:00}}", "", site) == []
    )


def test_what_repeats_is_cut_at_the_end() -> None:
    site = SITE.replace("until: 12:00", "until: 10:02:30")
    text = f"{site}    events: [{{mqtt: {{topic: a, at: 10:00, repeat: {{times: 1000, every: 1m}}}}}}]\n"
    file = runner.read(text, "t").file
    assert file is not None
    assert len(trial_events.arrivals(file, file.trials[0], Calendar(file, file.trials[0]))) == 3


def test_a_trial_with_a_slip_is_not_tried_and_a_plate_is_read_as_live() -> None:
    rules = compile_rules([("r", "rules: [{name: p, when: {plate: '51F12345'}}]")], World())
    good = "trials: [{name: t, events: [{plate: {text: '51f-123.45', at: 10:00}}], expect: [{fires: p, at: 10:00}]}]"
    (outcome,) = runner.run_trials(runner.read(good, "t"), rules)
    assert outcome.passed
    assert (
        list(
            runner.run_trials(
                runner.read(good.replace("expect", "until: 09:00, start: 08:00, expect"), "t"), rules
            )
        )
        == []
    )


def test_a_rule_that_is_off_is_not_taken_for_a_silent_one() -> None:
    rules = compile_rules([("r", "rules: [{name: off, enabled: false, when: {plate: any}}]")], World())
    text = runner.read("trials: [{name: t, expect: [{silent: off}]}]", "t")
    (outcome,) = runner.run_trials(text, rules)
    assert "no rule “off” is judged" in outcome.failures[0].sentence()
