"""One object as it is followed, alone."""

from __future__ import annotations

import pytest

from engine.vision.tracking.followed import Followed, Seen
from tests.engine.vision.tracking.sightings import BLUE, RED, Box

WHOLE: Box = (0.4, 0.2, 0.5, 0.6)
HEAD: Box = (0.4, 0.2, 0.5, 0.32)


def carried(box: Box) -> float:
    """Return how far a sighting that lies 0.02 aside carries one who stood for a second."""
    track = Followed(1, Seen(WHOLE, "person", 0.8), 0.0)
    for number in range(1, 6):
        track.see(Seen(WHOLE, "person", 0.8), number / 5)
    track.see(Seen((box[0] + 0.02, box[1], box[2] + 0.02, box[3]), "person", 0.8), 1.2)
    return track.box(1.2)[0] - WHOLE[0]


def test_a_part_says_less_of_the_place_than_the_whole() -> None:
    assert 0.0 < carried(HEAD) < 0.6 * carried(WHOLE)


def test_what_was_but_a_part_is_the_whole_from_then_on() -> None:
    track = Followed(1, Seen(HEAD, "person", 0.8), 0.0)
    track.outgrow(Seen(WHOLE, "person", 0.8), 1.0)
    track.see(Seen(HEAD, "person", 0.8), 1.2)
    assert track.box(1.2) == pytest.approx(WHOLE, abs=0.01)


@pytest.mark.parametrize(("left", "coming_in"), [(0.0, True), (0.3, False)])
def test_only_what_comes_in_is_at_once_as_wide_as_it_is_seen(left: float, coming_in: bool) -> None:
    track = Followed(1, Seen((left, 0.4, left + 0.1, 0.6), "car", 0.8), 0.0)
    for number in range(1, 6):
        track.see(Seen((left, 0.4, left + 0.1, 0.6), "car", 0.8), number / 5)
    track.see(Seen((left, 0.4, left + 0.14, 0.6), "car", 0.8), 1.2)
    x0, _, x1, _ = track.box(1.2)
    assert (x1 - x0 > 0.135) is coming_in


def test_who_was_hidden_keeps_his_colours() -> None:
    """After two seconds unseen, one sighting with another one's colours teaches as little as ever."""
    track = Followed(1, Seen(WHOLE, "person", 0.8, RED), 0.0)
    for number in range(1, 10):
        track.see(Seen(WHOLE, "person", 0.8, RED), number / 5)
    track.see(Seen(WHOLE, "person", 0.8, BLUE), 3.8)
    assert track.colour is not None
    assert abs(track.colour[1] - RED[1]) < 0.2 * abs(BLUE[1] - RED[1])
