"""One object as it is followed: what was seen of it, when, and whether that is enough to tell it."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf

from engine.vision.boxes import Box, area, overlap, shared
from engine.vision.model import Track
from engine.vision.tracking.ballot import Ballot
from engine.vision.tracking.kinematics import HORIZON, SIZE, Kinematics
from engine.vision.tracking.kinship import UNCLASSIFIED, completed, is_cut
from engine.vision.tracking.likeness import Colour, Forecast, forecast

#: Seconds that a missed object is told where it should be, but no longer than half of the time it was seen.
PREDICTED = 0.7
#: Part of a track that must have been looked at for its absence to count.
LOOKED = 0.5
#: Least overlap with its resting place of an object that rests.
STILL = 0.7
#: Least and most seconds between two looks at an object that rests.
RECHECK = (1.0, 8.0)
#: First and longest wait after a look that nobody had time for; it doubles.
PATIENCE = (0.25, 8.0)
#: Seconds beyond its due look after which nobody knows whether it is still there.
UNKNOWN_AFTER = 2.0
#: Seconds without a sighting of the whole after which its part is all there is.
GLIMPSED = 2.0
#: Part of the picture that is its rim; seconds in which the size follows of what reaches there: it is coming in.
RIM, ENTERS = 0.005, 0.06
#: Seconds in which its colour follows, and that one sighting counts for at most.
FADE, LESSON = 1.0, 0.2
#: Part of an object that must be in the picture for it to be there.
VISIBLE = 0.5
#: Least part of an object in which something moves for it to stir, and seconds without, after which it is distrusted.
STIRS, DISTRUST = 0.3, 5.0
#: How far, in its own widths and heights, what moves has gone: boxes of what stands waver by less.
WENT = (0.5, 0.3)
#: Seconds after which a thing that never moved may be believed, if its detections were sure enough.
STEADY = 2.0
#: Seconds from a close look that did not show it to the next one.
EXAMINE = 0.4
#: Seconds in one place after which it rests, and for which what is not told yet is waited for.
RESTS, WAITS = 1.0, 5.0
#: Sightings that are kept until it is told.
WAY = 16
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """One detection, taken out of its arrays."""

    box: Box
    label: str
    score: float
    colour: Colour | None = None
    close: bool = True  #: surely, and as well as it can be


class Followed:
    """A track's inside.

    Args:
        id: Its number.
        seen: Its first sighting.
        at: When.
    """

    def __init__(self, id: int, seen: Seen, at: float) -> None:
        self.id, self.born, self.sightings, self.misses = id, at, 0, 0
        self.kinematics = Kinematics.of(seen.box, at)
        self.ballot, self.colour = Ballot(seen.label), seen.colour
        self.rest, self.moved_at, self.home, self.went = seen.box, at, seen.box, False
        self.stirs, self.watched, self.stirred_at, self.distrusted = 0, 0, at, False
        self.scores = 0.0
        self.seen_at = self.looked_at = self.whole_at = at
        self.asked_at, self.wait = -1.0, 0.0
        self.told = self.unknown = self.clear = False
        self.examined_at, self.doubts = -inf, 0
        self.way: tuple[tuple[float, Box], ...] = ()
        self._note(seen, at)

    @property
    def label(self) -> str:
        """What it is called."""
        return self.ballot.label

    def box(self, at: float) -> Box:
        """Where it should be."""
        return self.kinematics.box(at)

    def forecast(self, at: float) -> Forecast:
        """Where its next sighting is expected, and how it looks."""
        return forecast(self.kinematics, at, self.colour, melting=self.label == UNCLASSIFIED)

    def see(self, seen: Seen, at: float) -> None:
        """Take a sighting in."""
        if is_cut(seen.box, self.box(at)):
            self.glimpse(seen, at)
            return
        self.kinematics.see(seen.box, at, follow=ENTERS if _is_at_rim(seen.box) else SIZE)
        self.whole_at = at
        self._tint(seen.colour, at)
        self._note(seen, at)
        self.went |= _is_far(self.home, self.box(at))

    def glimpse(self, seen: Seen, at: float) -> None:
        """Take in that a part of it was seen; what is seen alone for long is no part."""
        if at - self.whole_at > min(GLIMPSED, 2 * (self.whole_at - self.born)):
            self.outgrow(seen, at)
            return
        self.kinematics.see(completed(seen.box, self.box(at)), at, doubt=2.0)
        self._note(seen, at)

    def outgrow(self, seen: Seen, at: float) -> None:
        """Take in that what was followed was but a part of what is seen now."""
        self.kinematics.restart(seen.box, at)
        self.rest = self.home = seen.box
        self.whole_at = at
        self._note(seen, at)

    def looked(self, at: float, parts: list[Box]) -> None:
        """Take in where was looked in this picture, after its sightings."""
        if self.seen_at < at:
            here = self.whereabouts(at)
            if not any(shared(here, part) >= LOOKED * area(here) for part in parts):
                return
            self.misses += 1
        self.looked_at, self.wait = at, 0.0

    def watch(self, at: float, moving: list[Box]) -> None:
        """Take in where something moved in a picture in which it was seen."""
        here = self.box(at)
        self.watched += 1
        if sum(shared(here, each) for each in moving) >= STIRS * area(here):
            self.stirs, self.stirred_at = self.stirs + 1, at

    def credible(self, at: float, least: float) -> bool:
        """Return whether it is a thing and no pattern: it went somewhere, stirs where it is, or is sure for long.

        Args:
            at: Now.
            least: Mean score from which on what never moved is believed.
        """
        if self.went or not self.watched:
            return True
        sure = at - self.born >= STEADY - 1e-6 and self.scores >= least * self.sightings
        stirring = self.stirs * 2 >= self.watched or at - self.stirred_at < DISTRUST
        return sure or (stirring and self.stirs > 0 and not self.distrusted)

    def ask(self, at: float) -> bool:
        """Return whether somebody should look where it is, though nothing moves there; remembers asking.

        At once while it was just missed; else after a wait that grows with the time that it has rested: a
        parked car is no work. Where nobody comes it asks ever more rarely: who is overloaded has less to do.
        """
        if at < self._due() or (self.asked_at > self.looked_at and at < self.asked_at + self.wait):
            return False
        if self.asked_at > self.looked_at:
            self.wait = min(self.wait * 2, PATIENCE[1])
        else:
            self.wait = PATIENCE[0]
        if self.unknown:
            self.wait = max(self.wait, 1.0)
        self.asked_at = at
        return True

    def unclear(self, at: float) -> bool:
        """Return whether it is new, nobody has seen it closely, and none did so in vain a moment ago."""
        new = not (self.told or self.clear) and self.fresh(at)
        return new and at - self.examined_at >= (EXAMINE if self.doubts else 0.0) - 1e-6

    def doubt(self, at: float) -> bool:
        """Take in that somebody looked in this picture; return whether a close look was asked for, and was in vain."""
        vain = self.examined_at == at and not self.clear
        self.doubts += vain
        return vain

    def fresh(self, at: float) -> bool:
        """Return whether it was seen a moment ago, or nobody looked since."""
        return not self.misses or at - self.seen_at <= PREDICTED + 1e-6

    def restless(self, at: float) -> bool:
        """Return whether it was just seen, and is not told yet or was elsewhere a moment ago.

        Whom nobody found is looked for wherever his time comes, and what lies on the wall is told at no time.
        """
        if not self.fresh(at) or self.distrusted:
            return False
        waits = not self.told and at - self.born < WAITS
        return waits or (self.told and self._rested() < RESTS)

    def steady(self, at: float) -> bool:
        """Return whether it was told, and its velocity may still be trusted: doubtful sightings may be its own."""
        return self.told and at - self.seen_at <= HORIZON + 1e-6

    def predictable(self, at: float) -> bool:
        """Return whether it is told where it should be: it was seen a moment ago, or nobody looked since."""
        if self.inside(at) < VISIBLE:
            return False
        if not self.misses:
            return not self.overlooked(at)
        return at - self.seen_at <= min(PREDICTED, (self.seen_at - self.born) / 2) + 1e-6

    def whereabouts(self, at: float) -> Box:
        """Return where to look for it: where it should be, or where it was if that is out of the picture."""
        return within(self.box(at if self.inside(at) >= VISIBLE else self.seen_at))

    def inside(self, at: float) -> float:
        """Return how much of it should be in the picture, 0..1."""
        here = self.box(at)
        return shared(here, WHOLE) / max(area(here), 1e-9)

    def overlooked(self, at: float) -> bool:
        """Return whether nobody looked for it for longer than it can be vouched for."""
        return at - self.looked_at > UNKNOWN_AFTER + min(self._rested() / 4, RECHECK[1])

    def track(self, at: float) -> Track:
        """Return what others may know of it while it is there."""
        return self._told(at, self.box(at))

    def last(self, at: float) -> Track:
        """Return what others may know of it when it is gone, or unknown: where it was seen last."""
        return self._told(at, self.box(self.seen_at))

    def _told(self, at: float, where: Box) -> Track:
        return Track(
            self.id,
            self.label,
            self.ballot.score,
            within(where),
            self.kinematics.velocity,
            at - self.born,
            self.sightings,
            self.seen_at < at,
            self.way,
        )

    def _due(self) -> float:
        """Return when it should be looked for, though nothing moves."""
        if self.misses:
            return self.seen_at
        return self.looked_at + min(max(self._rested() / 4, RECHECK[0]), RECHECK[1])

    def _rested(self) -> float:
        return self.seen_at - self.moved_at

    def _note(self, seen: Seen, at: float) -> None:
        self.ballot.vote(seen.label, seen.score, at)
        self.seen_at, self.misses, self.unknown = at, 0, False
        self.clear |= seen.close
        self.sightings += 1
        self.scores += seen.score
        here = self.box(at)
        self.way = () if self.told else (*self.way[1 - WAY :], (at, within(here)))
        if overlap(here, self.rest) < STILL:
            self.rest, self.moved_at = here, at

    def _tint(self, colour: Colour | None, at: float) -> None:
        if colour is None or self.colour is None:
            self.colour = self.colour or colour
            return
        gap = min(at - self.seen_at, LESSON)  # who comes out from behind another one has something of his
        gain = max(1 - exp(-gap / FADE), 1 / (self.sightings + 1))
        self.colour = tuple(old + gain * (new - old) for old, new in zip(self.colour, colour, strict=True))


def within(box: Box) -> Box:
    """Return what of a box is in the picture."""
    x0, y0, x1, y1 = (min(max(side, 0.0), 1.0) for side in box)
    return x0, y0, x1, y1


def _is_at_rim(box: Box) -> bool:
    return min(box) < RIM or max(box) > 1 - RIM


def _is_far(home: Box, here: Box) -> bool:
    """Return whether something went from one place to another."""
    across = abs(home[0] + home[2] - here[0] - here[2]) / 2
    down = abs(home[1] + home[3] - here[1] - here[3]) / 2
    return across > WENT[0] * (here[2] - here[0]) or down > WENT[1] * (here[3] - here[1])
