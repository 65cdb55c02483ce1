"""Polygons and lines in the unit square."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import atan2, degrees, hypot, inf
from typing import Literal

Point = tuple[float, float]
Polygon = Sequence[Point]
#: The two sides of a line, as seen from its first point towards its last.
Side = Literal["left", "right"]
#: The last that still is picture: who is cut off by its lower or right edge stands in the zones drawn up to there.
EDGE = 1 - 1e-6


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
    """Return where an object stands: the middle of its box's lower edge, within the picture."""
    return min(max((box[0] + box[2]) / 2, 0.0), EDGE), min(max(box[3], 0.0), EDGE)


def standing_in(box: tuple[float, float, float, float], zones: Mapping[str, Polygon]) -> tuple[str, ...]:
    """Return the names of the zones that hold an object's foot point, in the zones' order."""
    point = foot(box)
    return tuple(name for name, polygon in zones.items() if inside(point, polygon))


def crossings(before: Point, after: Point, line: Sequence[Point]) -> list[tuple[float, Side]]:
    """Return where a step from one point to another crosses a line of two or more points.

    The line itself belongs to its right side, so that a step onto it and the next one off it count once; so does
    one through a point that two of its pieces share.

    Returns:
        For each crossing which part of the step (0..1) was done by then, and to which side it went; in that order.
    """
    found: list[tuple[float, Side]] = []
    for first, last in pairwise(line):
        was, now = _right_of(before, first, last), _right_of(after, first, last)
        if was != now and _right_of(first, before, after) != _right_of(last, before, after):
            start, end = _beside(before, first, last), _beside(after, first, last)
            found.append((start / (start - end), "right" if now else "left"))
    return sorted(found)


def distance(one: Point, other: Point, aspect: float) -> float:
    """Return how far two points are apart, in picture widths."""
    return hypot(one[0] - other[0], (one[1] - other[1]) / aspect)


def beyond(point: Point, line: Sequence[Point], aspect: float) -> float:
    """Return how far a point is from a line, in picture widths: to its right positive, to its left negative.

    Past an end, or at a corner, the side is that of the piece that is seen the most broadly from there.
    """
    pieces = [_piece(point, first, last, aspect) for first, last in pairwise(line)]
    off, across = min(pieces, key=lambda piece: (round(piece[0], 9), -abs(piece[1])))
    return off if across >= 0 else -off


def off_edge(point: Point, polygon: Polygon, aspect: float) -> float:
    """Return how far a point is from a polygon's edge, in picture widths.

    What of the edge lies on the picture's own border is none: who stands there may go on beyond it, in or out.
    """
    edges = zip(polygon, [*polygon[1:], polygon[0]], strict=True)
    return min((_piece(point, *each, aspect)[0] for each in edges if not _is_border(*each)), default=inf)


def _is_border(first: Point, last: Point) -> bool:
    return any(max(pair) <= 1 - EDGE or min(pair) >= EDGE for pair in zip(first, last, strict=True))


def _piece(point: Point, first: Point, last: Point, aspect: float) -> tuple[float, float]:
    """Return how far a point is from a piece of a line, and from that piece drawn out (right: positive)."""
    x, y = point[0] - first[0], (point[1] - first[1]) / aspect
    wide, high = last[0] - first[0], (last[1] - first[1]) / aspect
    length = hypot(wide, high) or 1e-12
    part = min(max((x * wide + y * high) / length**2, 0.0), 1.0)
    return hypot(x - part * wide, y - part * high), (wide * y - high * x) / length


def _right_of(point: Point, first: Point, last: Point) -> bool:
    """Return whether a point lies on a line or to its right; pictures have y downwards."""
    return _beside(point, first, last) >= 0


def _beside(point: Point, first: Point, last: Point) -> float:
    """Return twice the area of the triangle of three points; positive: the first is to the right of the others."""
    (x, y), (x0, y0), (x1, y1) = point, first, last
    return (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)


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
