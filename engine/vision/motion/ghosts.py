"""What something left behind: foreground that does not change, whose outline is the background's and not the picture's.

Algorithm: the contrast along the outline tells what was removed from what was put there (Connell et al., *Detection
and tracking in the IBM PeopleVision system*, ICME 2004; San Miguel and Martínez, *Robust unattended and stolen object
detection by fusing simple algorithms*, AVSS 2008).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.vision.jit import kernel

SHARPER = 8  #: quarters of the contrast along an outline that the background has where something is gone
RELIT = 4  #: the same just after the light changed: what does not change is how the place looks now


@kernel("void(uint8[:, :, ::1], int16[:, :, ::1], uint8[:, :], uint8[:, :], int16[:, :, ::1], int64[:, ::1], int64)")
def banish(now: Any, back: Any, marks: Any, kept: Any, counts: Any, sums: Any, sharper: int) -> None:
    """Take ghosts out of the foreground and learn at once what is behind them.

    Args:
        now: (bh, bw, 64) cells of the picture, grey levels.
        back: The background in the same shape, 1/64 grey levels, in and out.
        marks: (rows, cols) by how many grey levels a cell differs.
        kept: (rows, cols) foreground, in and out.
        counts: (7, bh, bw): in and out [0] foreground cells; in [6] which still region a block is of, from 1; 0: none.
        sums: (bh * bw + 1, 2) scratch: contrast along each region's outline now and in the background.
        sharper: How much sharper the background has to be, quarters.
    """
    (rows, cols), wide = kept.shape, counts.shape[2]
    sums[:] = 0
    for b in range(counts.shape[1] * wide):
        y, x = b // wide, b % wide
        label = counts[6, y, x]
        if label:
            for row in range(y * 8, min(y * 8 + 8, rows)):
                for col in range(x * 8, min(x * 8 + 8, cols)):
                    if kept[row, col]:
                        i = (row & 7) * 8 + (col & 7)
                        for v, u in ((row - 1, col), (row + 1, col), (row, col - 1), (row, col + 1)):
                            if 0 <= v < rows and 0 <= u < cols and not kept[v, u]:
                                j = (v & 7) * 8 + (u & 7)
                                one, other = np.int64(now[y, x, i]), np.int64(now[v >> 3, u >> 3, j])
                                sums[label, 0] += abs(one - other) * 64
                                one, other = np.int64(back[y, x, i]), np.int64(back[v >> 3, u >> 3, j])
                                sums[label, 1] += abs(one - other)
    for b in range(counts.shape[1] * wide):
        y, x = b // wide, b % wide
        label = counts[6, y, x]
        if label and 4 * sums[label, 1] >= sharper * sums[label, 0]:
            counts[0, y, x] = 0
            for row in range(y * 8, min(y * 8 + 8, rows)):
                for col in range(x * 8, min(x * 8 + 8, cols)):
                    kept[row, col] = 0
                    if marks[row, col]:
                        i = (row & 7) * 8 + (col & 7)
                        back[y, x, i] = np.int16(np.int16(now[y, x, i]) << 6)
