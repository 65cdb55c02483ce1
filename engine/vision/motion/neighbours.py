"""A cell is what most cells around it are: a foreground cell without neighbours is noise.

Algorithm: first, a mark stands only where the difference is a quarter of the largest around it: a cell that a thing's
edge hardly covers is background. Then the median of the binary picture, which is its majority (Huang, Yang
and Tang, *A fast two-dimensional median filtering algorithm*, IEEE Trans. ASSP 1979); a sum over 5x5 is a sum over
columns of sums over rows, 32 cells per instruction. At the edges the outermost rows and columns stand for what cannot
be seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.vision.jit import kernel

MAJORITY = 13  #: of the 25 cells around one, itself among them
ROWS = 9  #: of scratch


@kernel(
    "int64(uint8[:, ::1], uint8[:, ::1], uint8[:, ::1], int16[:, :, ::1], int16[:, ::1], uint8[:, ::1], "
    "int64, int64, int64, int64)"
)
def majority(
    marks: Any,
    wanted: Any,
    kept: Any,
    counts: Any,
    places: Any,
    scratch: Any,
    rows: int,
    cols: int,
    most: int,
    weak: int,
) -> int:
    """Keep the marks that most of their 25 neighbours share; return the number of active blocks.

    Args:
        marks: (block rows * 8, block columns * 8) by how many grey levels a cell differs, 0 where it does not.
        wanted: 0 where nothing counts, else 1, in the same shape; (0, 0): everything counts.
        kept: The same shape, out: 1 where there is foreground.
        counts: (4, block rows, block columns): out [0] foreground cells of each block, [2] 0; [3] what [0] was before.
        places: (block rows * block columns, 2) out: row and column of each active block, row by row.
        scratch: (`ROWS`, block columns * 8 + 8).
        rows: Of the grid in use; likewise `cols`.
        most: Of the 25, how many decide.
        weak: Foreground cells that make a block active.
    """
    u8, ones = np.uint8, np.uint64(0x0101010101010101)
    wide, enough, active = marks.shape[1], u8(most), 0
    tall, columns, sums, total = scratch[6], scratch[7], scratch[7, 2 : 2 + wide], scratch[8, :wide]
    words = total.view(np.uint64)
    tall[:] = 0
    columns[:] = 0
    for k in range(rows + 2):
        come, gone = scratch[min(k, rows - 1) % 6, :wide], scratch[max(0, k - 5) % 6, :wide]
        if k < rows:
            over, under = max(0, k - 1), min(k + 1, rows - 1)
            for x in range(wide):
                tall[1 + x] = max(max(marks[over, x], marks[k, x]), marks[under, x])
            for x in range(wide):
                largest = max(max(tall[x], tall[x + 1]), tall[x + 2])
                come[x] = u8(1) if marks[k, x] > u8(largest >> u8(2)) else u8(0)
        for x in range(wide):  # what stands above the first row is like it
            sums[x] = u8(sums[x] + u8(come[x] - gone[x])) if k else u8(come[x] * u8(5))
        if k < 2:
            continue
        columns[0] = columns[1] = columns[2]
        after, beyond = columns[2 + cols], columns[3 + cols]
        columns[2 + cols] = columns[3 + cols] = columns[1 + cols]
        for x in range(wide):
            pair = u8(u8(columns[x] + columns[x + 1]) + u8(columns[x + 2] + columns[x + 3]))
            kept[k - 2, x] = u8(1) if u8(pair + columns[x + 4]) >= enough else u8(0)
        if wanted.shape[0]:
            for x in range(wide):
                kept[k - 2, x] = u8(kept[k - 2, x] & wanted[k - 2, x])
        kept[k - 2, cols:] = 0
        columns[2 + cols], columns[3 + cols] = after, beyond
    for block_y in range(counts.shape[1]):
        rest = kept[block_y * 8 : block_y * 8 + 8]
        for x in range(wide):
            low = u8(u8(rest[0, x] + rest[1, x]) + u8(rest[2, x] + rest[3, x]))
            total[x] = u8(low + u8(u8(rest[4, x] + rest[5, x]) + u8(rest[6, x] + rest[7, x])))
        for b in range(counts.shape[2]):
            found = np.int64((words[b] * ones) >> np.uint64(56))  # the sum of its eight bytes, 64 at most
            counts[3, block_y, b], counts[2, block_y, b] = counts[0, block_y, b], 0
            counts[0, block_y, b] = found
            if found >= weak:
                places[active, 0], places[active, 1] = block_y, b
                active += 1
    return active
