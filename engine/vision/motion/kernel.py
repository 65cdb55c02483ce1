"""The pass over a picture: shrink it to cells, compare each with its background, learn from it.

The picture is box-averaged once to a grid about 320 wide. Eight grid rows at a time stay in the
first-level cache while they are shrunk, and each 8x8 block is compared, marked and learned in one loop
of 16-bit operations. A cell is marked where it differs from the background by more than
``limit = max(floor, spread * deviation)``; what it teaches is clipped at that limit, so that one strange
picture moves the background little. State is fixed point with six fractional bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from engine.vision.jit import build, once
from engine.vision.model import Luma

BLOCK = 8  #: cells per block side
WEAK = 6  #: foreground cells that make a block active
UNIT = 64  #: one grey level in the state's fixed point
NOISIEST = 2047  #: largest deviation that is kept, in 1/64 grey levels

Scan = Callable[..., None]
_SCAN = (
    "void(uint8[::1], int64, int64, int64, int16[:, :, :, ::1], uint8[:, :, :, ::1], int64, uint64[:, ::1], "
    "int16[:, :, ::1], uint64[:, ::1], uint8[::1], uint16[::1], uint8[::1], int16[::1])"
)


@once
def scanner(factor: int) -> Scan:
    """Return the compiled pass that shrinks by `factor` (pixels per cell and side, 1..16).

    Its arguments: luma as flat bytes, row stride in bytes, grid rows and columns in use; background and
    deviation (2, block rows, block columns, 64); two grids of bytes in the same shape and which of them takes
    this picture (the other holds the one before); marks (out: a byte per cell, row by row, eight to a word);
    foreground and changed cells per block (2, block rows, block columns; in: foreground of the picture
    before, out: changed of this one); scratch for one strip of blocks (block columns, 8), one grid row,
    one picture row, one block; ``[floor, spread * 4096, gain of a calm
    background, of a held one, gain of a calm deviation, of a held one, of a cell that changed, of what all cells
    of a block have in common]``, the floor
    in 1/64 grey levels, gains with 15 fractional bits.
    """
    i16, i32, u32 = np.int16, np.int32, np.uint32
    area = factor * factor

    def scan(
        luma: Any,
        stride: int,
        rows: int,
        cols: int,
        state: Any,
        grids: Any,
        into: int,
        marks: Any,
        counts: Any,
        strip: Any,
        line: Any,
        sums: Any,
        tile: Any,
        rates: Any,
    ) -> None:
        # Every intermediate is cast back to its narrow type: 16 cells per instruction instead of 4.
        wide, across = cols * factor, marks.shape[1]
        cells, tiled, packed = strip.view(np.uint8), tile.view(np.uint64), line.view(np.uint64)
        backs, devs, nows, lasts = state[0], state[1], grids[into], grids[1 - into]
        least, spread = rates[0], rates[1]
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
                for b in range(across):
                    strip[b, r] = packed[b] if y < rows else np.uint64(0)
            for b in range(across):
                cell, back, dev = cells[b], backs[block_y, b], devs[block_y, b]
                last, here = lasts[block_y, b], nows[block_y, b]
                held = counts[2, block_y, b] & 1
                gain, calm = rates[2 + held], rates[4 + held]
                more = i16(rates[6] - calm)
                moved, drift = i16(0), i16(0)
                move = i16(0)
                if counts[0, block_y, b] < WEAK:
                    move = i16(i32(i32(counts[7, block_y, b]) * i32(rates[7])) >> i32(17))
                for i in range(64):
                    now = i16(i16(cell[i]) << i16(6))
                    step = i16(abs(i16(now - i16(i16(last[i]) << i16(6)))))
                    here[i] = cell[i]
                    diff = i16(now - back[i])
                    size = i16(abs(diff))
                    noisy = i16(i32(i32(i16(dev[i] << i16(4))) * i32(spread)) >> i32(16))
                    limit = max(least, noisy)
                    tile[i] = np.uint8(np.uint8(size >> i16(6)) if size > limit else np.uint8(0))
                    marked = i16(1) if size > limit else i16(0)
                    moved = i16(moved + (i16(1) if step > limit else i16(0)))
                    pull = max(min(diff, limit), i16(-limit))
                    drift = i16(drift + i16(pull >> i16(4)))
                    near = i16(back[i] + i16(i32(i32(i16(pull << i16(1))) * i32(gain)) >> i32(16)))
                    back[i] = max(i16(0), min(i16(near + move), i16(255 * 64)))
                    pull = i16(i16(min(size, limit) - dev[i]) << i16(1))
                    extra = i16(i16(i32(i32(pull) * i32(more)) >> i32(16)) * marked)
                    noise = i16(i16(dev[i] + i16(i32(i32(pull) * i32(calm)) >> i32(16))) + extra)
                    dev[i] = min(noise, i16(NOISIEST))
                counts[1, block_y, b], counts[7, block_y, b] = moved, drift
                for r in range(8):
                    marks[block_y * 8 + r, b] = tiled[r]

    return build(scan, _SCAN)


def flat(luma: Luma) -> tuple[NDArray[np.uint8], int]:
    """Return a luma plane as contiguous bytes over the same memory, and its row stride."""
    if luma.flags.c_contiguous:
        return luma.reshape(-1), luma.shape[1]
    height, width = luma.shape
    stride = luma.strides[0]
    return as_strided(luma, ((height - 1) * stride + width,), (1,)), stride
