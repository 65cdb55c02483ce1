"""How likely a detection is a track's next sighting: place, size, colour, label. Pure.

Minus the logarithm of the likelihood, up to a constant (Blackman and Popoli, *Design and Analysis of Modern
Tracking Systems*, 1999, section 6.2): places are compared by how sure the prediction is, so that a track unseen for a
second may be found further off, and yet takes nothing from one that knows exactly where it is. Which way it
went is part of the prediction: who merely stands where a walker was lost is far from where he should be by now.
"""

from __future__ import annotations

from math import inf, log

from engine.vision.boxes import Box
from engine.vision.tracking.kinematics import NOISE, Kinematics, centre

Colour = tuple[float, ...]  #: Y, U, V of the upper, then of the lower half, 0..255

#: Cost from which on a detection is not the track's: about three standard deviations, and a label or colour off.
LIMIT = 9.0
#: Standard deviations of the logarithms of width and height; of what has no detector, whose boxes melt and part.
WIDE, HIGH, MELTING = 0.35, 0.25, 0.7
#: Standard deviations of brightness and of colour between two sightings, and the most that colours may cost.
BRIGHTNESS, TINT, COLOUR = 22.0, 8.0, 6.0


def cost(kinematics: Kinematics, box: Box, at: float, *, melting: bool = False) -> float:
    """Return what place and size say against a match."""
    unit, (x, y), (u, v) = kinematics.scale, centre(box), centre(kinematics.box(at))
    variance = kinematics.variance(at)
    far = ((x - u) ** 2 + (y - v) ** 2) / (unit * unit * variance)
    if far > 4 * LIMIT:
        return inf
    return far / 2 + log(variance / NOISE**2) / 2 + _size(kinematics.size, box, melting)


def colour_cost(a: Colour | None, b: Colour | None) -> float:
    """Return what the colours say against a match: nothing where one of them is not known."""
    if a is None or b is None:
        return 0.0
    sigmas = (BRIGHTNESS, TINT, TINT) * 2
    return min(sum(((p - q) / s) ** 2 for p, q, s in zip(a, b, sigmas, strict=True)) / 4, COLOUR)


def _size(size: tuple[float, float], box: Box, melting: bool) -> float:
    wide, high = (MELTING, MELTING) if melting else (WIDE, HIGH)
    across = log(max(box[2] - box[0], 1e-6) / max(size[0], 1e-6)) / wide
    down = log(max(box[3] - box[1], 1e-6) / max(size[1], 1e-6)) / high
    return (across**2 + down**2) / 2
