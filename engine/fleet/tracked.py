"""Tracked objects of one picture, with the zones in which they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.fleet.state import TrackState
from rules.geometry import standing_in

if TYPE_CHECKING:
    from engine.vision.model import Sight, Track
    from rules.geometry import Polygon


@dataclass(frozen=True, slots=True)
class TrackedObject:
    """An object as it was seen, or as it was last.

    Attributes:
        track: Number of its track.
        score: 0..1, to two places.
        box: x0, y0, x1, y1 in 0..1.
    """

    track: int
    label: str
    score: float
    box: tuple[float, float, float, float]
    zones: tuple[str, ...] = ()
    state: TrackState = TrackState.SEEN


def tracked(sight: Sight, zones: Mapping[str, Polygon]) -> tuple[TrackedObject, ...]:
    """Return the objects of one picture, and last those of which nobody knows whether they are in it."""
    there = [
        _tracked(each, TrackState.PREDICTED if each.predicted else TrackState.SEEN, zones)
        for each in sight.tracks
    ]
    return (*there, *(_tracked(each, TrackState.UNKNOWN, zones) for each in sight.unknown))


def _tracked(track: Track, state: TrackState, zones: Mapping[str, Polygon]) -> TrackedObject:
    return TrackedObject(
        track=track.id,
        label=track.label,
        score=round(float(track.score), 2),
        box=track.box,
        zones=standing_in(track.box, zones),
        state=state,
    )
