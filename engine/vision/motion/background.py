"""What the picture looks like when nothing is there: the state of the cells, and the passes over it.

Algorithm: a running average with a per-pixel noise model and selective update, after Wren et al.,
*Pfinder: Real-Time Tracking of the Human Body*, PAMI 1997 (running Gaussian), with the mean absolute
deviation in place of the variance, as in the sigma-delta family (Manzanera and Richefeu, *A new motion
detection algorithm based on sigma-delta background estimation*, Pattern Recognition Letters 2007).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.vision.model import Boxes, Luma
from engine.vision.motion import light, shake
from engine.vision.motion.flicker import FLICKER, RISE, flicker
from engine.vision.motion.ghosts import RELIT, SHARPER, SOFT, banish
from engine.vision.motion.kernel import BLOCK, UNIT, WEAK, flat, scanner
from engine.vision.motion.neighbours import MAJORITY, ROWS, majority
from engine.vision.motion.regions import LARGE, regions

Rates = NDArray[np.int16]
DRIFT = 7  #: what a pass is told of slow light; where the counts have it
_EVERYTHING = np.empty((0, 0), np.uint8)


def rates(floor: float, spread: float, *gains: float) -> Rates:
    """Return what a pass is told: limits, then six gains of 0..1 with 15 fractional bits."""
    return np.array([int(floor * UNIT), int(spread * 4096), *(int(each * 32767) for each in gains)], np.int16)


LOOK = rates(255, 0, 0, 0, 0, 0, 0, 0)  #: shrink the picture; judge nothing, learn nothing
REPLACE = rates(255, 0, 1, 1, 0, 0, 0, 0)  #: forget the background, keep what is known of the noise


class Background:
    """The cells of pictures of one size.

    Args:
        width: Pixels of the luma plane; likewise `height`. At least 8 each.
        grid: Wanted grid width in cells.
        deviation: What the noise is taken for at first, grey levels.

    Attributes:
        blocks: How many there are.
    """

    def __init__(self, width: int, height: int, grid: int, deviation: float) -> None:
        self.factor = min(16, max(1, round(width / grid)))
        self.cols, self.rows = width // self.factor, height // self.factor
        high, wide = -(-self.rows // BLOCK), -(-self.cols // BLOCK)
        self.blocks = high * wide
        self.state = np.zeros((2, high, wide, BLOCK * BLOCK), np.int16)
        self.state[1] = int(deviation * UNIT)
        self.grids, self.into = np.zeros((2, high, wide, BLOCK * BLOCK), np.uint8), 0
        self.counts = np.zeros((8, high, wide), np.int16)
        self.marks, self.kept = np.zeros((2, high * BLOCK, wide), np.uint64)
        self._drift = self.counts[DRIFT]
        self.wanted = _EVERYTHING
        self._rows = np.zeros((ROWS, wide * BLOCK + 8), np.uint8)
        self._scratch = (
            np.zeros((wide, BLOCK), np.uint64), np.zeros(wide * BLOCK, np.uint8),
            np.zeros(self.cols * self.factor, np.uint16), np.zeros(BLOCK * BLOCK, np.uint8),
        )  # fmt: skip
        self._gains, self._verdict = np.ones((high, wide), np.float32), np.zeros((high, wide), np.uint8)
        self._boxes, self._cells = np.zeros((self.blocks, 4), np.float32), np.zeros(self.blocks + 1, np.int64)
        self._outlines = np.zeros((self.blocks + 1, 10), np.int64)
        self._queue, self._all = np.zeros((2, self.blocks, 2), np.int16)
        self._places = self._all[:0]
        self._scale = BLOCK / self.cols, BLOCK / self.rows
        self._beyond = (0, 0)
        self._size, self._still = (height, width), _EVERYTHING
        self._scan = scanner(self.factor)

    @property
    def foreground(self) -> NDArray[np.bool_]:
        """(rows, cols): where the last judged picture differs from the background; a view."""
        return self.kept.view(np.bool_)[: self.rows, : self.cols]

    def ignore(self, where: NDArray[np.bool_]) -> None:
        """Let nothing count as foreground in these cells, (rows, cols)."""
        self.wanted = np.zeros_like(self.kept.view(np.uint8))
        self.wanted[: self.rows, : self.cols] = ~where

    def scan(self, luma: Luma, told: Rates, *, again: bool = False) -> None:
        """Mark what differs, and learn; `again`: the same picture, seen otherwise."""
        pixels, stride = flat(luma)
        self.into, self._beyond = (self.into, self._beyond) if again else (1 - self.into, (0, 0))
        if again:  # what was learned of slow light is of another view
            self._drift[:] = 0
        self._scan(
            pixels, stride, self.rows, self.cols, self.state, self.grids, self.into, self.marks, self.counts,
            *self._scratch, told,
        )  # fmt: skip
        if not told[DRIFT]:
            self._drift[:] = 0

    def judge(self) -> int:
        """Make foreground of what is marked; return how many blocks are active."""
        marks = self.marks.view(np.uint8)
        if self._beyond != (0, 0):
            _clear(marks[: self.rows, : self.cols], *self._beyond)
        active = majority(
            marks, self.wanted, self.kept.view(np.uint8), self.counts, self._all, self._rows, self.rows, self.cols,
            MAJORITY, WEAK,
        )  # fmt: skip
        self._places = self._all[:active]
        return active

    def forgive(self) -> int:
        """Take what only light changed out of the foreground; return how many blocks are still active."""
        return light.forgive(
            self.grids[self.into], self.state, self.kept, self.counts, self._places, self._gains, self._verdict
        )  # fmt: skip

    def lit(self) -> bool:
        """Return whether it was the light of the whole picture that changed, of a picture that was forgiven."""
        return light.lit(self._verdict, self._gains, self.state[0])

    def relevel(self) -> None:
        """Bring the background to the light that `forgive` found."""
        light.relevel(self.state[0], self.grids[self.into], self._gains, self._verdict, self.counts[3])

    def stilled(self, luma: Luma) -> Luma | None:
        """Return the scanned picture drawn back to where the background is; None: it is there, or nobody knows."""
        right, down = shake.shift(self.grids[self.into], self.state[0])
        sixteenths = [round(each * self.factor * 16) for each in (right, down)]
        if max(map(abs, sixteenths)) < shake.LEAST:
            return None
        self._beyond = (_outward(right), _outward(down))
        if not self._still.size:  # hardly any camera sways
            self._still = np.zeros(self._size, np.uint8)
        shake.steady(*flat(luma), self._still, *sixteenths)
        return self._still

    def regions(self, least: int, *, relit: bool = False) -> tuple[float, Boxes]:
        """Return the moving share of the picture and the regions, 0..1, the largest first.

        Args:
            least: Foreground cells that make connected blocks a region.
            relit: The light changed not long ago.
        """
        told = self.counts, self._places, self._boxes, self._cells, self._queue, least, LARGE, *self._scale
        number = regions(*told)
        if banish(
            self.grids[self.into], self.state[0], self.state[1], self.marks, self.kept, self.counts, self._places,
            self._outlines, self.rows, self.cols, RELIT if relit else SHARPER, int(SOFT * UNIT),
        ):  # fmt: skip
            number = regions(*told)
        flicker(self.state[1], self.marks, self.kept, self.counts, self._places, FLICKER, RISE)
        return int(self._cells[-1]) / (self.cols * self.rows), self._boxes[:number].copy()


def _outward(shift: float) -> int:
    """Return the whole cells that a shift leaves without a picture, with its sign."""
    return int(shift + (1 if shift > 0 else -1))


def _clear(marks: NDArray[np.uint8], right: int, down: int) -> None:
    """Unmark the cells that a picture shifted by so much does not show."""
    high, wide = marks.shape
    marks[:, wide - right if right > 0 else 0 : wide if right > 0 else -right] = 0
    marks[high - down if down > 0 else 0 : high if down > 0 else -down] = 0
