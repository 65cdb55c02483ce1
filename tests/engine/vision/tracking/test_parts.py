"""Busts and legs: whose they are, and what they say of the whole."""

from __future__ import annotations

import pytest

from engine.vision.tracking.likeness import Colour
from engine.vision.tracking.tracker import Tracker
from tests.engine.vision.tracking.sightings import ALL, BLUE, RED, Box, box, ids, run, seen, upright


def test_who_is_seen_by_the_head_alone_for_a_while_keeps_size_and_place() -> None:
    whole, head = (0.4, 0.3, 0.5, 0.8), (0.41, 0.3, 0.49, 0.5)
    told = run(Tracker(), [*[seen(("person", 0.8, whole))] * 5, *[seen(("person", 0.8, head))] * 5])
    assert ids(told) == {1}
    assert told[-1].tracks[0].box == pytest.approx(whole, abs=0.03)
    assert not told[-1].tracks[0].predicted


@pytest.mark.parametrize(("known", "parts"), [(15, 11), (5, 9)])
def test_a_whole_that_is_not_seen_again_was_none(known: int, parts: int) -> None:
    whole, legs = (0.4, 0.3, 0.5, 0.8), (0.41, 0.6, 0.49, 0.8)
    told = run(
        Tracker(), [*[seen(("person", 0.8, whole))] * known, *[seen(("person", 0.8, legs))] * (parts + 1)]
    )
    assert told[-3].tracks[0].box == pytest.approx(whole, abs=0.03)
    assert told[-1].tracks[0].box == pytest.approx(legs, abs=0.001)
    assert ids(told) == {1}


def pair(n: int, first: float = 0.02, second: float = -0.02) -> tuple[Box, Box]:
    """Return the boxes of two who walk towards each other, and cross in picture 10."""
    return upright(0.5 + first * (n - 10)), upright(0.5 + second * (n - 10), 0.31)


def followed(first: Colour, second: Colour) -> Tracker:
    """Return what knows two of such colours, seen until just before they cross."""
    tracker = Tracker()
    run(
        tracker,
        [seen(*(("person", 0.8, each) for each in pair(n)), colours=[first, second]) for n in range(10)],
    )
    return tracker


def test_a_part_is_his_whose_colours_it_has() -> None:
    """Of two who cross the one behind is hidden, and of the other one only a bust is found."""
    tracker = followed(RED, BLUE)
    for n, (shirt, own) in enumerate([(RED, 1), (BLUE, 2)], 10):
        x0, y0, x1, _ = pair(n)[own - 1]
        told = tracker.update(n / 5, seen(("person", 0.8, (x0, y0, x1, y0 + 0.12)), colours=[shirt]), ALL)
        assert [track.id for track in told.tracks if not track.predicted] == [own]


def test_who_is_hidden_does_not_take_what_is_seen_twice_of_who_hides_him() -> None:
    tracker = followed(RED, RED)
    a, _ = pair(10)
    bust = (a[0], a[1], a[2], a[1] + 0.12)
    told = tracker.update(2.0, seen(("animal", 0.8, a), ("person", 0.8, bust), colours=[RED, RED]), ALL)
    assert [track.id for track in told.tracks if not track.predicted] == [1]


def test_a_bust_within_another_one_is_his_whose_colours_it_has() -> None:
    tracker = followed(RED, BLUE)
    a, b = pair(10)
    bust = (b[0], b[1], b[2], b[1] + 0.12)
    told = tracker.update(2.0, seen(("person", 0.8, a), ("person", 0.8, bust), colours=[RED, BLUE]), ALL)
    assert [track.id for track in told.tracks if not track.predicted] == [1, 2]


def test_a_bust_and_a_whole_are_shared_out_together() -> None:
    """The whole is nearer to the first; but the bust can only be his."""
    tracker = Tracker()
    first, second = ("person", 0.8, upright(0.5)), ("person", 0.8, upright(0.53, 0.31))
    run(tracker, [seen(first, second)] * 10)
    whole, bust = ("person", 0.8, upright(0.512, 0.305)), ("person", 0.8, (0.5, 0.3, 0.56, 0.42))
    told = tracker.update(2.0, seen(whole, bust), ALL)
    assert [track.predicted for track in told.tracks] == [False, False]


def test_a_box_around_two_makes_neither_of_them_larger() -> None:
    tracker = Tracker()
    run(tracker, [seen(("person", 0.8, box(0.4)), ("person", 0.8, box(0.6)))] * 10)
    told = tracker.update(2.0, seen(("person", 0.8, (0.4, 0.4, 0.7, 0.5))), ALL)
    assert [track.box[2] - track.box[0] for track in told.tracks] == pytest.approx([0.1, 0.1], abs=0.001)


def test_a_part_that_was_found_first_grows_into_the_whole() -> None:
    whole, head = (0.4, 0.3, 0.5, 0.8), (0.41, 0.3, 0.49, 0.5)
    told = run(Tracker(), [*[seen(("person", 0.8, head))] * 5, *[seen(("person", 0.8, whole))] * 5])
    assert ids(told) == {1}
    assert told[-1].tracks[0].box == pytest.approx(whole, abs=0.01)


def test_whose_whole_would_lie_outside_the_picture_is_looked_for_in_what_is_left_of_it() -> None:
    walk = [seen(("person", 0.9, (0.4, 0.5, 0.6, 1.0))), seen(("person", 0.9, (0.4, 0.7, 0.6, 1.0)))]
    legs = [seen(("person", 0.9, (0.4, 0.98, 0.6, 1.0)))]
    told = run(Tracker(), walk * 2 + legs + [seen()] * 20)
    assert ids(told) == {1}
    assert [track.id for each in told for track in each.ended] == [1]
