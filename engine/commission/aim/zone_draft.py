"""A zone, a line or an ignored part while it is drawn: points that come, move and go, with what is wrong. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from math import hypot
from typing import Literal

Spot = tuple[float, float]
Side = Literal["left", "right"]
#: Points of a zone, and of a line, at least; of both at most.
LEAST_OF_ZONE, LEAST_OF_LINE, MOST = 3, 2, 64
#: How near to the picture's border a point goes onto it.
SNAP = 0.02
#: Digits of a coordinate that are kept: a tenth of a pixel of a wide picture.
DIGITS = 4
#: Steps that can be taken back.
REMEMBERED = 200
#: Two points that are nearer are the same one.
_SAME = 10.0**-DIGITS
#: What reckoning with fractions leaves of nothing.
_ON = 1e-12


class Kind(StrEnum):
    """What is drawn."""

    ZONE = "zone"
    LINE = "line"
    IGNORED = "ignored"  #: where nothing counts as motion


class Flaw(StrEnum):
    """Why a draft cannot be kept."""

    FEW = "few"  #: too few points
    MANY = "many"
    DOUBLE = "double"  #: two points that follow each other are one
    CROSSES = "crosses"  #: a zone's border crosses itself
    FLAT = "flat"  #: a zone without a surface


@dataclass(slots=True)
class Draft:
    """What is drawn, with every step that led to it.

    Attributes:
        points: In 0..1 from the top left, in their order.
        inward: To which side of a line `in` is, from its first point to its last.
        chosen: Number of the point that is moved; None: none, new points go to the end.
    """

    kind: Kind
    points: tuple[Spot, ...] = ()
    inward: Side = "right"
    chosen: int | None = None
    _before: list[tuple[tuple[Spot, ...], Side, int | None]] = field(default_factory=list, repr=False)

    # -- changing

    def add(self, at: Spot) -> bool:
        """Put a point behind the chosen one, or at the end, and choose it; return whether there was room."""
        if len(self.points) >= MOST:
            return False
        self._remember()
        place = len(self.points) if self.chosen is None else self.chosen + 1
        self.points = (*self.points[:place], snapped(at), *self.points[place:])
        self.chosen = place
        return True

    def move(self, at: Spot) -> bool:
        """Put the chosen point elsewhere; return whether one is chosen."""
        if self.chosen is None:
            return False
        self._remember()
        place = self.chosen
        self.points = (*self.points[:place], snapped(at), *self.points[place + 1 :])
        return True

    def delete(self) -> bool:
        """Take the chosen point away, or the last one; the one before it is chosen. Return whether there was one."""
        if not self.points:
            return False
        self._remember()
        place = len(self.points) - 1 if self.chosen is None else self.chosen
        self.points = (*self.points[:place], *self.points[place + 1 :])
        self.chosen = max(0, place - 1) if self.points else None
        return True

    def turn(self) -> None:
        """Let `in` be to the other side of a line."""
        self._remember()
        self.inward = "left" if self.inward == "right" else "right"

    def undo(self) -> bool:
        """Take back the last step; return whether there was one."""
        if not self._before:
            return False
        self.points, self.inward, self.chosen = self._before.pop()
        return True

    # -- choosing

    def choose(self, by: int) -> Spot | None:
        """Choose the next point, or the one before; return where it is, None where there is none."""
        if not self.points:
            return None
        start = -1 if self.chosen is None and by > 0 else self.chosen or 0
        self.chosen = (start + by) % len(self.points)
        return self.points[self.chosen]

    def choose_near(self, at: Spot, within: float) -> bool:
        """Choose the nearest point, where one is near; return whether."""
        near = [(hypot(x - at[0], y - at[1]), number) for number, (x, y) in enumerate(self.points)]
        if not near or min(near)[0] > within:
            return False
        self.chosen = min(near)[1]
        return True

    def release(self) -> None:
        """Choose no point: new ones go to the end."""
        self.chosen = None

    # -- judging

    @property
    def flaw(self) -> Flaw | None:
        """Why it cannot be kept; None: it can."""
        least = LEAST_OF_LINE if self.kind is Kind.LINE else LEAST_OF_ZONE
        if len(self.points) < least:
            return Flaw.FEW
        if len(self.points) > MOST:
            return Flaw.MANY
        if any(_same(*side) for side in self._sides()):
            return Flaw.DOUBLE
        if self.kind is Kind.LINE:
            return None
        if self.crossing() is not None:
            return Flaw.CROSSES
        return Flaw.FLAT if abs(area(self.points)) < _SAME else None

    def crossing(self) -> tuple[int, int] | None:
        """Return the numbers of two sides of a zone that cross or touch, by their first points; None: none do."""
        sides = self._sides()
        count = len(sides)
        for one in range(count):
            for other in range(one + 2, count):
                if (one, other) != (0, count - 1) and crosses(sides[one], sides[other]):
                    return one, other
        return next(((n, (n + 1) % count) for n in range(count) if self._folds(n)), None)

    def _folds(self, number: int) -> bool:
        """Return whether a side goes back on the one before it."""
        points = self.points
        first, middle, last = (points[(number + step) % len(points)] for step in range(3))
        there, back = _minus(first, middle), _minus(last, middle)
        dot = there[0] * back[0] + there[1] * back[1]
        return turn(first, middle, last) == 0 and dot > 0

    def _sides(self) -> list[tuple[Spot, Spot]]:
        ends = self.points[1:] if self.kind is Kind.LINE else (*self.points[1:], *self.points[:1])
        return list(zip(self.points, ends, strict=False))

    def _remember(self) -> None:
        self._before.append((self.points, self.inward, self.chosen))
        del self._before[:-REMEMBERED]


def snapped(at: Spot) -> Spot:
    """Return a point inside the picture; one near the border is on it."""
    return _snap(at[0]), _snap(at[1])


def _snap(value: float) -> float:
    if value <= SNAP:
        return 0.0
    return 1.0 if value >= 1 - SNAP else round(value, DIGITS)


def area(points: tuple[Spot, ...]) -> float:
    """Return a polygon's surface, negative where it goes round against the clock (y goes down)."""
    ends = (*points[1:], *points[:1])
    return sum(x * below - right * y for (x, y), (right, below) in zip(points, ends, strict=True)) / 2


def inside_of(points: tuple[Spot, ...], inward: Side) -> tuple[Spot, Spot] | None:
    """Return an arrow from the middle of a line to its `in` side, a tenth of the picture long; None: without one."""
    if len(points) < LEAST_OF_LINE:
        return None
    place = (len(points) - 1) // 2
    (x0, y0), (x1, y1) = points[place], points[place + 1]
    length = hypot(x1 - x0, y1 - y0)
    if length == 0:
        return None
    sign = 1 if inward == "right" else -1
    middle = (x0 + x1) / 2, (y0 + y1) / 2
    return middle, (middle[0] - sign * (y1 - y0) / length / 10, middle[1] + sign * (x1 - x0) / length / 10)


def crosses(one: tuple[Spot, Spot], other: tuple[Spot, Spot]) -> bool:
    """Return whether two segments have a point in common."""
    turns = turn(*one, other[0]), turn(*one, other[1]), turn(*other, one[0]), turn(*other, one[1])
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    ends = (
        (turns[0], one, other[0]),
        (turns[1], one, other[1]),
        (turns[2], other, one[0]),
        (turns[3], other, one[1]),
    )
    return any(each == 0 and _between(segment, end) for each, segment, end in ends)


def turn(first: Spot, middle: Spot, last: Spot) -> float:
    """Return on which side of first-middle the last point is; 0: on it."""
    found = (middle[0] - first[0]) * (last[1] - first[1]) - (middle[1] - first[1]) * (last[0] - first[0])
    return found if abs(found) > _ON else 0.0


def _between(segment: tuple[Spot, Spot], at: Spot) -> bool:
    (x0, y0), (x1, y1) = segment
    return min(x0, x1) <= at[0] <= max(x0, x1) and min(y0, y1) <= at[1] <= max(y0, y1)


def _same(one: Spot, other: Spot) -> bool:
    return hypot(one[0] - other[0], one[1] - other[1]) < _SAME


def _minus(one: Spot, other: Spot) -> Spot:
    return one[0] - other[0], one[1] - other[1]
