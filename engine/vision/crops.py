"""Which parts of a picture are worth a detector's time. Pure geometry, in square pixels: objects keep their shape."""

from __future__ import annotations

from functools import reduce
from itertools import combinations

import numpy as np

from engine.vision.model import Boxes

Rect = tuple[float, float, float, float]  #: x0, y0, x1, y1 in pixels; may reach beyond the picture

#: Most parts of one picture that are looked at.
MOST = 2
#: Room around a region, as a part of its size and of the picture's.
MARGIN, LEAST_MARGIN = 0.25, 0.02
#: A part is at least so much of the model's input: nothing is enlarged further than 1 / ZOOM.
ZOOM = 0.75
#: Two parts become one if that does not cost more pixels than this times their sum.
JOIN = 1.2
#: More regions than this are not told apart: the rest counts as one. (Joining compares every pair.)
MANY = 8
#: Parts that add up to this much of the whole are replaced by the whole.
WHOLE = 0.7


def whole(picture: tuple[int, int], model: tuple[int, int]) -> Rect:
    """Return the smallest rectangle of the model's aspect that holds the whole picture."""
    return _fit((0.0, 0.0, float(picture[0]), float(picture[1])), picture, model)


def plan(regions: Boxes, picture: tuple[int, int], model: tuple[int, int]) -> list[Rect]:
    """Return parts of a picture, in the model's aspect, that together hold every region.

    Args:
        regions: (n, 4) in 0..1.
        picture: Width and height in square pixels; likewise `model`.
    """
    size = np.array(picture * 2, np.float32)
    margin = np.maximum((regions[:, 2:] - regions[:, :2]) * MARGIN, LEAST_MARGIN)
    roomy = np.concatenate([regions[:, :2] - margin, regions[:, 2:] + margin], axis=1)
    wanted = np.clip(roomy, 0, 1) * size
    parts = [(float(x0), float(y0), float(x1), float(y1)) for x0, y0, x1, y1 in wanted]
    if len(parts) > MANY:
        parts = [*parts[: MANY - 1], reduce(_union, parts[MANY - 1 :])]
    parts = _joined(parts, picture, model)
    fitted = [_fit(part, picture, model) for part in parts]
    everything = whole(picture, model)
    if sum(map(_area, fitted)) >= WHOLE * _area(everything):
        return [everything]
    return fitted


def _joined(parts: list[Rect], picture: tuple[int, int], model: tuple[int, int]) -> list[Rect]:
    """Join the cheapest pair for as long as it pays, or there are too many."""

    def cost(part: Rect) -> float:
        return _area(_fit(part, picture, model))

    parts = list(parts)
    while len(parts) > 1:
        pairs = list(combinations(range(len(parts)), 2))
        ratios = [cost(_union(parts[i], parts[j])) / (cost(parts[i]) + cost(parts[j])) for i, j in pairs]
        best = int(np.argmin(ratios))
        if ratios[best] > JOIN and len(parts) <= MOST:
            break
        i, j = pairs[best]
        parts = [part for k, part in enumerate(parts) if k not in (i, j)] + [_union(parts[i], parts[j])]
    return parts


def _fit(part: Rect, picture: tuple[int, int], model: tuple[int, int]) -> Rect:
    """Widen a rectangle to the model's aspect and least size, inside the picture where it can be."""
    scale = max((part[2] - part[0]) / model[0], (part[3] - part[1]) / model[1], ZOOM)
    x0, x1 = _place(part[0], part[2], model[0] * scale, picture[0])
    y0, y1 = _place(part[1], part[3], model[1] * scale, picture[1])
    return x0, y0, x1, y1


def _place(low: float, high: float, length: float, limit: int) -> tuple[float, float]:
    start = (low + high - length) / 2
    start = (limit - length) / 2 if length >= limit else min(max(start, 0.0), limit - length)
    return start, start + length


def _union(a: Rect, b: Rect) -> Rect:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _area(rect: Rect) -> float:
    return (rect[2] - rect[0]) * (rect[3] - rect[1])
