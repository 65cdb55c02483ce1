"""What went from one place to another, as against what only flickers where it is.

Nobody labels a film. But what people care for travels: its regions can be linked from picture to picture, and it gets
somewhere. Leaves, water, flags, noise and insects on the lens come back to where they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np

from engine.vision.tuner.trial import Trial

Box = tuple[float, float, float, float]
#: Seconds for which something may be unseen and still be the same.
GAP = 1.0
#: How far from where it should be by now something may be: so many of its sizes, and so much of the picture.
REACH, SLACK = 0.75, 0.03
#: Sightings by which its speed is reckoned.
RECENT = 4
#: What a journey is at least: sightings, seconds, part of the picture, of its own size, and of the way that it went.
SIGHTINGS, SECONDS, FAR, OWN, STRAIGHT = 4, 0.6, 0.12, 0.5, 0.45
#: Two journeys of different trials are of the same thing if so much of one's pictures show it where the other has it.
SAME = 0.5
#: How near to each other they may be then, in parts of the picture: a trial may see only somebody's legs.
NEAR = 0.05


@dataclass(frozen=True, slots=True)
class Journey:
    """One thing's way.

    Attributes:
        places: Where it was, by the number of the picture, in order; pictures between two sightings included.
        seen: Numbers of the pictures in which it was seen.
    """

    places: dict[int, Box]
    seen: tuple[int, ...]

    @property
    def first(self) -> int:
        """Number of its first picture."""
        return next(iter(self.places))

    @property
    def last(self) -> int:
        """Number of its last picture."""
        return next(reversed(self.places))

    @property
    def middles(self) -> list[tuple[float, float]]:
        """Where the middle of it was, picture by picture."""
        return [_middle(box) for box in self.places.values()]

    @property
    def size(self) -> float:
        """Part of the picture's area that it takes, in the middle of its pictures."""
        areas = sorted((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in self.places.values())
        return areas[len(areas) // 2]

    def shown(self, trial: Trial) -> float:
        """Return in which part of the pictures in which it was seen a trial told something there."""
        told = sum(any(_meet(box, self.places[n]) for box in boxes_of(trial, n)) for n in self.seen)
        return told / len(self.seen)

    def explains(self, box: Box, number: int) -> bool:
        """Return whether a region of a picture is this; a picture before and after count too."""
        near = (self.places.get(each) for each in (number, number - 1, number + 1))
        return any(place is not None and _meet(box, place) for place in near)


def boxes_of(trial: Trial, number: int) -> list[Box]:
    """Return the regions of a picture."""
    found: list[Box] = [tuple(box) for box in trial.motions[number].boxes.tolist()]
    return found


def journeys(trial: Trial, times: Sequence[float]) -> tuple[Journey, ...]:
    """Return what travelled by a trial's regions.

    Args:
        times: Seconds of each picture.
    """
    over: list[_Way] = []
    going: list[_Way] = []
    for number, at in enumerate(times):
        lost = [each for each in going if at - times[each.numbers[-1]] > GAP]
        over += lost
        going = [each for each in going if each not in lost]
        going += _linked(going, boxes_of(trial, number), number)
    return tuple(each.journey() for each in (*over, *going) if each.travels(times))


def agreed(found: Sequence[Sequence[Journey]]) -> tuple[Journey, ...]:
    """Return the journeys that several trials found, each once, in their order of time; what one alone saw is noise.

    Args:
        found: Of each trial.
    """
    every = [(number, journey) for number, those in enumerate(found) for journey in those]
    every.sort(key=lambda each: -len(each[1].places))  # the longest stands for those that saw less of it
    kept: list[Journey] = []
    for number, journey in every:
        twice = any(number != other and _same(journey, seen) for other, seen in every)
        if twice and not any(_same(journey, known) for known in kept):
            kept.append(journey)
    return tuple(sorted(kept, key=lambda each: each.first))


# -- linking -------------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class _Way:
    """Regions of which each is near the one before."""

    numbers: list[int]
    boxes: list[Box]

    def ahead(self, number: int) -> tuple[float, float]:
        """Return where its middle should be in a later picture, at the speed that it had."""
        (x0, y0), (x1, y1) = _middle(self.boxes[-RECENT:][0]), _middle(self.boxes[-1])
        steps = (number - self.numbers[-1]) / max(1, self.numbers[-1] - self.numbers[-RECENT:][0])
        return x1 + (x1 - x0) * steps, y1 + (y1 - y0) * steps

    def travels(self, times: Sequence[float]) -> bool:
        if len(self.numbers) < SIGHTINGS or times[self.numbers[-1]] - times[self.numbers[0]] < SECONDS:
            return False
        middles = np.array([_middle(box) for box in self.boxes])
        far = np.hypot(*(middles - middles[0]).T)
        top = int(far.argmax())
        steps = np.hypot(*np.diff(middles[: top + 1], axis=0).T)
        own = float(np.median([max(x1 - x0, y1 - y0) for x0, y0, x1, y1 in self.boxes]))
        return float(far[top]) >= max(FAR, OWN * own, STRAIGHT * float(steps.sum()))

    def journey(self) -> Journey:
        numbers = np.arange(self.numbers[0], self.numbers[-1] + 1)
        sides = [np.interp(numbers, self.numbers, side) for side in np.array(self.boxes).T]
        pairs = zip(numbers.tolist(), np.array(sides).T.tolist(), strict=True)
        return Journey({n: tuple(box) for n, box in pairs}, tuple(self.numbers))


def _linked(going: Sequence[_Way], boxes: Sequence[Box], number: int) -> list[_Way]:
    """Give each way the region that is nearest to its end; return those that begin."""
    pairs = sorted(_pairs(going, boxes, number), key=lambda each: each[0])
    ways, taken = set[int](), set[int]()
    for _, way, box in pairs:
        if way not in ways and box not in taken:
            ways.add(way)
            taken.add(box)
            going[way].numbers.append(number)
            going[way].boxes.append(boxes[box])
    return [_Way([number], [box]) for place, box in enumerate(boxes) if place not in taken]


def _pairs(going: Sequence[_Way], boxes: Sequence[Box], number: int) -> Iterator[tuple[float, int, int]]:
    """Yield how far a way's end and a region are apart, and which they are, where they may be of the same."""
    for place, way in enumerate(going):
        x, y = way.ahead(number)
        for other, box in enumerate(boxes):
            u, v = _middle(box)
            apart = hypot(x - u, y - v)
            if apart <= REACH * max(_side(way.boxes[-1]), _side(box)) + SLACK:
                yield apart, place, other


def _same(one: Journey, other: Journey) -> bool:
    shared = one.places.keys() & other.places.keys()
    met = sum(_meet(one.places[number], other.places[number], NEAR) for number in shared)
    return met >= SAME * min(len(one.places), len(other.places))


def _meet(one: Box, other: Box, near: float = 0.0) -> bool:
    across = one[0] < other[2] + near and other[0] < one[2] + near
    return across and one[1] < other[3] + near and other[1] < one[3] + near


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _side(box: Box) -> float:
    return max(box[2] - box[0], box[3] - box[1])
