"""Somebody on flat ground before a camera, and the box of his body in the picture. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import cos, hypot, radians, sin, tan

Box = tuple[float, float, float, float]
Point = tuple[float, float]
ASPECT = 16 / 9


@dataclass(frozen=True)
class Lens:
    """A camera that looks along +y: metres of height, degrees of tilt, degrees of view across."""

    height: float
    tilt: float
    view: float

    def seen(self, x: float, y: float, z: float) -> Point | None:
        """Return where a point of the world is in the picture, 0..1 and beyond; None: behind the lens."""
        down, up = radians(self.tilt), z - self.height
        depth = y * cos(down) - up * sin(down)
        if depth <= 0.3:
            return None
        focal = 0.5 / tan(radians(self.view) / 2)
        return 0.5 + focal * x / depth, 0.5 - focal * ASPECT * (y * sin(down) + up * cos(down)) / depth


@dataclass(frozen=True)
class Actor:
    """Somebody on the way: (seconds, x, y) in metres, straight between; there from the first to the last."""

    label: str
    way: tuple[tuple[float, float, float], ...]
    body: tuple[float, float, float]

    def at(self, seconds: float) -> tuple[Point, Point] | None:
        """Return where it is, and how fast, in metres; None: not there."""
        for (t0, x0, y0), (t1, x1, y1) in pairwise(self.way):
            if t0 <= seconds < t1:
                part, pace = (seconds - t0) / (t1 - t0), ((x1 - x0) / (t1 - t0), (y1 - y0) / (t1 - t0))
                return (x0 + part * (x1 - x0), y0 + part * (y1 - y0)), pace
        return None

    def _facing(self, seconds: float) -> Point:
        """Return the direction in which it went before it stood still."""
        facing = (1.0, 0.0)
        for (t0, x0, y0), (_, x1, y1) in pairwise(self.way):
            if t0 <= seconds and (far := hypot(x1 - x0, y1 - y0)) > 0.1:
                facing = (x1 - x0) / far, (y1 - y0) / far
        return facing

    def box(self, lens: Lens, seconds: float) -> Box | None:
        """Return the box of its body in the picture, 0..1 and beyond."""
        if (found := self.at(seconds)) is None:
            return None
        (x, y), pace = found
        across, along, high = self.body
        fast = hypot(*pace)
        ahead = (pace[0] / fast, pace[1] / fast) if fast > 0.05 else self._facing(seconds)
        corners = [
            lens.seen(x + a * ahead[0] - b * ahead[1], y + a * ahead[1] + b * ahead[0], z)
            for a in (-along / 2, along / 2) for b in (-across / 2, across / 2) for z in (0.0, high)
        ]  # fmt: skip
        spots = [corner for corner in corners if corner is not None]
        if len(spots) < len(corners):
            return None
        return (
            min(a for a, _ in spots),
            min(b for _, b in spots),
            max(a for a, _ in spots),
            max(b for _, b in spots),
        )


def clipped(box: Box) -> Box:
    """Return a box within the picture."""
    x0, y0, x1, y1 = (min(max(side, 0.0), 1.0) for side in box)
    return x0, y0, x1, y1


def area(box: Box) -> float:
    """Return the area of a box."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])
