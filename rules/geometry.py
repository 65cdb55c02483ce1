"""Polygons in the unit square."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import atan2, degrees
from typing import Literal

Point = tuple[float, float]
Polygon = Sequence[Point]
#: The two sides of a line, as seen from its first point towards its last.
Side = Literal["left", "right"]


def inside(point: Point, polygon: Polygon) -> bool:
    """Return whether a point lies in a polygon (even-odd rule; of an edge shared by two, one owns it).

    Source: W. R. Franklin, PNPOLY, point inclusion in polygon test.
    """
    x, y = point
    found = False
    for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
            found = not found
    return found


def surface(polygon: Polygon) -> float:
    """Return the area of a polygon whose border does not cross itself, of the unit square's (shoelace formula)."""
    ends = [*polygon[1:], polygon[0]]
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(polygon, ends, strict=True))) / 2


def foot(box: tuple[float, float, float, float]) -> Point:
    """Return where an object stands: the middle of its box's lower edge."""
    return (box[0] + box[2]) / 2, box[3]


def standing_in(box: tuple[float, float, float, float], zones: Mapping[str, Polygon]) -> tuple[str, ...]:
    """Return the names of the zones that hold an object's foot point, in the zones' order."""
    point = foot(box)
    return tuple(name for name, polygon in zones.items() if inside(point, polygon))


def crossed(before: Point, after: Point, line: Sequence[Point]) -> Side | None:
    """Return to which side a step from one point to another crosses a line of two or more points, None if not.

    The line itself belongs to its right side, so that a step onto it and the next one off it count once.
    """
    for first, last in pairwise(line):
        was, now = _right_of(before, first, last), _right_of(after, first, last)
        if was != now and _right_of(first, before, after) != _right_of(last, before, after):
            return "right" if now else "left"
    return None


def _right_of(point: Point, first: Point, last: Point) -> bool:
    """Return whether a point lies on a line or to its right; pictures have y downwards."""
    (x, y), (x0, y0), (x1, y1) = point, first, last
    return (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) >= 0


def heading(velocity: Point, aspect: float) -> float:
    """Return a direction in degrees clockwise from the picture's top.

    Args:
        velocity: Picture widths and heights per second, y downwards.
        aspect: Width of the picture over its height: makes both comparable.
    """
    return degrees(atan2(velocity[0] * aspect, -velocity[1])) % 360


def turned(first: float, second: float) -> float:
    """Return the angle between two directions, 0..180 degrees."""
    return abs((first - second + 180) % 360 - 180)
