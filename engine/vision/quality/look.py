"""One picture as it is judged: brightness on a grid, slopes at two sizes, noise, and what that says by itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.vision.quality.grid import Slopes, blocks, ranked, share, shrunk, slopes
from engine.vision.quality.plane import Grey, Luma

#: Slope (grey levels over two cells) of what is an edge.
EDGE = 8.0
#: Cells a side of a coarse one.
COARSE = 4
#: Brightness from which a cell is burnt out.
BURNT = 226.0
#: A median difference of white noise is so many of its deviations, times the root of two for two pictures.
_MEDIAN = 0.6745 * 2**0.5


@dataclass(frozen=True)
class Look:
    """One picture on a grid.

    Attributes:
        cells: Brightness, (rows, columns), 0..255.
        noise: Deviation of a cell's brightness from picture to picture; 0 where there was none before.
        stirred: Share of cells that differ from the picture before by more than noise; 0 where there was none.
    """

    cells: Grey
    noise: float = 0.0
    stirred: float = 0.0

    def bare(self) -> Look:
        """Return it to be kept: what follows from the cells is three times as large, and found again where needed."""
        return Look(self.cells, self.noise, self.stirred)

    @cached_property
    def fine(self) -> Slopes:
        """Slopes of the cells."""
        return slopes(self.cells)

    @cached_property
    def coarse(self) -> Slopes:
        """Slopes of cells `COARSE` times as large."""
        return slopes(blocks(self.cells, COARSE) * np.float32(COARSE**-2))

    @cached_property
    def mean(self) -> float:
        """Mean brightness."""
        return float(self.cells.mean())

    @cached_property
    def edges(self) -> float:
        """Share of cells that are on an edge."""
        return share(self.fine.steep > EDGE * EDGE)

    @cached_property
    def burnt(self) -> float:
        """Share of cells that are burnt out."""
        return share(self.cells > BURNT)

    @cached_property
    def flat(self) -> float:
        """Share of cells that have no slope at all: no sensor gives that, a card does."""
        return share(self.fine.steep < 0.25)

    @cached_property
    def level(self) -> float:
        """Share of cells of the commonest brightness (within one level)."""
        counts = np.bincount(self.cells.astype(np.uint8).ravel(), minlength=256)
        return float(np.convolve(counts, (1, 1, 1)).max() / self.cells.size)

    @cached_property
    def sharp(self) -> float:
        """Energy of fine slopes over that of coarse ones, noise left out: about 0.3 to 1.3 where it is in focus."""
        fine = self.fine.energy / self.fine.steep.size - 4 * self.noise**2
        return max(0.0, fine) / (self.coarse.energy / self.coarse.steep.size + 1e-3)


def taken(luma: Luma, before: Look | None) -> Look:
    """Return a picture as it is judged; `before`: the last one of the same stream."""
    cells = shrunk(luma)
    noise = stirred = 0.0
    if before is not None and before.cells.shape == cells.shape:
        change = np.abs(cells[::2, ::2] - before.cells[::2, ::2])
        noise, stirred = ranked(change, 0.5) / _MEDIAN, share(change > EDGE)
    return Look(cells, noise, stirred)
