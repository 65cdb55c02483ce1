"""Polygons in the unit square."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Point = tuple[float, float]
Polygon = Sequence[Point]


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


def foot(box: tuple[float, float, float, float]) -> Point:
    """Return where an object stands: the middle of its box's lower edge."""
    return (box[0] + box[2]) / 2, box[3]


def standing_in(box: tuple[float, float, float, float], zones: Mapping[str, Polygon]) -> tuple[str, ...]:
    """Return the names of the zones that hold an object's foot point, in the zones' order."""
    point = foot(box)
    return tuple(name for name, polygon in zones.items() if inside(point, polygon))
