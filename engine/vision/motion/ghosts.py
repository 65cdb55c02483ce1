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
FEWEST = 12  #: cells not at the outline from which a region is judged to be a shadow,
DARKEST, BRIGHTEST = 0.4, 0.95  #: which takes so much of the light
ROUGH = 3.0  #: and leaves all else; times the noise that may be left
LOUD = 5.0  #: grey levels of noise in which nobody can tell
SHADOW = 2
LEAST = 1.5  #: grey levels that the noise is taken for at least
STILL = 4  #: what a block may be part of: something that does not change


_SIGNATURE = (
    "int64(uint8[:, :, ::1], int16[:, :, ::1], int16[:, :, ::1], "
    "uint8[:, :], uint8[:, :], int16[:, :, ::1], int64[:, ::1], int64, int64)"
)


@kernel(_SIGNATURE)
def banish(
    now: Any, back: Any, dev: Any, marks: Any, kept: Any, counts: Any, sums: Any, sharper: int, soft: int
) -> int:
    """Take ghosts and light without an edge out of the foreground, learn what is there; return how many regions were.

    Args:
        now: (bh, bw, 64) cells of the picture, grey levels.
        back: The background in the same shape, 1/64 grey levels, in and out.
        dev: The deviation, likewise.
        marks: (rows, cols) by how many grey levels a cell differs.
        kept: (rows, cols) foreground, in and out.
        counts: (8, bh, bw): in and out [0] foreground cells; in [2] `STILL`; in [6] which region a block is of, from
            1; 0: none.
        sums: (bh * bw + 1, 9) scratch: contrast along each region's outline now and in the background, rise of the
            difference, length; within it the cells, products of now and background, deviation.
        sharper: How much sharper the background has to be, quarters.
        soft: Least rise of the difference, 1/64 grey levels.
    """
    (rows, cols), high, wide = kept.shape, counts.shape[1], counts.shape[2]
    most = 0
    for y in range(high):
        for x in range(wide):
            most = max(most, counts[6, y, x])
    sums[: most + 1] = 0
    for y in range(high):
        for x in range(wide):
            label = counts[6, y, x]
            if not label:
                continue
            edge_now, edge_back, rising, length = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
            n, now_now, now_back, back_back = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
            noisy = np.int64(0)
            for row in range(y * 8, min(y * 8 + 8, rows)):
                for col in range(x * 8, min(x * 8 + 8, cols)):
                    if not kept[row, col]:
                        continue
                    i, inner = (row & 7) * 8 + (col & 7), True
                    for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                        v, u = row + down, col + right
                        if not (0 <= v < rows and 0 <= u < cols) or kept[v, u]:
                            continue
                        inner = False
                        v, u = min(max(v + down, 0), rows - 1), min(max(u + right, 0), cols - 1)
                        j = (v & 7) * 8 + (u & 7)
                        here, there = np.int64(now[y, x, i]) * 64, np.int64(now[v >> 3, u >> 3, j]) * 64
                        was, beside = np.int64(back[y, x, i]), np.int64(back[v >> 3, u >> 3, j])
                        rise = (here - was) - (there - beside)
                        edge_now += abs(here - there)
                        edge_back += abs(was - beside)
                        rising += rise if here > was else -rise
                        length += 1
                    if inner:
                        here, was = np.int64(now[y, x, i]), np.int64(back[y, x, i]) >> 6
                        n += 1
                        now_now += here * here
                        now_back += here * was
                        back_back += was * was
                        noisy += dev[y, x, i]
            sums[label, 0] += edge_now
            sums[label, 1] += edge_back
            sums[label, 2] += rising
            sums[label, 3] += length
            sums[label, 4] += n
            sums[label, 5] += now_now
            sums[label, 6] += now_back
            sums[label, 7] += back_back
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
    for y in range(high):
        for x in range(wide):
            label = counts[6, y, x]
            ghost = counts[2, y, x] & STILL and 4 * sums[label, 1] >= sharper * sums[label, 0]
            if not label or not (ghost or sums[label, 2]):
                continue
            counts[0, y, x] = 0
            for row in range(y * 8, min(y * 8 + 8, rows)):
                for col in range(x * 8, min(x * 8 + 8, cols)):
                    kept[row, col] = 0
                    if marks[row, col] and (ghost or sums[label, 2] != SHADOW):
                        i = (row & 7) * 8 + (col & 7)
                        back[y, x, i] = np.int16(np.int16(now[y, x, i]) << 6)
    return gone
