"""What is kept of rules while they judge: bounded, and enough to tell what they did."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from rules.evaluator.evaluator import NOTHING, step
from rules.explain.explain import Focus, Story, explain, recall, scene_of, timers
from rules.explain.history import EVENTS, STEPS, EvaluationHistory
from rules.explain.playback import Arrival
from rules.model import CameraId, Change, Event, RuleName

RULES = """
rules:
  - name: stays
    when: {object: person, zone: gate, score: {above: 0.5}}
    for: 5s
    limit: 2
  - name: seen
    when: {object: person, change: began}
    cooldown: 1m
  - name: breaks
    when: {object: dog}
"""
Bench = Any  # the class is in conftest.py


def ticking() -> Iterator[float]:
    return itertools.count(0.0, 0.5)


class Keeping:
    """Judges as the judge does: turns of events, of which one is weighed."""

    def __init__(self, bench: Bench) -> None:
        clock = ticking()
        self.bench = bench
        self.history = EvaluationHistory(lambda: next(clock), Random(3))
        self.seen: list[Arrival] = []

    def turn(self, *events: tuple[float, dict[str, Any]]) -> None:
        weighed = self.history.choose(len(events))
        made: list[Event] = []
        for place, (at, given) in enumerate(events):
            event = replace(self.bench.event(at, **given), judged=at)
            now = self.bench.now(at)
            made.append(event)
            self.seen.append(Arrival(event, now))
            rules, memory = self.bench.rules, self.bench.memory
            if place == weighed:
                done = self.history.weigh(rules, memory, event, now, len(events))
            else:
                done = step(rules, memory, event, now)
            if done is not NOTHING:
                self.history.note(event, now, done)
            memory.apply(done.changes)
        self.history.saw(made)

    def story(self, rule: str, camera: str | None = None) -> Story:
        last = self.seen[-1].now
        waiting = timers(self.bench.memory, RuleName(rule), last)
        found = self.bench.rules.named[rule]
        scene = scene_of(found, self.bench.memory, last, camera)
        return recall(scene, self.history.recent(camera), Focus(camera=camera), waiting)


@pytest.fixture
def keeping(bench: Callable[..., Bench]) -> Keeping:
    return Keeping(bench(RULES))


def test_what_is_recalled_is_what_a_replay_tells(keeping: Keeping) -> None:
    random = Random(5)
    at = 0.0
    for _ in range(40):
        events = []
        for _ in range(random.randrange(1, 5)):
            at += random.choice([0.1, 1.0, 2.5])
            change = random.choice([Change.BEGAN, Change.GOES_ON, Change.GOES_ON, Change.ENDED])
            given = {"subject": f"track:{random.randrange(3)}", "change": change, "score": random.random()}
            events.append((at, given))
        keeping.turn(*events)
    assert len(keeping.seen) < EVENTS
    for name, rule in keeping.bench.rules.named.items():
        told, again = keeping.story(name), explain(keeping.bench.rules, rule, keeping.seen, Focus())
        assert told.patterns == again.patterns
        assert told.waiting == again.waiting
        assert [made.id for made in told.decisions] == [made.id for made in again.decisions][
            -len(told.decisions) :
        ]
        assert (told.events, told.first, told.last) == (again.events, again.first, again.last)
    assert keeping.story("stays").decisions
    assert keeping.story("stays").given_up


def test_a_busy_camera_pushes_out_no_other(keeping: Keeping) -> None:
    keeping.turn((0.0, {"camera": CameraId("c2"), "score": 0.4}))
    for n in range(EVENTS + 50):
        keeping.turn((1.0 + n, {"change": Change.BEGAN if n % 2 else Change.ENDED}))
    assert len(keeping.history.recent()) == EVENTS + 1
    quiet = keeping.story("stays", "c2")
    assert (quiet.events, quiet.patterns[0].seen) == (1, 1)
    assert quiet.nearest is not None
    assert quiet.nearest[1].failed[0].why.values["margin"] == pytest.approx(0.1)
    assert len(keeping.story("seen").decisions) <= STEPS


def test_it_counts_what_each_rule_did(keeping: Keeping) -> None:
    for n in range(4):
        keeping.turn((float(n), {"subject": f"track:{n}", "change": Change.BEGAN}))
    seen, stays = keeping.history.of(RuleName("seen")), keeping.history.of(RuleName("stays"))
    assert (seen.fired, seen.last) == (1, keeping.seen[0].now.wall)
    assert (stays.fired, stays.evicted) == (0, 2)
    assert seen.visits == stays.visits == 4  # turns of one event: each is weighed
    assert seen.seconds == stays.seconds == pytest.approx(4 * 0.25)  # half a tick each
    assert keeping.history.of(RuleName("breaks")).visits == 0


def test_one_event_of_a_turn_stands_for_all(keeping: Keeping) -> None:
    keeping.turn(*((float(n), {"subject": f"track:{n}"}) for n in range(6)))
    assert keeping.history.of(RuleName("stays")).visits == 6
    assert keeping.history.of(RuleName("seen")).visits == 0


def test_a_rule_that_raised_is_unhealthy_until_rules_are_loaded(keeping: Keeping) -> None:
    rules, broken = keeping.bench.rules, RuleName("breaks")

    def raises(event: Event) -> bool:
        raise ZeroDivisionError("a bug")

    (pattern,) = rules.named[broken].patterns
    bad = replace(rules.named[broken], patterns=(replace(pattern, rest=(raises,)),))
    keeping.bench.rules = replace(
        rules, rules=tuple(bad if each.name == broken else each for each in rules.rules)
    )
    keeping.turn((0.0, {"label": "dog"}), (1.0, {"label": "dog"}))
    tally = keeping.history.of(broken)
    assert (tally.faults, tally.error) == (2, "ZeroDivisionError: a bug")
    assert tally.failed == keeping.seen[1].now.wall
    keeping.history.renew(rules)
    assert (keeping.history.of(broken).error, keeping.history.of(broken).failed) == ("", None)


def test_a_rule_that_is_gone_is_forgotten(keeping: Keeping, bench: Callable[..., Bench]) -> None:
    keeping.turn((0.0, {"change": Change.BEGAN}))
    keeping.history.renew(bench("rules: []").rules)
    assert keeping.history.of(RuleName("seen")).fired == 0
