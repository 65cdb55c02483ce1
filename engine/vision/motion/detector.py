"""What moves: one fused pass over the luma plane, then regions of connected blocks.

Algorithm: a running average with a per-pixel noise model and selective update, after Wren et al.,
*Pfinder: Real-Time Tracking of the Human Body*, PAMI 1997 (running Gaussian), with the mean absolute
deviation in place of the variance, as in the sigma-delta family (Manzanera and Richefeu, *A new motion
detection algorithm based on sigma-delta background estimation*, Pattern Recognition Letters 2007).

The picture is box-averaged once to a grid about 320 wide. Eight grid rows at a time stay in the
first-level cache while they are shrunk, and each 8x8 block is compared, counted and learned in one loop
of 16-bit operations. A cell is foreground where it differs from the background by more than
``limit = max(FLOOR, SPREAD * deviation)``, and *changed* where it differs so from the picture before;
what it teaches is clipped at that limit, so that one strange picture moves the background little.
A block with foreground and change in the picture before is *held*: learned slower, so that an object
does not melt into the background while it lingers. Connected blocks are motion only if something in
them changed: what a parked car uncovers is foreground, but no motion, and is soon learned.
State is fixed point with six fractional bits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from engine.vision.jit import build, kernel
from engine.vision.model import Boxes, Luma, Motion
from engine.vision.motion.tuning import STANDARD, Corners, Tuning

GRID = 320  #: wanted grid width in cells
BLOCK = 8  #: cells per block side
FLOOR = 10 * 64  #: least difference of a foreground cell, 1/64 grey levels
SPREAD = 4  #: times the mean absolute deviation (about 3.2 sigma of Gaussian noise)
WEAK = 6  #: foreground cells that make a block active
LEAST = 16  #: foreground cells that make connected blocks a region ...
MOVED = 6  #: ... if so many of its cells changed since the picture before
CUT = 0.7  #: active part of all blocks from which the picture as a whole is said to have changed
CALM_SECONDS = 2.0  #: time constant of the background
HELD_SECONDS = 6.0  #: the same under an object; clipped, a contrast of 40 grey levels takes about 20 s
LEARN_PICTURES = 8  #: pictures after the start that only teach

Scan = Callable[..., int]
_SCAN = (
    "int64(uint8[::1], int64, int64, int64, int16[:, :, ::1], int16[:, :, ::1], uint8[:, :, ::1], "
    "int16[:, :, ::1], uint64[:, ::1], uint8[::1], uint16[::1], int64, int16[::1])"
)


@cache
def scanner(factor: int) -> Scan:
    """Return the compiled pass that shrinks by `factor` (pixels per cell and side, 1..16).

    Its arguments: luma as flat bytes, row stride in bytes, grid rows and columns in use; background and
    deviation (block rows, block columns, 64), the grid before, in the same shape; foreground and changed
    cells per block (2, block rows, block columns; in: of the picture before, out: of this one); scratch
    for one strip of blocks, one grid row, one picture row; least difference of a foreground cell; gains
    ``[background calm, held, deviation calm, held]`` with 15 fractional bits. It returns the number of
    active blocks.
    """
    i16, i32, u32 = np.int16, np.int32, np.uint32
    area = factor * factor

    def scan(
        luma: Any,
        stride: int,
        rows: int,
        cols: int,
        backs: Any,
        devs: Any,
        lasts: Any,
        counts: Any,
        strip: Any,
        line: Any,
        sums: Any,
        floor: int,
        gains: Any,
    ) -> int:
        # Every intermediate is cast back to its narrow type: 16 cells per instruction instead of 4.
        wide = cols * factor
        words, cells = line.view(np.uint64), strip.view(np.uint8)
        active, least = 0, i16(floor)
        for block_y in range(backs.shape[0]):
            for r in range(8):
                y = block_y * 8 + r
                if y < rows:
                    pixels = luma[y * factor * stride : y * factor * stride + wide]
                    if factor == 1:
                        for x in range(cols):
                            line[x] = pixels[x]
                    else:
                        for x in range(wide):
                            sums[x] = pixels[x]
                        for k in range(1, factor):
                            pixels = luma[(y * factor + k) * stride : (y * factor + k) * stride + wide]
                            for x in range(wide):
                                sums[x] = np.uint16(sums[x] + np.uint16(pixels[x]))
                        for x in range(cols):
                            total = u32(0)
                            for k in range(factor):
                                total = u32(total + u32(sums[x * factor + k]))
                            line[x] = np.uint8(total // u32(area))
                for b in range(words.shape[0]):
                    strip[b, r] = words[b] if y < rows else np.uint64(0)
            for b in range(backs.shape[1]):
                cell, back, dev, last = cells[b], backs[block_y, b], devs[block_y, b], lasts[block_y, b]
                before = counts[0, block_y, b] >= WEAK and counts[1, block_y, b] > 0
                held = 1 if before else 0
                gain, rate = gains[held], gains[2 + held]
                found, moved = i16(0), i16(0)
                for i in range(64):
                    now = i16(i16(cell[i]) << i16(6))
                    step = i16(abs(i16(now - i16(i16(last[i]) << i16(6)))))
                    last[i] = cell[i]
                    diff = i16(now - back[i])
                    size = i16(abs(diff))
                    limit = max(least, i16(dev[i] << i16(2)))
                    found = i16(found + (i16(1) if size > limit else i16(0)))
                    moved = i16(moved + (i16(1) if step > limit else i16(0)))
                    pull = max(min(diff, limit), i16(-limit))
                    back[i] = i16(back[i] + i16(i32(i32(i16(pull << i16(1))) * i32(gain)) >> i32(16)))
                    pull = i16(min(size, limit) - dev[i])
                    noise = i16(dev[i] + i16(i32(i32(i16(pull << i16(1))) * i32(rate)) >> i32(16)))
                    dev[i] = min(noise, i16(4095))
                counts[0, block_y, b], counts[1, block_y, b] = found, moved
                active += 1 if found >= WEAK else 0
        return active

    return build(scan, _SCAN)


@kernel("int64(int16[:, :, ::1], float32[:, ::1], int64[::1], int32[::1], uint8[:, ::1])")
def regions(
    counts: NDArray[np.int16],
    boxes: Boxes,
    cells: NDArray[np.int64],
    stack: NDArray[np.int32],
    seen: NDArray[np.uint8],
) -> int:
    """Join active blocks (8 neighbours) to regions, most foreground first; return how many.

    Args:
        counts: (2, bh, bw) foreground and changed cells per block.
        boxes: (n, 4) out: x0, y0, x1, y1 in blocks, ends exclusive.
        cells: (n,) out: foreground cells of each.
        stack: (bh * bw,) scratch.
        seen: (bh, bw) scratch.
    """
    _, high, wide = counts.shape
    number = 0
    seen[:] = 0
    for start in range(high * wide):
        if seen[start // wide, start % wide] or counts[0, start // wide, start % wide] < WEAK:
            continue
        depth, stack[0], total, moved = 1, start, 0, 0
        seen[start // wide, start % wide] = 1
        x0, y0, x1, y1 = wide, high, 0, 0
        while depth:
            depth -= 1
            y, x = stack[depth] // wide, stack[depth] % wide
            total += counts[0, y, x]
            moved += counts[1, y, x]
            x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x + 1), max(y1, y + 1)
            for v in range(max(0, y - 1), min(high, y + 2)):
                for u in range(max(0, x - 1), min(wide, x + 2)):
                    if not seen[v, u] and counts[0, v, u] >= WEAK:
                        seen[v, u] = 1
                        stack[depth] = v * wide + u
                        depth += 1
        if total >= LEAST and moved >= MOVED and number < len(cells):
            place = number
            while place > 0 and cells[place - 1] < total:
                boxes[place], cells[place] = boxes[place - 1], cells[place - 1]
                place -= 1
            boxes[place, 0], boxes[place, 1], boxes[place, 2], boxes[place, 3] = x0, y0, x1, y1
            cells[place] = total
            number += 1
    return number


def _gains(*values: float) -> NDArray[np.int16]:
    """Return gains of 0..1 with 15 fractional bits."""
    return np.array([int(value * 32767) for value in values], np.int16)


_UNJUDGED = 255 * 64  #: a least difference that no cell exceeds: nothing is foreground or clipped
_REPLACE = _gains(1, 1, 0, 0)  #: forget the background, keep what is known of the noise
_ONE = np.float32(1)
_NOWHERE: Boxes = np.empty((0, 4), np.float32)
_NOTHING = Motion(0.0, _NOWHERE)


def flat(luma: Luma) -> tuple[NDArray[np.uint8], int]:
    """Return a luma plane as contiguous bytes over the same memory, and its row stride."""
    if luma.flags.c_contiguous:
        return luma.reshape(-1), luma.shape[1]
    height, width = luma.shape
    stride = luma.strides[0]
    return as_strided(luma, ((height - 1) * stride + width,), (1,)), stride


class MotionDetector:
    """Finds moving regions in pictures of one size; owned by one thread.

    Args:
        width: Pixels of the luma plane; likewise `height`. At least 8 each.
        fps: Pictures per second that will be fed; sets the learning rates.
        grid: Wanted grid width in cells.
        tuning: What counts as motion.

    Attributes:
        cut: The last picture changed as a whole; the background was learned anew.
    """

    def __init__(
        self, width: int, height: int, *, fps: float = 5.0, grid: int = GRID, tuning: Tuning = STANDARD
    ) -> None:
        self.size = (width, height)
        self.cut = False
        self._factor = min(16, max(1, round(width / grid)))
        self._cols, self._rows = width // self._factor, height // self._factor
        blocks = (-(-self._rows // BLOCK), -(-self._cols // BLOCK))
        self._back = np.zeros((*blocks, BLOCK * BLOCK), np.int16)
        self._dev = np.full((*blocks, BLOCK * BLOCK), FLOOR // SPREAD, np.int16)
        self._last = np.zeros((*blocks, BLOCK * BLOCK), np.uint8)
        self._counts = np.zeros((2, *blocks), np.int16)
        self._strip = np.zeros((blocks[1], BLOCK), np.uint64)
        self._line = np.zeros(blocks[1] * BLOCK, np.uint8)
        self._sums = np.zeros(self._cols * self._factor, np.uint16)
        self._blocks = blocks[0] * blocks[1]
        self._boxes = np.zeros((self._blocks, 4), np.float32)
        self._scale = np.array([BLOCK / self._cols, BLOCK / self._rows] * 2, np.float32)
        self._found = np.zeros(self._blocks, np.int64)
        self._stack = np.zeros(self._blocks, np.int32)
        self._seen = np.zeros(blocks, np.uint8)
        calm, held = min(1.0, 1 / (fps * CALM_SECONDS)), min(1.0, 1 / (fps * HELD_SECONDS))
        self._steady = _gains(calm, held, calm / 2, held / 10)
        self._pictures = 0
        self._least = tuning.least
        self._floor = int(FLOOR * 2 ** ((50 - tuning.sensitivity) / 25))
        self._ignored = _covered(tuning.ignore, blocks)
        self._scan = scanner(self._factor)

    def feed(self, luma: Luma) -> Motion:
        """Compare a picture with the background, learn from it, and return what moves.

        Args:
            luma: (height, width) of this detector's size; any row stride, contiguous rows.
        """
        self._pictures += 1
        if self._pictures <= LEARN_PICTURES:
            self._learn(luma)
            return _NOTHING
        active = self._pass(luma, self._floor, self._steady)
        share = active / self._blocks
        self.cut = share > CUT
        if self.cut:
            self._pass(luma, _UNJUDGED, _REPLACE)
            return Motion(share, _NOWHERE)
        return self._regions() if active else _NOTHING

    def _learn(self, luma: Luma) -> None:
        """Take the first picture as it is, then the plain average of all so far; judge nothing."""
        calm = 1 / self._pictures
        first = self._pictures == 1
        self._pass(luma, _UNJUDGED, _REPLACE if first else _gains(calm, calm, calm, calm))

    def _pass(self, luma: Luma, floor: int, gains: NDArray[np.int16]) -> int:
        pixels, stride = flat(luma)
        return self._scan(
            pixels, stride, self._rows, self._cols, self._back, self._dev, self._last, self._counts,
            self._strip, self._line, self._sums, floor, gains,
        )  # fmt: skip

    def _regions(self) -> Motion:
        self._counts[:, self._ignored] = 0
        number = regions(self._counts, self._boxes, self._found, self._stack, self._seen)
        if not number:
            return _NOTHING
        share = int(self._found[:number].sum()) / (self._cols * self._rows)
        boxes = np.minimum(self._boxes[:number] * self._scale, _ONE)
        large = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) >= self._least
        return Motion(share, boxes[large]) if large.any() else _NOTHING


def _covered(ignore: tuple[Corners, ...], blocks: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the blocks whose middle lies in one of several polygons."""
    y, x = ((np.arange(count) + 0.5) / count for count in blocks)
    found = np.zeros(blocks, np.bool_)
    for corners in ignore:
        inside = np.zeros(blocks, np.bool_)
        for (x0, y0), (x1, y1) in zip(corners, (*corners[1:], corners[0]), strict=True):
            between = (y[:, None] < y0) != (y[:, None] < y1)
            slope = (x1 - x0) / (y1 - y0) if y1 != y0 else 0.0
            inside ^= between & (x < x0 + (y[:, None] - y0) * slope)
        found |= inside
    return found
