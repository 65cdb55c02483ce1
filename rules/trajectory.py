"""An object's path through the picture: how long it was where, since when it stands, what it crosses.

Pure: time comes in with every call. Every figure is told as far as tracks can know it: positions are those of
foot points in the picture, so that a speed is one over the picture unless the camera says how wide it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import hypot

from rules.geometry import Point, Side, crossed, heading
from rules.model import Fact

#: Picture widths that an object may sway and still stand.
SWAY = 0.02
#: Picture widths per second below which no direction is told: jitter has none.
SLOWEST = 0.02
#: Seconds that it must have stood before its moving on is news.
SETTLED = 2.0
#: Picture widths between foot points within which somebody is near.
NEAR = 0.15
#: Labels that keep an object company; what moves and has no name may be a person.
COMPANY = frozenset({"person", "moving"})
#: Longest step in seconds between two pictures that is taken for a straight way.
STRIDE = 2.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its sides.

    Attributes:
        inward: To which side one goes in, as seen from the first point towards the last.
    """

    points: Sequence[Point]
    inward: Side = "right"


@dataclass(frozen=True, slots=True)
class Crossing:
    """A line that was crossed, to which side, and what that means there."""

    line: str
    side: Side
    direction: str


@dataclass(slots=True)
class Path:
    """One object's path.

    Attributes:
        foot: Where it stood last; `at` when.
        dwelt: Seconds in each zone, altogether.
    """

    foot: Point
    at: float
    dwelt: dict[str, float] = field(default_factory=dict)
    _rest: Point = (0.0, 0.0)
    _rested: float = 0.0
    _alone: float = 0.0

    @classmethod
    def begin(cls, foot: Point, at: float) -> Path:
        """Return the path of an object that was just seen for the first time."""
        return cls(foot, at, {}, foot, at, at)

    def go(
        self, foot: Point, at: float, zones: Iterable[str], lines: Mapping[str, Line], aspect: float
    ) -> tuple[list[Crossing], float | None]:
        """Move on.

        Args:
            foot: Where it stands now.
            at: Seconds, later than before.
            zones: Those in which it stands now: the time since the last picture is counted there.
            lines: The camera's lines by name.
            aspect: Width of the picture over its height.

        Returns:
            Lines that were crossed, and, where it has just moved on, for how many seconds it had stood.
        """
        passed = max(0.0, at - self.at)
        for zone in zones:
            self.dwelt[zone] = self.dwelt.get(zone, 0.0) + passed
        crossings = list(self._crossings(foot, lines)) if passed <= STRIDE else []
        stood = self._moved(foot, at, aspect)
        self.foot, self.at = foot, at
        return crossings, stood

    def _crossings(self, foot: Point, lines: Mapping[str, Line]) -> Iterable[Crossing]:
        for name, line in lines.items():
            side = crossed(self.foot, foot, line.points)
            if side is not None:
                yield Crossing(name, side, "in" if side == line.inward else "out")

    def _moved(self, foot: Point, at: float, aspect: float) -> float | None:
        if distance(foot, self._rest, aspect) <= SWAY:
            return None
        stood = self.stood(self.at)
        self._rest, self._rested = foot, at
        return stood or None

    def stood(self, at: float) -> float:
        """Return for how many seconds it has stood; 0 while it moves."""
        still = at - self._rested
        return still if still >= SETTLED else 0.0

    def accompany(self, others: Iterable[Point], at: float, aspect: float) -> None:
        """Note whether somebody is near."""
        if any(distance(self.foot, other, aspect) <= NEAR for other in others):
            self._alone = at

    def facts(self, at: float, velocity: Point, aspect: float, metres: float | None) -> dict[str, Fact]:
        """Return what is known of its movement.

        Args:
            at: Seconds now.
            velocity: Picture widths and heights per second.
            aspect: Width of the picture over its height.
            metres: How many metres the picture is wide where things move; None: not known.
        """
        speed = hypot(velocity[0], velocity[1] / aspect)
        found: dict[str, Fact] = {
            "speed": round(speed, 4),
            "still": round(self.stood(at), 1),
            "alone": round(at - self._alone, 1),
        }
        if speed >= SLOWEST:
            found["heading"] = round(heading(velocity, aspect), 1) % 360
        if metres is not None:
            found["kmh"] = round(speed * metres * 3.6, 1)
        for zone, dwelt in self.dwelt.items():
            found[f"dwell:{zone}"] = round(dwelt, 1)
        return found


def distance(one: Point, other: Point, aspect: float) -> float:
    """Return how far two points are apart, in picture widths."""
    return hypot(one[0] - other[0], (one[1] - other[1]) / aspect)
