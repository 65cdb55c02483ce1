"""Objects followed over time: one object, one track.

Tracking by detection after SORT (Bewley et al., *Simple online and realtime tracking*, ICIP 2016): predict
with constant velocity, associate, begin and end. From ByteTrack (Zhang et al., ECCV 2022): sure
detections first, then what is left of the tracks is continued by doubtful ones, which never begin a
track. From StrongSORT and its kin: what is compared is place, size, colour and label together, as likelihoods
(`likeness`), and the best matching of all is taken, not the best pair first (`assignment`). What lies on an object that
was just seen is evidence for it, not another object (`kinship`). Time is a parameter; nothing here asks a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from engine.vision.boxes import Box, area, overlap, shared
from engine.vision.model import Boxes, Detections, Track
from engine.vision.tracking.assignment import assigned
from engine.vision.tracking.company import TOGETHER, Company
from engine.vision.tracking.followed import VISIBLE, Followed, Seen
from engine.vision.tracking.kinematics import centre
from engine.vision.tracking.kinship import (
    PART,
    RIDER,
    STRANGE,
    TWICE,
    is_changed,
    is_cut,
    is_one,
    is_part,
    taken_for,
)
from engine.vision.tracking.likeness import LIMIT, Forecast

#: What it costs a track to be new: who is known goes first.
NEW = 1.0
#: Cost from which on a doubtful detection is nobody's.
DOUBTFUL = 6.0
#: Seconds after which a track may be told: few pictures in a row prove nothing when they come fast.
SETTLED = 0.4
#: The same of what is plainly there: sure, and moving.
PLAIN = 0.2
#: What is seldom still for long.
LIVING = frozenset({"person", "two_wheeler", "animal"})
#: How far up from the least score to 1 the mean is of what is believed though it does not move.
SURE = 0.3
#: Seconds after which a track ends even if nobody could look where it was.
FORGOTTEN = 60.0
#: Most new objects in one picture that a close look is asked for.
UNCLEAR = 2
#: Seconds in which nobody had a close look, after which a track is told without.
UNSEEN = 1.0


@dataclass(frozen=True, slots=True)
class Tracked:
    """What one picture makes of all objects.

    Attributes:
        tracks: Told objects: seen now, or predicted for a moment.
        ended: Those that had been told, and ended with this picture.
        unknown: Those that had been told, and that nobody could look for.
    """

    tracks: tuple[Track, ...]
    ended: tuple[Track, ...]
    unknown: tuple[Track, ...] = ()


class Tracker:
    """Follows one camera's objects; owned by one thread.

    Args:
        score: Least score of a detection that may begin a track; half of it continues one.
        confirm: Sightings after which a track is told.
        silence: Seconds without a sighting, though looked for, after which it ends. It is not told for so long,
            but who comes out behind a pillar by then is still himself.

    Attributes:
        doubted: Close looks at something new that did not show it (counter).
    """

    def __init__(self, *, score: float = 0.45, confirm: int = 3, silence: float = 2.0) -> None:
        self._score, self._confirm, self._silence = score, confirm, silence
        self._sure = score + SURE * (1 - score) if score else 0.0
        self._live: list[Followed] = []
        self._company = Company()
        self._next = 1
        self.doubted = 0

    def update(
        self, at: float, detections: Detections, looked: Boxes, moving: Boxes | None = None
    ) -> Tracked:
        """Take one picture's detections in.

        Args:
            at: Seconds on any clock that never runs back.
            detections: Detections of this picture.
            looked: Parts of the picture that were looked at, (n, 4): elsewhere, absence means nothing.
            moving: Where something moved, (n, 4); None: nobody knows.
        """
        seen = [each for each in _taken_out(detections, self._score) if each.score >= self._score / 2]
        sure = [each for each in seen if each.score >= self._score]
        parts = [each for each in sure if any(_is_shown_by(each, other) for other in sure)]
        left = parts + self._continue(at, self._live, [each for each in sure if each not in parts], LIMIT)
        fresh = [track for track in self._live if track.fresh(at) or track.steady(at)]
        left += self._continue(at, fresh, [each for each in seen if each.score < self._score], DOUBTFUL)
        for each in self._absorb(at, left):
            if each.score >= self._score:
                self._begin(at, each)
        if len(looked):
            self.doubted += sum(track.doubt(at) for track in self._live)
        self._look(at, looked.tolist(), None if moving is None else moving.tolist())
        over = self._fuse(at) + self._end(at)
        if over:
            self._company.forget(self._live)
        return self._tell(at, over)

    def restless(self, at: float) -> bool:
        """Return whether anything must be watched on: it is new and not told yet, or goes somewhere."""
        return any(track.restless(at) for track in self._live)

    def due(self, at: float) -> Boxes:
        """Return where somebody should look now, although nothing need move there. Asking is remembered."""
        boxes = [track.whereabouts(at) for track in self._live if track.ask(at)]
        return np.array(boxes, np.float32).reshape(-1, 4)

    def unclear(self, at: float) -> Boxes:
        """Return where something new should be looked at closely now, before it is told. Asking is remembered."""
        new = [track for track in self._live if track.unclear(at)]
        new = sorted(new, key=lambda track: (track.doubts, track.born, track.id))[:UNCLEAR]
        for track in new:
            track.examined_at = at
        return np.array([track.whereabouts(at) for track in new], np.float32).reshape(-1, 4)

    def _continue(self, at: float, among: list[Followed], seen: list[Seen], limit: float) -> list[Seen]:
        """Match detections to tracks not seen yet; return the detections that are left."""
        tracks = [track for track in among if track.seen_at < at] if seen else []
        pairs = assigned(_costs(tracks, seen, at, limit), limit)
        for row, column in pairs:
            tracks[row].see(seen[column], at)
        taken = {column for _, column in pairs}
        return [each for column, each in enumerate(seen) if column not in taken]

    def _absorb(self, at: float, seen: list[Seen]) -> list[Seen]:
        """Let what lies on an object speak for it; return the detections that are left, the largest first."""
        largest = sorted(seen, key=lambda one: (-area(one.box), one.box))
        return [each for each in largest if not self._is_known(each, at)]

    def _is_known(self, seen: Seen, at: float) -> bool:
        hosts = [track for track in self._live if track.fresh(at) and self._is_host(track, seen, at)]
        if not hosts:
            return False
        host = min(hosts, key=lambda track: _strangeness(track, seen, at))
        host.clear |= seen.close
        outgrown = host.label == seen.label and seen.score >= self._score
        if host.seen_at == at and not (outgrown and is_part(host.box(at), seen.box)):
            host.ballot.vote(seen.label, seen.score, at)
        elif outgrown and area(seen.box) >= PART * area(host.box(at)):
            if len(hosts) > 1:  # it holds two: they may be two indeed
                return False
            host.outgrow(seen, at)
        else:
            host.glimpse(seen, at)
        return True

    @staticmethod
    def _is_host(track: Followed, seen: Seen, at: float) -> bool:
        here = track.box(at)
        if not shared(here, seen.box):
            return False
        changed = track.seen_at < at and is_changed(seen.label, seen.box, track.label, here)
        return changed or is_one(seen.label, seen.box, track.label, here)

    def _begin(self, at: float, seen: Seen) -> None:
        if self._is_known(seen, at):  # one that began before it, in this picture
            return
        track = Followed(self._next, seen, at)
        self._company.meet(track, self._live)
        self._live.append(track)
        self._next += 1

    def _look(self, at: float, parts: list[Box], moving: list[Box] | None) -> None:
        """Let every track know what this picture says of it beside detections."""
        for track in self._live:
            track.looked(at, parts)
            if moving is not None and track.seen_at == at:
                track.watch(at, moving)

    def _fuse(self, at: float) -> list[Followed]:
        """Drop what has long gone together with another as its part, its double, or its rider."""
        over = self._company.lesser(at, [track for track in self._live if track.seen_at == at])
        self._live = [track for track in self._live if track not in over]
        return over

    def _end(self, at: float) -> list[Followed]:
        """Drop what was looked for and not found, and what nobody could look for too long."""
        over = [track for track in self._live if self._is_over(track, at)]
        self._live = [track for track in self._live if track not in over]
        return over

    def _is_over(self, track: Followed, at: float) -> bool:
        silent = at - track.seen_at
        if not track.told and track.overlooked(at):
            return True
        brief = not track.told or track.inside(at) < VISIBLE
        patience = SETTLED if brief else self._silence
        return (track.misses >= 2 and silent > patience) or silent > FORGOTTEN

    def _demote(self, at: float) -> list[Track]:
        """End what was told and turned out to be a pattern on the wall; it is followed on, and told no more."""
        over = []
        for track in self._live:
            if track.told and track.seen_at == at and not self._is_credible(track, at):
                over.append(track.last(at))
                track.told, track.distrusted, track.id = False, True, self._next
                self._next += 1
        return over

    def _is_credible(self, track: Followed, at: float) -> bool:
        return track.credible(at, self._sure if track.label in LIVING else self._score)

    def _tell(self, at: float, gone: Sequence[Followed]) -> Tracked:
        over = [track.last(at) for track in gone if track.told] + self._demote(at)
        for track in self._live:
            if not track.told and self._is_proven(track, at):
                _settle(track)
                track.told = True
            track.unknown |= track.told and track.overlooked(at)
        known = [track for track in self._live if track.told and not track.unknown]
        seen = [track for track in known if track.seen_at == at]
        told = [track for track in known if track.seen_at == at or self._is_predicted(track, seen, at)]
        return Tracked(
            tuple(track.track(at) for track in told),
            tuple(over),
            tuple(track.last(at) for track in self._live if track.told and track.unknown),
        )

    def _is_proven(self, track: Followed, at: float) -> bool:
        """Return whether a track was seen often and long enough to be told."""
        if track.seen_at < at or not (self._is_settled(track, at) or self._is_plain(track, at)):
            return False
        if not self._is_credible(track, at) or self._company.shadows(track):
            return False
        if not track.clear and (track.doubts or at - track.born < UNSEEN):
            return False
        if not track.went and track.scores < self._sure * track.sightings and at - track.born < TOGETHER:
            return False
        return at - track.born > TOGETHER or not any(
            _is_beside(track, other, at) for other in self._live if other.told
        )

    def _is_settled(self, track: Followed, at: float) -> bool:
        return track.sightings >= self._confirm and at - track.born >= SETTLED - 1e-6

    def _is_plain(self, track: Followed, at: float) -> bool:
        """Return whether a track is sure, and stirred in every picture, so that fewer sightings will do."""
        sure = track.scores >= self._sure * track.sightings and track.stirs == track.watched
        return sure and track.sightings >= self._confirm - 1 and at - track.born >= PLAIN - 1e-6

    @staticmethod
    def _is_predicted(track: Followed, seen: Sequence[Followed], at: float) -> bool:
        """Return whether an unseen track is told: not where another one is seen in its place."""
        here = track.box(at)
        return track.predictable(at) and not any(
            taken_for(track.label, other.label) < STRANGE and overlap(here, other.box(at)) >= TWICE
            for other in seen
        )


def _settle(track: Followed) -> None:
    """Let an object first be told by the label with most votes; a rider and his machine by that of the larger box."""
    if frozenset({track.label, track.ballot.leader}) != RIDER:
        track.ballot.label = track.ballot.leader


def _is_shown_by(part: Seen, whole: Seen) -> bool:
    """Return whether a detection is but a part of another one."""
    return (
        taken_for(part.label, whole.label) < STRANGE
        and is_part(part.box, whole.box)
        and is_cut(part.box, whole.box)
    )


def _strangeness(track: Followed, seen: Seen, at: float) -> tuple[float, float, int]:
    """Return by what the object is chosen for which a detection speaks that lies on several."""
    colours = track.forecast(at).colour_cost(seen.box, seen.colour)
    return colours, -overlap(track.box(at), seen.box), track.id


def _is_beside(track: Followed, other: Followed, at: float) -> bool:
    """Return whether a new track may be but a shadow of another."""
    return taken_for(track.label, other.label) < STRANGE and overlap(track.box(at), other.box(at)) >= 0.3


def _costs(
    tracks: Sequence[Followed], seen: Sequence[Seen], at: float, limit: float
) -> dict[tuple[int, int], float]:
    """Return what speaks against a detection being a track's, of the pairs where that is less than a limit.

    Most detections are far from most tracks: those are passed by before anything else is asked.
    """
    costs = {}
    middles = [centre(each.box) for each in seen]
    for row, track in enumerate(tracks):
        expected = track.forecast(at)
        x, y, reach = expected.x, expected.y, 8 * limit * expected.spread
        for column, (u, v) in enumerate(middles):
            if (x - u) ** 2 + (y - v) ** 2 < reach:
                found = _cost(track, expected, seen[column], limit)
                if found < limit:
                    costs[row, column] = found
    return costs


def _cost(track: Followed, expected: Forecast, seen: Seen, limit: float) -> float:
    """Return what speaks against a detection being a track's; infinite from the limit on."""
    found = taken_for(track.label, seen.label) + (0.0 if track.told else NEW) + expected.cost(seen.box)
    return found + expected.colour_cost(seen.box, seen.colour) if found < limit else inf


def _taken_out(found: Detections, sure: float) -> list[Seen]:
    close = np.ones(len(found), bool) if found.close is None else found.close
    colours = [None] * len(found) if found.colours is None else map(tuple, found.colours.tolist())
    near = (close & (found.scores >= sure)).tolist()
    rows = zip(found.boxes.tolist(), found.labels.tolist(), found.scores.tolist(), colours, near, strict=True)
    return [
        Seen((box[0], box[1], box[2], box[3]), found.names[label], score, colour, clear)
        for box, label, score, colour, clear in rows
    ]
