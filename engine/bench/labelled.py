"""Pictures with known contents, and what a detector's findings on them are worth.

Labels are YOLO text files: ``class cx cy w h [score]`` in 0..1 of the picture. A score below 1 marks a box
that no human drew: there a detection counts for nothing. Riders belong to their two-wheeler: a person found
inside one counts for nothing either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.bench.precision import HALF, Case, areas, average_precision, overlaps
from engine.vision.model import Boxes, Detections

#: An object is small below this part of a square as wide as the picture: 32 of 640 pixels, squared.
SMALL = (32 / 640) ** 2
#: Class whose people are part of it.
_RIDDEN = "two_wheeler"


@dataclass(frozen=True, slots=True)
class Truth:
    """What is in a picture.

    Attributes:
        boxes: (n, 4) in pixels.
        labels: Our class name of each.
        sure: Whether a human drew it, (n,).
        width: Of the picture in pixels.
        unnamed: Boxes that are not here: nothing was said of what their class number means.
    """

    boxes: Boxes
    labels: tuple[str, ...]
    sure: NDArray[np.bool_]
    width: int
    unnamed: int = 0


def read(path: Path, names: Sequence[str | None], width: int, height: int) -> Truth:
    """Read a label file.

    Args:
        names: Our name of each class number; None: not judged.
        width: Of the picture in pixels; likewise `height`.

    Raises:
        OSError: It cannot be read.
        ValueError: A line is not as the format says: it says which.
    """
    rows, labels, unnamed = [], [], 0
    for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), 1):
        if not line.strip():
            continue
        kind, row = _row(line, number)
        name = names[kind] if kind < len(names) else None
        unnamed += kind >= len(names)
        if name is not None:
            rows.append(row)
            labels.append(name)
    table = np.array(rows, np.float32).reshape(-1, 5)
    boxes = table[:, :4] * np.array([width, height] * 2, np.float32)
    return Truth(boxes, tuple(labels), table[:, 4] >= 1, width, unnamed)


def _row(line: str, number: int) -> tuple[int, list[float]]:
    """Return the class number of a line, and the box's corners and score."""
    kind, *rest = line.split()
    told = [float(part) for part in rest]
    if len(told) not in (4, 5) or not kind.isascii() or not kind.isdigit() or not np.isfinite(told).all():
        raise ValueError(f"{number}: {line[:80]!r}")
    cx, cy, wide, high = told[:4]
    return int(kind), [cx - wide / 2, cy - high / 2, cx + wide / 2, cy + high / 2, *(told[4:] or [1.0])]


def case(detections: Detections, truth: Truth, label: str, *, small: bool | None = None) -> Case:
    """Return one picture's findings of one class, in pixels, to be judged.

    Args:
        detections: In pixels of the picture.
        small: Judge small objects only, or only others; None: all.
    """
    ours = np.array([name == label for name in truth.labels], bool)
    fits = _sized(truth.boxes, truth.width, small)
    unknown = ours & ~(truth.sure & fits)
    if label == "person":
        unknown |= np.array([name == _RIDDEN for name in truth.labels], bool)
    number = detections.names.index(label) if label in detections.names else -1
    mine = detections.labels == number
    if small is not None:
        # a finding of another size is judged with the other objects, unless it is this object's
        mine &= _sized(detections.boxes, truth.width, small) | _touches(
            detections.boxes, truth.boxes[ours & truth.sure & fits]
        )
    return Case(
        detections.boxes[mine],
        detections.scores[mine],
        truth.boxes[ours & truth.sure & fits],
        truth.boxes[unknown],
    )


def _sized(boxes: Boxes, width: int, small: bool | None) -> NDArray[np.bool_]:
    if small is None:
        return np.ones(len(boxes), bool)
    return np.asarray((areas(boxes) < SMALL * width * width) == small)


def _touches(found: Boxes, truth: Boxes) -> NDArray[np.bool_]:
    if not len(truth):
        return np.zeros(len(found), bool)
    return np.asarray(overlaps(found, truth).max(axis=1) >= HALF)


@dataclass(frozen=True, slots=True)
class Score:
    """Average precision of one class; None where there is no object. `objects`: how many there are."""

    ap: float | None
    objects: int


def marks(
    pairs: Iterable[tuple[Detections, Truth]], labels: Sequence[str], *, small: bool | None = None
) -> dict[str, Score]:
    """Return each class's mark over all pictures."""
    told = list(pairs)
    result = {}
    for label in labels:
        cases = [case(found, truth, label, small=small) for found, truth in told]
        result[label] = Score(average_precision(cases), sum(len(each.truth) for each in cases))
    return result


def mean(marks: Iterable[Score]) -> float | None:
    """Return the mean over the classes that have objects."""
    values = [mark.ap for mark in marks if mark.ap is not None]
    return sum(values) / len(values) if values else None
