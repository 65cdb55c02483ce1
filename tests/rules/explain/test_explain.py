"""Why it fired, and why it did not: the nearest miss with its value and margin, and what is waited for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rules.compiler.compile import World, compile_rules
from rules.compiler.ruleset import RuleSet
from rules.explain.explain import Focus, Story, ask, explain, timers
from rules.explain.playback import Arrival, Playback
from rules.model import Instant, RuleName
from rules.text import render
from rules.trials import runner
from rules.trials.trial_events import Calendar, arrivals

RULES = """
rules:
  - name: night
    when: {object: person, cameras: c1, zone: gate, score: {above: 0.5}}
    between: 22:00-05:00
    for: 5s
    cooldown: 10m
  - name: fast
    when: {object: car, speed: {above: 0.2}}
  - name: too-long
    when: {decision: night}
    for: 1m
  - name: pair
    when: {sequence: [{object: person, enters: yard}, {object: person, enters: store}], within: 30s, by: track}
"""


ALL = Focus()


def compiled() -> RuleSet:
    return compile_rules([("r.yaml", RULES)], World())


def scene(*events: str) -> list[Arrival]:
    text = runner.read(f"camera: c1\ntrials: [{{name: t, events: [{', '.join(events)}]}}]", "t")
    assert text.file is not None, text.problems
    return arrivals(text.file, text.file.trials[0], Calendar(text.file, text.file.trials[0]))


def told(name: str, *events: str, focus: Focus = ALL) -> Story:
    rules = compiled()
    found = scene(*events)
    return explain(rules, rules.named[RuleName(name)], found, focus)


def nearest(story: Story) -> list[str]:
    assert story.nearest is not None
    return [render(each.why.code, each.why.values, "en") for each in story.nearest[1].failed]


def test_the_nearest_miss_names_condition_value_and_margin() -> None:
    story = told(
        "night",
        "{track: {label: person, zone: gate, from: 22:00, to: 22:00:03, score: 0.3}}",
        "{track: {label: person, zone: gate, from: 22:10, to: 22:10:03, score: 0.47}}",
        "{track: {label: person, camera: c2, zone: gate, from: 22:20, to: 22:20:03}}",
        "{track: {label: dog, from: 22:30, to: 22:30:03}}",
    )
    assert not story.fired
    assert nearest(story) == ["score ≥ 0.5: it is 0.47, 0.03 off"]
    assert story.patterns[0].matched == 0
    assert story.patterns[0].seen == 16


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("{track: {label: person, camera: c2, zone: gate, from: 22:00}}", "camera is c2, wanted: c1"),
        ("{track: {label: person, zone: yard, from: 22:00}}", "zone is yard, wanted: gate"),
        ("{track: {label: dog, zone: gate, from: 22:00}}", "label is dog, wanted: person"),
    ],
)
def test_each_question_says_what_it_saw(event: str, reason: str) -> None:
    assert nearest(told("night", event)) == [reason]


def test_a_fact_that_misses_its_bound() -> None:
    assert nearest(told("fast", "{track: {label: car, from: 22:00, facts: {speed: 0.15}}}")) == [
        "speed ≥ 0.2: it is 0.15, 0.05 off"
    ]


def test_what_counted_and_was_given_up_says_how_much_was_missing() -> None:
    story = told("night", "{track: {label: person, zone: gate, from: 22:00, to: 22:00:03}}")
    (timer,) = story.given_up
    assert (timer.key, timer.state) == ("c1/track:1", "pending")
    assert timer.missing == pytest.approx(2.0)
    assert timer.due is not None
    assert timer.ended is not None
    assert timer.due - timer.ended == timedelta(seconds=2)
    assert timer.by == "e4"


def test_why_it_fired_and_what_it_waits_for() -> None:
    story = told(
        "night",
        "{track: {label: person, zone: gate, from: 22:00, to: 22:00:20}}",
        "{track: {label: person, zone: gate, from: 22:01, to: 22:01:10, gone: false}}",
    )
    assert story.fired
    assert [made.phase.value for made in story.decisions] == ["firing", "resolved"]
    assert {(timer.key, timer.state) for timer in story.waiting} >= {("c1/track:2", "pending")}
    assert any(timer.state == "quiet" for timer in story.waiting)
    pending = next(timer for timer in story.waiting if timer.state == "pending")
    quiet = next(timer for timer in story.waiting if timer.state == "quiet")
    assert pending.due == quiet.due


def test_hours_are_told() -> None:
    story = told("night", "{track: {label: person, zone: gate, from: 12:00, to: 12:00:20}}")
    assert not story.fired
    assert story.patterns[0].matched == story.patterns[0].late == 20


def test_each_step_of_a_sequence_has_its_own_story() -> None:
    story = told(
        "pair",
        "{track: {id: 1, label: person, zone: yard, from: 22:00, to: 22:00:01, facts: {entered: yard}}}",
        "{track: {id: 2, label: person, zone: gate, from: 22:00:05, to: 22:00:06, facts: {entered: gate}}}",
    )
    first, second = story.patterns
    assert (first.matched, second.matched) == (1, 0)
    assert story.nearest is not None
    assert story.nearest[0] is second


def test_decisions_of_other_rules_are_heard() -> None:
    story = told("too-long", "{track: {label: person, zone: gate, from: 22:00, to: 22:00:20}}")
    assert (story.patterns[0].seen, story.patterns[0].matched) == (2, 1)
    (timer,) = story.given_up
    assert timer.missing == pytest.approx(45.0)


def test_the_focus_narrows_what_is_told() -> None:
    events = (
        "{track: {label: person, zone: gate, from: 22:00, to: 22:00:20}}",
        "{track: {label: dog, camera: c2, from: 23:00, to: 23:00:02}}",
    )
    start = scene(*events)[0].now.wall
    later = told("night", *events, focus=Focus(since=start + timedelta(minutes=30)))
    assert not later.fired
    assert later.patterns[0].seen == 3
    earlier = told("night", *events, focus=Focus(until=start + timedelta(seconds=6)))
    assert earlier.fired
    assert told("night", *events, focus=Focus(camera="c2")).decisions == []


def test_one_event_question_by_question() -> None:
    rules = compiled()
    (arrival, *_) = scene("{track: {label: person, zone: gate, from: 22:00, score: 0.4}}")
    ((_, answers),) = ask(rules.named[RuleName("night")], arrival.event)
    assert [(answer.name, answer.held) for answer in answers] == [
        ("camera c1", True),
        ("label person", True),
        ("it begins, goes on", True),
        ("score ≥ 0.5", False),
        ("zone gate", True),
    ]
    assert ask(rules.named[RuleName("night")], scene("{motion: {from: 22:00}}")[0].event) == []


def test_timers_of_a_memory() -> None:
    rules = compiled()
    play = Playback(rules)
    found = scene("{track: {label: person, zone: gate, from: 22:00, to: 22:00:02, gone: false}}")
    for arrival in found:
        play.see(arrival)
    now: Instant = found[-1].now
    (timer,) = timers(play.memory, RuleName("night"), now)
    assert timer.due == found[0].now.wall + timedelta(seconds=5)
    camera = found[0].event.camera
    assert timers(play.memory, RuleName("night"), now, camera) == [timer]
    assert timers(play.memory, RuleName("night"), now, "another") == []
