"""The walk test: who comes in is told once, who comes back again."""

from __future__ import annotations

from engine.commission.aim.walk_test import REMEMBERED, WalkTest


def test_one_walk_is_one_count() -> None:
    walk = WalkTest("gate")
    told = [
        walk.take("track:1", "person", (), False, 0.3),
        walk.take("track:1", "person", ("gate", "yard"), False, 0.4),
        walk.take("track:1", "person", ("gate",), False, 0.4),
        walk.take("track:2", "car", ("yard",), False, 0.4),
        walk.take("track:1", "person", (), False, 0.4),
        walk.take("track:1", "person", ("gate",), False, 0.6),
        walk.take("track:1", "person", ("gate",), True, 0.6),
        walk.take("track:1", "person", ("gate",), False, 0.9),
    ]
    assert told == [False, True, False, False, False, True, False, True]
    assert dict(walk.seen) == {"person": 3}
    assert walk.delay == 0.6


def test_without_a_zone_everybody_counts() -> None:
    walk = WalkTest()
    assert walk.delay is None
    assert walk.take("track:1", "person", (), False, -2.0)
    assert walk.delay == 0.0


def test_what_is_remembered_is_bounded() -> None:
    walk = WalkTest()
    for number in range(5 * REMEMBERED):
        walk.take(f"track:{number}", "person", (), False, 0.1)
    assert len(walk._inside) == REMEMBERED
    assert len(walk.delays) == 100
