"""Sequences, all together, counts, absences, times of day: by their stories."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from rules.compile import World
from rules.evaluator import settle, step
from rules.model import CameraId, Change, Decision, Kind, Phase
from rules.ruleset import RuleSet
from rules.text import render

Make = Callable[[str | RuleSet], Any]
GONE = {"change": Change.ENDED, "zones": ()}


def on(topic: str, **more: Any) -> dict[str, Any]:
    told = {"kind": Kind.SIGNAL, "subject": f"signal:{topic}:", "label": topic, "zones": (), "score": None}
    return told | {"change": Change.BEGAN} | more


def plate(text: str, camera: str, **more: Any) -> dict[str, Any]:
    told = {
        "kind": Kind.PLATE,
        "change": Change.NOTED,
        "subject": f"plate:{text}",
        "label": text,
        "zones": (),
    }
    return told | {"camera": CameraId(camera)} | more


GAP = {
    "kind": Kind.ENGINE,
    "change": Change.NOTED,
    "camera": None,
    "label": "engine.gap",
    "subject": "engine",
}
LOST = {"kind": Kind.CAMERA, "label": "lost", "change": Change.ENDED, "subject": "camera", "zones": ()}
ONLINE = LOST | {"label": "online", "change": Change.BEGAN}


def begin(b: Any, at: float = 0.0) -> tuple[Decision, ...]:
    done = settle(b.rules, b.memory, b.now(at))
    b.memory.apply(done.changes)
    return done.decisions


def keys(decisions: tuple[Decision, ...]) -> list[tuple[str, str]]:
    return [(each.phase.value, each.key) for each in decisions]


def why(decision: Decision) -> str:
    return render(decision.reason.code, decision.reason.values, "en")


# -- sequence ------------------------------------------------------------------------------------

STEPS = """
rules:
  - name: r
    when:
      sequence: [{object: person, zone: yard}, {object: person, zone: store}]
      within: 30s
      by: track
"""


def test_a_sequence_tells_each_step(bench: Make) -> None:
    b = bench(STEPS)
    assert b.see(0.0, zones=("yard",)) == ()
    (made,) = b.see(20.0, zones=("store",))
    assert (made.phase, made.key, made.cause) == (Phase.FIRING, "c1/track:1", "e2")
    assert why(made) == "person in zone yard, then person in zone store, within 20 s"
    assert render(made.reason.code, made.reason.values, "vi") == (
        "người trong vùng yard, rồi người trong vùng store, trong 20 s"
    )
    assert len(b.memory) == 0


@pytest.mark.parametrize(
    ("first", "second", "pause"),
    [
        ({"zones": ("store",)}, {"zones": ("yard",)}, 5.0),
        ({"zones": ("yard",)}, {"zones": ("store",), "subject": "track:2"}, 5.0),
        ({"zones": ("yard",)}, {"zones": ("store",)}, 30.0),
    ],
)
def test_a_sequence_asks_for_order_key_and_time(
    bench: Make, first: dict[str, Any], second: dict[str, Any], pause: float
) -> None:
    b = bench(STEPS)
    assert b.see(0.0, **first) == ()
    assert b.see(pause, **second) == ()


def test_one_event_is_one_step(bench: Make) -> None:
    b = bench(STEPS)
    assert b.see(0.0, zones=("yard", "store")) == ()
    assert len(b.see(1.0, zones=("yard", "store"))) == 1


def test_a_sequence_is_found_by_its_latest_beginning(bench: Make) -> None:
    b = bench(STEPS)
    b.see(0.0, zones=("yard",))
    b.see(25.0, zones=("yard",))
    assert len(b.see(50.0, zones=("store",))) == 1


def test_a_sequence_that_is_not_finished_is_forgotten(bench: Make) -> None:
    b = bench(STEPS)
    b.see(0.0, zones=("yard",))
    assert len(b.memory) == 1
    assert b.tick(30.0) == ()
    assert len(b.memory) == 0


PLATES = """
rules:
  - name: r
    when:
      sequence:
        - {plate: any, cameras: c1}
        - not: {object: person, cameras: c3}
        - {plate: any, cameras: c2}
      within: 10m
      by: plate
"""


def test_a_sequence_over_cameras_by_plate(bench: Make) -> None:
    b = bench(PLATES)
    b.see(0.0, **plate("29E1", "c1"))
    assert b.see(60.0, **plate("30A2", "c2")) == ()
    (made,) = b.see(70.0, **plate("29E1", "c2"))
    assert (made.key, made.camera) == ("*/plate:29E1", "c2")


def test_what_must_not_happen_between_breaks_it(bench: Make) -> None:
    b = bench(PLATES)
    b.see(0.0, **plate("29E1", "c1"))
    b.see(30.0, camera=CameraId("c3"))
    assert b.see(70.0, **plate("29E1", "c2")) == ()


CLOSES = """
rules:
  - name: r
    when:
      sequence: [{signal: Door}, {not: {signal: Door, state: false}}]
      within: 5m
"""


def test_a_last_not_waits_for_the_end(bench: Make) -> None:
    b = bench(CLOSES)
    b.see(0.0, **on("Door"))
    b.see(100.0, **on("Door", change=Change.GOES_ON))
    (made,) = b.tick(900.0)
    assert (made.at, made.key) == (b.now(300.0).wall, "c1")
    assert why(made) == "signal Door, and not what should follow within 5 min"
    b.see(1000.0, **on("Door"))
    b.see(1299.0, **on("Door", change=Change.ENDED))
    assert b.tick(2000.0) == ()


def test_a_last_not_is_given_up_while_nobody_watches(bench: Make) -> None:
    b = bench(CLOSES)
    b.see(0.0, **on("Door"))
    b.see(10.0, **GAP)
    assert b.tick(900.0) == ()
    fires = bench(CLOSES.replace("within: 5m", "within: 5m\n      on_gap: fire"))
    fires.see(0.0, **on("Door"))
    fires.see(10.0, **GAP)
    assert len(fires.tick(900.0)) == 1


# -- all, any ------------------------------------------------------------------------------------


def test_all_at_once_lasts_while_all_hold(bench: Make) -> None:
    b = bench("rules: [{name: r, when: {all: [{object: person}, {signal: Door}]}}]")
    assert b.see(0.0, **on("Door")) == ()
    (made,) = b.see(50.0)
    assert why(made) == "person and signal Door"
    assert keys(b.see(60.0, subject="track:2")) == []
    assert keys(b.see(70.0, **GONE)) == []
    (over,) = b.see(80.0, subject="track:2", **GONE)
    assert (over.phase, over.key) == (Phase.RESOLVED, "c1")
    assert keys(b.see(90.0)) == [("firing", "c1")]
    assert keys(b.see(95.0, **on("Door", change=Change.ENDED))) == [("resolved", "c1")]


def test_all_within_a_time_ends_by_itself(bench: Make) -> None:
    b = bench("rules: [{name: r, when: {all: [{object: person}, {plate: any}], within: 20s}}]")
    b.see(0.0, **plate("29E1", "c1"))
    (made,) = b.see(15.0)
    assert made.phase is Phase.FIRING
    (over,) = b.tick(100.0)
    assert (over.phase, over.at) == (Phase.RESOLVED, b.now(20.0).wall)


def test_all_by_zone(bench: Make) -> None:
    b = bench("rules: [{name: r, when: {all: [{object: person}, {object: dog}], by: zone}}]")
    b.see(0.0, zones=("a",))
    assert b.see(1.0, label="dog", subject="track:2", zones=("b",)) == ()
    assert keys(b.see(2.0, zones=("b",))) == [("firing", "c1/zone:b")]


def test_all_is_over_when_nobody_watches(bench: Make) -> None:
    b = bench("rules: [{name: r, when: {all: [{object: person}, {signal: Door}]}}]")
    b.see(0.0, **on("Door"))
    b.see(1.0)
    (over,) = b.see(5.0, **LOST)
    assert why(over) == "person can no longer be seen, after 4 s"
    assert keys(b.see(6.0)) == [("firing", "c1")], "the signal is still on"


def test_any_follows_each_for_itself(bench: Make) -> None:
    b = bench(
        "rules: [{name: r, when: {any: [{camera: lost}, {signal: Tamper}]}, cooldown: {time: 1s, per: key}}]"
    )
    assert keys(b.see(0.0, **on("Tamper"))) == [("firing", "c1/signal:Tamper:")]
    assert keys(b.see(1.0, **LOST)) == [("firing", "c1/camera")]
    assert keys(b.see(2.0, **ONLINE)) == [("resolved", "c1/camera")]
    assert keys(b.see(3.0, **on("Tamper", change=Change.ENDED))) == [("resolved", "c1/signal:Tamper:")]


# -- count ---------------------------------------------------------------------------------------

COUNT = "rules: [{name: r, when: {count: {object: person}, above: 3, within: 10s}}]"


def test_different_tracks_are_counted_back_from_now(bench: Make) -> None:
    b = bench(COUNT)
    for at, track in ((0.0, 1), (1.0, 2), (2.0, 1)):
        assert b.see(at, subject=f"track:{track}") == ()
    (made,) = b.see(3.0, subject="track:3")
    assert (made.key, why(made)) == ("c1", "person: 3 within 10 s")
    (over,) = b.tick(60.0)
    assert (over.phase, over.at) == (Phase.RESOLVED, b.now(11.0).wall)
    assert len(b.memory) == 0


def test_a_count_goes_on_while_there_are_enough(bench: Make) -> None:
    b = bench(COUNT)
    for at in range(0, 40, 3):
        b.see(float(at), subject=f"track:{at}")
    assert [each.phase for each in (d for s in b.steps for d in s.decisions)] == [Phase.FIRING]
    assert [each.at for each in b.tick(100.0)] == [b.now(43.0).wall]


def test_events_that_only_go_on_are_not_counted(bench: Make) -> None:
    b = bench("rules: [{name: r, when: {count: {signal: Door}, above: 2, within: 10s}}]")
    b.see(0.0, **on("Door"))
    assert b.see(1.0, **on("Door", change=Change.GOES_ON)) == ()
    b.see(2.0, **on("Door", change=Change.ENDED))
    assert keys(b.see(3.0, **on("Door"))) == [("firing", "c1")]


def test_a_tumbling_window_forgets_all_at_its_end(bench: Make) -> None:
    text = (
        "rules: [{name: r, when: {count: {plate: any}, above: 2, within: 10s, window: tumbling, by: site}}]"
    )
    b = bench(text)
    b.see(0.0, **plate("a", "c1"))
    assert b.tick(10.0) == ()
    assert b.see(10.0, **plate("b", "c1")) == ()
    assert keys(b.see(19.0, **plate("c", "c2"))) == [("firing", "*")]
    assert [each.at for each in b.tick(30.0)] == [b.now(20.0).wall]


def test_what_is_counted_is_bounded(bench: Make) -> None:
    b = bench("rules: [{name: r, when: {count: {plate: any}, above: 5, within: 1d, distinct: plate}}]")
    for n in range(200):
        b.see(float(n), **plate(f"p{n}", "c1"))
    rows = [row for _, key, row in b.memory.rows() if key.startswith("#")]
    assert [len(row.data) for row in rows] == [5]


# -- absence -------------------------------------------------------------------------------------

ABSENT = "rules: [{name: r, when: {absent: {object: person, cameras: c1, zone: gate}, for: 10m}}]"


def test_nobody_for_a_time_needs_nothing_to_happen(bench: Make) -> None:
    b = bench(ABSENT)
    assert begin(b) == ()
    (made,) = b.tick(1000.0)
    assert (made.key, made.camera, made.at) == ("c1", "c1", b.now(600.0).wall)
    assert why(made) == "no person in zone gate for 10 min"
    (over,) = b.see(1200.0)
    assert why(over) == "no person in zone gate for 10 min was seen again, after 10 min"
    assert b.tick(5000.0) == (), "somebody is still there"
    b.see(5000.0, zones=())
    assert [each.at for each in b.tick(9000.0)] == [b.now(5600.0).wall]


def test_settling_twice_changes_nothing(bench: Make) -> None:
    b = bench(ABSENT)
    begin(b)
    assert settle(b.rules, b.memory, b.now(300.0)).changes == ()


def test_absence_counts_anew_after_nobody_watched(bench: Make) -> None:
    b = bench(ABSENT)
    begin(b)
    b.see(100.0, **GAP, facts={"seconds": 5000.0, "clean": False})
    assert b.tick(5699.0) == ()
    assert [each.at for each in b.tick(6000.0)] == [b.now(5700.0).wall]
    fires = bench(ABSENT.replace("for: 10m", "for: 10m, on_gap: fire"))
    begin(fires)
    fires.see(100.0, **GAP, facts={"seconds": 5000.0})
    assert [each.at for each in fires.tick(6000.0)] == [fires.now(600.0).wall]


def test_absence_waits_for_a_lost_camera(bench: Make) -> None:
    b = bench(ABSENT)
    begin(b)
    b.see(50.0)
    b.see(100.0, **LOST)
    assert b.tick(3000.0) == ()
    b.see(3000.0, **ONLINE)
    assert [each.at for each in b.tick(9000.0)] == [b.now(3600.0).wall]


def test_absence_after_something(bench: Make) -> None:
    text = """
rules:
  - name: r
    when: {absent: {object: truck, leaves: gate}, after: {object: truck, enters: gate}, for: 10m}
"""
    b = bench(text)
    truck = {"label": "truck"}
    b.see(0.0, **truck, facts={"entered": "gate"})
    b.see(300.0, **truck, zones=(), facts={"left": "gate"})
    assert b.tick(2000.0) == ()
    b.see(2000.0, **truck, facts={"entered": "gate"})
    assert keys(b.tick(4000.0)) == [("firing", "c1")]
    assert len(b.memory) == 0


def test_absence_is_told_when_its_hours_come(bench: Make) -> None:
    b = bench(
        "rules: [{name: r, when: {absent: {object: person, cameras: c1}, for: 10m}, between: 23:00-05:00}]"
    )
    begin(b)  # 22:00
    (made,) = b.tick(2 * 3600.0)
    assert made.at == b.now(3600.0).wall


def test_absence_of_what_nobody_knows_beforehand_is_refused(compile_text: Callable[..., RuleSet]) -> None:
    with pytest.raises(Exception, match="cannot be kept apart by plate"):
        compile_text("rules: [{name: r, when: {absent: {plate: any}, for: 1m, by: plate}}]")


# -- times of day --------------------------------------------------------------------------------


def test_a_time_of_day(bench: Make) -> None:
    b = bench('rules: [{name: r, when: {at: ["22:30", "06:00"], days: [wed, thu]}}]')
    begin(b)  # Wednesday 22:00 in Việt Nam
    made = b.tick(3 * 86400.0)
    assert [why(each) for each in made] == ["it is 22:30", "it is 06:00", "it is 22:30"]
    assert [each.at for each in made] == [
        datetime(2025, 1, 1, 15, 30, tzinfo=UTC),
        datetime(2025, 1, 1, 23, 0, tzinfo=UTC),
        datetime(2025, 1, 2, 15, 30, tzinfo=UTC),
    ]
    assert len({each.id for each in made}) == 3


def test_a_time_of_day_follows_a_clock_that_is_set(bench: Make) -> None:
    from rules.evaluator import step
    from rules.model import Instant

    b = bench('rules: [{name: r, when: {at: "22:30"}}]')
    begin(b)
    back = Instant(b.now(1800.0).wall.replace(hour=14, minute=0), 1800.0)  # set back to 21:00
    done = step(b.rules, b.memory, None, back)
    assert done.decisions == ()
    b.memory.apply(done.changes)
    early = Instant(back.wall.replace(hour=15, minute=29), 1800.0 + 89 * 60)
    done = step(b.rules, b.memory, None, early)
    assert done.decisions == ()
    b.memory.apply(done.changes)
    on_time = Instant(back.wall.replace(hour=15, minute=30), 1800.0 + 90 * 60)
    (made,) = step(b.rules, b.memory, None, on_time).decisions
    assert made.at == on_time.wall


def test_a_time_that_passed_while_nobody_ran_is_left_out_or_told(bench: Make) -> None:
    text = 'rules: [{name: r, when: {at: "22:30"}}, {name: f, when: {at: "22:30", on_gap: fire}}]'
    b = bench(text)
    begin(b)
    gap = b.event(60.0, **GAP, facts={"seconds": 7200.0})
    from rules.evaluator import step
    from rules.model import Instant

    at = Instant(
        b.now(60.0 + 7200.0).wall, 60.0
    )  # as the judge does: the wall of now, the engine time of then
    b.memory.apply(step(b.rules, b.memory, gap, at).changes)
    assert [each.rule for each in b.tick(7300.0)] == ["f"]


def test_the_sun(compile_text: Callable[..., RuleSet], bench: Make) -> None:
    world = World(location=(21.03, 105.85))
    b = bench(compile_text("rules: [{name: r, when: {at: sunset-30m}}]", world))
    begin(b)
    (made,) = b.tick(86400.0)
    assert made.at.astimezone(world.timezone).strftime("%H:%M") == "16:57"
    with pytest.raises(Exception, match="no location"):
        compile_text("rules: [{name: r, when: {at: sunset}}]")


# -- steps that ask for earlier ones ---------------------------------------------------------------

FASTER = """
rules:
  - name: r
    when:
      sequence:
        - {plate: any, cameras: c1}
        - {plate: any, cameras: c2, if: "number('kmh') > earlier(1, 'score') * 100 and since(1) >= seconds('5s')"}
      within: 1m
      by: plate
"""


def test_a_step_asks_for_the_facts_and_the_time_of_an_earlier_one(bench: Make) -> None:
    b = bench(FASTER)
    assert b.see(0.0, **plate("A", "c1", score=0.5)) == ()
    assert b.see(4.0, **plate("A", "c2", facts={"kmh": 60})) == (), "too soon"
    assert b.see(6.0, **plate("A", "c2", facts={"kmh": 40})) == (), "too slow"
    assert b.see(7.0, **plate("B", "c2", facts={"kmh": 60})) == (), "another plate"
    (made,) = b.see(8.0, **plate("A", "c2", facts={"kmh": 60}))
    assert "earlier(1, 'score') = 0.5, since(1) = 8" in why(made)


SWAPPED = """
rules:
  - name: r
    when:
      sequence: [{object: person, zone: bench}, {object: person, leaves: yard, if: "subject != earlier(1, 'subject')"}]
      within: 1m
"""


def test_an_earlier_step_of_other_facts_is_not_forgotten_for_the_last_one(bench: Make) -> None:
    b = bench(SWAPPED)
    b.see(0.0, subject="track:1", zones=("bench",))
    b.see(1.0, subject="track:2", zones=("bench",))
    assert len(b.see(2.0, subject="track:2", zones=(), facts={"left": "yard"})) == 1


def test_attempts_are_bounded_and_those_given_up_are_counted(bench: Make) -> None:
    b = bench(SWAPPED)
    evicted: list[str] = []
    for n in range(12):
        done = step(
            b.rules, b.memory, b.event(float(n), subject=f"track:{n}", zones=("bench",)), b.now(float(n))
        )
        b.memory.apply(done.changes)
        evicted += done.evicted
    assert evicted == ["r"] * 4
    ((_, _, row),) = b.memory.rows()
    assert len(row.data[0]) == 8


NOBODY_ELSE = """
rules:
  - name: r
    when:
      sequence:
        - {object: person, enters: store}
        - not: {object: person, enters: store, if: "subject != earlier(1, 'subject')"}
      within: 20s
"""


def test_a_not_may_ask_too(bench: Make) -> None:
    b = bench(NOBODY_ELSE)
    come = {"zones": ("store",), "facts": {"entered": "store"}}
    b.see(0.0, subject="track:1", **come)
    assert len(b.tick(20.0)) == 1, "nobody came after"
    b.see(30.0, subject="track:1", **come)
    b.see(31.0, subject="track:1", **come)
    b.see(32.0, subject="track:2", **come)
    assert [each.at.second for each in b.tick(99.0)] == [52], (
        "the second one is alone, the first was followed"
    )


# -- too few -----------------------------------------------------------------------------------------

RARE = "rules: [{name: r, when: {count: {object: person, cameras: c1, zone: post}, below: 3, within: 60s}}]"
SEEN = {"zones": ("post",), "change": Change.BEGAN}


def test_too_few_is_known_when_the_time_has_passed_once(bench: Make) -> None:
    b = bench(RARE)
    begin(b)
    for n in (1, 2):
        b.see(10.0 * n, subject=f"track:{n}", **SEEN)
    assert b.tick(59.0) == ()
    (made,) = b.tick(60.0)
    assert (made.phase, made.key) == (Phase.FIRING, "c1")
    assert why(made) == "person in zone post: only 2 within 1 min (fewer than 3)"
    assert b.see(75.0, subject="track:3", **SEEN) == (), "three, but the first is too long ago"


def test_it_ends_when_there_are_enough_and_begins_again_when_there_are_not(bench: Make) -> None:
    b = bench(RARE)
    begin(b)
    assert keys(b.tick(60.0)) == [("firing", "c1")]
    b.see(100.0, subject="track:1", **SEEN)
    b.see(110.0, subject="track:1", zones=("post",)), "the same again"
    b.see(120.0, subject="track:2", **SEEN)
    (made,) = b.see(130.0, subject="track:3", **SEEN)
    assert (made.phase.value, why(made).endswith(": 3 again within 1 min, after 1 min 10 s")) == (
        "resolved",
        True,
    )
    assert b.tick(169.0) == ()
    assert keys(b.tick(171.0)) == [("firing", "c1")], "the first was last seen at 110"


@pytest.mark.parametrize(("on_gap", "due"), [("hold", 117.0), ("fire", 60.0)])
def test_what_nobody_saw_is_not_too_few(bench: Make, on_gap: str, due: float) -> None:
    b = bench(RARE.replace("within: 60s", f"within: 60s, on_gap: {on_gap}"))
    begin(b)
    b.see(50.0, **GAP, facts={"seconds": 7.0})
    assert b.tick(due - 0.1) == ()
    assert keys(b.tick(due)) == [("firing", "c1")]


def test_a_lost_camera_counts_anew_when_it_is_back(bench: Make) -> None:
    b = bench(RARE)
    begin(b)
    b.see(10.0, **LOST)
    assert b.tick(500.0) == ()
    b.see(600.0, **ONLINE)
    assert b.tick(659.0) == ()
    assert keys(b.tick(660.0)) == [("firing", "c1")]


def test_too_few_waits_for_its_hours_and_says_how_many_there_were_then(bench: Make) -> None:
    b = bench(RARE.replace("name: r,", "name: r, between: 22:05-22:10,"))  # a story begins at 22:00
    begin(b)
    b.see(250.0, subject="track:1", **SEEN)
    assert b.tick(299.0) == ()
    (made,) = b.tick(400.0)
    assert made.at.minute == 5
    assert "only 1 within" in why(made)


def test_a_post_with_too_few_is_told_from_the_beginning_and_not_when_nobody_sees_it(bench: Make) -> None:
    b = bench("rules: [{name: r, when: {crowd: person, zone: post, below: 2}}]")
    crowd = {"kind": Kind.CROWD, "subject": "crowd:post:person", "label": "person", "zones": ("post",)}
    (made,) = b.see(0.0, **crowd, change=Change.ENDED, facts={"count": 0})
    assert made.phase is Phase.FIRING
    (made,) = b.see(9.0, **crowd, change=Change.BEGAN, facts={"count": 2})
    assert made.phase is Phase.RESOLVED
    assert b.see(20.0, **crowd, change=Change.ENDED, facts={}) == ()


def test_a_rule_of_motion_is_suspended_while_the_head_moves(bench: Make) -> None:
    b = bench("rules: [{name: r, suspend_while_ptz_moves: true, when: {motion: started}}]")
    motion = {"kind": Kind.MOTION, "subject": "motion", "label": None, "zones": ()}
    assert b.see(0.0, **motion, facts={"share": 0.5, "ptz_moving": True}) == ()
    (made,) = b.see(9.0, **motion, facts={"share": 0.1, "ptz_moving": False})
    assert made.phase is Phase.FIRING


# -- again and again -----------------------------------------------------------------------------------


def test_every_comes_from_midnight_on(bench: Make) -> None:
    b = bench("rules: [{name: r, when: {every: 20m}, not_between: 22:30-22:50}]")  # a story begins at 22:00
    begin(b)
    told = [each.at.strftime("%M:%S") for each in b.tick(4000.0)]
    assert told == ["20:00", "00:00"]
