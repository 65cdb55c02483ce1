"""A camera that sways: how far the whole picture is from where the background was learned, and back.

Algorithm: the two projections of the grid are matched one after the other (Ratakonda, *Real-time digital video
stabilization for multi-media applications*, ISCAS 1998), by normalised correlation of their slopes, so that light
does not matter; a parabola through the best three gives the part of a cell.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.vision.jit import kernel
from engine.vision.motion.kernel import BLOCK

FARTHEST = 10  #: cells that a picture is looked for around its place
ALIKE = 0.5  #: least correlation of projections that show the same
SPAN = 2  #: cells that a slope reaches over: over one, half a cell of sway undoes fine texture
LEAST = 3  #: sixteenths of a pixel that are worth drawing a picture anew


def shift(now: NDArray[np.uint8], back: NDArray[np.int16]) -> tuple[float, float]:
    """Return by how many cells (right, down) a picture is shifted against the background; (0, 0) where unknown.

    Args:
        now: (bh, bw, 64) cells of the picture.
        back: The background in the same shape, any unit.
    """
    high, wide = now.shape[:2]
    found = []
    for axes in ((0, 2), (1, 3)):
        here, there = (
            _slopes(each.reshape(high, wide, BLOCK, BLOCK).mean(axes, np.float32).ravel())
            for each in (now, back)
        )
        found.append(_lag(here, there))
    return (found[0], found[1]) if None not in found else (0.0, 0.0)  # type: ignore[return-value]


def _slopes(profile: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how steep a profile is everywhere."""
    return np.asarray(profile[SPAN:] - profile[:-SPAN], np.float32)


def _lag(here: NDArray[np.float32], there: NDArray[np.float32]) -> float | None:
    """Return by how many places `here` is shifted against `there`; None where they do not show the same."""
    far = min(FARTHEST, len(here) // 4)
    if far < 2:
        return None
    middle = there[far:-far]
    windows = np.lib.stride_tricks.sliding_window_view(here, len(middle))
    norm = np.linalg.norm(windows, axis=1) * np.linalg.norm(middle)
    fit = windows @ middle / np.maximum(norm, 1e-6)
    best = int(fit.argmax())
    if fit[best] < ALIKE or not 0 < best < len(fit) - 1:
        return None
    left, top, right = (float(each) for each in fit[best - 1 : best + 2])
    bend = left - 2 * top + right
    return best - far + ((left - right) / (2 * bend) if bend < 0 else 0.0)


@kernel("void(uint8[::1], int64, uint8[:, ::1], int64, int64)")
def steady(luma: Any, stride: int, out: Any, right: int, down: int) -> None:
    """Draw a picture back to where it belongs (bilinear; at the edges the outermost pixels again).

    Args:
        luma: Flat bytes of a plane as large as `out`.
        stride: Of its rows, bytes.
        out: (height, width) out.
        right: By how much it is shifted, 1/16 pixel; likewise `down`.
    """
    high, wide = out.shape
    dx, dy, fx, fy = right >> 4, down >> 4, right & 15, down & 15
    for y in range(high):
        above = max(0, min(y + dy, high - 1)) * stride
        below = max(0, min(y + dy + 1, high - 1)) * stride
        for x in range(wide):
            u = max(0, min(x + dx, wide - 1))
            v = max(0, min(x + dx + 1, wide - 1))
            upper = luma[above + u] * (16 - fx) + luma[above + v] * fx
            lower = luma[below + u] * (16 - fx) + luma[below + v] * fx
            out[y, x] = (upper * (16 - fy) + lower * fy + 128) >> 8
