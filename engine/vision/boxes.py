"""Arithmetic of boxes (x0, y0, x1, y1).

One box is a tuple: for the handful that a tracker compares, NumPy's calls would cost ten times the sums.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.vision.jit import kernel
from engine.vision.model import Boxes

Box = tuple[float, float, float, float]


def shared(a: Box, b: Box) -> float:
    """Return the area that two boxes have in common."""
    if a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]:  # as most are
        return 0.0
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    return wide * high if wide > 0 and high > 0 else 0.0


def area(box: Box) -> float:
    """Return a box's area."""
    return (box[2] - box[0]) * (box[3] - box[1])


def overlap(a: Box, b: Box) -> float:
    """Return intersection over union, 0..1."""
    both = shared(a, b)
    return both / (area(a) + area(b) - both) if both else 0.0


def grown(box: Box, by: float) -> Box:
    """Return a box enlarged on every side by a part of its own size."""
    wide, high = (box[2] - box[0]) * by, (box[3] - box[1]) * by
    return (box[0] - wide, box[1] - high, box[2] + wide, box[3] + high)


@kernel("int64(float32[:, ::1], int32[::1], float64, int64[::1])")
def _suppress(boxes: Boxes, groups: NDArray[np.int32], limit: float, kept: NDArray[np.int64]) -> int:
    number = 0
    for i in range(boxes.shape[0]):
        alone = True
        for k in range(number):
            j = kept[k]
            if groups[i] != groups[j]:
                continue
            wide = min(boxes[i, 2], boxes[j, 2]) - max(boxes[i, 0], boxes[j, 0])
            high = min(boxes[i, 3], boxes[j, 3]) - max(boxes[i, 1], boxes[j, 1])
            if wide <= 0 or high <= 0:
                continue
            ours = (boxes[i, 2] - boxes[i, 0]) * (boxes[i, 3] - boxes[i, 1])
            theirs = (boxes[j, 2] - boxes[j, 0]) * (boxes[j, 3] - boxes[j, 1])
            if wide * high > limit * (ours + theirs - wide * high):
                alone = False
                break
        if alone:
            kept[number] = i
            number += 1
    return number


def suppress(
    boxes: Boxes, scores: NDArray[np.float32], groups: NDArray[np.int32], limit: float
) -> NDArray[np.int64]:
    """Return the indices that survive non-maximum suppression, best first; ties keep their order.

    Args:
        boxes: (n, 4); scores: (n,).
        groups: (n,) only boxes of one group suppress each other.
        limit: Overlap (IoU) above which the lesser one goes.
    """
    order = np.argsort(-scores, kind="stable")
    kept = np.empty(len(order), np.int64)
    number = _suppress(
        np.ascontiguousarray(boxes[order], np.float32),
        np.ascontiguousarray(groups[order], np.int32),
        limit,
        kept,
    )
    return np.asarray(order[kept[:number]], np.int64)
