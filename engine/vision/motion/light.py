"""Light changes grey levels and leaves texture: where it stays, nothing moved.

Algorithm: normalised correlation of a block with its background over the foreground cells, with the gain that a
change of light must show in mean and contrast alike (Jacques, Jung and Musse, *Background subtraction and
shadow detection in grayscale video sequences*, SIBGRAPI 2005, who test single pixels for shadows so).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.vision.jit import kernel
from engine.vision.motion.kernel import UNIT, WEAK

ALIKE = 0.85  #: least correlation of what is the same texture under another light
PLAIN = 3.0  #: standard deviation, grey levels, below which a block has no texture to speak of
AGREE = 1.4  #: most that the gains of mean and contrast may differ by
REACH = 4  #: blocks that a thing may move between two pictures
NEAR = 1.15  #: most that a plain block's gain may differ from that of a neighbour which goes surety for it
SIGMA = 1.25 / (
    64 * 64
)  #: from the sum of 64 mean absolute deviations to a standard deviation in grey levels
FOLLOW = 2
FEWEST = 10  #: foreground cells that can be judged
TEXTURED = 0.15  #: part of the active blocks that must have texture for a picture to be judged
LIT = 0.6  #: part of those whose texture must have stayed
PATTERN = 12  #: active blocks that make a pattern ...
CONTRAST = 8.0  #: ... if their means vary so much (standard deviation, grey levels) ...
SAME = 0.9  #: ... and correlate so with what they were,
MOST = 0.75  #: those left out that fit least: a thing may stand there

#: What a block is.
QUIET, UNSURE, STAYED, OTHER = 0, 1, 2, 3


@kernel(
    "int64(uint8[:, :, ::1], int16[:, :, :, ::1], uint64[:, ::1], int16[:, :, ::1], int16[:, ::1], "
    "float32[:, ::1], uint8[:, ::1])"
)
def forgive(now: Any, state: Any, kept: Any, counts: Any, places: Any, gains: Any, verdict: Any) -> int:
    """Take blocks whose texture stayed out of the foreground; return how many active ones are left.

    A block that has no texture goes with a neighbour that was lit alike.

    Args:
        now: (bh, bw, 64) cells of the picture, grey levels.
        state: (2, bh, bw, 64) background and deviation, 1/64 grey levels.
        kept: (bh * 8, bw) foreground, eight cells to a word, in and out.
        counts: (6, bh, bw) foreground cells per block, in and out.
        places: (n, 2) row and column of each block that may be active.
        gains: (bh, bw) out: mean now by mean before over the foreground cells.
        verdict: (bh, bw) out: `QUIET`, `UNSURE` (no texture), `STAYED` or `OTHER`.
    """
    active, (high, wide) = 0, verdict.shape
    mask = np.empty(64, np.uint8)
    words = mask.view(np.uint64)
    verdict[:], gains[:] = 0, 1.0
    for k in range(len(places)):
        y, x = np.int64(places[k, 0]), np.int64(places[k, 1])
        n = int(counts[0, y, x])
        if n < WEAK:
            continue
        for r in range(8):
            words[r] = kept[y * 8 + r, x]
        cell, known, noise = now[y, x], state[0, y, x], state[1, y, x]
        a, b, aa, bb, ab = np.int32(0), np.int32(0), np.int32(0), np.int32(0), np.int32(0)
        rough = np.int32(0)
        for i in range(64):
            m = np.int32(mask[i])
            p, q = np.int32(np.int32(cell[i]) * m), np.int32((np.int32(known[i]) >> np.int32(6)) * m)
            a, b, rough = np.int32(a + p), np.int32(b + q), np.int32(rough + np.int32(noise[i]))
            aa, bb, ab = np.int32(aa + p * p), np.int32(bb + q * q), np.int32(ab + p * q)
        gain = (a + n) / (b + n)
        gains[y, x] = gain
        spread, before = (aa - a * a / n) / n, (bb - b * b / n) / n
        random = (rough * SIGMA) * (rough * SIGMA)
        if n < FEWEST or before < max(PLAIN * PLAIN, random):
            verdict[y, x] = UNSURE
            continue
        both = (ab - a * b / n) / n
        alike = both > 0 and both * both >= ALIKE * ALIKE * (spread - random) * before
        slope = both / before / gain
        verdict[y, x] = STAYED if alike and 1 / AGREE <= slope <= AGREE else OTHER
    for k in range(len(places)):
        y, x = np.int64(places[k, 0]), np.int64(places[k, 1])
        same = verdict[y, x] == STAYED
        if verdict[y, x] == UNSURE:
            for v in range(max(0, y - 1), min(high, y + 2)):
                for u in range(max(0, x - 1), min(wide, x + 2)):
                    ratio = gains[y, x] / gains[v, u]
                    same |= verdict[v, u] == STAYED and 1 / NEAR < ratio < NEAR
        if same:
            counts[0, y, x] = 0
            for r in range(8):
                words[r] = kept[y * 8 + r, x]
                kept[y * 8 + r, x] = 0
            cell, known = now[y, x], state[0, y, x]
            for i in range(64):
                gap = np.int32(np.int32(cell[i]) << np.int32(6)) - np.int32(known[i])
                known[i] += np.int16((gap * np.int32(mask[i])) >> FOLLOW)
        active += counts[0, y, x] >= WEAK
    return active


def lit(verdict: NDArray[np.uint8], gains: NDArray[np.float32], back: NDArray[np.int16]) -> bool:
    """Return whether the active blocks, as a whole, are the same things under another light.

    Where too few have texture of their own, the pattern that they make together has to have stayed.
    """
    stayed, other = int(np.count_nonzero(verdict == STAYED)), int(np.count_nonzero(verdict == OTHER))
    judged, active = stayed + other, int(np.count_nonzero(verdict))
    if judged >= max(4, TEXTURED * active):
        return stayed >= LIT * judged
    before = back[verdict != QUIET].mean(axis=1, dtype=np.float32)
    now = before * gains[verdict != QUIET]
    if active < PATTERN:
        return False
    off = np.abs(now - np.median(gains[verdict != QUIET]) * before)
    most = off <= np.quantile(off, MOST)
    if min(before[most].std(), now[most].std()) < CONTRAST * UNIT:
        return False
    return bool(np.corrcoef(now[most], before[most])[0, 1] >= SAME)


def relevel(
    back: NDArray[np.int16],
    now: NDArray[np.uint8],
    gains: NDArray[np.float32],
    verdict: NDArray[np.uint8],
    before: NDArray[np.int16],
) -> None:
    """Bring the background to the new light: what is surely background is what it is now, the rest is scaled.

    The light on a thing that hides its background is that of the blocks around it. Where nothing was near in the
    picture before, nothing can be now.
    """
    near = (before >= WEAK).astype(np.float32)
    for _ in range(REACH):
        near = _summed(near)
    around = _spread(gains, (verdict == STAYED) | (verdict == QUIET))
    off = gains / around
    lit = (near == 0) & (off < AGREE) & (off > 1 / AGREE)
    same = (verdict == STAYED) | ((verdict != QUIET) & lit)
    back[same] = now[same].astype(np.int16) * np.int16(UNIT)
    hidden = (verdict != QUIET) & ~same
    back[hidden] = np.minimum(back[hidden] * around[hidden][:, None], 255 * UNIT).astype(np.int16)


def _spread(gains: NDArray[np.float32], sure: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return gains in which every block that is not sure has what the sure ones around it have."""
    value, weight = np.where(sure, gains, 0).astype(np.float32), sure.astype(np.float32)
    while not weight.all() and weight.any():
        wider, heavier = (_summed(each) for each in (value, weight))
        empty = (weight == 0) & (heavier > 0)
        value[empty], weight[empty] = wider[empty] / heavier[empty], 1
    return value if weight.any() else gains


def _summed(each: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sum of the 3x3 around every block."""
    high, wide = each.shape
    padded = np.pad(each, 1)
    return np.asarray(sum(padded[v : v + high, u : u + wide] for v in range(3) for u in range(3)), np.float32)
