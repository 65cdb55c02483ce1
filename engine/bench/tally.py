"""A model's findings of one class over many pictures, so that pictures can be weighed anew. Pure arithmetic.

A *unit* is what was chosen independently of the rest: a clip where pictures are moments of clips, else a picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.bench.precision import Case, judged

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tally:
    """All findings of one class that count, over all pictures.

    Attributes:
        scores: (n,) of them, best first.
        right: (n,) whether each found an object.
        unit: (n,) of which unit each is.
        objects: (units,) how many there are to be found.
    """

    scores: Floats
    right: NDArray[np.bool_]
    unit: NDArray[np.int64]
    objects: NDArray[np.int64]


def tally(cases: Sequence[Case], units: Sequence[int], count: int) -> Tally:
    """Return the sum of pictures.

    Args:
        units: The unit of each picture, below `count`.
    """
    objects = np.zeros(count, np.int64)
    told: list[tuple[float, bool, int]] = []
    for case, unit in zip(cases, units, strict=True):
        objects[unit] += len(case.truth)
        told += [(score, right, unit) for score, right in judged(case)]
    told.sort(key=lambda entry: -entry[0])
    columns = ([entry[i] for entry in told] for i in range(3))
    scores, right, unit_of = columns
    return Tally(np.array(scores, np.float64), np.array(right, bool), np.array(unit_of, np.int64), objects)


def average(sums: Tally, weights: Floats) -> float | None:
    """Return the average precision with each unit counted so often, as `average_precision` has it; None: no object.

    Args:
        weights: (units,) how often each counts, 0 and more.
    """
    objects = float(weights @ sums.objects)
    if not objects:
        return None
    counts = weights[sums.unit]
    right, told = np.cumsum(counts * sums.right), np.cumsum(counts)
    precision = right / np.maximum(told, 1e-12)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(envelope @ np.diff(right, prepend=0.0)) / objects


@dataclass(frozen=True, slots=True)
class Counts:
    """What comes out at one score: objects found, findings of nothing, and objects that there are."""

    found: int
    false: int
    objects: int

    @property
    def precision(self) -> float | None:
        """Part of the findings that are right; None: there is none."""
        told = self.found + self.false
        return self.found / told if told else None

    @property
    def recall(self) -> float | None:
        """Part of the objects that are found; None: there is none."""
        return self.found / self.objects if self.objects else None


def counted(sums: Tally, score: float) -> Counts:
    """Return what comes out where findings below a score are not told."""
    right = sums.right[sums.scores >= score]
    found = int(right.sum())
    return Counts(found, len(right) - found, int(sums.objects.sum()))
