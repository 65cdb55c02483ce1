"""The brightness of a picture, or of a part of it, as numbers that are measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

#: (height, width), 0..255 or as coded.
Luma: TypeAlias = NDArray[np.uint8]
Grey: TypeAlias = NDArray[np.float32]
#: Brightness of black and white as coded, where a picture does not use all of 0..255.
BLACK, WHITE = 16, 235


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a picture, in 0..1 from the top left."""

    left: float = 0.25
    top: float = 0.25
    right: float = 0.75
    bottom: float = 0.75

    def of(self, luma: Luma) -> Luma:
        """Return the part of a picture, at least one pixel of it; nothing is copied."""
        height, width = luma.shape
        rows, columns = _span(self.top, self.bottom, height), _span(self.left, self.right, width)
        return luma[rows[0] : rows[1], columns[0] : columns[1]]


#: The middle of a picture: what a technician aims at.
CENTRE = Region()
#: All of it.
WHOLE = Region(0.0, 0.0, 1.0, 1.0)


def _span(first: float, last: float, size: int) -> tuple[int, int]:
    begin = min(max(0, int(min(first, last) * size)), size - 1)
    return begin, max(begin + 1, min(size, round(max(first, last) * size)))


def reduced(luma: Luma, width: int, height: int) -> Grey:
    """Return a picture as the means of so many columns and rows, or as it is where it has no more.

    Every pixel counts once: nothing is skipped, so that fine texture makes no false pattern.
    """
    tall, wide = luma.shape
    return _means(_means(luma.astype(np.float32), min(height, tall), 0), min(width, wide), 1)


def _means(grey: Grey, count: int, axis: int) -> Grey:
    size = grey.shape[axis]
    if size == count:
        return grey
    edges = np.linspace(0, size, count + 1).astype(np.intp)
    sums = np.add.reduceat(grey, edges[:-1], axis=axis)
    spans = np.diff(edges)[:, None] if axis == 0 else np.diff(edges)
    means: Grey = (sums / spans).astype(np.float32)
    return means
