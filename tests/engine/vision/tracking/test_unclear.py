"""What is told for the first time has been seen closely once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.vision.model import Detections
from engine.vision.tracking.followed import EXAMINE
from engine.vision.tracking.tracker import UNCLEAR, UNSEEN, Tracker
from tests.engine.vision.tracking.sightings import ALL, NOWHERE, box, seen

FPS = 5


def far(*closely: bool, score: float = 0.8, x: float = 0.1) -> Detections:
    """Return people side by side, each seen closely or not."""
    people = seen(*(("person", score, box(x + 0.15 * n, size=0.05)) for n in range(len(closely))))
    return replace(people, close=np.array(closely, bool))


def watch(
    tracker: Tracker, count: int, picture: Callable[[int, int], Detections], *, asks: bool = True
) -> tuple[list[int], list[int]]:
    """Return how many are told, and how many are asked for, of each picture, which knows how many were asked for."""
    told, asked = [], []
    for number in range(count):
        at = number / FPS
        asked.append(len(tracker.unclear(at)) if asks else 0)
        told.append(len(tracker.update(at, picture(number, asked[-1]), ALL).tracks))
    return told, asked


def test_who_is_seen_closely_at_the_second_look_is_told_as_soon_as_ever() -> None:
    told, asked = watch(Tracker(), 6, lambda n, close: far(bool(close), x=0.1 + 0.02 * n))
    usual, _ = watch(Tracker(), 6, lambda n, _: far(True, x=0.1 + 0.02 * n), asks=False)
    assert told == usual
    assert asked == [0, 1, 0, 0, 0, 0]  # one look more, and no other


def test_what_a_close_look_does_not_show_is_not_told_but_looked_at_again() -> None:
    tracker = Tracker()
    told, asked = watch(tracker, 20, lambda n, _: far(False, x=0.1 + 0.02 * n))
    assert sum(told) == 0
    times = [number / FPS for number, each in enumerate(asked) if each]
    assert np.diff(times).max() <= EXAMINE + 0.01
    assert np.diff(times).min() >= EXAMINE - 0.01
    assert tracker.doubted == len(times)
    later, _ = watch(Tracker(), 20, lambda n, close: far(bool(close) and n > 8, x=0.1 + 0.02 * n))
    assert next(number for number, each in enumerate(later) if each) in (
        9,
        10,
        11,
    )  # a real one is told in the end


def test_a_doubtful_close_sighting_confirms_nothing() -> None:
    def picture(number: int, close: int) -> Detections:
        return far(True, score=0.3) if close else far(False)

    assert sum(watch(Tracker(), 10, picture)[0]) == 0


def test_where_nobody_can_look_closely_it_is_told_all_the_same_though_later() -> None:
    told, _ = watch(Tracker(), 10, lambda n, _: far(False, x=0.1 + 0.02 * n), asks=False)
    assert next(number for number, each in enumerate(told) if each) == UNSEEN * FPS


def test_a_look_that_nobody_had_time_for_proves_nothing() -> None:
    tracker = Tracker()
    tracker.update(0.0, far(False), ALL)
    assert len(tracker.unclear(0.2)) == 1
    tracker.update(0.2, seen(), NOWHERE)  # the detector is busy
    assert tracker.doubted == 0
    assert len(tracker.unclear(0.4)) == 1


def test_of_many_new_ones_few_are_asked_for_at_a_time_and_all_get_their_turn() -> None:
    def picture(number: int, _: int) -> Detections:
        return far(*(False,) * 5)

    tracker = Tracker()
    _, asked = watch(tracker, 5, picture)
    assert max(asked) == UNCLEAR
    assert {track.doubts > 0 for track in tracker._live} == {True}
