"""Connected blocks are regions. Those in which nothing changed are what something left behind."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.vision.jit import kernel
from engine.vision.motion.flicker import HELD, RESTLESS, SOLID
from engine.vision.motion.ghosts import STILL
from engine.vision.motion.kernel import WEAK

MOVED = 6  #: cells of a region that must have changed since the picture before
DENSE = 24  #: foreground cells a block, of one that holds together
LARGE = 48  #: foreground cells of a region that is learned slower; leaves and glints are smaller


@kernel(
    "int64(int16[:, :, ::1], int16[:, ::1], float32[:, ::1], int64[::1], int16[:, ::1], int64, int64, "
    "float32, float32)"
)
def regions(
    counts: Any,
    places: Any,
    boxes: Any,
    cells: Any,
    queue: Any,
    least: int,
    hold: int,
    across: float,
    down: float,
) -> int:
    """Join active blocks (8 neighbours) to regions, most foreground first; return how many.

    Args:
        counts: (7, bh, bw) foreground and changed cells per block; out [2]: 1 where blocks are to be held; out [6]:
            which region a block is of, from 1; 0: of none.
        places: (n, 2) row and column of each block that may be active.
        boxes: (n, 4) out: x0, y0, x1, y1 in 0..1.
        cells: (n + 1,) out: foreground cells of each, and last of all of them.
        queue: (bh * bw, 2) scratch.
        least: Foreground cells that make connected blocks a region.
        hold: Foreground cells from which its blocks are held.
        across: Width of a block, 0..1 of the picture; likewise `down`.
    """
    high, wide = counts.shape[1:]
    found, changed = counts[0], counts[1]
    number, label, everything = 0, 0, np.int64(0)
    counts[6] = 0
    for k in range(len(places)):
        row, column = np.int64(places[k, 0]), np.int64(places[k, 1])
        if found[row, column] < WEAK:
            continue
        head, tail, total, moved, fresh = 0, 1, np.int64(found[row, column]), 0, 0
        queue[0, 0], queue[0, 1] = row, column
        found[row, column] = -found[row, column]  # taken
        x0, y0, x1, y1 = wide, high, np.int64(0), np.int64(0)
        while head < tail:
            y, x = np.int64(queue[head, 0]), np.int64(queue[head, 1])
            head += 1
            moved += changed[y, x]
            fresh += -found[y, x] if counts[4, y, x] < RESTLESS else 0
            x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x + 1), max(y1, y + 1)
            for v in range(max(0, y - 1), min(high, y + 2)):
                for u in range(max(0, x - 1), min(wide, x + 2)):
                    if found[v, u] >= WEAK:
                        total += found[v, u]
                        found[v, u] = -found[v, u]
                        queue[tail, 0], queue[tail, 1] = v, u
                        tail += 1
        still = moved * 8 < total
        label += 1
        solid = total >= hold and total >= DENSE * tail
        held = moved >= MOVED and total >= hold and (solid or fresh >= least)
        for j in range(tail):
            counts[2, queue[j, 0], queue[j, 1]] = HELD * held + SOLID * solid + STILL * still
            counts[6, queue[j, 0], queue[j, 1]] = label
        if (
            total >= least
            and moved >= MOVED
            and not still
            and (solid or fresh >= least)
            and number < len(boxes)
        ):
            place = number
            while place > 0 and cells[place - 1] < total:
                boxes[place], cells[place] = boxes[place - 1], cells[place - 1]
                place -= 1
            boxes[place, 0], boxes[place, 1] = x0 * across, y0 * down
            boxes[place, 2], boxes[place, 3] = min(x1 * across, 1.0), min(y1 * down, 1.0)
            everything += total
            cells[place] = total
            number += 1
    for k in range(len(places)):
        found[places[k, 0], places[k, 1]] = abs(found[places[k, 0], places[k, 1]])
    cells[len(boxes)] = everything
    return number
