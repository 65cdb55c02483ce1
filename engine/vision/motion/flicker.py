"""Leaves, water, a loose lamp: where cells change and nothing is there that holds together, noise is larger.

Algorithm: feedback from blinking cells to the threshold, after St-Charles, Bilodeau and Bergevin, *SuBSENSE: a
universal change detection method with local adaptive sensitivity*, IEEE Trans. Image Processing 2015.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.vision.jit import kernel
from engine.vision.motion.kernel import NOISIEST, WEAK

FLICKER = 10  #: changed cells that make a block flicker
RISE = 4096  #: part of the way that the deviation goes to what was seen, 1/32768
HELD, SOLID = (
    1,
    2,
)  #: what a block may be part of: something that moves and is to stay; something that holds together
RESTLESS = 3300  #: of 32767: how much of the time a block was active in what was too small to be held
AROUND = 4  #: blocks: what flickers here makes restless what is there
MEMORY = 6  #: pictures that are remembered, as a power of 2


@kernel(
    "void(int16[:, :, ::1], uint64[:, ::1], uint64[:, ::1], int16[:, :, ::1], int16[:, ::1], int64, int64)"
)
def flicker(dev: Any, marks: Any, kept: Any, counts: Any, places: Any, least: int, rise: int) -> None:
    """Raise the deviation of marked cells in blocks that change and belong to nothing; learn where that is usual.

    Args:
        dev: (bh, bw, 64) deviation, 1/64 grey levels.
        marks: (bh * 8, bw) by how many grey levels a cell differs, eight cells to a word.
        kept: (bh * 8, bw) foreground, eight cells to a word; where it usually flickers, it is taken out.
        counts: (5, bh, bw): foreground cells, changed cells, 1 where a block is held; out [4]: how much it
            flickers, of 32767.
        places: (n, 2) row and column of each block that may be active.
        least: Changed cells from which a block flickers.
        rise: Part of the way to go, 1/32768.
    """
    tile = np.empty(64, np.uint8)
    words = tile.view(np.uint64)
    high, wide = counts.shape[1:]
    counts[5] = 0
    for k in range(len(places)):
        y, x = np.int64(places[k, 0]), np.int64(places[k, 1])
        if counts[0, y, x] >= WEAK and not counts[2, y, x] & SOLID:
            counts[5, max(0, y - AROUND) : y + AROUND + 1, max(0, x - AROUND) : x + AROUND + 1] = 1
    for y in range(high):
        for x in range(wide):
            usual = int(counts[4, y, x])
            counts[4, y, x] = usual + ((32767 * int(counts[5, y, x]) - usual) >> MEMORY)
            if usual >= RESTLESS and not counts[2, y, x] & SOLID:
                for r in range(8):
                    kept[y * 8 + r, x] = 0
            if counts[1, y, x] < least or counts[2, y, x] & HELD:
                continue
            for r in range(8):
                words[r] = marks[y * 8 + r, x]
            noise = dev[y, x]
            for i in range(64):
                gap = max(np.int32(0), np.int32(np.int32(tile[i]) << np.int32(6)) - np.int32(noise[i]))
                noise[i] = min(
                    np.int32(NOISIEST), np.int32(noise[i]) + np.int32((gap * np.int32(rise)) >> np.int32(15))
                )
