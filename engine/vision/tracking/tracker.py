"""Objects followed over time.

Tracking by detection after SORT (Bewley et al., *Simple online and realtime tracking*, ICIP 2016):
predict with constant velocity, associate by overlap. From ByteTrack (Zhang et al., ECCV 2022): sure
detections first, then what is left of the tracks is continued by doubtful ones, which never begin a
track. From C-BIoU (Yang et al., WACV 2023): boxes are enlarged before they are compared, so that at five
pictures per second a fast object, whose boxes no longer touch, is still itself. Association is greedy,
best overlap first: deterministic, and as good as the Hungarian method where few boxes compete. The filter
is alpha-beta, a Kalman filter with constant gains. Time is a parameter; nothing here asks a clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.vision.boxes import Box, area, grown, overlap, shared
from engine.vision.model import Boxes, Detections, Track

ORIGIN: Box = (0.0, 0.0, 0.0, 0.0)
#: Enlargement (part of a box's own size) of the first and the second comparison.
BUFFERS = (0.15, 0.5)
#: Least buffered overlap of a match.
OVERLAP = 0.1
#: Gains of the filter: how much of a surprise goes into the box, and into the velocity.
ALPHA, BETA = 0.7, 0.25
#: Votes for a label fade by this factor with every sighting.
FADE = 0.9
#: Labels that may take turns on one object; any other change of label is another object.
FAMILIES = {"heavy": "car"}
#: Part of a track that must have been looked at for its absence to count.
LOOKED = 0.5
#: Least overlap with its resting place of an object that rests.
STILL = 0.7
#: Least and most seconds between two looks at an object that rests.
RECHECK = (1.0, 8.0)
#: Seconds after which a track ends even if nobody could look where it was.
FORGOTTEN = 60.0


def family(label: str) -> str:
    """Return the label that stands for all that may be taken for each other."""
    return FAMILIES.get(label, label)


@dataclass(slots=True)
class _Live:
    """A track's inside. `velocity` is that of each side, per second."""

    id: int
    box: Box
    born: float
    seen_at: float
    rest: Box
    moved_at: float
    velocity: Box = ORIGIN
    votes: dict[str, float] = field(default_factory=dict)
    best: dict[str, float] = field(default_factory=dict)
    sightings: int = 0
    misses: int = 0

    @property
    def label(self) -> str:
        return max(self.votes, key=lambda name: (self.votes[name], name))

    def predicted(self, at: float) -> Box:
        """Where it should be; a velocity is trusted for one second, no longer."""
        return _along(self.box, self.velocity, min(max(at - self.seen_at, 0.0), 1.0))

    def see(self, box: Box, label: str, score: float, at: float) -> None:
        """Take a sighting in."""
        self._move(box, at)
        self.seen_at, self.misses = at, 0
        self.sightings += 1
        if overlap(self.box, self.rest) < STILL:
            self.rest, self.moved_at = self.box, at
        for name in self.votes:
            self.votes[name] *= FADE
            self.best[name] *= FADE
        self.votes[label] = self.votes.get(label, 0.0) + max(score, 0.01)
        self.best[label] = max(self.best.get(label, 0.0), score)

    def _move(self, box: Box, at: float) -> None:
        elapsed = at - self.seen_at
        if not 0 < elapsed <= 1.0:  # the first sighting, or one after too long to tell a speed
            self.box, self.velocity = box, ORIGIN
            return
        expected = self.predicted(at)
        surprise = _along(box, expected, -1.0)
        trust = max(BETA, 1 / (self.sightings + 1))
        self.box = _upright(_along(expected, surprise, ALPHA))
        self.velocity = _along(self.velocity, surprise, trust / elapsed)

    def due(self, at: float) -> bool:
        """Return whether somebody should look where it is, though nothing moves there.

        At once while it was just missed; else after a wait that grows with the time that it has
        rested: a parked car is no work.
        """
        rested = self.seen_at - self.moved_at
        return self.misses > 0 or at - self.seen_at >= min(max(rested / 4, RECHECK[0]), RECHECK[1])

    def told(self, at: float) -> Track:
        """Return what others may know."""
        label = self.label
        x0, y0, x1, y1 = (min(max(side, 0.0), 1.0) for side in self.box)
        vx, vy = (self.velocity[0] + self.velocity[2]) / 2, (self.velocity[1] + self.velocity[3]) / 2
        score = min(1.0, self.best[label])
        return Track(self.id, label, score, (x0, y0, x1, y1), (vx, vy), at - self.born, self.sightings)


def _along(box: Box, way: Box, times: float) -> Box:
    """Return `box + way * times`, side by side."""
    return (
        box[0] + way[0] * times,
        box[1] + way[1] * times,
        box[2] + way[2] * times,
        box[3] + way[3] * times,
    )


def _upright(box: Box) -> Box:
    return (min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3]))


@dataclass(frozen=True, slots=True)
class _Seen:
    """One detection, taken out of its arrays."""

    box: Box
    label: str
    score: float


class Tracker:
    """Follows one camera's objects; owned by one thread.

    Args:
        score: Least score of a detection that may begin a track; half of it continues one.
        confirm: Sightings after which a track is told.
        silence: Seconds without a sighting, though looked for, after which it ends.
    """

    def __init__(self, *, score: float = 0.45, confirm: int = 3, silence: float = 2.0) -> None:
        self._score, self._confirm, self._silence = score, confirm, silence
        self._live: list[_Live] = []
        self._next = 1

    def update(
        self, at: float, detections: Detections, looked: Boxes
    ) -> tuple[tuple[Track, ...], tuple[Track, ...]]:
        """Take one picture's detections in.

        Args:
            at: Seconds on any clock that never runs back.
            detections: Detections of this picture.
            looked: Parts of the picture that were looked at, (n, 4): elsewhere, absence means nothing.

        Returns:
            The confirmed tracks that are alive, and those that ended with this picture.
        """
        seen = _taken_out(detections)
        sure = [each for each in seen if each.score >= self._score]
        doubtful = [each for each in seen if self._score / 2 <= each.score < self._score]
        left = self._continue(at, sure)
        self._continue(at, doubtful)
        for each in left:
            self._begin(at, each)
        ended = self._end(at, looked.tolist())
        return tuple(track.told(at) for track in self._live if self._is_told(track)), ended

    def due(self, at: float) -> Boxes:
        """Return where somebody should look now, although nothing need move there."""
        boxes = [track.predicted(at) for track in self._live if track.due(at)]
        return np.array(boxes, np.float32).reshape(-1, 4)

    def _is_told(self, track: _Live) -> bool:
        return track.sightings >= self._confirm

    def _continue(self, at: float, seen: list[_Seen]) -> list[_Seen]:
        """Match detections to tracks not seen yet, narrowly first; return the detections that are left."""
        for buffer in BUFFERS:
            tracks = [track for track in self._live if track.seen_at < at]
            if not seen or not tracks:
                break
            seen = _matched(at, seen, tracks, buffer)
        return seen

    def _begin(self, at: float, seen: _Seen) -> None:
        track = _Live(self._next, seen.box, at, at, seen.box, at)
        self._next += 1
        track.see(seen.box, seen.label, seen.score, at)
        self._live.append(track)

    def _end(self, at: float, looked: list[Box]) -> tuple[Track, ...]:
        """Drop what was looked for and not found; return those of them that had been told."""
        over = [track for track in self._live if self._is_over(track, at, looked)]
        self._live = [track for track in self._live if track not in over]
        return tuple(track.told(at) for track in over if self._is_told(track))

    def _is_over(self, track: _Live, at: float, looked: list[Box]) -> bool:
        silent = at - track.seen_at
        if silent > 0 and any(shared(track.box, part) >= LOOKED * area(track.box) for part in looked):
            track.misses += 1
        missed = track.misses >= 2 and (silent > self._silence or not self._is_told(track))
        return missed or silent > FORGOTTEN


def _taken_out(found: Detections) -> list[_Seen]:
    rows = zip(found.boxes.tolist(), found.labels.tolist(), found.scores.tolist(), strict=True)
    return [_Seen(tuple(box), found.names[label], score) for box, label, score in rows]


def _matched(at: float, seen: list[_Seen], tracks: list[_Live], buffer: float) -> list[_Seen]:
    """Give tracks their detections, the most alike first; return the detections that are left."""
    ours = [(grown(track.predicted(at), buffer), family(track.label)) for track in tracks]
    theirs = [(grown(each.box, buffer), family(each.label)) for each in seen]
    pairs = [
        (-likeness, row, column)
        for row, (mine, kind) in enumerate(ours)
        for column, (other, its) in enumerate(theirs)
        if kind == its and (likeness := overlap(mine, other)) >= OVERLAP
    ]
    used, taken = set[int](), set[int]()
    for _, row, column in sorted(pairs):
        if row not in used and column not in taken:
            used.add(row)
            taken.add(column)
            tracks[row].see(seen[column].box, seen[column].label, seen[column].score, at)
    return [each for column, each in enumerate(seen) if column not in taken]
