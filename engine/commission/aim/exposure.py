"""How a picture is exposed: how bright, and how much of it is lost in black and in white. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from engine.vision.quality.plane import BLACK, WHITE, WHOLE, Luma, Region

#: Mean brightness that is right, of 255.
LEAST_MEAN, MOST_MEAN = 40.0, 200.0
#: Most of a picture (%) that may be lost in black, and in white.
MOST_DARK, MOST_BRIGHT = 5.0, 2.0
#: Steps of the histogram.
STEPS = 16
#: Brightness up to which a pixel is lost in black, and from which in white, of 255.
_LOST = 2


class Verdict(StrEnum):
    """What to think of an exposure; the first that is so."""

    BLACK = "black"  #: nothing is seen at all: a cap, a night without light
    DARK = "dark"
    BRIGHT = "bright"
    CRUSHED = "crushed"  #: right in the mean, and too much lost in black
    BURNT = "burnt"  #: likewise in white
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Exposure:
    """How a picture is exposed.

    Attributes:
        mean: Brightness, 0..255.
        dark: Share lost in black, %; `bright`: in white.
        histogram: Shares (%) of `STEPS` equal steps from black to white.
    """

    mean: float
    dark: float
    bright: float
    histogram: tuple[float, ...]

    @property
    def verdict(self) -> Verdict:
        """What to think of it."""
        if self.mean < LEAST_MEAN:
            return Verdict.BLACK if self.histogram[0] > 99.0 else Verdict.DARK
        if self.mean > MOST_MEAN:
            return Verdict.BRIGHT
        if self.bright > MOST_BRIGHT:
            return Verdict.BURNT
        return Verdict.CRUSHED if self.dark > MOST_DARK else Verdict.RIGHT


def exposure(luma: Luma, region: Region = WHOLE, *, full: bool = True) -> Exposure:
    """Return how a part of a picture is exposed.

    Args:
        full: Whether black is 0 and white 255 as coded, not 16 and 235.
    """
    part = region.of(luma)
    counts = np.bincount(part.ravel(), minlength=256).astype(np.float64)
    levels = np.arange(256, dtype=np.float64)
    if not full:
        levels = np.clip((levels - BLACK) * 255 / (WHITE - BLACK), 0, 255)
    shares = 100 * counts / part.size
    steps = np.minimum((levels * STEPS / 256).astype(np.intp), STEPS - 1)
    return Exposure(
        mean=float(np.dot(shares, levels) / 100),
        dark=float(shares[levels <= _LOST].sum()),
        bright=float(shares[levels >= 255 - _LOST].sum()),
        histogram=tuple(float(each) for each in np.bincount(steps, shares, STEPS)),
    )
