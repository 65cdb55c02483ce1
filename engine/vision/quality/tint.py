"""Whether the infrared filter is where it belongs: a pink cast by day, or grey for longer than any night. Pure.

Without its filter a sensor sees infrared light in red most, in blue little less: leaves turn pale, black cloth purple,
and hardly anything keeps a colour of its own. A camera that stays in night mode gives no colour at all; that it does so
by day cannot be told from a picture, but no night is longer than `NIGHT`, and a camera without colours never had one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.vision.model import Cause
from engine.vision.quality.grid import share
from engine.vision.quality.verdict import Verdict

Chroma = NDArray[np.uint8]
#: Mean distance from grey up to which a picture has no colour.
GREY = 1.2
#: Share of the picture that is pink, and how much so it is in the mean, in blue and in red.
PINK, BLUER, REDDER = 0.75, 2.5, 5.0
#: How much pinker than ever before, in blue and red together.
MORE = 6.0
#: Seconds: the longest night between the 23rd parallels, with dusk and dawn, and some more.
NIGHT = 16 * 3600.0
#: Points of a picture that are looked at, across and down, at most.
POINTS = 40


class Tint(NamedTuple):
    """Colour of a picture: mean blue and red beyond grey, mean distance from grey, share that has both."""

    blue: float
    red: float
    colour: float
    pink: float


def tint(blue: Chroma, red: Chroma) -> Tint:
    """Return what colour a picture has; planes as coded, 128 is grey."""
    rows, columns = (max(1, size // POINTS) for size in blue.shape)
    u, v = (plane[::rows, ::columns].astype(np.int16) - 128 for plane in (blue, red))
    mean_u, mean_v, colour = (float(each.sum()) / u.size for each in (u, v, np.abs(u) + np.abs(v)))
    return Tint(mean_u, mean_v, colour, share((u > 1) & (v > 2)))


@dataclass(slots=True)
class InfraredFilter:
    """One stream's."""

    _usual: float | None = None
    _coloured: bool = False
    _grey_since: float | None = None

    def judge(self, found: Tint, now: float) -> Verdict | None:
        """Return whether the filter is stuck; seconds of `now` must run on through nights."""
        if found.colour <= GREY:
            return self._grey(now)
        self._coloured, self._grey_since = True, None
        cast = found.blue + found.red
        if found.pink > PINK and found.blue > BLUER and found.red > REDDER:
            usual = self._usual if self._usual is not None else 0.0
            return (
                Verdict(Cause.INFRARED, min(1.0, 0.5 + (cast - usual) / 40)) if cast > usual + MORE else None
            )
        self._usual = cast if self._usual is None else self._usual + (cast - self._usual) * 0.02
        return None

    def _grey(self, now: float) -> Verdict | None:
        if self._grey_since is None:
            self._grey_since = now
        stuck = self._coloured and now - self._grey_since > NIGHT
        return Verdict(Cause.INFRARED, 0.6) if stuck else None
