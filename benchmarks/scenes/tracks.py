"""Scenes with exact identities: who walks, rides, stops and hides where, and how much of each is to be seen.

Actors move on a ground plane before one camera 5 m up; nearer ones and pillars hide farther ones. Nothing is
drawn: trackers are compared on boxes. Pure; a seed gives the same scene at every picture rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
Floats = NDArray[np.float64]

#: Metres: height of the camera; its focal length in picture heights; where the horizon lies; width by height.
HIGH, FOCAL, HORIZON, ASPECT = 5.0, 1.2, 0.12, 16 / 9
#: Metres: width and height of each kind as it is seen from the side.
EXTENT = {"person": (0.62, 1.7), "two_wheeler": (1.75, 1.65), "car": (4.2, 1.5), "heavy": (8.0, 3.2)}
#: Metres per second.
SPEEDS = {"person": (0.8, 1.7), "two_wheeler": (3.0, 8.0), "car": (4.0, 9.0), "heavy": (3.0, 7.0)}
#: Depth in metres in which each kind moves.
DEPTHS = {"person": (7.2, 22.0), "two_wheeler": (10.0, 14.0), "car": (11.0, 15.0), "heavy": (12.0, 16.0)}
#: Clothes and paint: Y, U, V.
COLOURS = (
    (60, 128, 128), (205, 128, 128), (120, 128, 128), (90, 110, 190), (80, 170, 115), (150, 90, 150),
    (110, 110, 110), (160, 70, 145), (70, 120, 140), (95, 140, 110),
)  # fmt: skip
#: Samples across and down a box, by which what is hidden of it is found.
GRID = 9
STEP = 1 / 30


@dataclass(frozen=True, slots=True)
class Truth:
    """One actor at one moment: `visible` is the part of its box that nothing hides, 0..1."""

    id: int
    label: str
    box: Box
    visible: float
    colour: Floats


@dataclass(frozen=True, slots=True)
class Actor:
    """One actor: where it stood, (n, 2) metres across and deep, each STEP from `start` on."""

    id: int
    label: str
    start: float
    way: Floats
    size: float
    colour: Floats

    def at(self, t: float) -> tuple[float, float] | None:
        """Return where it stands, or None."""
        step = round((t - self.start) / STEP)
        return (float(self.way[step, 0]), float(self.way[step, 1])) if 0 <= step < len(self.way) else None


def projected(label: str, size: float, x: float, z: float) -> Box:
    """Return an actor's box, which may reach beyond the picture."""
    wide, high = (metres * size for metres in EXTENT[label])
    scale = FOCAL / z
    left, right = (0.5 + (x + side * wide / 2) * scale / ASPECT for side in (-1, 1))
    return left, HORIZON + (HIGH - high) * scale, right, HORIZON + HIGH * scale


def reach(z: float, wide: float) -> float:
    """Return how far across one must be to be out of the picture."""
    return 0.5 * ASPECT * z / FOCAL + wide / 2 + 0.2


@dataclass(frozen=True)
class Scene:
    """Actors and pillars (boxes in the picture with their depth)."""

    seconds: float
    actors: Sequence[Actor]
    pillars: Sequence[tuple[Box, float]]

    def truth(self, t: float) -> list[Truth]:
        """Return who is in the picture with at least a quarter of itself."""
        there = [(each, place) for each in self.actors if (place := each.at(t)) is not None]
        boxes = [projected(each.label, each.size, *place) for each, place in there]
        found = []
        for (actor, place), box in zip(there, boxes, strict=True):
            shown = clipped(box)
            if area(shown) < 0.25 * area(box):
                continue
            before = [_slim(other) for (_, its), other in zip(there, boxes, strict=True) if its[1] < place[1]]
            before += [pillar for pillar, depth in self.pillars if depth < place[1]]
            found.append(Truth(actor.id, actor.label, shown, _visible(shown, before), actor.colour))
        return found


def clipped(box: Box) -> Box:
    """Return the part of a box that lies in the picture."""
    x0, y0, x1, y1 = (min(max(side, 0.0), 1.0) for side in box)
    return x0, y0, x1, y1


def area(box: Box) -> float:
    """Return a box's area."""
    return (box[2] - box[0]) * (box[3] - box[1])


def _slim(box: Box) -> Box:
    """Return what of a box really hides: a body does not fill its corners."""
    margin = 0.1 * (box[2] - box[0])
    return box[0] + margin, box[1], box[2] - margin, box[3]


def _visible(box: Box, before: Sequence[Box]) -> float:
    steps = (np.arange(GRID) + 0.5) / GRID
    xs, ys = box[0] + (box[2] - box[0]) * steps, box[1] + (box[3] - box[1]) * steps
    hidden = np.zeros((GRID, GRID), bool)
    for x0, y0, x1, y1 in before:
        hidden |= ((ys >= y0) & (ys <= y1))[:, None] & ((xs >= x0) & (xs <= x1))[None, :]
    return 1 - float(hidden.mean())


def _walk(
    rng: np.random.Generator, stops: Sequence[tuple[float, float]], speed: float, pause: float, wander: float
) -> Floats:
    """Return a way through stops; at each inner one somebody may stand for up to `pause` seconds."""
    parts = []
    for number, (here, there) in enumerate(pairwise(stops)):
        start, end = np.array(here), np.array(there)
        steps = max(2, round(float(np.linalg.norm(end - start)) / speed / STEP))
        parts.append(start + (end - start) * np.linspace(0, 1, steps)[:, None])
        if number + 2 < len(stops) and pause and rng.random() < 0.5:
            parts.append(np.repeat(end[None], round(rng.uniform(1, pause) / STEP), axis=0))
    way = np.concatenate(parts)
    drift = np.sin(np.arange(len(way))[:, None] * STEP * rng.uniform(0.3, 1.2, 2) + rng.uniform(0, 6, 2))
    smooth = max(1, round(0.4 / STEP))  # nobody turns on a point
    padded = np.pad(way, ((smooth, smooth), (0, 0)), mode="edge")
    kernel = np.ones(2 * smooth + 1) / (2 * smooth + 1)
    way = np.stack([np.convolve(padded[:, axis], kernel, "valid") for axis in (0, 1)], axis=1)
    return np.asarray(way + drift * wander, np.float64)


def _clothes(rng: np.random.Generator, choice: int) -> Floats:
    """Return the brightness and colour of an upper and a lower half."""
    picked = rng.integers(choice, size=2)
    return np.concatenate([np.array(COLOURS[each], float) for each in picked]) + rng.normal(0, 5, 6)


def _stops(rng: np.random.Generator, label: str, side: int, bends: int) -> list[tuple[float, float]]:
    """Return where an actor enters, turns and leaves."""
    low, high = DEPTHS[label]
    wide = EXTENT[label][0]
    z0, z1 = (float(each) for each in rng.uniform(low, high, 2))
    if label != "person":
        z1 = z0
    inner = [
        (float(rng.uniform(-0.7, 0.7)) * reach(z, 0), float(z))
        for z in (rng.uniform(low, high, bends) if label == "person" else [])
    ]
    out = side if bends and rng.random() < 0.3 else -side
    return [(side * reach(z0, wide), z0), *inner, (out * reach(z1, wide), z1)]


def _group(
    rng: np.random.Generator,
    first: int,
    label: str,
    start: float,
    size: int,
    bends: int,
    pause: float,
    choice: int,
) -> list[Actor]:
    """Return some who go together, a step beside or behind each other."""
    stops = _stops(rng, label, 1 if rng.random() < 0.5 else -1, bends)
    way = _walk(rng, stops, float(rng.uniform(*SPEEDS[label])), pause, 0.15 if label == "person" else 0.0)
    made = []
    for number in range(size):
        aside = np.array(
            [rng.uniform(0.5, 0.9) * number * (-1) ** number, rng.uniform(-0.7, 0.7) * (number > 0)]
        )
        own = way + aside + 0.12 * np.sin(np.arange(len(way))[:, None] * STEP * rng.uniform(0.5, 1.5))
        own[:, 1] = own[:, 1].clip(7.0)
        height = float(rng.uniform(0.9, 1.1))
        made.append(Actor(first + number, label, start, own, height, _clothes(rng, choice)))
    return made


@dataclass(frozen=True, slots=True)
class Cast:
    """What a scene is made of.

    Attributes:
        every: Seconds between two entrances, in the mean.
        kinds: Label and weight of who enters.
        groups: Most who enter together.
        bends: Most turns on the way; pause: most seconds of standing at each.
        pillars: Things that hide what is behind them.
        colours: From how many colours clothes are chosen: few make people alike.
    """

    every: float
    kinds: tuple[tuple[str, float], ...]
    groups: int = 1
    bends: int = 2
    pause: float = 4.0
    pillars: int = 0
    colours: int = len(COLOURS)


CASTS = {
    "street": Cast(1.6, (("person", 5), ("two_wheeler", 3), ("car", 2), ("heavy", 1)), groups=2),
    "pillars": Cast(2.0, (("person", 4), ("two_wheeler", 1)), pillars=4),
    "alike": Cast(2.8, (("person", 1),), groups=2, colours=2),
    "crowd": Cast(4.0, (("person", 1),), groups=4, bends=1, pause=3.0),
}


def scene(name: str, seed: int, seconds: float = 40.0) -> Scene:
    """Return one of `CASTS`' scenes."""
    cast = CASTS[name]
    rng = np.random.default_rng((seed, sorted(CASTS).index(name)))
    labels = [label for label, _ in cast.kinds]
    weights = np.array([weight for _, weight in cast.kinds], float)
    actors: list[Actor] = []
    start = -8.0
    while start < seconds - 4:
        label = labels[int(rng.choice(len(labels), p=weights / weights.sum()))]
        size = int(rng.integers(1, cast.groups + 1)) if label == "person" else 1
        bends = int(rng.integers(cast.bends + 1))
        actors += _group(rng, len(actors) + 1, label, start, size, bends, cast.pause, cast.colours)
        start += float(rng.exponential(cast.every))
    pillars = []
    for _ in range(cast.pillars):
        x, z = float(rng.uniform(0.1, 0.9)), float(rng.uniform(7.5, 10))
        pillars.append(((x, 0.0, x + float(rng.uniform(0.02, 0.06)), 1.0), z))
    return Scene(seconds, actors, pillars)
