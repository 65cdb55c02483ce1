"""Metres of what a picture shows: on the ground, as four points tell it, or across a picture of known width.

A plane seen through a lens without distortion is mapped on the picture by a homography; four points fix it. Source:
P. Heckbert, *Fundamentals of Texture Mapping and Image Warping* (1989), section 2.2.3: square to quadrilateral.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import atan2, degrees
from typing import Literal, Protocol

from rules.geometry import Point

#: Metres per picture width and height, at a point, grow without bound towards the horizon: so many times those of the
#: furthest corner are measured, and no more.
REACH = 4.0
#: Seconds over which a velocity is taken for a step.
_STEP = 1e-4
#: Least part of the picture that any three of the points span.
_LEAST = 0.0005
#: Ground comes nearer towards the lower edge of a picture: least part of how near the furthest corner is. Less than
#: one, as who looks straight down measures not quite exactly, or has a lens that hangs a little aslant.
LEVEL = 0.6
#: What can be wrong with four points, in the order in which it is looked for.
Flaw = Literal["crossed", "flat", "horizon"]


class Scale(Protocol):
    """Turns movements in the picture into metres."""

    def moved(self, foot: Point, velocity: Point, aspect: float) -> Point | None:
        """Return a velocity in metres per second.

        Args:
            foot: Where it is in the picture.
            velocity: Picture widths and heights per second.
            aspect: Width of the picture over its height.

        Returns:
            To the right and forward (away from the camera); None: nobody can say that there.
        """
        ...


@dataclass(frozen=True, slots=True)
class Width:
    """The picture is so many metres wide where things move; how far away they are is not asked."""

    metres: float

    def moved(self, foot: Point, velocity: Point, aspect: float) -> Point | None:
        """See `Scale`; up in the picture counts as forward."""
        return velocity[0] * self.metres, -velocity[1] * self.metres / aspect


@dataclass(frozen=True)
class Ground:
    """A rectangle on the ground, as it lies in the picture.

    Attributes:
        points: Its corners in the picture, in their order around it.
        width: Metres from the first to the second; `length`: from the second to the third.
    """

    points: Sequence[Point]
    width: float
    length: float

    def at(self, point: Point) -> Point | None:
        """Return where a point of the picture lies on the ground.

        Returns:
            Metres from the first corner along the width and along the length; None: at or above the horizon, or
            so far away that a pixel is `REACH` times what it is at the furthest corner.
        """
        u, v, w = self._projected(point)
        if w < self._nearest:
            return None
        return self.width * u / w, self.length * v / w

    def moved(self, foot: Point, velocity: Point, aspect: float) -> Point | None:
        """See `Scale`; forward is along the length, from the second point to the third."""
        here, there = self.at(foot), self.at((foot[0] + velocity[0] * _STEP, foot[1] + velocity[1] * _STEP))
        if here is None or there is None:
            return None
        right, forward = (there[0] - here[0]) / _STEP, (there[1] - here[1]) / _STEP
        return (-right, forward) if self._clockwise else (right, forward)

    def _projected(self, point: Point) -> tuple[float, float, float]:
        x, y = point
        u, v, w = (a * x + b * y + c for a, b, c in self._rows)
        return u, v, w

    @cached_property
    def _rows(self) -> tuple[tuple[float, float, float], ...]:
        """Picture to unit square: the adjugate of Heckbert's matrix, with w positive within the four points."""
        (x0, y0), (x1, y1), (_x2, _y2), (x3, y3) = self.points
        g, h = _vanishing(self.points)
        a, b, d, e = x1 - x0 + g * x1, x3 - x0 + h * x3, y1 - y0 + g * y1, y3 - y0 + h * y3
        rows = (
            (e - y0 * h, x0 * h - b, b * y0 - x0 * e),
            (y0 * g - d, a - x0 * g, x0 * d - a * y0),
            (d * h - e * g, b * g - a * h, a * e - b * d),
        )
        sign = 1.0 if a * e - b * d + rows[2][0] * x0 + rows[2][1] * y0 > 0 else -1.0
        return tuple((sign * p, sign * q, sign * r) for p, q, r in rows)

    @cached_property
    def _nearest(self) -> float:
        """The least w that is believed: as metres per pixel grow with the square of 1/w."""
        return float(min(self._projected(corner)[2] for corner in self.points) / REACH**0.5)

    @cached_property
    def _clockwise(self) -> bool:
        """Whether the corners go round clockwise as one sees them: then the width runs to the left."""
        return _area(self.points) > 0

    @cached_property
    def flaw(self) -> Flaw | None:
        """What is wrong with the points; None: nothing."""
        turns = [_area((*pair, after)) for pair, after in self._corners()]
        if min(turns) < 0 < max(turns):
            return "crossed"
        if min(map(abs, turns)) < _LEAST:
            return "flat"
        below = min(self._projected((x, 1.0))[2] for x in (0.0, 1.0))
        return "horizon" if below < LEVEL * min(self._projected(each)[2] for each in self.points) else None

    def _corners(self) -> list[tuple[tuple[Point, Point], Point]]:
        around = [*self.points, *self.points[:2]]
        return list(zip(pairwise(around[:5]), around[2:], strict=True))


def bearing(moved: Point) -> float:
    """Return the direction of a velocity over the ground, in degrees clockwise from forward, 0 to 360."""
    return degrees(atan2(moved[0], moved[1])) % 360


def _vanishing(points: Sequence[Point]) -> tuple[float, float]:
    """Return how the two pairs of sides run together: Heckbert's g and h."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points
    dx1, dx2, dx3 = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, dy3 = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    whole = dx1 * dy2 - dx2 * dy1
    return (dx3 * dy2 - dx2 * dy3) / whole, (dx1 * dy3 - dx3 * dy1) / whole


def _area(points: Sequence[Point]) -> float:
    """Return the area of a polygon; negative: it goes round anticlockwise as one sees it."""
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise([*points, points[0]])) / 2
