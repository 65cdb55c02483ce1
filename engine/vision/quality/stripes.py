"""Bands that roll, lines that break, interference: what lies over the whole picture and is not of the scene. Pure.

It is looked for in what changed since the last look. A scene's changes are here and there and of all sizes; a
disturbance of cable, supply or sensor is all over, and either of whole lines or of few frequencies. What stands still
(a dead line of the sensor) is not told from a fence.
"""

from __future__ import annotations

import numpy as np

from engine.vision.quality.grid import BLOCK, blocks, share
from engine.vision.quality.look import Look
from engine.vision.quality.plane import Grey

#: Mean square of the slopes that changed, from which anything is looked for.
LEAST = 30.0
#: Share of blocks in which they changed.
SPREAD = 0.6
#: Share of the energy that is the same along whole rows, along whole columns, or in the strongest frequencies. Rain
#: and crowds, which are upright, reach 0.03, 0.15 and 0.11.
ROWS, COLUMNS, PEAKS = 0.15, 0.3, 0.3
#: Frequencies that count as the strongest.
STRONGEST = 8


def striped(before: Look, now: Look) -> bool:
    """Return whether a pattern lies over both pictures."""
    if before.cells.shape != now.cells.shape:
        return False
    down, across = now.fine.down - before.fine.down, now.fine.across - before.fine.across
    along, upright = float(np.vdot(across, across)), float(np.vdot(down, down))
    if along + upright < LEAST * down.size or _spread(down, across) < SPREAD:
        return False
    main = down if upright > along else across
    return _along(down, 1) > ROWS or _along(across, 0) > COLUMNS or _peaked(main) > PEAKS


def _spread(down: Grey, across: Grey) -> float:
    """Return the share of blocks in which slopes changed."""
    return share(blocks(down * down + across * across) > LEAST / 2 * BLOCK * BLOCK)


def _along(values: Grey, axis: int) -> float:
    """Return the share of the energy that lines as a whole have."""
    means = values.mean(axis=axis)
    return float(np.mean(means * means) / (np.mean(values * values) + 1e-6))


def _peaked(values: Grey) -> float:
    """Return the share of the energy in the strongest frequencies."""
    power = np.abs(np.fft.rfft2(values)).ravel() ** 2
    return float(np.partition(power, -STRONGEST)[-STRONGEST:].sum() / (power.sum() + 1e-6))
