"""Two-wheelers as our labels hold them: with whoever rides. Many models box the bare machine. Pure arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.bench.precision import covered
from engine.vision.model import Boxes, Detections

#: Least score of a person who may be a rider.
_SURE = 0.25
#: So far beside the machine, as a part of its width, may a rider's middle be; so much of him lies on it at least.
_BESIDE, _ON = 0.1, 0.15


def joined(found: Detections) -> Detections:
    """Return findings whose two-wheelers hold their riders; what holds them already hardly grows."""
    if not {"person", "two_wheeler"} <= set(found.names):
        return found
    people = found.boxes[(found.labels == found.names.index("person")) & (found.scores >= _SURE)]
    boxes = found.boxes.copy()
    for i in np.flatnonzero(found.labels == found.names.index("two_wheeler")):
        riders = people[_rides(people, boxes[i])]
        boxes[i, :2] = np.minimum(boxes[i, :2], riders[:, :2].min(axis=0, initial=np.inf))
        boxes[i, 2:] = np.maximum(boxes[i, 2:], riders[:, 2:].max(axis=0, initial=-np.inf))
    return replace(found, boxes=boxes)


def _rides(people: Boxes, machine: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return who stands over a machine and lies on it in part, (n,)."""
    room = (machine[2] - machine[0]) * _BESIDE
    middle, feet = (people[:, 0] + people[:, 2]) / 2, people[:, 3]
    over = (middle > machine[0] - room) & (middle < machine[2] + room) & (feet > machine[1])
    return np.asarray(over & (covered(people, machine[None]) > _ON))
