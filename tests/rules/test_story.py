"""For every story and every kind of rule: the same events give the same decisions, whatever happens in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.compiler.compile import World, compile_rules
from rules.compiler.ruleset import RuleSet
from rules.evaluator.evaluator import settle, step
from rules.memory import Memory
from rules.model import CameraId, Change, Decision, Event, Kind, Phase, Row, Sentence

Make = Callable[[str | RuleSet], Any]
TEXT = """
rules:
  - {name: each, when: {object: person}, for: 3s, keep_firing_for: 5s, cooldown: 10s}
  - {name: night, when: {object: any, if: score > 0.5}, between: 22:00-22:02, escalate: {after: 20s, do: [log]}}
  - {name: clears, when: {signal: Door}, auto_clear: 15s}
  - {name: order, when: {sequence: [{object: person, zone: a}, {not: {object: dog}}, {object: person, zone: b}],
     within: 20s, by: track}}
  - {name: waits, when: {sequence: [{signal: Door}, {not: {signal: Door, state: false}}], within: 12s}}
  - {name: both, when: {all: [{object: person}, {signal: Door}]}, for: 2s}
  - {name: near, when: {all: [{object: person}, {object: dog}], within: 8s, by: zone}, keep_firing_for: 3s}
  - {name: either, when: {any: [{camera: lost}, {signal: Door}, {object: dog}]}}
  - {name: many, when: {count: {object: any}, above: 2, within: 9s}}
  - {name: burst, when: {count: {signal: Door}, above: 2, within: 30s, window: tumbling, by: site}}
  - {name: nobody, when: {absent: {object: person, cameras: [c1, c2]}, for: 25s}}
  - {name: still, when: {absent: {object: dog}, after: {object: person, change: began}, for: 6s, on_gap: fire}}
  - {name: clock, when: {at: ["22:01", "22:03"]}}
  - {name: ticks, when: {every: 2m}, between: 22:02-23:00}
  - {name: rare, when: {count: {object: person, cameras: [c1, c2]}, below: 2, within: 20s}, cooldown: 30s}
  - {name: rare-doors, when: {count: {signal: Door}, below: 2, within: 9s, by: site, on_gap: fire}, for: 3s}
  - {name: another, when: {sequence: [{object: any, zone: a}, {object: any, zone: b,
     if: "subject != earlier(1, 'subject') and since(1) >= 1"}], within: 30s}}
  - {name: swap, when: {sequence: [{object: person, zone: a}, {not: {object: dog, if: "score > earlier(1, 'score')"}},
     {object: person, zone: b, if: "earlier(1, 'score') > score"}, {not: {signal: Door}}], within: 20s}}
  - {name: hears, when: {decision: [each, order]}, for: 1s}
  - {name: few, when: {object: any}, for: 1m, limit: 2}
"""
RULES = compile_rules([("story.yaml", TEXT)], World())
OTHER = compile_rules(
    [("story.yaml", TEXT.replace("9s", "10s").replace("20s", "18s").replace("3s", "4s"))], World()
)

_OBJECT = st.fixed_dictionaries(
    {
        "kind": st.just(Kind.OBJECT),
        "change": st.sampled_from(list(Change)[:3]),
        "camera": st.sampled_from(["c1", "c2"]),
        "subject": st.sampled_from(["track:1", "track:2", "track:3"]),
        "label": st.sampled_from(["person", "dog"]),
        "zones": st.sampled_from([(), ("a",), ("b",), ("a", "b")]),
        "score": st.sampled_from([None, 0.2, 0.9]),
    }
)


def _other(kind: Kind, label: str, change: Change, camera: str | None = "c1", **facts: Any) -> dict[str, Any]:
    subject = {Kind.SIGNAL: f"signal:{label}:", Kind.CAMERA: "camera"}.get(kind, str(kind))
    about = {"kind": kind, "label": label, "change": change, "camera": camera, "subject": subject}
    return about | {"zones": (), "score": None, "facts": facts}


_OTHER = st.sampled_from(
    [
        *(_other(Kind.SIGNAL, "Door", change) for change in list(Change)[:3]),
        _other(Kind.CAMERA, "lost", Change.ENDED),
        _other(Kind.CAMERA, "online", Change.BEGAN),
        _other(Kind.ENGINE, "engine.gap", Change.NOTED, None, seconds=7.0),
        _other(Kind.OPERATOR, "acknowledge", Change.NOTED, None, rule="night"),
    ]
)
#: Sums of these are exact in binary, so that finer ticks come to the same times.
_PAUSE = st.sampled_from([0.0, 0.5, 1.0, 4.0, 16.0, 64.0])
_STORY = st.lists(st.tuples(_PAUSE, st.none() | _OBJECT | _OTHER), max_size=25)
Story = list[tuple[float, dict[str, Any] | None]]


def kept(memory: Memory) -> Memory:
    """Return a memory as a database gives it back, in another order."""
    rows = [(rule, key, _kept(row)) for rule, key, row in memory.rows()]
    return Memory(sorted(rows, key=lambda entry: entry[:2], reverse=True))


def _kept(row: Row) -> Row:
    code, values, data = json.loads(json.dumps([row.reason.code, dict(row.reason.values), row.data]))
    return replace(row, reason=Sentence(code, values), data=data)


def tell(b: Any, story: Story, after: Callable[[Any, float], None] = lambda b, at: None) -> list[Decision]:
    at, decisions = 0.0, list(begin(b, 0.0))
    for pause, told in story:
        at += pause
        decisions += b.tick(at) if told is None else b.see(at, **told)
        after(b, at)
    return decisions + list(b.tick(at + 1000.0))


def begin(b: Any, at: float) -> tuple[Decision, ...]:
    done = settle(b.rules, b.memory, b.now(at))
    b.memory.apply(done.changes)
    return done.decisions


@settings(deadline=None, max_examples=150)
@given(story=_STORY)
def test_a_restart_after_any_step_changes_nothing(bench: Make, story: Story) -> None:
    def restart(b: Any, at: float) -> None:
        b.memory = kept(b.memory)
        assert settle(RULES, b.memory, b.now(at)).changes == ()

    assert tell(bench(RULES), story, restart) == tell(bench(RULES), story)


@settings(deadline=None, max_examples=100)
@given(story=_STORY)
def test_a_step_is_pure_and_deterministic(bench: Make, story: Story) -> None:
    b, at = bench(RULES), 0.0
    begin(b, at)
    for pause, told in story:
        at += pause
        event: Event | None = None if told is None else b.event(at, **told)
        before = repr(list(b.memory.rows()))
        first = step(RULES, b.memory, event, b.now(at))
        assert repr(list(b.memory.rows())) == before
        assert first.faults == ()
        assert step(RuleSet(RULES.rules), kept(b.memory), event, b.now(at)) == first
        b.memory.apply(first.changes)


@settings(deadline=None, max_examples=100)
@given(story=_STORY)
def test_ticks_in_between_change_nothing(bench: Make, story: Story) -> None:
    finer: Story = []
    for pause, told in story:
        finer += [(pause / 4, None)] * 3 + [(pause / 4, told)]
    coarse, fine = tell(bench(RULES), story), tell(bench(RULES), finer)
    assert [(d.rule, d.key, d.phase) for d in coarse] == [(d.rule, d.key, d.phase) for d in fine]


@settings(deadline=None, max_examples=100)
@given(story=_STORY)
def test_a_reload_of_the_same_rules_changes_nothing(bench: Make, story: Story) -> None:
    again = compile_rules(
        [("story.yaml", TEXT.replace("name: each,", "name: each, severity: info,"))], World()
    )

    def reload(b: Any, at: float) -> None:
        before, b.rules = b.rules, again if b.rules is RULES else RULES
        assert settle(b.rules, b.memory, b.now(at), before).changes == ()

    told = [(d.id, d.at, d.reason) for d in tell(bench(RULES), story, reload)]
    assert told == [(d.id, d.at, d.reason) for d in tell(bench(RULES), story)]


@settings(deadline=None, max_examples=100)
@given(story=_STORY)
def test_one_rule_does_not_change_another(bench: Make, story: Story) -> None:
    whole = tell(bench(RULES), story)
    for rule in RULES.rules:
        if rule.name in ("each", "order", "hears"):
            continue
        alone = tell(bench(RuleSet((rule,))), story)
        assert [d for d in whole if d.rule == rule.name] == alone


@settings(deadline=None, max_examples=100)
@given(story=_STORY)
def test_what_lasts_fires_and_resolves_in_turn_and_every_decision_is_its_own(
    bench: Make, story: Story
) -> None:
    decisions = tell(bench(RULES), story)
    assert len({each.id for each in decisions}) == len(decisions)
    alive: set[tuple[str, str]] = set()
    for each in decisions:
        life = each.rule, each.key
        if each.phase is Phase.RESOLVED:
            assert life in alive
            alive.remove(life)
        elif each.phase is Phase.FIRING and RULES.named[each.rule].lasting:
            assert life not in alive
            alive.add(life)


@settings(deadline=None, max_examples=100)
@given(story=_STORY)
def test_every_decision_is_its_own_also_where_rules_change_meaning(bench: Make, story: Story) -> None:
    def reload(b: Any, at: float) -> None:
        before, b.rules = b.rules, OTHER if b.rules is RULES else RULES
        done = settle(b.rules, b.memory, b.now(at), before)
        b.memory.apply(done.changes)
        made.extend(done.decisions)

    made = list[Decision]()
    made += tell(bench(RULES), story, reload)
    assert len({each.id for each in made}) == len(made)


@settings(deadline=None, max_examples=60)
@given(story=_STORY)
def test_memory_is_bounded_and_nothing_is_remembered_for_ever(bench: Make, story: Story) -> None:
    b = bench(RULES)
    tell(b, story)
    rows = list(b.memory.rows())
    assert sum(1 for rule, _, _ in rows if rule == "few") <= 2
    # what waits for an acknowledgement may wait for ever
    lasting = ("firing", "held", "gathering", "waiting")
    assert [row for _, _, row in rows if row.due is None and row.state not in lasting] == []


def test_subjects_that_nobody_counts_do_not_meet(bench: Make) -> None:
    """Events of different cameras at one time: their order changes nothing but the order of decisions."""
    events = [
        {"camera": CameraId(camera), "subject": "track:1", "zones": ("a",), "change": Change.BEGAN}
        for camera in ("c1", "c2")
    ]
    told = []
    for order in (events, events[::-1]):
        b = bench(RULES)
        begin(b, 0.0)
        made = [(d.rule, d.key, d.phase) for event in order for d in b.see(1.0, **event)]
        told.append(sorted(made) + sorted((d.rule, d.key, d.phase) for d in b.tick(30.0)))
    assert told[0] == told[1]
