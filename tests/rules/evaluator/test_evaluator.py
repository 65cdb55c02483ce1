from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.compiler.compile import World, compile_rules
from rules.compiler.ruleset import RuleSet
from rules.evaluator.evaluator import decision_id, forget, settle, step
from rules.memory import Memory
from rules.model import CameraId, Change, Decision, Event, EventId, Instant, Kind, Phase, RuleName
from rules.text import render

#: The fixture `bench` of conftest.py: from YAML text or rules to a `Bench`.
Make = Callable[[str | RuleSet], Any]


def said(decisions: tuple[Decision, ...], language: Any = "en") -> list[tuple[str, str]]:
    return [(each.phase.value, render(each.reason.code, each.reason.values, language)) for each in decisions]


NIGHT = """
rules:
  - name: night
    when: {object: person, zone: gate, score: {above: 0.5}}
    between: 22:00-05:00
    for: 2s
    do: [log]
"""


def test_a_timer_fires_at_its_own_time_with_every_reason(bench: Make) -> None:
    b = bench(NIGHT)
    assert b.see(600.0) == ()
    assert b.see(601.0) == ()
    (fired,) = b.tick(605.0)
    assert said((fired,)) == [
        ("firing", "person (0.83 ≥ 0.50) in zone gate for 2 s, at 22:10 within 22:00–05:00")
    ]
    assert said((fired,), "vi") == [
        ("firing", "người (0,83 ≥ 0,50) trong vùng gate suốt 2 s, lúc 22:10 trong khoảng 22:00–05:00")
    ]
    assert fired.at == b.now(602.0).wall
    assert fired.since == b.now(600.0).wall
    assert (fired.cause, fired.camera, fired.key) == ("e1", "c1", "c1/track:1")
    assert [call.name for call in fired.actions] == ["log"]
    assert fired.id == decision_id(RuleName("night"), "c1/track:1", Phase.FIRING, EventId("e1"))


def test_a_due_timer_fires_before_the_event_that_comes_late(bench: Make) -> None:
    b = bench(NIGHT)
    b.see(0.0)
    assert [phase for phase, _ in said(b.see(10.0, change=Change.ENDED, zones=()))] == ["firing", "resolved"]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ({"change": Change.ENDED, "zones": ()}, "person is gone, after 5 s"),
        ({"zones": ("street",)}, "person has left zone gate, after 5 s"),
        ({"score": 0.31}, "person no longer sure enough (0.31), after 5 s"),
        ({"label": "dog"}, "person is now taken for dog, after 5 s"),
    ],
)
def test_it_resolves_when_its_subject_no_longer_matches(
    bench: Make, end: dict[str, Any], reason: str
) -> None:
    b = bench(NIGHT)
    b.see(0.0)
    b.tick(2.0)
    (over,) = b.see(5.0, **end)
    assert said((over,)) == [("resolved", reason)]
    assert over.actions == ()
    assert len(b.memory) == 0


@pytest.mark.parametrize("end", [{"change": Change.ENDED}, {"zones": ()}, {"score": None}])
def test_what_ends_early_never_fires(bench: Make, end: dict[str, Any]) -> None:
    b = bench(NIGHT)
    b.see(0.0)
    assert b.see(1.0, **end) == ()
    assert b.tick(100.0) == ()
    assert len(b.memory) == 0


def test_for_counts_again_after_a_break(bench: Make) -> None:
    b = bench(NIGHT)
    b.see(0.0)
    b.see(1.0, zones=())
    b.see(1.5)
    assert b.tick(3.0) == ()
    assert [each.at for each in b.tick(4.0)] == [b.now(3.5).wall]


def test_subjects_are_counted_apart(bench: Make) -> None:
    b = bench(NIGHT)
    b.see(0.0)
    b.see(1.0, subject="track:2")
    b.see(1.5, change=Change.ENDED)
    assert [each.key for each in b.tick(10.0)] == ["c1/track:2"]


def test_hours_are_asked_when_it_begins_and_when_it_fires(bench: Make) -> None:
    b = bench(NIGHT)
    morning = 7 * 3600.0  # 05:00
    assert b.see(morning - 1) == ()
    assert b.tick(morning + 2) == ()
    assert b.see(morning + 3) == ()
    assert len(b.memory) == 0


def test_it_resolves_when_its_hours_are_over(bench: Make) -> None:
    b = bench(NIGHT)
    b.see(7 * 3600.0 - 10)
    assert said(b.see(7 * 3600.0)) == [
        ("firing", "person (0.83 ≥ 0.50) in zone gate for 2 s, at 04:59 within 22:00–05:00"),
        ("resolved", "person: its hours are over, after 10 s"),
    ]


def test_not_between(bench: Make) -> None:
    b = bench("rules: [{name: r, when: {motion: started}, not_between: 06:00-21:30}]")
    motion = {"kind": Kind.MOTION, "subject": "motion", "label": None, "zones": (), "change": Change.BEGAN}
    assert said(b.see(0.0, **motion)) == [("firing", "motion, at 22:00 outside 06:00–21:30")]
    assert b.see(10 * 3600.0, **motion | {"camera": CameraId("c2")}) == ()


def test_a_cooldown_counts_per_camera_and_delays_what_still_holds(bench: Make) -> None:
    b = bench("rules: [{name: r, when: {object: person}, cooldown: 60s}]")
    assert len(b.see(0.0)) == 1
    assert b.see(10.0, subject="track:2") == ()
    assert len(b.see(10.0, subject="track:2", camera=CameraId("c2"))) == 1
    assert b.see(20.0, subject="track:3") == ()
    assert [phase for phase, _ in said(b.see(30.0, subject="track:3", change=Change.ENDED))] == []
    (late,) = b.tick(100.0)
    assert (late.key, late.at) == ("c1/track:2", b.now(60.0).wall)


def test_a_cooldown_per_subject_and_per_rule(bench: Make) -> None:
    apart = bench("rules: [{name: r, when: {object: person}, cooldown: {time: 60s, per: subject}}]")
    assert len(apart.see(0.0)) == len(apart.see(1.0, subject="track:2")) == 1
    apart.see(2.0, change=Change.ENDED)
    assert apart.see(3.0) == ()
    whole = bench("rules: [{name: r, when: {object: person}, cooldown: {time: 60s, per: rule}}]")
    assert len(whole.see(0.0)) == 1
    assert whole.see(1.0, camera=CameraId("c2")) == ()


def test_a_camera_lost_again_within_the_cooldown_is_still_told(bench: Make) -> None:
    b = bench("rules: [{name: r, when: {camera: lost}, cooldown: 10m}]")
    camera = {"kind": Kind.CAMERA, "subject": "camera", "zones": (), "score": None}
    lost = camera | {"label": "lost", "change": Change.ENDED}
    back = camera | {"label": "online", "change": Change.BEGAN}
    assert said(b.see(0.0, **lost)) == [("firing", "camera lost")]
    assert said(b.see(30.0, **back)) == [("resolved", "camera lost no longer, after 30 s")]
    assert b.see(60.0, **lost) == ()
    (told,) = b.tick(4000.0)
    assert told.at == b.now(600.0).wall


def test_what_is_the_matter_with_a_camera_is_apart_from_its_state(bench: Make) -> None:
    b = bench(
        "rules: [{name: ill, when: {camera: [lost, deaf, clock]}}, {name: seen, when: {object: person}},"
        " {name: empty, when: {absent: {object: person}, for: 10m, by: camera}}]"
    )
    camera = {"kind": Kind.CAMERA, "zones": (), "score": None}

    def deaf(change: Change, label: str = "deaf") -> dict[str, Any]:
        return camera | {"label": label, "subject": f"camera:{label}", "change": change}

    assert [each.rule for each in b.see(0.0)] == ["seen"]
    assert said(b.see(1.0, **deaf(Change.BEGAN))) == [("firing", "the camera's own events do not come")]
    assert said(b.see(2.0, **deaf(Change.BEGAN, "clock"))) == [
        ("firing", "the camera's clock and this machine's differ")
    ]
    assert b.see(3.0, **camera, label="lost", subject="camera", change=Change.ENDED)
    over = b.see(4.0, **deaf(Change.ENDED))
    assert [(each.rule, each.phase, each.key) for each in over] == [("ill", Phase.RESOLVED, "c1/camera:deaf")]
    assert b.see(5.0, **deaf(Change.ENDED)) == ()
    ill = {key for rule, key, row in b.memory.rows() if rule == "ill"}
    assert {"c1/camera", "c1/camera:clock"} <= ill


def test_a_camera_that_hears_again_still_sees_what_it_saw(bench: Make) -> None:
    b = bench("rules: [{name: seen, when: {object: person}, for: 10s}]")
    b.see(0.0)
    for change in (Change.BEGAN, Change.ENDED):
        b.see(1.0, kind=Kind.CAMERA, label="deaf", subject="camera:deaf", change=change, zones=(), score=None)
    assert [each.rule for each in b.tick(10.0)] == ["seen"]


def test_a_moment_fires_each_time_and_never_resolves(bench: Make) -> None:
    b = bench(
        "rules: [{name: r, when: {object: person, change: ended}}, {name: g, when: {engine: engine.gap}}]"
    )
    assert b.see(0.0, change=Change.BEGAN) == ()
    assert said(b.see(1.0, change=Change.ENDED)) == [("firing", "person is gone")]
    gap = {
        "kind": Kind.ENGINE,
        "change": Change.NOTED,
        "camera": None,
        "label": "engine.gap",
        "subject": "engine",
    }
    (told,) = b.see(2.0, **gap)
    assert (told.camera, told.key) == (None, "/engine")
    assert len(b.memory) == 0


def test_signals_go_on_until_they_are_off(bench: Make) -> None:
    b = bench(
        "rules: [{name: r, when: {signal: A/B}, for: 3s}, {name: off, when: {signal: A/B, state: false}}]"
    )
    on = {"kind": Kind.SIGNAL, "subject": "signal:A/B:1", "label": "A/B", "zones": (), "score": None}
    assert b.see(0.0, **on, change=Change.BEGAN) == ()
    assert said(b.tick(3.0)) == [("firing", "signal A/B for 3 s")]
    assert [
        (each.rule, phase) for each in b.see(9.0, **on, change=Change.ENDED) for phase in [each.phase]
    ] == [
        ("off", Phase.FIRING),
        ("r", Phase.RESOLVED),
    ]


@pytest.mark.parametrize(
    "blind",
    [
        {"kind": Kind.CAMERA, "label": "lost", "change": Change.ENDED, "subject": "camera"},
        {
            "kind": Kind.ENGINE,
            "label": "engine.gap",
            "change": Change.NOTED,
            "camera": None,
            "subject": "engine",
        },
    ],
)
def test_what_can_no_longer_be_seen_is_over(bench: Make, blind: dict[str, Any]) -> None:
    b = bench("rules: [{name: r, when: {object: person}}, {name: l, when: {object: person}, for: 1m}]")
    b.see(0.0)
    assert said(b.see(9.0, **blind)) == [("resolved", "person can no longer be seen, after 9 s")]
    assert b.tick(100.0) == ()
    assert len(b.memory) == 0
    assert len(b.see(101.0)) == 1, "a new track of the same number is a new person"


def test_every_matching_rule_fires_in_order(bench: Make) -> None:
    text = "rules: [" + ", ".join(f"{{name: r{n}, when: {{object: person}}}}" for n in range(5)) + "]"
    assert [each.rule for each in bench(text).see(0.0)] == ["r0", "r1", "r2", "r3", "r4"]


def test_a_rule_that_raises_stops_no_other(bench: Make, compile_text: Callable[[str], RuleSet]) -> None:
    def raises(_: Event) -> bool:
        raise ZeroDivisionError("a bug")

    good = compile_text("rules: [{name: a, when: {object: person}}, {name: b, when: {object: person}}]").rules
    broken = replace(good[0], patterns=(replace(good[0].patterns[0], rest=(raises,)),))
    b = bench(RuleSet((broken, good[1])))
    assert [each.rule for each in b.see(0.0)] == ["b"]
    assert [(fault.rule, fault.error) for fault in b.steps[-1].faults] == [("a", "ZeroDivisionError: a bug")]
    assert b.see(1.0) == ()


def test_a_rule_that_raises_at_its_timer_gives_up_its_row(
    bench: Make, compile_text: Callable[[str], RuleSet]
) -> None:
    (rule,) = compile_text("rules: [{name: a, when: {object: person}, for: 1s}]").rules
    b = bench(RuleSet((replace(rule, title=None),)))  # type: ignore[arg-type]  # the broken rule that is tried
    b.memory.apply(step(RuleSet((rule,)), b.memory, b.event(0.0), b.now(0.0)).changes)
    assert b.tick(2.0) == ()
    assert [fault.rule for fault in b.steps[-1].faults] == ["a"]
    assert len(b.memory) == 0


def test_memory_is_bounded_per_rule_and_says_what_it_gave_up(bench: Make) -> None:
    b = bench("rules: [{name: r, when: {object: person}, for: 1h}]")
    for n in range(1000 + 3):
        b.see(float(n), subject=f"track:{n}")
    assert len(b.memory) == 1000
    assert sum(len(done.evicted) for done in b.steps) == 3
    assert b.memory.get(RuleName("r"), "c1/track:2") is None
    assert b.memory.get(RuleName("r"), "c1/track:3") is not None


def test_rows_of_rules_that_are_gone_are_forgotten(bench: Make) -> None:
    b = bench("rules: [{name: r, when: {object: person}}, {name: s, when: {object: person}, for: 9s}]")
    b.see(0.0)
    changes = forget(compile_rules([("f", "rules: [{name: r, when: {object: person}}]")], World()), b.memory)
    assert [(change.rule, change.row) for change in changes] == [("s", None)]
    b.memory.apply(changes)
    assert b.tick(10.0) == ()


def test_a_timer_of_a_rule_that_is_gone_does_nothing(bench: Make) -> None:
    b = bench("rules: [{name: s, when: {object: person}, for: 9s}]")
    b.see(0.0)
    b.rules = RuleSet()
    assert b.tick(10.0) == ()
    assert len(b.memory) == 0


# -- for every story -----------------------------------------------------------------------------

STORY_RULES = """
rules:
  - {name: seen, when: {object: person}}
  - {name: loiter, when: {object: person, zone: gate, score: {above: 0.5}}, for: 5s, cooldown: 20s}
  - {name: often, when: {object: [person, dog]}, cooldown: {time: 7s, per: rule}}
  - {name: left, when: {object: any, change: ended}, cooldown: {time: 3s, per: subject}}
  - {name: night, when: {motion: started}, for: 2s, between: 22:00-22:01}
  - {name: lost, when: {camera: lost}, for: 3s, cooldown: 30s}
"""
RULES = compile_rules([("story.yaml", STORY_RULES)], World())
_OBJECT = st.fixed_dictionaries(
    {
        "kind": st.just(Kind.OBJECT),
        "change": st.sampled_from([Change.BEGAN, Change.GOES_ON, Change.ENDED]),
        "camera": st.sampled_from(["c1", "c2"]),
        "subject": st.sampled_from(["track:1", "track:2"]),
        "label": st.sampled_from(["person", "dog"]),
        "zones": st.sampled_from([(), ("gate",)]),
        "score": st.sampled_from([None, 0.2, 0.9]),
    }
)
_OTHER = st.sampled_from(
    [
        {
            "kind": Kind.MOTION,
            "change": change,
            "subject": "motion",
            "label": None,
            "zones": (),
            "camera": "c1",
        }
        for change in (Change.BEGAN, Change.ENDED)
    ]
    + [
        {
            "kind": Kind.CAMERA,
            "change": change,
            "subject": "camera",
            "label": label,
            "zones": (),
            "camera": "c1",
        }
        for change, label in ((Change.BEGAN, "online"), (Change.ENDED, "lost"))
    ]
    + [
        {
            "kind": Kind.ENGINE,
            "change": Change.NOTED,
            "subject": "engine",
            "label": "engine.gap",
            "camera": None,
        }
    ]
)
_STORY = st.lists(
    st.tuples(st.sampled_from([0.0, 0.5, 1.0, 4.0, 30.0]), st.none() | _OBJECT | _OTHER), max_size=25
)
Story = list[tuple[float, dict[str, Any] | None]]


def tell(b: Any, story: Story, *, restart: bool = False) -> list[Decision]:
    at, decisions = 0.0, list[Decision]()
    for pause, given_event in story:
        at += pause
        if restart:
            b.memory = Memory(sorted(b.memory.rows(), reverse=True, key=lambda row: row[:2]))
        decisions += b.tick(at) if given_event is None else b.see(at, **given_event)
    return decisions


@settings(deadline=None)
@given(story=_STORY)
def test_a_step_is_pure_and_deterministic(bench: Make, story: Story) -> None:
    b, at = bench(RULES), 0.0
    for pause, told in story:
        at += pause
        event = None if told is None else b.event(at, **told)
        before = list(b.memory.rows())
        told_before = repr(before)
        first = step(RULES, b.memory, event, b.now(at))
        assert repr(list(b.memory.rows())) == told_before
        assert step(RuleSet(RULES.rules), Memory(before), event, b.now(at)) == first
        b.memory.apply(first.changes)


@settings(deadline=None)
@given(story=_STORY)
def test_a_restart_between_any_two_steps_changes_nothing(bench: Make, story: Story) -> None:
    assert tell(bench(RULES), story) == tell(bench(RULES), story, restart=True)


@settings(deadline=None)
@given(story=_STORY, ticks=st.sampled_from([1, 3]))
def test_ticks_in_between_change_nothing(bench: Make, story: Story, ticks: int) -> None:
    finer: Story = []  # parts of a half or a quarter: exact in binary
    for pause, told in story:
        finer += [(pause / (ticks + 1), None)] * ticks + [(pause / (ticks + 1), told)]
    coarse, fine = tell(bench(RULES), story), tell(bench(RULES), finer)
    assert [(d.rule, d.key, d.phase) for d in coarse] == [(d.rule, d.key, d.phase) for d in fine]


@settings(deadline=None)
@given(story=_STORY)
def test_each_life_fires_once_and_resolves_once(bench: Make, story: Story) -> None:
    decisions = tell(bench(RULES), story)
    assert len({each.id for each in decisions}) == len(decisions)
    alive: set[tuple[str, str]] = set()
    for each in decisions:
        life = each.rule, each.key
        if each.phase is Phase.RESOLVED:
            assert life in alive
            alive.remove(life)
        elif each.rule != "left":
            assert life not in alive
            alive.add(life)


@settings(deadline=None)
@given(story=_STORY)
def test_for_and_cooldown_are_kept(bench: Make, story: Story) -> None:
    fired: dict[tuple[str, str | None], list[Decision]] = {}
    for each in tell(bench(RULES), story):
        if each.phase is Phase.FIRING:
            fired.setdefault((each.rule, each.camera), []).append(each)
    for (rule, _), decisions in fired.items():
        made = RULES.named[RuleName(rule)]
        assert all((each.at - each.since).total_seconds() >= made.hold - 1e-3 for each in decisions)
        if made.per == "camera":
            gaps = [(b.at - a.at).total_seconds() for a, b in pairwise(decisions)]
            assert all(gap >= made.cooldown - 1e-3 for gap in gaps)


def test_the_clock_may_step_back_without_disturbing_timers(
    compile_text: Callable[[str], RuleSet], bench: Make
) -> None:
    b = bench("rules: [{name: r, when: {object: person}, for: 5s}]")
    b.see(0.0)
    wall = b.now(0.0).wall
    done = step(b.rules, b.memory, None, Instant(wall.replace(hour=1), 6.0))
    assert [each.phase for each in done.decisions] == [Phase.FIRING]


@pytest.mark.parametrize("year", [1, 2, 9998, 9999])
def test_a_clock_that_shows_anything_raises_nothing(year: int) -> None:
    rules = compile_rules(
        [
            (
                "f",
                "rules:\n"
                "  - name: a\n    when: {object: person}\n    between: sunset-05:00\n"
                "    suspend: {between: 01:00-02:00, why: x}\n"
                "  - {name: b, when: {at: '07:00', days: ram}}\n"
                "  - name: c\n    when: {absent: {object: dog}, for: 1h, by: site, within_hours: true}\n"
                "    between: 22:00-05:00\n"
                "  - {name: d, when: {object: person}, if: hour > 30 or holiday or dark}\n"
                "  - {name: e, when: {object: person}}\n"
                "holidays: [tet]\n",
            )
        ],
        World(location=(21.0, 105.0)),
    )
    memory = Memory()
    for wall in (datetime(year, 1, 1, tzinfo=UTC), datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)):
        now = Instant(wall, 100.0)
        memory.apply(settle(rules, memory, now).changes)
        seen = Event(
            EventId(f"e{wall}"), "s", 1, Kind.OBJECT, Change.BEGAN, CameraId("c"), wall, wall,
            subject=f"track:{wall.month}", label="person",
        )  # fmt: skip
        done = step(rules, memory, seen, now)
        memory.apply(done.changes)
        assert done.faults == ()
        assert "e" in {each.rule for each in done.decisions}


def test_the_reason_of_an_absence_says_what_was_asked(bench: Any) -> None:
    b = bench("rules: [{name: r, when: {absent: {object: person, cameras: c1, if: score > 0.9}, for: 1m}}]")
    b.memory.apply(settle(b.rules, b.memory, b.now(0.0)).changes)
    (made,) = b.tick(61.0)
    assert render(made.reason.code, made.reason.values, "en") == "no person for 1 min (with score > 0.9)"
