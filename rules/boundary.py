"""Boundaries that an object passes, lines and edges of zones: and when it has really passed one.

A detector's boxes tremble, so that the foot of an object on a boundary goes to and fro. A change of side is therefore
a claim at first (hysteresis: a Schmitt trigger in space and time): it falls when the object is back, and is told, with
the moment when it happened, when it has proved true. Distances are measured in sizes of the object, so that they mean
the same near the lens and far from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from rules.geometry import Point, Polygon, Side, beyond, crossings, distance, inside, off_edge

#: Sizes beyond a boundary within which an object stands on it: its foot is known no better.
CLEAR = 0.1
#: Seconds that it must have been beyond at least, whatever it does: one picture proves nothing.
SOONEST = 0.3
#: Seconds and sizes beyond that are enough together.
ENOUGH = 0.9
#: Seconds after which it is beyond, though it stands on the boundary: if it was seen to come there from clear of it.
LATEST = 5.0
#: Seconds beyond a line after which who comes back had been there, if it was clear of the line meanwhile.
AWAY = 1.0
#: Longest step in seconds between two pictures that is taken for a straight way.
STRIDE = 2.0
#: Sizes that it must have gone through a zone to have been there, if it was out again at once.
THROUGH = 0.4
#: Least size in picture widths: smaller things tremble by pixels.
LEAST = 0.03


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an object stands, and when.

    Attributes:
        at: Seconds.
        size: Of the object, in picture widths (`size_of`); 0: `foot` is no measurement, it is exactly known.
    """

    foot: Point
    at: float
    size: float = 0.0

    def sizes(self, widths: float) -> float:
        """Return so many picture widths in sizes of the object."""
        return widths / self.size if self.size else inf


def size_of(box: tuple[float, float, float, float], aspect: float) -> float:
    """Return the size of an object: the side of a square as large as its box, in picture widths."""
    area = (box[2] - box[0]) * (box[3] - box[1]) / aspect
    return max(area, 0.0) ** 0.5 if area > LEAST**2 else LEAST


def sure(seconds: float, sizes: float, *, over: bool = False, came: bool = False) -> bool:
    """Return whether an object has left a place: the further it is away, the sooner that is sure.

    What comes back within a second was not away, unless it had been about as far as it is large.

    Args:
        seconds: For how long it is away.
        sizes: How far, in sizes of the object.
        over: It is gone from there: nothing more will be known.
        came: It came from clear of the place's boundary; else nobody knows on which side of it it ever stood.
    """
    if sizes < CLEAR:
        return seconds >= LATEST and came and not over
    return over or sizes == inf or (seconds >= SOONEST - 1e-6 and seconds + sizes >= ENOUGH)


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
    """A line that was crossed, to which side, and what that means there.

    Attributes:
        ago: Seconds since it happened.
    """

    line: str
    side: Side
    direction: str
    ago: float = 0.0


@dataclass(frozen=True, slots=True)
class Passage:
    """A zone that was entered or left, `ago` seconds since."""

    zone: str
    entered: bool
    ago: float = 0.0


@dataclass(slots=True)
class Claim:
    """That an object has passed a boundary, while that may still be trembling.

    Attributes:
        since: Seconds at which it passed.
        where: The place.
        deep: How many sizes beyond it was seen in two pictures, at most.
    """

    since: float
    where: Point
    deep: float = 0.0
    _was: float = 0.0

    def proved(self, at: float, sizes: float, *, over: bool, came: bool) -> bool:
        """Return whether it is true, as far as it is beyond now; a single picture may be quite wrong, two agree."""
        was, self._was = self._was, sizes
        self.deep = max(self.deep, min(was, sizes))
        sizes = max(sizes, self.deep) if over else sizes if sizes == inf else min(was, sizes)
        return sure(at - self.since, sizes, over=over, came=came)

    def lasted(self, at: float) -> bool:
        """Return whether it had been true, now that it is back."""
        return at - self.since >= AWAY and self.deep >= CLEAR


def _claim(before: Spot, now: Spot, part: float) -> Claim:
    """Return that a boundary was passed when a part of a step was done."""
    (x0, y0), (x1, y1) = before.foot, now.foot
    where = x0 + part * (x1 - x0), y0 + part * (y1 - y0)
    return Claim(before.at + part * (now.at - before.at), where)


@dataclass(slots=True)
class LineWatch:
    """One object at one line: on which side it was when it was clear of it last, and a claim that it is on the other.

    Who comes clear of a line, and was only ever seen upon it, has not crossed it.
    """

    _from: Side | None = None
    _side: Side = "right"
    _claim: Claim | None = None

    def step(
        self, before: Spot, now: Spot, line: Sequence[Point], aspect: float
    ) -> tuple[Side, float] | None:
        """Return to which side it has crossed, and when; None: it has not, or nobody can be sure yet."""
        told = None
        if self._claim is None:
            self._settle(before, line, aspect)
        for part, side in crossings(before.foot, now.foot, line):
            here, was = _claim(before, now, part), self._claim
            if was is None:
                self._side, self._claim = side, here
            elif self._side != side:
                lasted = was.lasted(here.since)
                told = self._crossed(was) if lasted else None
                self._side, self._claim = side, here if lasted else None
        return told or self.judged(now, line, aspect)

    def judged(
        self, now: Spot, line: Sequence[Point], aspect: float, *, over: bool = False
    ) -> tuple[Side, float] | None:
        """Return likewise what can be said of where it stands; `over`: it is gone from there."""
        if (claim := self._claim) is None:
            return None
        sizes = self._beyond(now, line, aspect)
        proved = claim.proved(now.at, sizes, over=over, came=self._from is not None)
        if proved or sizes <= -CLEAR:  # it went back around the line's end
            self._claim = None
        return self._crossed(claim) if proved else None

    def _crossed(self, claim: Claim) -> tuple[Side, float] | None:
        before, self._from = self._from, self._side
        return (self._side, claim.since) if before not in (None, self._side) else None

    def _settle(self, now: Spot, line: Sequence[Point], aspect: float) -> None:
        off = beyond(now.foot, line, aspect)
        if now.sizes(abs(off)) >= CLEAR:
            self._from = "right" if off >= 0 else "left"

    def _beyond(self, now: Spot, line: Sequence[Point], aspect: float) -> float:
        """Return how many sizes it is beyond the line; negative: before it."""
        if not now.size:
            return inf
        right = now.sizes(beyond(now.foot, line, aspect))
        return right if self._side == "right" else -right


@dataclass(slots=True)
class ZoneWatch:
    """One object at one zone.

    Attributes:
        within: Whether it is in the zone, as far as that is told.
    """

    within: bool = False
    _claim: Claim | None = None
    _cleared: bool = False

    @classmethod
    def first(cls, now: Spot, polygon: Polygon, aspect: float) -> ZoneWatch:
        """Return that of who was just seen for the first time: in the zone, out of it, or perhaps in it."""
        there, clear = inside(now.foot, polygon), now.sizes(off_edge(now.foot, polygon, aspect)) >= CLEAR
        return cls(there and clear, Claim(now.at, now.foot) if there and not clear else None, there or clear)

    def step(self, before: Spot, now: Spot, polygon: Polygon, aspect: float) -> Iterator[tuple[bool, float]]:
        """Yield whether it is in the zone by now, and since when: when that has changed, in the order of time."""
        edge = [*polygon, polygon[0]]
        for part, _ in crossings(before.foot, now.foot, edge):
            yield from self._passes(_claim(before, now, part), now, polygon, aspect)
        if (inside(now.foot, polygon) != self.within) is (self._claim is None):
            # It was not followed all the way, or stands upon a corner, where both ways to reckon may differ.
            yield from self._passes(_claim(before, now, 1.0), now, polygon, aspect)
        yield from self.judged(now, polygon, aspect)

    def judged(
        self, now: Spot, polygon: Polygon, aspect: float, *, over: bool = False
    ) -> Iterator[tuple[bool, float]]:
        """Yield likewise what can be said of where it stands; `over`: it is gone from there."""
        sizes = now.sizes(off_edge(now.foot, polygon, aspect))
        if (claim := self._claim) is None:
            self._cleared |= sizes >= CLEAR
        elif claim.proved(now.at, sizes, over=over, came=self._cleared):
            self.within, self._claim, self._cleared = not self.within, None, sizes >= CLEAR
            yield self.within, claim.since

    def _passes(
        self, here: Claim, now: Spot, polygon: Polygon, aspect: float
    ) -> Iterator[tuple[bool, float]]:
        """Take in that it passes the edge; yield that it had been beyond it, and may be back."""
        claim, self._claim = self._claim, here if self._claim is None else None
        if claim is not None and (
            claim.lasted(here.since) or _through(claim, here.where, now, polygon, aspect)
        ):
            self.within, self._claim, self._cleared = not self.within, here, True
            yield self.within, claim.since


def _through(claim: Claim, last: Point, now: Spot, polygon: Polygon, aspect: float) -> bool:
    """Return whether an object went in on one side and out on another, and not along the edge."""
    first = claim.where
    middle = (first[0] + last[0]) / 2, (first[1] + last[1]) / 2
    far, deep = distance(first, last, aspect), off_edge(middle, polygon, aspect)
    return now.sizes(far) >= THROUGH and max(claim.deep, now.sizes(deep)) >= CLEAR


@dataclass(slots=True)
class Whereabouts:
    """In which zones one object is, as far as that is told."""

    _watches: dict[str, ZoneWatch] = field(default_factory=dict)

    @property
    def zones(self) -> tuple[str, ...]:
        """Their names, in the order of the zones."""
        return tuple(name for name, watch in self._watches.items() if watch.within)

    def step(
        self, before: Spot, now: Spot, zones: Mapping[str, Polygon], aspect: float
    ) -> tuple[Passage, ...]:
        """Return what it has entered and left; a zone that counts anew, or no more, at once."""
        before = before if now.at - before.at <= STRIDE else now
        gone = [Passage(name, False) for name in self.zones if name not in zones]
        fresh = {
            name: ZoneWatch.first(now, zone, aspect)
            for name, zone in zones.items()
            if name not in self._watches
        }
        old = {name: watch for name, watch in self._watches.items() if name in zones}
        self._watches = {name: old.get(name) or fresh[name] for name in zones}
        here = [Passage(name, True) for name, watch in fresh.items() if watch.within]
        passed = [
            Passage(name, entered, max(0.0, now.at - since))
            for name, watch in old.items()
            for entered, since in watch.step(before, now, zones[name], aspect)
        ]
        return *gone, *here, *passed

    def over(self, last: Spot, zones: Mapping[str, Polygon], aspect: float, at: float) -> tuple[Passage, ...]:
        """Return what must be decided now: the object is known to be gone, from where it stood last."""
        return tuple(
            Passage(name, entered, max(0.0, at - since))
            for name, watch in self._watches.items()
            if name in zones
            for entered, since in watch.judged(last, zones[name], aspect, over=True)
        )
