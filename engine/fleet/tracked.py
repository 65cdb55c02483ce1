"""Tracked objects of one picture, with the zones in which they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.geometry import standing_in

if TYPE_CHECKING:
    from engine.vision.model import Track
    from rules.geometry import Polygon


@dataclass(frozen=True, slots=True)
class TrackedObject:
    """An object as it was seen.

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


def tracked(tracks: Iterable[Track], zones: Mapping[str, Polygon]) -> tuple[TrackedObject, ...]:
    """Return the objects of one picture."""
    return tuple(
        TrackedObject(
            track=track.id,
            label=track.label,
            score=round(float(track.score), 2),
            box=track.box,
            zones=standing_in(track.box, zones),
        )
        for track in tracks
    )
