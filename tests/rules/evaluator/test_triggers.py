"""All together, any of several, absences: by their stories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rules.compiler.ruleset import RuleSet
from rules.evaluator.evaluator import settle
from rules.model import Change, Kind, Phase
from tests.rules.stories import GAP, GONE, LOST, ONLINE, begin, keys, on, plate, why

Make = Callable[[str | RuleSet], Any]


# -- all, any ----------------------------------------------------------------------------------------


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


# -- absence -----------------------------------------------------------------------------------------

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


def test_a_rule_of_motion_is_suspended_while_the_head_moves(bench: Make) -> None:
    b = bench("rules: [{name: r, suspend_while_ptz_moves: true, when: {motion: started}}]")
    motion = {"kind": Kind.MOTION, "subject": "motion", "label": None, "zones": ()}
    assert b.see(0.0, **motion, facts={"share": 0.5, "ptz_moving": True}) == ()
    (made,) = b.see(9.0, **motion, facts={"share": 0.1, "ptz_moving": False})
    assert made.phase is Phase.FIRING
