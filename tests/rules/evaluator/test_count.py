"""Counts, by their stories: so many within a time, and too few."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rules.compiler.ruleset import RuleSet
from rules.model import Change, Kind, Phase
from tests.rules.stories import GAP, LOST, ONLINE, begin, keys, on, plate, why

Make = Callable[[str | RuleSet], Any]


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
