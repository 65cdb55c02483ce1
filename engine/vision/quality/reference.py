"""Where a camera looks, against how it looked when it was signed off: shifted, scaled, or not to be told.

Phase correlation of what a picture's edges are, not of its brightness: so day and night, which brighten and darken
whole parts, keep their place. A few sizes are tried for zoom. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import hypot

import numpy as np
from numpy.typing import NDArray

from engine.vision.quality.plane import Grey, Luma, reduced

#: Columns and rows at which pictures are compared.
COLUMNS, ROWS = 256, 144
#: Sizes that are tried, of the reference: 1.1 is zoomed in by a tenth.
SCALES = tuple(1.035**step for step in range(-7, 8))
#: How far the peak stands above the rest (in deviations of it) where two pictures are of the same: those of other
#: places reach 7 to 10, the same place at night or shifted by a seventh 40 and more.
SURE = 14.0
#: Share of the picture's width, and of its size, up to which a camera counts as unmoved.
STILL_SHIFT, STILL_SCALE = 0.01, 0.02
#: Texture (deviation of brightness, of 255) below which nothing can be told.
LEAST_TEXTURE = 2.0
_Spectrum = NDArray[np.complex64]


@dataclass(frozen=True, slots=True)
class Moved:
    """How a picture lies to its reference.

    Attributes:
        right: How far the camera's look went to the right, in picture widths; negative: to the left.
        down: Likewise downwards, in picture heights.
        scale: How much larger things are than they were.
        sureness: How far it stands out; `SURE` and more count.
    """

    right: float
    down: float
    scale: float
    sureness: float

    @property
    def known(self) -> bool:
        """Whether the two show the same at all: else nothing is said by the figures."""
        return self.sureness >= SURE

    @property
    def moved(self) -> bool:
        """Whether it looks elsewhere than it did."""
        far = hypot(self.right, self.down) > STILL_SHIFT
        return self.known and (far or abs(self.scale - 1) > STILL_SCALE)


def compared(reference: Luma, now: Luma, scales: Sequence[float] = SCALES) -> Moved | None:
    """Return how a picture lies to its reference; None: one of them is of nothing (black, white, fog).

    Args:
        reference: As it was.
        now: As it is.
        scales: Sizes that are tried; each costs about two milliseconds.
    """
    before, after = reduced(reference, COLUMNS, ROWS), reduced(now, COLUMNS, ROWS)
    if before.shape != (ROWS, COLUMNS) or after.shape != (ROWS, COLUMNS):
        return None
    if min(float(before.std()), float(after.std())) < LEAST_TEXTURE:
        return None
    seen = _spectrum(after)
    return max((_at(before, seen, scale) for scale in scales), key=lambda each: each.sureness)


def _at(before: Grey, seen: _Spectrum, scale: float) -> Moved:
    """Return how the reference, so much larger, lies to a picture."""
    cross = seen * np.conj(_spectrum(_scaled(before, scale)))
    weight = np.abs(cross)
    correlation = np.fft.irfft2(cross / (weight + 1e-6 * weight.max() + 1e-12), s=(ROWS, COLUMNS))
    row, column = divmod(int(np.argmax(correlation)), COLUMNS)
    across, below = _around(correlation, row, column)
    return Moved(
        right=-_signed(column + across, COLUMNS) / COLUMNS,
        down=-_signed(row + below, ROWS) / ROWS,
        scale=scale,
        sureness=_sureness(correlation, row, column),
    )


def _spectrum(grey: Grey) -> _Spectrum:
    spectrum: _Spectrum = np.fft.rfft2(_edges(grey) * _window()).astype(np.complex64)
    return spectrum


def _edges(grey: Grey) -> Grey:
    """Return the strength of edges, each part of the picture by its own measure, their mean left out."""
    padded = np.pad(grey, 1, mode="edge")
    strength = np.hypot(padded[1:-1, 2:] - padded[1:-1, :-2], padded[2:, 1:-1] - padded[:-2, 1:-1])
    around = _blurred(strength, 9)
    even = strength / (around + 4.0)
    edges: Grey = (even - even.mean()).astype(np.float32)
    return edges


def _blurred(grey: Grey, size: int) -> Grey:
    """Return the mean of a square around each pixel."""
    half = size // 2
    sums = np.pad(grey, ((half + 1, half), (half + 1, half)), mode="edge").cumsum(0).cumsum(1)
    area = sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]
    mean: Grey = area / np.float32(size * size)
    return mean


@cache
def _window() -> Grey:
    """Return what fades a picture out to its rims, which do not belong together."""
    window: Grey = np.outer(np.hanning(ROWS), np.hanning(COLUMNS)).astype(np.float32)
    return window


def _scaled(grey: Grey, scale: float) -> Grey:
    """Return a picture enlarged about its middle, between pixels by their distance."""
    if scale == 1.0:
        return grey
    rows, columns = (_places(size, scale) for size in grey.shape)
    along = _between(grey, rows, 0)
    return _between(along, columns, 1)


def _places(size: int, scale: float) -> NDArray[np.float32]:
    middle = (size - 1) / 2
    places: NDArray[np.float32] = ((np.arange(size) - middle) / scale + middle).clip(0, size - 1)
    return places.astype(np.float32)


def _between(grey: Grey, places: NDArray[np.float32], axis: int) -> Grey:
    low = np.minimum(places.astype(np.intp), grey.shape[axis] - 2)
    share = (places - low)[:, None] if axis == 0 else places - low
    mixed: Grey = grey.take(low, axis) * (1 - share) + grey.take(low + 1, axis) * share
    return mixed


def _signed(place: float, size: int) -> float:
    return place - size if place > size / 2 else place


def _around(values: NDArray[np.float64], row: int, column: int) -> tuple[float, float]:
    """Return where between the pixels the peak is (a parabola through it and its neighbours)."""
    here = values[row, column]
    beside = values[row, (column - 1) % COLUMNS], values[row, (column + 1) % COLUMNS]
    over = values[(row - 1) % ROWS, column], values[(row + 1) % ROWS, column]
    return _top(beside[0], here, beside[1]), _top(over[0], here, over[1])


def _top(low: float, here: float, high: float) -> float:
    bend = low - 2 * here + high
    return 0.0 if bend == 0 else float(max(-0.5, min(0.5, (low - high) / (2 * bend))))


def _sureness(values: NDArray[np.float64], row: int, column: int) -> float:
    """Return how far a peak stands above all that is not near it."""
    near_rows = (np.arange(row - 3, row + 4)) % ROWS
    near_columns = (np.arange(column - 3, column + 4)) % COLUMNS
    rest = np.ones(values.shape, bool)
    rest[np.ix_(near_rows, near_columns)] = False
    others = values[rest]
    return float((values[row, column] - others.mean()) / (others.std() + 1e-12))
