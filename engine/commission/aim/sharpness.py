"""How sharp a picture is, as one number that rises while the lens is turned the right way. Pure.

Tenengrad: the mean squared slope of the brightness, of a picture smoothed a little, less what the sensor's noise adds
to it, over the square of the picture's contrast. So a darker picture, more gain or a longer exposure change it
little; being out of focus does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.vision.quality.plane import CENTRE, Grey, Luma, Region

#: Pixels a side below which nothing is measured.
LEAST_SIDE = 16
#: Contrast (standard deviation of brightness, of 255, noise left out) below which there is nothing to focus on.
LEAST_CONTRAST = 3.0
#: The median of what `_ripple` gives of white noise of deviation 1: 0.6745 of its own deviation, which is 6.
_NOISE_MEDIAN = 0.6745 * 6.0
#: What white noise of variance 1 adds to the squared slope: the squares of smoothing and difference together.
_NOISE_SLOPE = 2 * (10 / 64) * (6 / 16)
#: What of its variance is left by smoothing.
_NOISE_SMOOTHED = (6 / 16) ** 2


@dataclass(frozen=True, slots=True)
class Sharpness:
    """How sharp a part of a picture is.

    Attributes:
        score: 0 (a blur) and more, about 40 of a street in focus. Only compared with itself: of one camera that looks
            at one thing.
        contrast: Standard deviation of brightness without noise.
        noise: Standard deviation of the sensor's noise.
    """

    score: float
    contrast: float
    noise: float


def sharpness(luma: Luma, region: Region = CENTRE) -> Sharpness | None:
    """Return how sharp a part of a picture is; None: it is too small, or there is nothing in it to focus on."""
    part = region.of(luma)
    if min(part.shape) < LEAST_SIDE:
        return None
    grey = part.astype(np.float32)
    noise = _noise(grey)
    smooth = _smoothed(grey)
    contrast = float(np.sqrt(max(0.0, float(smooth.var()) - _NOISE_SMOOTHED * noise**2)))
    if contrast < max(LEAST_CONTRAST, noise / 2):
        return None
    slope = max(0.0, _slope(smooth) - _NOISE_SLOPE * noise**2)
    return Sharpness(1000 * slope / contrast**2, contrast, noise)


def _smoothed(grey: Grey) -> Grey:
    """Return a picture with each pixel as the mean of those around it (1 2 1)."""
    rows = grey[:-2] + 2 * grey[1:-1] + grey[2:]
    smooth: Grey = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / np.float32(16)
    return smooth


def _slope(grey: Grey) -> float:
    across = (grey[1:-1, 2:] - grey[1:-1, :-2]) / 2
    down = (grey[2:, 1:-1] - grey[:-2, 1:-1]) / 2
    return float(np.mean(across * across) + np.mean(down * down))


def _noise(grey: Grey) -> float:
    """Return the noise's deviation (Immerkær's mask, which sees no slopes; the median, which sees few edges)."""
    rows = grey[:-2] - 2 * grey[1:-1] + grey[2:]
    ripple = rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:]
    return float(np.median(np.abs(ripple)) / _NOISE_MEDIAN)
