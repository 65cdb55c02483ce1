"""Scenes of bags that are put down, left, passed by and taken away, with exact answers.

Somebody brings a bag (seen from then on), stays with it or goes on; others pass behind it, before it (hiding it for a
moment) or far off; in the end it is taken, or stands there still. True is what docs/reference/rules.md says of exact
positions: it is *left* while it has stood, with nobody near, for so long; *removed* when it is gone after that it had
stood so long. Near is as `rules.trajectory` has it: 2.5 of a person's own sizes. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from random import Random

from scenes.actors import ASPECT, Actor, Box, Lens, area
from scenes.facts import BODIES, LONG, Scene, reach, walked
from scenes.facts_truth import FINE, Happened

from rules.boundary import size_of
from rules.geometry import distance, foot
from rules.trajectory import NEAR_SIZES

#: Seconds after which a bag is left, and its going is a removal.
LEFT = 5.0
#: Metres: width across, length along, height.
BAG = (0.45, 0.3, 0.5)
#: Part of a bag that must be hidden for it to be lost.
HIDDEN = 0.6


@dataclass
class Belongings(Scene):
    """A scene whose last actor is a bag."""

    @cached_property
    def truth(self) -> list[Happened]:
        """When it came to be left, and when it was removed."""
        number = len(self.actors) - 1
        way = self.actors[number].way
        told = [Happened("left", "left", number, at, (at, at)) for at in self._left(way[0][0], way[-1][0])]
        if way[-1][0] - way[0][0] >= LEFT and way[-1][0] < LONG - 2:
            told.append(Happened("removed", "removed", number, way[-1][0], (way[-1][0],) * 2))
        return told

    def _left(self, first: float, last: float) -> Iterator[float]:
        alone, was = first, False
        for k in range(int(first / FINE) + 1, int(min(last, LONG) / FINE)):
            at = k * FINE
            if self._accompanied(at):
                alone = at
            now = at - alone >= LEFT
            if now and not was:
                yield at
            was = now

    def _accompanied(self, at: float) -> bool:
        *people, bag = (self.shown(actor, at) for actor in self.actors)
        return bag is not None and any(
            distance(foot(bag), foot(box), ASPECT) <= NEAR_SIZES * size_of(box, ASPECT)
            for box in people
            if box
        )

    def _hidden(self, actor: Actor, at: float, box: Box) -> Box:
        """Return what a nearer person leaves of a bag: all, or nothing."""
        found = actor.at(at)
        for other in self.actors[:-1] if actor is self.actors[-1] and found else ():
            where, before = other.at(at), self.shown(other, at)
            if where and before and where[0][1] < found[0][1] and _covers(before, box):
                return box[0], box[1], box[0], box[1]
        return box


def _covers(before: Box, box: Box) -> bool:
    shared = max(before[0], box[0]), max(before[1], box[1]), min(before[2], box[2]), min(before[3], box[3])
    return shared[0] < shared[2] and shared[1] < shared[3] and area(shared) >= HIDDEN * area(box)


def belongings(seed: int) -> Belongings:
    """Draw a scene."""
    rng = Random(f"belongings {seed}")
    lens = Lens(rng.uniform(2.6, 5.0), rng.uniform(18, 32), rng.uniform(60, 95))
    x, y = rng.uniform(-1.5, 1.5), reach(lens)[0] + rng.uniform(1.5, 4.0)
    side, start = rng.choice((-1, 1)), rng.uniform(0.0, 3.0)
    kept = rng.random() < 0.3
    stay = rng.uniform(18, 24) if kept else rng.uniform(1.0, 4.0)

    def person(at: float, deep: float, rest: float = 0.0, sign: int = 1) -> Actor:
        stops = [((x - 5 * sign, y + deep), 0.0), ((x + 5 * sign, y + deep), 0.0)]
        if rest:
            stops.insert(1, ((x - 0.6 * sign, y + deep), rest))
        body = [each * rng.uniform(0.9, 1.1) for each in BODIES["person"]]
        return Actor("person", walked(at, stops, rng.uniform(0.9, 1.5)), (body[0], body[1], body[2]))

    owner = person(start, 0.3, stay, side)
    put = next(at for at, *spot in owner.way if spot[0] == x - 0.6 * side) + 0.3
    people = [owner, person(put + rng.uniform(7, 12), rng.choice((-0.7, 0.8, 6.0)), 0.0, rng.choice((-1, 1)))]
    end = put + stay - 0.5 if kept else LONG + 1
    if not kept and rng.random() < 0.6:
        thief = person(put + rng.uniform(11, 20), 0.3, 1.5, -side)
        people.append(thief)
        end = next(at for at, *spot in thief.way if spot[0] == x + 0.6 * side) + 0.8
    bag = Actor("bag", ((put, x, y), (end, x, y)), BAG)
    return Belongings(seed, lens, [*people, bag], {}, {})
