"""Detections made by hand, and pictures fed to a tracker."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.vision.model import Boxes, Detections
from engine.vision.tracking.tracker import Tracked, Tracker

ALL = np.array([[0, 0, 1, 1]], np.float32)
NOWHERE = np.empty((0, 4), np.float32)
Box = tuple[float, float, float, float]
#: Label, score, box.
Sighting = tuple[str, float, Box]
RED, BLUE = (80.0, 100.0, 200.0) * 2, (80.0, 190.0, 110.0) * 2


def seen(*objects: Sighting, colours: Sequence[Sequence[float]] | None = None) -> Detections:
    names = tuple(dict.fromkeys(label for label, _, _ in objects))
    boxes = np.array([box for _, _, box in objects], np.float32).reshape(-1, 4)
    scores = np.array([score for _, score, _ in objects], np.float32)
    labels = np.array([names.index(each[0]) for each in objects], np.int32)
    tints = None if colours is None else np.array(colours, np.float32).reshape(-1, 6)
    return Detections(boxes, scores, labels, names, tints)


def box(x: float, y: float = 0.4, size: float = 0.1) -> Box:
    return (x, y, x + size, y + size)


def upright(x: float, y: float = 0.3, high: float = 0.3) -> Box:
    return (x, y, x + high / 5, y + high)


def run(
    tracker: Tracker,
    pictures: Sequence[Detections],
    *,
    fps: float = 5,
    looked: Boxes = ALL,
    since: float = 0.0,
    moving: Boxes | None = None,
) -> list[Tracked]:
    return [
        tracker.update(since + number / fps, each, looked, moving) for number, each in enumerate(pictures)
    ]


def ids(told: Sequence[Tracked]) -> set[int]:
    return {track.id for each in told for track in each.tracks}
