"""Which cells of the grid lie in polygons. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.vision.motion.tuning import Corners


def inside(polygons: Iterable[Corners], rows: int, cols: int) -> NDArray[np.bool_]:
    """Return (rows, cols): whether a cell's middle lies in any of the polygons (even-odd rule)."""
    y, x = (np.arange(rows) + 0.5)[:, None] / rows, (np.arange(cols) + 0.5)[None] / cols
    found = np.zeros((rows, cols), np.bool_)
    for corners in polygons:
        odd = np.zeros((rows, cols), np.bool_)
        for (x0, y0), (x1, y1) in zip(corners, (*corners[1:], corners[0]), strict=True):
            if y0 != y1:
                crossed = (y0 <= y) != (y1 <= y)
                odd ^= crossed & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
        found |= odd
    return found
