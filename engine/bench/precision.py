"""How right a detector is: average precision at half overlap, all points. Pure arithmetic.

Everingham et al., *The Pascal Visual Object Classes Challenge: A Retrospective*, 2015, section 2.2: every
object may be found once, the best scored detection first; what is found twice or is not there counts
against precision. Detections on regions that nobody labelled with care count for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.vision.model import Boxes

#: Overlap (IoU) from which an object counts as found.
HALF = 0.5
#: What a detection found that found no object: it counts against precision, or for nothing.
FALSE, FORGIVEN = -1, -2
_NONE: Boxes = np.empty((0, 4), np.float32)


@dataclass(frozen=True, slots=True)
class Case:
    """One picture and one class; all boxes in the same units.

    Attributes:
        detections: Their boxes, (n, 4); `scores` (n,).
        truth: Objects that are there, (m, 4).
        unknown: Regions in which a detection counts for nothing, (k, 4).
    """

    detections: Boxes
    scores: NDArray[np.float32]
    truth: Boxes
    unknown: Boxes = field(default_factory=lambda: _NONE)


def _common(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """Return the area that each of `a` shares with each of `b`, (n, m)."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.clip(np.asarray(high - low, np.float64), 0, None)
    return np.asarray(sides[..., 0] * sides[..., 1])


def areas(boxes: Boxes) -> NDArray[np.float64]:
    """Return each box's area."""
    sides = np.asarray(boxes[:, 2:] - boxes[:, :2], np.float64)
    return np.asarray(sides[:, 0] * sides[:, 1])


def overlaps(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """Return intersection over union of each of `a` with each of `b`, (n, m)."""
    both = _common(a, b)
    union = areas(a)[:, None] + areas(b)[None] - both
    return np.asarray(both / np.maximum(union, 1e-12))


def covered(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """Return which part of each of `a` lies in its best one of `b`, (n,)."""
    if not len(b):
        return np.zeros(len(a))
    return np.asarray((_common(a, b) / np.maximum(areas(a), 1e-12)[:, None]).max(axis=1))


def matches(case: Case) -> NDArray[np.int64]:
    """Return which object each detection found, (n,): its number, else `FALSE` or `FORGIVEN`; the best choose first."""
    table = overlaps(case.detections, case.truth)
    forgiven = covered(case.detections, case.unknown) >= HALF
    taken = np.zeros(len(case.truth), bool)
    told = np.where(forgiven, FORGIVEN, FALSE)
    for i in best_first(case.scores):
        free = np.where(taken, 0.0, table[i])
        best = int(free.argmax()) if len(free) else -1
        if best >= 0 and free[best] >= HALF:
            taken[best] = True
            told[i] = best
    return told


def best_first(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the order of scores from the best; equal ones stay as they were."""
    return np.argsort(-scores, kind="stable")


def judged(case: Case) -> list[tuple[float, bool]]:
    """Return score and verdict of each detection that counts, best first."""
    found = matches(case)
    order = best_first(case.scores)
    return [(float(case.scores[i]), bool(found[i] >= 0)) for i in order if found[i] != FORGIVEN]


def average_precision(cases: Sequence[Case]) -> float | None:
    """Return the area under the curve of precision over recall, 0..1; None: there is no object to find."""
    objects = sum(len(case.truth) for case in cases)
    if not objects:
        return None
    told = sorted((entry for case in cases for entry in judged(case)), key=lambda entry: -entry[0])
    right = np.cumsum([verdict for _, verdict in told])
    if not len(right):
        return 0.0
    precision = right / np.arange(1, len(told) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(np.concatenate([[0.0], right / objects]))
    return float((envelope * steps).sum())
