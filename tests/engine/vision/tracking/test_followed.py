"""One object as it is followed, alone."""

from __future__ import annotations

from engine.vision.tracking.followed import Followed, Seen
from tests.engine.vision.tracking.sightings import Box

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
