"""Which parts of a picture are worth a detector's time. Pure geometry, in square pixels: objects keep their shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations

import numpy as np

from engine.vision.model import Boxes

Rect = tuple[float, float, float, float]  #: x0, y0, x1, y1 in pixels; may reach beyond the picture
Size = tuple[int, int]  #: width and height

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
#: A part is shrunk by no more than this where a larger input of the model can help it (docs/design/vision.md: what
#: it is worth).
FINE = 1.6
#: Parts that add up to this much of the whole are replaced by the whole.
WHOLE = 0.7


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a picture, and the input of the model that it is shown in; both have the same aspect."""

    rect: Rect
    size: Size

    @property
    def scale(self) -> float:
        """Pixels of the picture that become one of the model's."""
        return (self.rect[2] - self.rect[0]) / self.size[0]


def whole(picture: Size, models: Sequence[Size]) -> Part:
    """Return the whole picture, in the input that suits it.

    Args:
        picture: Width and height in square pixels; `models`: sizes of input that the model takes.
    """
    return _fit((0.0, 0.0, float(picture[0]), float(picture[1])), picture, models)


def plan(regions: Boxes, picture: Size, models: Sequence[Size]) -> list[Part]:
    """Return parts of a picture, each in the input that suits it, that together hold every region.

    Args:
        regions: (n, 4) in 0..1.
        picture: As in `whole`; likewise `models`.
    """
    size = np.array(picture * 2, np.float32)
    margin = np.maximum((regions[:, 2:] - regions[:, :2]) * MARGIN, LEAST_MARGIN)
    roomy = np.concatenate([regions[:, :2] - margin, regions[:, 2:] + margin], axis=1)
    wanted = np.clip(roomy, 0, 1) * size
    rects = [(float(x0), float(y0), float(x1), float(y1)) for x0, y0, x1, y1 in wanted]
    if len(rects) > MANY:
        rects = [*rects[: MANY - 1], reduce(_union, rects[MANY - 1 :])]
    fitted = [_fit(rect, picture, models) for rect in _joined(rects, picture, models)]
    everything = whole(picture, models)
    if sum(_area(part.rect) for part in fitted) >= WHOLE * _area(everything.rect):
        return [everything]
    return fitted


def _joined(parts: list[Rect], picture: Size, models: Sequence[Size]) -> list[Rect]:
    """Join the cheapest pair for as long as it pays, or there are too many."""

    def cost(part: Rect) -> float:
        return _area(_fit(part, picture, models).rect)

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


def _fit(rect: Rect, picture: Size, models: Sequence[Size]) -> Part:
    """Return a part that holds a rectangle, in the smallest input that is fine enough, else in the finest."""
    parts = [_widened(rect, picture, model) for model in sorted(models, key=lambda size: size[0] * size[1])]
    return next((part for part in parts if part.scale <= FINE), min(parts, key=lambda part: part.scale))


def _widened(rect: Rect, picture: Size, model: Size) -> Part:
    """Widen a rectangle to the model's aspect and least size, inside the picture where it can be."""
    scale = max((rect[2] - rect[0]) / model[0], (rect[3] - rect[1]) / model[1], ZOOM)
    x0, x1 = _place(rect[0], rect[2], model[0] * scale, picture[0])
    y0, y1 = _place(rect[1], rect[3], model[1] * scale, picture[1])
    return Part((x0, y0, x1, y1), model)


def _place(low: float, high: float, length: float, limit: int) -> tuple[float, float]:
    start = (low + high - length) / 2
    start = (limit - length) / 2 if length >= limit else min(max(start, 0.0), limit - length)
    return start, start + length


def _union(a: Rect, b: Rect) -> Rect:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _area(rect: Rect) -> float:
    return (rect[2] - rect[0]) * (rect[3] - rect[1])
