"""How a model's outputs become boxes: one adapter per kind of head. Pure arithmetic on arrays.

An adapter gets the output tensors as float32 (dequantised) and returns boxes in 0..1 of the model's
input, scores and class numbers, all above a least score, before suppression.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.vision.model import Boxes

Floats = NDArray[np.float32]
STRIDES = (8, 16, 32)
#: Bytes of an (n, 5 + classes) row before the class scores: x, y, w, h, objectness.
_ROW = 5


@dataclass(frozen=True, slots=True)
class Raw:
    """What a head found: boxes (n, 4) in 0..1, scores (n,) in 0..1, class numbers (n,)."""

    boxes: Boxes
    scores: Floats
    classes: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class OutputShape:
    """What is seen of a model from outside.

    Attributes:
        width: Of the input in pixels; likewise `height`.
        outputs: Shapes of the output tensors, in the model's order.
    """

    width: int
    height: int
    outputs: tuple[tuple[int, ...], ...]


Head = Callable[[OutputShape, Sequence[Floats], float], Raw]


def points(shape: OutputShape) -> int:
    """Return how many grid points a YOLOX head has for this input."""
    return sum((shape.width // stride) * (shape.height // stride) for stride in STRIDES)


@cache
def _grid(width: int, height: int) -> tuple[Floats, Floats]:
    """Return each grid point's column and row, (n, 2), and its stride, (n, 1)."""
    corners, strides = [], []
    for stride in STRIDES:
        rows, cols = np.mgrid[: height // stride, : width // stride]
        corners.append(np.stack([cols.ravel(), rows.ravel()], axis=1))
        strides.append(np.full((rows.size, 1), stride))
    return np.concatenate(corners).astype(np.float32), np.concatenate(strides).astype(np.float32)


def yolox(shape: OutputShape, outputs: Sequence[Floats], least: float) -> Raw:
    """Decode a raw YOLOX grid: (1, n, 5 + classes), centre offsets and log sizes in strides.

    Ge et al., *YOLOX: Exceeding YOLO Series in 2021*, section 2.1.
    """
    rows = outputs[0].reshape(outputs[0].shape[-2:])
    corners, strides = _grid(shape.width, shape.height)
    likely = np.flatnonzero(rows[:, _ROW - 1] >= least)  # class scores are <= 1
    rows, corners, strides = rows[likely], corners[likely], strides[likely]
    classes = rows[:, _ROW:].argmax(axis=1) if len(rows) else np.empty(0, np.int64)
    scores = rows[:, _ROW - 1] * rows[np.arange(len(rows)), _ROW + classes]
    centres = (rows[:, :2] + corners) * strides
    halves = np.exp(np.clip(rows[:, 2:4], None, 12.0)) * strides / 2
    size = np.array([shape.width, shape.height] * 2, np.float32)
    boxes = np.concatenate([centres - halves, centres + halves], axis=1) / size
    return _least(boxes, scores, classes, least)


def ssd(shape: OutputShape, outputs: Sequence[Floats], least: float) -> Raw:
    """Read ``TFLite_Detection_PostProcess``: boxes (y0, x0, y1, x1), classes, scores, number."""
    boxes, classes, scores = outputs[0][0], outputs[1][0], outputs[2][0]
    number = int(outputs[3].reshape(-1)[0])
    ordered = boxes[:number, [1, 0, 3, 2]]
    return _least(ordered, scores[:number], classes[:number], least)


def boxes_and_scores(shape: OutputShape, outputs: Sequence[Floats], least: float) -> Raw:
    """Read two outputs in either order: boxes (1, n, 4) in 0..1 or input pixels, scores (1, n, classes).

    Boxes are x0, y0, x1, y1. They count as pixels when any of them lies beyond 2.
    """
    first, second = (output.reshape(output.shape[-2:]) for output in outputs)
    boxes: NDArray[Any]
    boxes, scores = (first, second) if _boxes_first(shape) else (second, first)
    pixels = boxes.size > 0 and float(max(boxes.max(), -boxes.min())) > 2
    likely = _reaching(scores, least)
    boxes, scores = boxes[likely], scores[likely]
    classes = scores.argmax(axis=1)
    if pixels:
        boxes = boxes / np.array([shape.width, shape.height] * 2, np.float32)
    return _least(boxes, scores[np.arange(len(scores)), classes], classes, least)


def _reaching(scores: NDArray[Any], least: float) -> NDArray[np.intp]:
    """Return the rows with a score of at least `least`: a few of thousands; to judge each row would cost more."""
    rows: NDArray[np.intp] = np.flatnonzero(scores >= least) // scores.shape[1]  # in order
    fresh = np.ones(len(rows), np.bool_)
    fresh[1:] = rows[1:] != rows[:-1]
    return rows[fresh]


def _boxes_first(shape: OutputShape) -> bool:
    return shape.outputs[0][-1] == 4


def _least(boxes: NDArray[Any], scores: NDArray[Any], classes: NDArray[Any], least: float) -> Raw:
    kept = (scores >= least) & np.isfinite(boxes).all(axis=1)
    inside = np.clip(boxes[kept], 0, 1).astype(np.float32)
    return Raw(inside, scores[kept].astype(np.float32), classes[kept].astype(np.int32))


def guess(shape: OutputShape) -> str | None:
    """Return the head that a model's tensors look like, or None."""
    outputs = shape.outputs
    if len(outputs) == 4 and len(outputs[0]) == 3 and outputs[0][-1] == 4:
        return "ssd"
    if len(outputs) == 1 and outputs[0][-2:-1] == (points(shape),) and outputs[0][-1] > _ROW:
        return "yolox"
    if len(outputs) == 2 and all(len(output) == 3 for output in outputs):
        same = outputs[0][1] == outputs[1][1]
        return "boxes" if same and 4 in (outputs[0][2], outputs[1][2]) else None
    return None


def class_count(head: str, shape: OutputShape) -> int | None:
    """Return how many classes a head tells, or None where its tensors do not say (ssd)."""
    if head == "yolox":
        return shape.outputs[0][-1] - _ROW
    if head == "boxes":
        return shape.outputs[1 if _boxes_first(shape) else 0][-1]
    return None


HEADS: dict[str, Head] = {"yolox": yolox, "ssd": ssd, "boxes": boxes_and_scores}
