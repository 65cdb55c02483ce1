"""Which parts of a picture are worth a detector's time. Pure geometry, in square pixels: objects keep their shape.

A look costs about as much as its input has pixels. So each part gets the smallest of the sizes in which what is
looked for there is large enough to be known; and what was seen too small for that can have a part of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, reduce
from itertools import combinations
from math import sqrt

import numpy as np

from engine.vision.model import Boxes

Rect = tuple[float, float, float, float]  #: x0, y0, x1, y1 in pixels; may reach beyond the picture
Size = tuple[int, int]  #: width and height in pixels

#: Most parts of one picture that are looked at.
MOST = 2
#: Room around a region, as a part of its size and of the picture's.
MARGIN, LEAST_MARGIN = 0.25, 0.02
#: A part is at least so much of the model's input: nothing is enlarged further than 1 / ZOOM.
ZOOM = 0.75
#: Two parts become one if that does not cost more than this times their sum.
JOIN = 1.2
#: More regions than this are not told apart: the rest counts as one. (Joining compares every pair.)
MANY = 8
#: Pixels of the model's input from which a thing is known nearly as well as it ever is: its side, if it were square.
CLOSE = 48
#: Least height in the model's input of a whole picture, in pixels.
VIEW = 200


@dataclass(frozen=True, slots=True)
class Part:
    """A look: what is cut out, and the size of the model's input that it is scaled to, which has the same aspect."""

    rect: Rect
    size: Size

    @property
    def shrink(self) -> float:
        """Pixels of the picture for one of the input."""
        return (self.rect[2] - self.rect[0]) / self.size[0]


@dataclass(frozen=True, slots=True)
class _Wish:
    """An area that is to be looked at, and how far it may be shrunk."""

    area: Rect
    shrink: float


def whole(picture: Size, sizes: Sequence[Size]) -> Part:
    """Return the cheapest look at a whole picture, in which it is `VIEW` high; where there is none, the finest."""
    return _chosen(_everything(picture), picture, sizes)


def finest(picture: Size, sizes: Sequence[Size]) -> Part:
    """Return the look at a whole picture that shows most."""
    return _chosen(_Wish(_everything(picture).area, 0.0), picture, sizes)


def is_close(part: Part, box: Rect, picture: Size, sizes: Sequence[Size]) -> bool:
    """Return whether a look shows an object well enough, or as well as one of its own would.

    Args:
        part: The look.
        box: The object in 0..1; likewise for `closer`.
        picture: As for `plan`; likewise `sizes`.
    """
    wish = _wish(box, picture)
    return part.shrink <= wish.shrink or part.shrink <= _chosen(wish, picture, sizes).shrink


def closer(parts: Sequence[Part], boxes: Sequence[Rect], picture: Size, sizes: Sequence[Size]) -> list[Part]:
    """Return the looks, and at most `MOST` more, that show objects well enough which the others do not."""
    told = list(parts)
    for box in boxes:
        shown = any(_holds(part, box, picture) and is_close(part, box, picture, sizes) for part in told)
        if not shown and len(told) < len(parts) + MOST:
            told.append(_chosen(_wish(box, picture), picture, sizes))
    return told


def plan(regions: Boxes, picture: Size, sizes: Sequence[Size]) -> list[Part]:
    """Return the parts of a picture that together hold every region, for the least cost.

    Args:
        regions: (n, 4) in 0..1, n > 0.
        picture: Width and height in square pixels.
        sizes: Of the model's input.
    """
    wishes = [_wish((x0, y0, x1, y1), picture) for x0, y0, x1, y1 in regions.tolist()]
    if len(wishes) > MANY:
        wishes = [*wishes[: MANY - 1], reduce(_union, wishes[MANY - 1 :])]
    wishes = _joined(wishes, picture, sizes)
    everything = _union(reduce(_union, wishes), _everything(picture))
    if sum(_cost(each, picture, sizes) for each in wishes) >= _cost(everything, picture, sizes):
        return [_chosen(everything, picture, sizes)]  # it shows more, and is no dearer
    return [_chosen(each, picture, sizes) for each in wishes]


def _everything(picture: Size) -> _Wish:
    return _Wish((0.0, 0.0, float(picture[0]), float(picture[1])), max(picture[1] / VIEW, 1.0))


def _wish(region: Rect, picture: Size) -> _Wish:
    """Return a region with room around it. What is there is taken to be as high, and no wider than that."""
    wide, high = region[2] - region[0], region[3] - region[1]
    across, down = max(wide * MARGIN, LEAST_MARGIN), max(high * MARGIN, LEAST_MARGIN)
    left, right = max(region[0] - across, 0.0) * picture[0], min(region[2] + across, 1.0) * picture[0]
    top, bottom = max(region[1] - down, 0.0) * picture[1], min(region[3] + down, 1.0) * picture[1]
    side = high * picture[1]
    side = sqrt(side * min(side, wide * picture[0]))
    return _Wish((left, top, right, bottom), min(max(side / CLOSE, 1.0), _everything(picture).shrink))


def _holds(part: Part, box: Rect, picture: Size) -> bool:
    x0, y0, x1, y1 = box[0] * picture[0], box[1] * picture[1], box[2] * picture[0], box[3] * picture[1]
    return part.rect[0] <= x0 and part.rect[1] <= y0 and x1 <= part.rect[2] and y1 <= part.rect[3]


def _joined(wishes: list[_Wish], picture: Size, sizes: Sequence[Size]) -> list[_Wish]:
    """Join the cheapest pair for as long as it pays, or there are too many."""

    @cache
    def cost(wish: _Wish) -> float:
        return _cost(wish, picture, sizes)

    wishes = list(wishes)
    while len(wishes) > 1:
        pairs = list(combinations(wishes, 2))
        ratios = [cost(_union(one, other)) / (cost(one) + cost(other)) for one, other in pairs]
        best = int(np.argmin(ratios))
        if ratios[best] > JOIN and len(wishes) <= MOST:
            break
        pair = pairs[best]
        wishes = [each for each in wishes if each is not pair[0] and each is not pair[1]] + [_union(*pair)]
    return wishes


def _chosen(wish: _Wish, picture: Size, sizes: Sequence[Size]) -> Part:
    """Return the cheapest look that is fine enough; where there is none, the finest."""
    parts = [Part(_fit(wish.area, picture, size), size) for size in sizes]
    fine = [part for part in parts if part.shrink <= wish.shrink]
    if fine:
        return min(fine, key=lambda part: (part.size[0] * part.size[1], part.shrink))
    return min(parts, key=lambda part: (part.shrink, part.size[0] * part.size[1]))


def _cost(wish: _Wish, picture: Size, sizes: Sequence[Size]) -> float:
    """Return what a look costs, in pixels; one that is too coarse costs those that it lacks."""
    part = _chosen(wish, picture, sizes)
    return part.size[0] * part.size[1] * max(1.0, part.shrink / wish.shrink) ** 2


def _fit(area: Rect, picture: Size, size: Size) -> Rect:
    """Widen a rectangle to an input's aspect and its least size, inside the picture where it can be."""
    scale = max((area[2] - area[0]) / size[0], (area[3] - area[1]) / size[1], ZOOM)
    x0, x1 = _place(area[0], area[2], size[0] * scale, picture[0])
    y0, y1 = _place(area[1], area[3], size[1] * scale, picture[1])
    return x0, y0, x1, y1


def _place(low: float, high: float, length: float, limit: int) -> tuple[float, float]:
    start = (low + high - length) / 2
    start = (limit - length) / 2 if length >= limit else min(max(start, 0.0), limit - length)
    return start, start + length


def _union(a: _Wish, b: _Wish) -> _Wish:
    p, q = a.area, b.area
    area = min(p[0], q[0]), min(p[1], q[1]), max(p[2], q[2]), max(p[3], q[3])
    return _Wish(area, min(a.shrink, b.shrink))
