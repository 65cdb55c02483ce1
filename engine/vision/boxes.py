"""Arithmetic of boxes (x0, y0, x1, y1): overlap, buffered overlap, suppression."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.vision.jit import kernel
from engine.vision.model import Boxes


def overlaps(ours: Boxes, theirs: Boxes) -> NDArray[np.float32]:
    """Return intersection over union of every pair, shape (len(ours), len(theirs))."""
    low = np.maximum(ours[:, None, :2], theirs[None, :, :2])
    high = np.minimum(ours[:, None, 2:], theirs[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    union = areas(ours)[:, None] + areas(theirs)[None, :] - shared
    return np.asarray(shared / np.maximum(union, 1e-12), np.float32)


def covered(ours: Boxes, theirs: Boxes) -> NDArray[np.float32]:
    """Return how much of each of ours lies within each of theirs, 0..1."""
    low = np.maximum(ours[:, None, :2], theirs[None, :, :2])
    high = np.minimum(ours[:, None, 2:], theirs[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    return np.asarray(shared / np.maximum(areas(ours)[:, None], 1e-12), np.float32)


def areas(boxes: Boxes) -> NDArray[np.float32]:
    """Return each box's area."""
    return np.asarray(np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1), np.float32)


def grown(boxes: Boxes, by: float) -> Boxes:
    """Return boxes enlarged on every side by a part of their own size."""
    margin = (boxes[:, 2:] - boxes[:, :2]) * np.float32(by)
    return np.concatenate([boxes[:, :2] - margin, boxes[:, 2:] + margin], axis=1).astype(np.float32)


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
