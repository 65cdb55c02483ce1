"""What something left behind: foreground that does not change, whose outline is the background's and not the picture's.

Algorithm: the contrast along the outline tells what was removed from what was put there (Connell et al., *Detection
and tracking in the IBM PeopleVision system*, ICME 2004; San Miguel and Martínez, *Robust unattended and stolen object
detection by fusing simple algorithms*, AVSS 2008).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.vision.jit import kernel

SHARPER = 2  #: times the contrast along an outline that the background has where something is gone


@kernel(
    "void(uint8[:, :, ::1], int16[:, :, ::1], uint64[:, ::1], uint64[:, ::1], int16[:, :, ::1], int64[:, ::1], int64)"
)
def banish(now: Any, back: Any, marks: Any, kept: Any, counts: Any, sums: Any, sharper: int) -> None:
    """Take ghosts out of the foreground and learn at once what is behind them.

    Args:
        now: (bh, bw, 64) cells of the picture, grey levels.
        back: The background in the same shape, 1/64 grey levels, in and out.
        marks: (bh * 8, bw) by how many grey levels a cell differs, eight cells to a word.
        kept: (bh * 8, bw) foreground, in and out.
        counts: (7, bh, bw): in and out [0] foreground cells; in [6] which still region a block is of, from 1; 0: none.
        sums: (bh * bw + 1, 2) scratch.
        sharper: How many times sharper the background has to be.
    """
    mask = np.empty(64, np.uint8)
    words = mask.view(np.uint64)
    high, wide = counts.shape[1:]
    sums[:] = 0
    for y in range(high):
        for x in range(wide):
            label = counts[6, y, x]
            if not label:
                continue
            for r in range(8):
                words[r] = kept[y * 8 + r, x]
            cell, known = now[y, x], back[y, x]
            for i in range(64):
                if i & 7 < 7 and mask[i] != mask[i + 1]:
                    sums[label, 0] += abs(np.int64(cell[i]) - np.int64(cell[i + 1])) << 6
                    sums[label, 1] += abs(np.int64(known[i]) - np.int64(known[i + 1]))
                if i < 56 and mask[i] != mask[i + 8]:
                    sums[label, 0] += abs(np.int64(cell[i]) - np.int64(cell[i + 8])) << 6
                    sums[label, 1] += abs(np.int64(known[i]) - np.int64(known[i + 8]))
    for y in range(high):
        for x in range(wide):
            label = counts[6, y, x]
            if not label or sums[label, 1] <= sharper * sums[label, 0]:
                continue
            for r in range(8):
                words[r] = marks[y * 8 + r, x]
                kept[y * 8 + r, x] = 0
            counts[0, y, x] = 0
            for i in range(64):
                if mask[i]:
                    back[y, x, i] = np.int16(np.int16(now[y, x, i]) << 6)
