"""An object's path through the picture: how long it was where, since when it stands, what it crosses, how fast it is.

Pure: time comes in with every call. Every figure is told as far as tracks can know it: positions are those of foot
points in the picture, which tremble with the boxes that a detector gives. Hence speeds are measured over a second,
standing is not leaving a small place, and boundaries are passed when that is sure (`rules.boundary`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import hypot

from rules.boundary import STRIDE, Crossing, Line, LineWatch, Passage, Spot, sure
from rules.geometry import Point, Side, distance, heading
from rules.ground import Ground, Scale, bearing
from rules.model import Fact

#: Sizes that an object may sway and still stand; where its place is exactly known, picture widths.
SWAY_SIZES, SWAY = 0.25, 0.02
#: Sizes per second below which it does not move; where its place is exactly known, picture widths without direction.
SLOWEST_SIZES, SLOWEST = 0.1, 0.02
#: Seconds that it must have stood before its moving on is news.
SETTLED = 2.0
#: Somebody's own sizes within which he is near; where his place is exactly known, picture widths.
NEAR_SIZES, NEAR = 2.5, 0.15
#: Labels that keep an object company; what moves and has no name may be a person.
COMPANY = frozenset({"person", "moving"})
#: Seconds over which a speed is measured, and the least of them.
WINDOW, SHORTEST = 1.0, 0.5


@dataclass(slots=True)
class Rest:
    """The place where an object stands, or which it is just leaving.

    Attributes:
        spot: Its middle.
        since: Seconds at which it came there.
    """

    spot: Spot
    since: float
    _away: float | None = None

    def step(self, before: Spot, now: Spot, aspect: float) -> float | None:
        """Return for how many seconds it had stood, where it has moved on by now; else None."""
        off = distance(now.foot, self.spot.foot, aspect) - (SWAY_SIZES * now.size or SWAY)
        if off <= 0:
            self._away = None
            return None
        away = self._away = before.at if self._away is None else self._away
        if not sure(now.at - away, now.sizes(off)):
            return None
        stood = away - self.since
        self.spot, self.since, self._away = now, now.at, None
        return stood if stood >= SETTLED else None


@dataclass(slots=True)
class Path:
    """One object's path.

    Attributes:
        spot: Where it stood last, and when.
        rest: Where it stands.
        dwelt: Seconds in each zone, altogether.
    """

    spot: Spot
    rest: Rest
    dwelt: dict[str, float] = field(default_factory=dict)
    _alone: float = 0.0
    _way: deque[Spot] = field(default_factory=deque)
    _lines: dict[str, LineWatch] = field(default_factory=dict)

    @classmethod
    def begin(cls, spot: Spot) -> Path:
        """Return the path of an object that was just seen for the first time."""
        return cls(spot, Rest(spot, spot.at), {}, spot.at, deque([spot]))

    def go(
        self,
        now: Spot,
        zones: Iterable[str],
        lines: Mapping[str, Line],
        aspect: float,
        passages: Iterable[Passage] = (),
    ) -> tuple[list[Crossing], float | None]:
        """Move on.

        Args:
            now: Where it stands now; later than before.
            zones: Those in which it stands now: the time since the last picture is counted there.
            lines: The camera's lines by name.
            aspect: Width of the picture over its height.
            passages: What it has entered and left by now, where that is known to be a while ago.

        Returns:
            Lines that were crossed, and, where it has just moved on, for how many seconds it had stood.
        """
        before, self.spot = self.spot, now
        self._dwell(max(0.0, now.at - before.at), zones, passages)
        straight = now.at - before.at <= STRIDE
        if not straight:
            self._lines.clear()
            self._way.clear()
        self._way.append(now)
        while now.at - self._way[0].at > WINDOW:
            self._way.popleft()
        crossed = self._crossings(before if straight else now, lines, aspect)
        return crossed, self.rest.step(before, now, aspect)

    def over(self, lines: Mapping[str, Line], aspect: float, at: float) -> list[Crossing]:
        """Return what it must have crossed, now that it is known to be gone from where it stood last."""
        found = [
            (name, watch.judged(self.spot, lines[name].points, aspect, over=True))
            for name, watch in self._lines.items()
            if name in lines
        ]
        return [self._crossing(name, lines[name], *each, at) for name, each in found if each is not None]

    def _dwell(self, passed: float, zones: Iterable[str], passages: Iterable[Passage]) -> None:
        for zone in zones:
            self.dwelt[zone] = self.dwelt.get(zone, 0.0) + passed
        for each in passages:
            late = each.ago - passed
            self.dwelt[each.zone] = max(
                0.0, self.dwelt.get(each.zone, 0.0) + (late if each.entered else -late)
            )

    def _crossings(self, before: Spot, lines: Mapping[str, Line], aspect: float) -> list[Crossing]:
        found = []
        for name, line in lines.items():
            watch = self._lines.setdefault(name, LineWatch())
            if (each := watch.step(before, self.spot, line.points, aspect)) is not None:
                found.append(self._crossing(name, line, *each, self.spot.at))
        return found

    def _crossing(self, name: str, line: Line, side: Side, since: float, at: float) -> Crossing:
        return Crossing(name, side, "in" if side == line.inward else "out", max(0.0, at - since))

    def stood(self, at: float) -> float:
        """Return for how many seconds it has stood; 0 while it moves."""
        still = at - self.rest.since
        return still if still >= SETTLED else 0.0

    def accompany(self, others: Iterable[Spot], at: float, aspect: float) -> None:
        """Note whether somebody is near."""
        for other in others:
            if distance(self.spot.foot, other.foot, aspect) <= (NEAR_SIZES * other.size or NEAR):
                self._alone = at

    def velocity(self, first: Point, aspect: float) -> Point:
        """Return how fast it moved over the last second, in picture widths and heights per second.

        The slope of the straight line that fits its foot points best (least squares); (0, 0) where that is no more
        than boxes tremble.

        Args:
            first: What is told while it has been seen too shortly to measure.
        """
        found = _slope(self._way) if self._way[-1].at - self._way[0].at >= SHORTEST else first
        fast = self.spot.sizes(hypot(found[0], found[1] / aspect))
        return (0.0, 0.0) if fast < SLOWEST_SIZES or self.stood(self.spot.at) else found

    def facts(self, at: float, velocity: Point, aspect: float, scale: Scale | None) -> dict[str, Fact]:
        """Return what is known of its movement.

        Args:
            at: Seconds now.
            velocity: Picture widths and heights per second.
            aspect: Width of the picture over its height.
            scale: Makes metres of it; None: not known.
        """
        speed = hypot(velocity[0], velocity[1] / aspect)
        found: dict[str, Fact] = {
            "speed": round(speed, 4),
            "still": round(self.stood(at), 1),
            "alone": round(at - self._alone, 1),
        }
        if speed > 0 and (self.spot.size or speed >= SLOWEST):
            found["heading"] = round(heading(velocity, aspect), 1) % 360
        if scale is not None:
            found |= self._over_ground(velocity, aspect, scale)
        for zone, dwelt in self.dwelt.items():
            found[f"dwell:{zone}"] = round(dwelt, 1)
        return found

    def _over_ground(self, velocity: Point, aspect: float, scale: Scale) -> dict[str, Fact]:
        moved = scale.moved(self._middle, velocity, aspect)
        if moved is None:
            return {}
        metres = hypot(*moved)
        found: dict[str, Fact] = {"kmh": round(metres * 3.6, 1)}
        if isinstance(scale, Ground) and metres > 0:
            found["bearing"] = round(bearing(moved), 1) % 360
        return found

    @property
    def _middle(self) -> Point:
        """Where it was on average while its speed was measured: there that speed is true."""
        if not self.spot.size:
            return self.spot.foot
        feet = [spot.foot for spot in self._way]
        return sum(x for x, _ in feet) / len(feet), sum(y for _, y in feet) / len(feet)


def _slope(way: Iterable[Spot]) -> Point:
    """Return the velocity of the line that fits best through spots of two moments at least."""
    spots = list(way)
    count = len(spots)
    when = sum(spot.at for spot in spots) / count
    spread = sum((spot.at - when) ** 2 for spot in spots)
    return (
        sum((spot.at - when) * spot.foot[0] for spot in spots) / spread,
        sum((spot.at - when) * spot.foot[1] for spot in spots) / spread,
    )
