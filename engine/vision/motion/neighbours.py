"""A cell is what most cells around it are: a foreground cell without neighbours is noise.

Algorithm: the median of a binary picture is its majority (Huang, Yang and Tang, *A fast two-dimensional
median filtering algorithm*, IEEE Trans. ASSP 1979); a sum over 5x5 is a sum over columns of sums over
rows, 32 cells per instruction. At the edges the outermost cells stand for what cannot be seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.vision.jit import kernel

MAJORITY = 13  #: of the 25 cells around one, itself among them


@kernel(
    "int64(uint8[:, ::1], uint8[:, ::1], uint8[:, ::1], int16[:, :, ::1], uint8[::1], int64, int64, int64, int64)"
)
def majority(
    marks: Any, wanted: Any, kept: Any, counts: Any, columns: Any, rows: int, cols: int, most: int, weak: int
) -> int:
    """Keep the marks that most of their 25 neighbours share; return the number of active blocks.

    Args:
        marks: (block rows * 8, block columns * 8) 0 or 1, 0 beyond the grid.
        wanted: 0 where nothing counts, in the same shape; (0, 0): everything counts.
        kept: The same shape, out: what is foreground.
        counts: (2, block rows, block columns), out [0]: foreground cells of each block.
        columns: (block columns * 8 + 4,) scratch.
        rows: Of the grid in use; likewise `cols`.
        most: Of the 25, how many decide.
        weak: Foreground cells that make a block active.
    """
    u8 = np.uint8
    wide, enough, active = marks.shape[1], u8(most), 0
    sums = columns[2 : 2 + wide]
    sums[:] = 0
    for y in range(-2, 2):  # rows above the first are like the first
        row = marks[max(0, min(y, rows - 1))]
        for x in range(wide):
            sums[x] = u8(sums[x] + row[x])
    for y in range(rows):
        come, gone, out = marks[min(y + 2, rows - 1)], marks[max(0, y - 3)], kept[y]
        for x in range(wide):
            sums[x] = u8(u8(sums[x] + come[x]) - (gone[x] if y else u8(0)))
        columns[0] = columns[1] = columns[2]
        columns[2 + cols] = columns[3 + cols] = columns[1 + cols]
        for x in range(wide):
            pair = u8(u8(columns[x] + columns[x + 1]) + u8(columns[x + 2] + columns[x + 3]))
            out[x] = u8(1) if u8(pair + columns[x + 4]) >= enough else u8(0)
        if wanted.shape[0]:
            for x in range(wide):
                out[x] = u8(out[x] & wanted[y, x])
        out[cols:] = 0
        columns[2 + cols :] = 0
    for block_y in range(counts.shape[1]):
        rest = kept[block_y * 8 : block_y * 8 + 8]
        for x in range(wide):
            low = u8(u8(u8(rest[0, x] + rest[1, x]) + u8(rest[2, x] + rest[3, x])))
            sums[x] = u8(low + u8(u8(rest[4, x] + rest[5, x]) + u8(rest[6, x] + rest[7, x])))
        for b in range(counts.shape[2]):
            found = 0
            for k in range(8):
                found += sums[b * 8 + k]
            counts[0, block_y, b] = found
            active += 1 if found >= weak else 0
    return active
