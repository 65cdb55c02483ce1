"""Connected blocks are regions. Those in which nothing changed are what something left behind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.vision.jit import kernel
from engine.vision.model import Boxes
from engine.vision.motion.kernel import WEAK

MOVED = 6  #: cells of a region that must have changed since the picture before


@kernel("int64(int16[:, :, ::1], float32[:, ::1], int64[::1], int16[:, ::1], int64)")
def regions(
    counts: NDArray[np.int16],
    boxes: Boxes,
    cells: NDArray[np.int64],
    stack: NDArray[np.int16],
    least: int,
) -> int:
    """Join active blocks (8 neighbours) to regions, most foreground first; return how many.

    Args:
        counts: (2, bh, bw) foreground and changed cells per block; a block that was taken is negative meanwhile.
        boxes: (n, 4) out: x0, y0, x1, y1 in blocks, ends exclusive.
        cells: (n,) out: foreground cells of each.
        stack: (bh * bw, 2) scratch.
        least: Foreground cells that make connected blocks a region.
    """
    _, high, wide = counts.shape
    found, changed = counts[0], counts[1]
    number = 0
    for row in range(high):
        for column in range(wide):
            if found[row, column] < WEAK:
                continue
            depth, total, moved = 1, 0, 0
            stack[0, 0], stack[0, 1] = row, column
            x0, y0, x1, y1 = wide, high, 0, 0
            total += found[row, column]
            found[row, column] = -found[row, column]
            while depth:
                depth -= 1
                y, x = stack[depth, 0], stack[depth, 1]
                moved += changed[y, x]
                x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x + 1), max(y1, y + 1)
                for v in range(max(0, y - 1), min(high, y + 2)):
                    for u in range(max(0, x - 1), min(wide, x + 2)):
                        if found[v, u] >= WEAK:
                            total += found[v, u]
                            found[v, u] = -found[v, u]
                            stack[depth, 0], stack[depth, 1] = v, u
                            depth += 1
            if total >= least and moved >= MOVED and number < len(cells):
                place = number
                while place > 0 and cells[place - 1] < total:
                    boxes[place], cells[place] = boxes[place - 1], cells[place - 1]
                    place -= 1
                boxes[place, 0], boxes[place, 1], boxes[place, 2], boxes[place, 3] = x0, y0, x1, y1
                cells[place] = total
                number += 1
    for row in range(high):
        for column in range(wide):
            found[row, column] = abs(found[row, column])
    return number
