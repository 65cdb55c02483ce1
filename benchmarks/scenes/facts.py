"""Scenes whose lines, zones, speeds and stays are exactly known, and what a detector makes of them.

People, two-wheelers and cars move on flat ground before a camera of some height and tilt; who stops, or starts, does
so at `HASTE` (at first they jumped from standing to 13 m/s, which nothing does, and no tracker can follow). What is
true is reckoned from their bodies' boxes (`scenes.facts_truth`). What is detected has boxes that tremble (each side for
itself, partly as in the picture before), legs that swing, misses, outliers, feet hidden behind a wall, boxes on
nothing. Pure; a seed gives the same scene at every picture rate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import cos, hypot, pi, sin, sqrt
from random import Random

from scenes.actors import Actor, Box, Lens, Point, area, clipped
from scenes.facts_truth import Happened, happened

#: Seconds of a scene.
LONG = 40.0
#: Metres: width across, length along, height.
BODIES = {"person": (0.5, 0.4, 1.7), "two_wheeler": (0.7, 1.7, 1.6), "car": (1.8, 4.3, 1.5)}
#: Metres per second.
PACES = {"person": (0.8, 1.8), "two_wheeler": (3.0, 9.0), "car": (4.0, 14.0)}
#: Metres per second squared, when starting and when halting.
HASTE = 3.0


@dataclass
class Scene:
    """One scene."""

    seed: int
    lens: Lens
    actors: list[Actor]
    lines: dict[str, list[Point]]
    zones: dict[str, list[Point]]
    wall: tuple[float, float, float, float] | None = (
        None  #: hides feet: x0, x1 in the picture, its top, metres away
    )
    ground: tuple[list[Point], float, float] = field(default_factory=lambda: ([], 0.0, 0.0))

    def shown(self, actor: Actor, seconds: float) -> Box | None:
        """Return what of a body is in the picture; None where that is less than half of it, or too little."""
        box = actor.box(self.lens, seconds)
        if box is None:
            return None
        cut = clipped(box)
        whole, left = area(box), area(cut)
        return cut if left >= 0.5 * whole and cut[3] - cut[1] >= 0.03 else None

    @cached_property
    def truth(self) -> list[Happened]:
        """Everything that happens, in no order."""
        return list(happened(self, LONG))

    def feet_hidden(self, actor: Actor, at: float) -> bool:
        """Return whether a wall hides somebody's feet."""
        box = self.shown(actor, at)
        return box is not None and self._hidden(actor, at, box)[3] < box[3] - 0.1 * (box[3] - box[1])

    def pictures(
        self, fps: float, *, tremble: float = 0.025
    ) -> Iterator[tuple[float, list[tuple[int, str, float, Box]]]]:
        """Yield what a detector finds: seconds, and (actor or -1, label, score, box) of each."""
        rng = Random(f"{self.seed} detected at {fps}")
        errors: dict[int, list[float]] = {}
        blind: dict[int, float] = {}
        for k in range(int(LONG * fps)):
            at, found = k / fps, []
            for number, actor in enumerate(self.actors):
                whole = self.shown(actor, at)
                if whole is None:
                    errors.pop(number, None)
                    continue
                box = self._hidden(actor, at, whole)
                error = _error(rng, errors.get(number), 0.5 ** (5 / fps), tremble)
                errors[number] = error
                if rng.random() < 0.1 / fps:
                    blind[number] = at + rng.uniform(0.2, 0.6)
                if at < blind.get(number, 0.0) or rng.random() < 0.05 or area(box) < 0.3 * area(whole):
                    continue
                swing = (
                    0.12 * sin(2 * pi * 2 * at + number)
                    if actor.label == "person" and _walks(actor, at)
                    else 0.0
                )
                found.append(
                    (
                        number,
                        actor.label,
                        min(0.97, max(0.3, rng.gauss(0.72, 0.13))),
                        _shaken(rng, box, error, swing),
                    )
                )
            if rng.random() < 0.02:
                x, y = rng.uniform(0, 0.9), rng.uniform(0.2, 0.8)
                found.append((-1, "person", rng.uniform(0.3, 0.6), (x, y, x + 0.04, y + 0.12)))
            yield at, found

    def _hidden(self, actor: Actor, at: float, box: Box) -> Box:
        """Return what a wall leaves of a box that is further away."""
        where = actor.at(at)
        if self.wall is None or where is None:
            return box
        x0, x1, top, metres = self.wall
        middle = (box[0] + box[2]) / 2
        return (
            (box[0], box[1], box[2], min(box[3], max(top, box[1])))
            if x0 <= middle <= x1 and where[0][1] > metres
            else box
        )


def _walks(actor: Actor, at: float) -> bool:
    found = actor.at(at)
    return found is not None and hypot(*found[1]) > 0.2


def _error(rng: Random, before: list[float] | None, alike: float, tremble: float) -> list[float]:
    fresh = [rng.gauss(0, tremble) for _ in range(4)]
    if before is None:
        return fresh
    return [alike * old + (1 - alike**2) ** 0.5 * new for old, new in zip(before, fresh, strict=True)]


def _shaken(rng: Random, box: Box, error: list[float], swing: float) -> Box:
    """Return a box with its error, in parts of its own size; rarely one that is quite wrong."""
    wide, high = box[2] - box[0], box[3] - box[1]
    if rng.random() < 0.01:
        error = [each + rng.gauss(0, 0.12) for each in error]
    return clipped((
        box[0] + (error[0] - swing / 2) * wide, box[1] + error[1] * high,
        box[2] + (error[2] + swing / 2) * wide, box[3] + error[3] * high,
    ))  # fmt: skip


# -- who does what -----------------------------------------------------------------------------------


def scene(seed: int) -> Scene:
    """Draw a scene."""
    rng = Random(f"scene {seed}")
    height = rng.choice((2.6, 3.5, 5.0, 7.0))
    lens = Lens(height, rng.uniform(14, 24) if height < 4 else rng.uniform(22, 36), rng.uniform(60, 95))
    near, far = reach(lens)
    middle = (near + min(far, near + 16)) / 2
    spans = [(rng.uniform(near + 1.5, middle), 1.0), (rng.uniform(near + 2, middle), rng.uniform(0.4, 0.8))]
    drawn = [
        [(-5 * part + rng.uniform(-1, 1), y + rng.uniform(-1, 1)), (5 * part, y + rng.uniform(-1, 1))]
        for y, part in spans
    ]
    drawn.append([(rng.uniform(-1.5, 1.5), near + 1), (rng.uniform(-1.5, 1.5), near + 10)])
    rooms = [_room(rng, near, middle) for _ in range(2)]
    actors = [actor for number in range(6) for actor in [_actor(rng, number, near, middle, drawn)]]
    lines = {f"line-{k}": [_picture(lens, *spot) for spot in line] for k, line in enumerate(drawn)}
    zones = {f"zone-{k}": [_picture(lens, *spot) for spot in room] for k, room in enumerate(rooms)}
    wall = None
    if rng.random() < 0.3:
        x = rng.uniform(0.1, 0.7)
        wall = (x, x + rng.uniform(0.08, 0.2), _picture(lens, 0, middle + 1)[1], middle)
    a = near + 1
    corners = [_picture(lens, *spot) for spot in ((-1.5, a), (1.5, a), (1.5, a + 8), (-1.5, a + 8))]
    return Scene(seed, lens, actors, lines, zones, wall, (corners, 3.0, 8.0))


def reach(lens: Lens) -> tuple[float, float]:
    """Return from where to where the ground is seen, in metres."""
    ys = [y / 4 for y in range(4, 200) if (spot := lens.seen(0, y / 4, 0)) and 0.05 <= spot[1] <= 0.98]
    return ys[0], ys[-1]


def _picture(lens: Lens, x: float, y: float) -> Point:
    spot = lens.seen(x, y, 0.0)
    assert spot is not None
    return min(max(spot[0], 0.0), 1.0), min(max(spot[1], 0.0), 1.0)


def _room(rng: Random, near: float, middle: float) -> list[Point]:
    x, y = rng.uniform(-4, 1), rng.uniform(near + 0.5, middle)
    wide, long = rng.uniform(2.5, 5), rng.uniform(3, 6)
    return [
        (x, y),
        (x + wide, y + rng.uniform(-0.5, 0.5)),
        (x + wide, y + long),
        (x + rng.uniform(-0.5, 0.5), y + long),
    ]


def _actor(rng: Random, number: int, near: float, middle: float, lines: list[list[Point]]) -> Actor:
    label = rng.choice(("person", "person", "person", "two_wheeler", "car")) if number else "person"
    body = tuple(each * rng.uniform(0.9, 1.1) for each in BODIES[label])
    pace = rng.uniform(*PACES[label])
    kind = (
        rng.choice(("through", "stop", "fro", "back", "stand", "along"))
        if label == "person"
        else rng.choice(("through", "through", "stop"))
    )
    (x0, y0), (x1, y1) = rng.choice(lines)
    part = rng.uniform(0.25, 0.75)
    on, length = (x0 + part * (x1 - x0), y0 + part * (y1 - y0)), hypot(x1 - x0, y1 - y0)
    off = (-(y1 - y0) / length, (x1 - x0) / length)
    start = rng.uniform(0.0, 12.0)

    def beside(metres: float, along: float = 0.0) -> Point:
        return on[0] + off[0] * metres + off[1] * along, on[1] + off[1] * metres - off[0] * along

    sign = rng.choice((-1, 1))
    if kind == "stand":  # on or right beside the line, swaying
        place = sign * rng.uniform(0.05, 0.3)
        legs = [(beside(place + rng.uniform(-0.03, 0.03)), 1.5) for _ in range(14)]
        return Actor(label, _timed(start, legs), (body[0], body[1], body[2]))
    if kind == "along":
        place = sign * rng.uniform(0.15, 0.8)
        stops = [(beside(place, -6), 0.0), (beside(place, 6), 0.0)]
    elif kind in ("fro", "back"):
        over = pace * (rng.uniform(0.15, 0.4) if kind == "fro" else rng.uniform(1.2, 2.5))
        stops = [
            (beside(-4 * sign), 0.0),
            (beside(over * sign), 0.0 if kind == "fro" else rng.uniform(0.5, 6)),
            (beside(-4 * sign, 1), 0.0),
        ]
    else:
        angle = rng.uniform(-0.7, 0.7)
        far = 14.0 if label == "car" else 7.0
        one, other = (
            beside(-far * sign * cos(angle), -far * sin(angle)),
            beside(far * sign * cos(angle), far * sin(angle)),
        )
        stops = [(one, 0.0), (other, 0.0)]
        if kind == "stop":
            mid = rng.uniform(0.35, 0.65)
            halt = (one[0] + mid * (other[0] - one[0]), one[1] + mid * (other[1] - one[1]))
            stops.insert(1, (halt, rng.uniform(5, 14)))
    return Actor(label, walked(start, stops, pace), (body[0], body[1], body[2]))


def _timed(start: float, legs: list[tuple[Point, float]]) -> tuple[tuple[float, float, float], ...]:
    way, at = [], start
    for (x, y), seconds in legs:
        way.append((at, x, y))
        at += seconds
    return tuple(way)


def walked(
    start: float, stops: list[tuple[Point, float]], pace: float
) -> tuple[tuple[float, float, float], ...]:
    """Return a way over spots, resting at each for so many seconds."""
    way: list[tuple[float, float, float]] = []
    at = start
    for (x, y), rest in stops:
        y = max(y, 1.0)
        way += (
            _leg(way[-1], (x, y), pace, len(way) > 1 and way[-1][1:] == way[-2][1:], rest > 0)
            if way
            else [(at, x, y)]
        )
        at = way[-1][0] + rest
        if rest:
            way.append((at, x, y))
    return tuple(way)


def _leg(
    start: tuple[float, float, float], end: Point, pace: float, rested: bool, rests: bool
) -> list[tuple[float, float, float]]:
    """Return a straight way in pieces: who has rested gathers speed, and who will rest loses it."""
    at, x, y = start
    far, pieces = hypot(end[0] - x, end[1] - y), 20 if rested or rests else 1
    way = []
    for k in range(pieces):
        part = (k + 0.5) / pieces
        free = [sqrt(2 * HASTE * far * off) for off, slow in ((part, rested), (1 - part, rests)) if slow]
        at += far / pieces / min(pace, *free, pace) or 0.01 / pieces
        done = (k + 1) / pieces
        way.append((at, x + done * (end[0] - x), y + done * (end[1] - y)))
    return way
