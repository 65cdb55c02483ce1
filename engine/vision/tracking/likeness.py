"""How likely a detection is a track's next sighting: place, size, colour, label. Pure.

Minus the logarithm of the likelihood, up to a constant (Blackman and Popoli, *Design and Analysis of Modern
Tracking Systems*, 1999, section 6.2): places are compared by how sure the prediction is, so that a track unseen for a
second may be found further off, and yet takes nothing from one that knows exactly where it is. Which way it
went is part of the prediction: who merely stands where a walker was lost is far from where he should be by now.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

from engine.vision.boxes import Box
from engine.vision.tracking.kinematics import NOISE, Kinematics, centre
from engine.vision.tracking.kinship import completed, is_cut, is_upper

Colour = tuple[float, ...]  #: Y, U, V of the upper, then of the lower half, 0..255

#: Cost from which on a detection is not the track's: about three standard deviations, and a label or colour off.
LIMIT = 9.0
#: Standard deviations of the logarithms of width and height; of what has no detector, whose boxes melt and part.
WIDE, HIGH, MELTING = 0.35, 0.25, 0.7
#: Standard deviations of brightness and of colour between two sightings.
BRIGHTNESS, TINT = 22.0, 8.0
#: What it costs that but a part was found.
PARTIAL = 2.0


class Forecast(NamedTuple):
    """Where a track's next sighting is expected: worked out once, compared with many detections.

    Attributes:
        box: There.
        x: Its middle; likewise `y`.
        spread: Variance of the middle, squared picture units.
        doubt: What it costs that the place is no better known.
        colour: Of the track.
        melting: It has no detector: its boxes melt and part.
    """

    box: Box
    x: float
    y: float
    spread: float
    doubt: float
    colour: Colour | None = None
    melting: bool = False

    def cost(self, box: Box) -> float:
        """Return what place and size say against a match: at least half the squared distance in deviations."""
        if is_cut(box, self.box):
            return PARTIAL + self._place(completed(box, self.box))
        return self._place(box) + _size(self.box, box, self.melting)

    def colour_cost(self, box: Box, colour: Colour | None) -> float:
        """Return what a detection's colour says against a match; of a part, compared with that half."""
        own = self.colour
        if own and is_cut(box, self.box):
            own = (own[:3] if is_upper(box, self.box) else own[3:]) * 2
        return colour_cost(own, colour)

    def _place(self, box: Box) -> float:
        x, y = centre(box)
        far = ((x - self.x) ** 2 + (y - self.y) ** 2) / self.spread
        return far / 2 + self.doubt


def forecast(kinematics: Kinematics, at: float, colour: Colour | None, *, melting: bool = False) -> Forecast:
    """Return where an object is expected."""
    unit, variance, box = kinematics.scale, kinematics.variance(at), kinematics.box(at)
    doubt = log(variance / NOISE**2) / 2
    return Forecast(box, *centre(box), unit * unit * variance, doubt, colour, melting)


def colour_cost(a: Colour | None, b: Colour | None) -> float:
    """Return what the colours say against a match: nothing where one of them is not known.

    Its tails are as heavy as those of Student's t: who is half hidden has something of another one's colours.
    """
    if a is None or b is None:
        return 0.0
    sigmas = (BRIGHTNESS, TINT, TINT) * 2
    return 2 * log(1 + sum(((p - q) / s) ** 2 for p, q, s in zip(a, b, sigmas, strict=True)) / 4)


def _size(expected: Box, box: Box, melting: bool) -> float:
    wide, high = (MELTING, MELTING) if melting else (WIDE, HIGH)
    across = log(max(box[2] - box[0], 1e-6) / max(expected[2] - expected[0], 1e-6)) / wide
    down = log(max(box[3] - box[1], 1e-6) / max(expected[3] - expected[1], 1e-6)) / high
    return (across**2 + down**2) / 2
