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
SOFT = 4.0  #: grey levels that a thing's difference from its background rises by at its outline; light fades
FEWEST = 6  #: cells not at the outline from which a region is judged to be a shadow,
DARKEST, BRIGHTEST = 0.4, 0.95  #: which takes so much of the light
ROUGH = 3.0  #: and leaves all else; times the noise that may be left
LOUD = 5.0  #: grey levels of noise in which nobody can tell
SHADOW = 2
LEAST = 1.5  #: grey levels that the noise is taken for at least
DOWN, RIGHT = (-2, 2, 0, 0), (0, 0, -2, 2)
LADDER = np.uint64(0x0001020304050607)
STILL = 4  #: what a block may be part of: something that does not change


_SIGNATURE = (
    "int64(uint8[:, :, ::1], int16[:, :, ::1], int16[:, :, ::1], "
    "uint64[:, ::1], uint64[:, ::1], int16[:, :, ::1], int16[:, ::1], int64[:, ::1], int64, int64, int64, int64)"
)


@kernel(_SIGNATURE)
def banish(
    now: Any,
    back: Any,
    dev: Any,
    marks: Any,
    kept: Any,
    counts: Any,
    places: Any,
    sums: Any,
    rows: int,
    cols: int,
    sharper: int,
    soft: int,
) -> int:
    """Take ghosts and light without an edge out of the foreground, learn what is there; return how many regions were.

    Args:
        now: (bh, bw, 64) cells of the picture, grey levels.
        back: The background in the same shape, 1/64 grey levels, in and out.
        dev: The deviation, likewise.
        marks: (bh * 8, bw) by how many grey levels a cell differs, eight cells to a word.
        kept: (bh * 8, bw) foreground, eight cells to a word, in and out.
        counts: (8, bh, bw): in and out [0] foreground cells; in [2] `STILL`; in [6] which region a block is of, from
            1; 0: none.
        places: (n, 2) row and column of each block that may be active.
        sums: (bh * bw + 1, 9) scratch: contrast along each region's outline now and in the background, rise of the
            difference, length; within it the cells, products of now and background, deviation.
        rows: Of the grid in use; likewise `cols`.
        sharper: How much sharper the background has to be, quarters.
        soft: Least rise of the difference, 1/64 grey levels.
    """
    wide = counts.shape[2]
    cells = np.empty(64, np.uint8)
    inner = cells.view(np.uint64)
    shift, far, first = np.uint64(8), np.uint64(56), np.uint64(1)
    last = first << np.uint64((cols - 1) % 8 * 8)
    most = 0
    for k in range(len(places)):
        most = max(most, counts[6, places[k, 0], places[k, 1]])
    sums[: most + 1] = 0
    for k in range(len(places)):
        y, x = np.int64(places[k, 0]), np.int64(places[k, 1])
        label = counts[6, y, x]
        if not label:
            continue
        edge_now, edge_back, rising, length = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
        for r in range(8):  # beyond the grid it is as it is here
            row, cell = y * 8 + r, kept[y * 8 + r, x]
            around = (
                kept[max(0, row - 1), x],
                kept[min(row + 1, rows - 1), x],
                (cell << shift) | (kept[row, x - 1] >> far if x else first),
                (cell >> shift) | (kept[row, x + 1] << far if x + 1 < wide else last),
            )
            inner[r] = cell & around[0] & around[1] & around[2] & around[3]
            if inner[r] == cell:
                continue
            for side in range(4):
                down, right = DOWN[side], RIGHT[side]
                word = cell & ~around[side]
                while word:
                    lowest = word & (~word + first)
                    word ^= lowest
                    i = r * 8 + np.int64((lowest * LADDER) >> far)  # which of the eight it is
                    v, u = min(max(row + down, 0), rows - 1), min(max(x * 8 + i % 8 + right, 0), cols - 1)
                    j = (v & 7) * 8 + (u & 7)
                    here, there = np.int64(now[y, x, i]) * 64, np.int64(now[v >> 3, u >> 3, j]) * 64
                    was, beside = np.int64(back[y, x, i]), np.int64(back[v >> 3, u >> 3, j])
                    rise = (here - was) - (there - beside)
                    edge_now += abs(here - there)
                    edge_back += abs(was - beside)
                    rising += rise if here > was else -rise
                    length += 1
        n, noisy, nn, nb, bb = np.int32(0), np.int32(0), np.int32(0), np.int32(0), np.int32(0)
        for i in range(64):
            m = np.int32(cells[i])
            p, q = (
                np.int32(np.int32(now[y, x, i]) * m),
                np.int32((np.int32(back[y, x, i]) >> np.int32(6)) * m),
            )
            n, noisy = np.int32(n + m), np.int32(noisy + np.int32(dev[y, x, i]) * m)
            nn, nb, bb = np.int32(nn + p * p), np.int32(nb + p * q), np.int32(bb + q * q)
        sums[label, 0] += edge_now
        sums[label, 1] += edge_back
        sums[label, 2] += rising
        sums[label, 3] += length
        sums[label, 4] += n
        sums[label, 5] += nn
        sums[label, 6] += nb
        sums[label, 7] += bb
        sums[label, 8] += noisy
    gone = 0
    for label in range(1, most + 1):
        size, gain = sums[label, 4], sums[label, 6] / max(1, sums[label, 7])
        noise = max(LEAST, sums[label, 8] * 1.25 / 64 / max(1, size))
        left = sums[label, 5] - gain * sums[label, 6]
        shadow = (
            size >= FEWEST
            and noise < LOUD
            and DARKEST < gain < BRIGHTEST
            and left < ROUGH * ROUGH * noise * noise * size
        )
        sums[label, 2] = SHADOW if shadow else sums[label, 2] < soft * sums[label, 3]
        gone += sums[label, 2] > 0
    for k in range(len(places)):
        y, x = np.int64(places[k, 0]), np.int64(places[k, 1])
        label = counts[6, y, x]
        ghost = counts[2, y, x] & STILL and 4 * sums[label, 1] >= sharper * sums[label, 0]
        if not label or not (ghost or sums[label, 2]):
            continue
        counts[0, y, x] = 0
        for r in range(8):
            inner[r], kept[y * 8 + r, x] = marks[y * 8 + r, x], 0
        for i in range(64):
            if cells[i] and (ghost or sums[label, 2] != SHADOW):
                back[y, x, i] = np.int16(np.int16(now[y, x, i]) << 6)
    return gone
