"""Which tracks become one, alone."""

from __future__ import annotations

import pytest

from engine.vision.tracking.company import TOGETHER, Company
from engine.vision.tracking.followed import Followed, Seen
from tests.engine.vision.tracking.sightings import Box

WHOLE: Box = (0.4, 0.2, 0.5, 0.6)
HEAD: Box = (0.41, 0.2, 0.49, 0.32)
BELOW: Box = (0.41, 0.55, 0.49, 0.67)
BESIDE: Box = (0.51, 0.2, 0.59, 0.32)


def company(*labels: str) -> tuple[Company, list[Followed]]:
    """Return tracks that began together."""
    made, tracks = Company(), list[Followed]()
    for number, label in enumerate(labels):
        track = Followed(number + 1, Seen(WHOLE, label, 0.8), 0.0)
        made.meet(track, tracks)
        tracks.append(track)
    return made, tracks


def went(made: Company, tracks: list[Followed], at: float, *boxes: Box) -> list[int]:
    """Return who is found to be another's part in a picture."""
    for track, box in zip(tracks, boxes, strict=True):
        track.kinematics.restart(box, at)
        track.seen_at = at
    return [track.id for track in made.lesser(at, tracks)]


def test_who_stays_within_another_is_its_part() -> None:
    made, tracks = company("person", "person")
    assert went(made, tracks, 1.0, WHOLE, HEAD) == []
    assert [made.shadows(track) for track in tracks] == [False, True]
    assert went(made, tracks, 0.9 + TOGETHER, WHOLE, HEAD) == []
    assert went(made, tracks, 1.0 + TOGETHER, WHOLE, HEAD) == [2]


@pytest.mark.parametrize("between", [BELOW, BESIDE])
def test_who_goes_his_own_way_is_no_part(between: Box) -> None:
    made, tracks = company("person", "person")
    went(made, tracks, 1.0, WHOLE, HEAD)
    assert went(made, tracks, 2.0, WHOLE, between) == []
    assert not made.shadows(tracks[1])
    assert went(made, tracks, 2.5, WHOLE, HEAD) == []
    assert made.shadows(tracks[1]) is (between == BELOW)  # who was beside is somebody else
    assert went(made, tracks, 4.0, WHOLE, HEAD) == ([2] if between == BELOW else [])


def test_nobody_is_the_shadow_of_who_is_gone() -> None:
    made, tracks = company("person", "person")
    went(made, tracks, 1.0, WHOLE, HEAD)
    made.forget(tracks[1:])
    assert not made.shadows(tracks[1])


def test_two_names_on_one_place_are_one_whatever_they_are_called_meanwhile() -> None:
    made, tracks = company("two_wheeler", "person")
    assert went(made, tracks, 1.0, WHOLE, WHOLE) == []
    tracks[1].ballot.label = "two_wheeler"
    assert went(made, tracks, 1.0 + TOGETHER, WHOLE, WHOLE) == [2]
