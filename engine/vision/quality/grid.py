"""A picture as a small grid of mean brightness, and the slopes in it: all that is asked of a picture once a second."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from engine.vision.motion.kernel import flat
from engine.vision.quality.kernel import averaged, sloped
from engine.vision.quality.plane import Grey, Luma

#: Wanted columns and rows.
COLUMNS, ROWS = 160, 90
#: Pixels of a cell that are read, across and down, at most: enough to average noise out.
TAPS = 4
#: Cells a side of a block.
BLOCK = 8


def shrunk(luma: Luma) -> Grey:
    """Return a picture's means, about `ROWS` by `COLUMNS`; cells are whole pixels, what is left over is not seen."""
    tall, wide = luma.shape
    down, across = max(1, round(tall / ROWS)), max(1, round(wide / COLUMNS))
    rows, columns = tall // down, wide // across
    means = np.empty((rows, columns), np.float32)
    sums = np.empty(columns * across, np.uint16)
    averaged(*flat(luma), _taps(down), _taps(across), down, across, sums, means)
    return means


@cache
def _taps(size: int) -> NDArray[np.int64]:
    count = min(TAPS, size)
    return np.array([(2 * number + 1) * size // (2 * count) for number in range(count)], np.int64)


@dataclass(frozen=True)
class Slopes:
    """How brightness changes across and down over two cells, and the squares' sums: (rows - 2, columns - 2)."""

    across: Grey
    down: Grey
    steep: Grey

    @cached_property
    def energy(self) -> float:
        """The squares' sum over all cells."""
        return float(self.steep.sum())

    @cached_property
    def power(self) -> Grey:
        """The squares' sums by `blocks`."""
        return blocks(self.steep)

    def times(self, other: Slopes) -> Grey:
        """Return the products of these slopes and others: how far they are the same ones."""
        products: Grey = self.across * other.across + self.down * other.down
        return products


def slopes(cells: Grey) -> Slopes:
    """Return a grid's slopes (central differences)."""
    across, down, steep = (np.empty((cells.shape[0] - 2, cells.shape[1] - 2), np.float32) for _ in range(3))
    sloped(cells, across, down, steep)
    return Slopes(across, down, steep)


def share(cells: NDArray[np.bool_]) -> float:
    """Return the share of cells that are marked."""
    return np.count_nonzero(cells) / cells.size


def ranked(values: Grey, share: float) -> float:
    """Return the value that such a share of all lies below; the quicker kind of quantile. Not of nothing."""
    flat = values.ravel()
    place = min(int(share * flat.size), flat.size - 1)
    return float(np.partition(flat, place)[place])


def blocks(values: Grey, size: int = BLOCK) -> Grey:
    """Return sums of `size` by `size` cells; what does not fill a block is left out."""
    rows, columns = values.shape
    sums: Grey = (_gathering(rows, size) @ values @ _gathering(columns, size).T).astype(
        np.float32, copy=False
    )
    return sums


@cache
def _gathering(count: int, size: int) -> Grey:
    """Return what, times a column, gives the sums of its blocks: as a product of matrices it costs least."""
    whole = np.kron(np.eye(count // size), np.ones(size))
    gathering: Grey = np.pad(whole, ((0, 0), (0, count % size))).astype(np.float32)
    return gathering
