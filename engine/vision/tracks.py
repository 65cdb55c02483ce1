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
from numpy.typing import NDArray

from engine.vision.boxes import covered, grown, overlaps
from engine.vision.model import Boxes, Detections, Track

Row = NDArray[np.float32]  #: one box, shape (4,)
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
    """A track's inside."""

    id: int
    box: Row
    born: float
    seen_at: float
    rest: Row
    moved_at: float
    velocity: Row = field(default_factory=lambda: np.zeros(4, np.float32))
    votes: dict[str, float] = field(default_factory=dict)
    best: dict[str, float] = field(default_factory=dict)
    sightings: int = 0
    misses: int = 0

    @property
    def label(self) -> str:
        return max(self.votes, key=lambda name: (self.votes[name], name))

    def predicted(self, at: float) -> Row:
        """Where it should be; a velocity is trusted for one second, no longer."""
        return self.box + self.velocity * np.float32(min(max(at - self.seen_at, 0.0), 1.0))

    def see(self, box: Row, label: str, score: float, at: float) -> None:
        """Take a sighting in."""
        self._move(box, at)
        self.seen_at, self.misses = at, 0
        self.sightings += 1
        if _shifted(self.box, self.rest):
            self.rest, self.moved_at = self.box, at
        for name in self.votes:
            self.votes[name] *= FADE
            self.best[name] *= FADE
        self.votes[label] = self.votes.get(label, 0.0) + max(score, 0.01)
        self.best[label] = max(self.best.get(label, 0.0), score)

    def _move(self, box: Row, at: float) -> None:
        elapsed = at - self.seen_at
        if not 0 < elapsed <= 1.0:  # the first sighting, or one after too long to tell a speed
            self.box, self.velocity = _upright(box), np.zeros(4, np.float32)
            return
        expected = self.predicted(at)
        surprise = box - expected
        trust = max(BETA, 1 / (self.sightings + 1))
        self.box = _upright(expected + np.float32(ALPHA) * surprise)
        self.velocity = self.velocity + np.float32(trust / elapsed) * surprise

    def due(self, at: float) -> bool:
        """Return whether somebody should look where it is, though nothing moves there.

        At once while it is young or was just missed; else after a wait that grows with the time
        that it has rested: a parked car is no work.
        """
        rested = self.seen_at - self.moved_at
        return self.misses > 0 or at - self.seen_at >= min(max(rested / 4, RECHECK[0]), RECHECK[1])

    def told(self, at: float) -> Track:
        """Return what others may know."""
        label = self.label
        x0, y0, x1, y1 = (float(side) for side in np.clip(self.box, 0, 1))
        vx = float(self.velocity[0] + self.velocity[2]) / 2
        vy = float(self.velocity[1] + self.velocity[3]) / 2
        score = min(1.0, self.best[label])
        return Track(self.id, label, score, (x0, y0, x1, y1), (vx, vy), at - self.born, self.sightings)


def _shifted(box: Row, rest: Row) -> bool:
    """Return whether a box has left its resting place by a good part of its size."""
    return float(overlaps(box[None, :], rest[None, :])[0, 0]) < STILL


def _upright(box: Row) -> Row:
    low, high = np.minimum(box[:2], box[2:]), np.maximum(box[:2], box[2:])
    return np.concatenate([low, high]).astype(np.float32)


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
        self, at: float, found: Detections, looked: Boxes
    ) -> tuple[tuple[Track, ...], tuple[Track, ...]]:
        """Take one picture's detections in.

        Args:
            at: Seconds on any clock that never runs back.
            found: Detections of this picture.
            looked: Parts of the picture that were looked at, (n, 4): elsewhere, absence means nothing.

        Returns:
            The confirmed tracks that are alive, and those that ended with this picture.
        """
        sure = np.flatnonzero(found.scores >= self._score)
        doubtful = np.flatnonzero((found.scores < self._score) & (found.scores >= self._score / 2))
        unmatched = self._continue(at, found, sure, self._live)
        waiting = [track for track in self._live if track.seen_at < at]
        self._continue(at, found, doubtful, waiting)
        for index in unmatched:
            self._begin(at, found, int(index))
        ended = self._end(at, looked)
        return tuple(track.told(at) for track in self._confirmed()), ended

    def due(self, at: float) -> Boxes:
        """Return where somebody should look now, although nothing need move there."""
        boxes = [track.predicted(at) for track in self._live if track.due(at)]
        return np.stack(boxes) if boxes else np.empty((0, 4), np.float32)

    def _confirmed(self) -> list[_Live]:
        return [track for track in self._live if track.sightings >= self._confirm]

    def _continue(
        self, at: float, found: Detections, chosen: NDArray[np.intp], tracks: list[_Live]
    ) -> NDArray[np.intp]:
        """Match detections to tracks, narrowly first; return the detections that are left."""
        for buffer in BUFFERS:
            tracks = [track for track in tracks if track.seen_at < at]
            if not len(chosen) or not tracks:
                break
            taken = self._match(at, found, chosen, tracks, buffer)
            chosen = np.array([index for index in chosen if index not in taken], np.intp)
        return chosen

    def _match(
        self, at: float, found: Detections, chosen: NDArray[np.intp], tracks: list[_Live], buffer: float
    ) -> set[int]:
        expected = np.stack([track.predicted(at) for track in tracks])
        likeness = overlaps(grown(expected, buffer), grown(found.boxes[chosen], buffer))
        kinds = [family(found.names[found.labels[index]]) for index in chosen]
        for row, track in enumerate(tracks):
            mine = family(track.label)
            likeness[row, [kind != mine for kind in kinds]] = 0
        taken, used = set[int](), set[int]()
        for flat in np.argsort(-likeness, axis=None, kind="stable"):
            row, column = divmod(int(flat), len(chosen))
            if likeness[row, column] < OVERLAP:
                break
            index = int(chosen[column])
            if row not in used and index not in taken:
                used.add(row)
                taken.add(index)
                self._see(tracks[row], at, found, index)
        return taken

    def _begin(self, at: float, found: Detections, index: int) -> None:
        box = found.boxes[index]
        track = _Live(self._next, box, at, at, box, at)
        self._next += 1
        self._see(track, at, found, index)
        self._live.append(track)

    @staticmethod
    def _see(track: _Live, at: float, found: Detections, index: int) -> None:
        label, score = found.names[found.labels[index]], float(found.scores[index])
        track.see(found.boxes[index], label, score, at)

    def _end(self, at: float, looked: Boxes) -> tuple[Track, ...]:
        """Drop what was looked for and not found; return those of them that had been told."""
        ended = []
        for track in self._live:
            if track.seen_at < at and len(looked) and self._could_see(track, looked):
                track.misses += 1
        for track in list(self._live):
            silent = at - track.seen_at
            hidden = track.misses >= 2 and silent > self._silence
            young = track.misses >= 2 and track.sightings < self._confirm
            if hidden or young or silent > FORGOTTEN:
                self._live.remove(track)
                if track.sightings >= self._confirm:
                    ended.append(track.told(at))
        return tuple(ended)

    @staticmethod
    def _could_see(track: _Live, looked: Boxes) -> bool:
        return float(covered(track.box[None, :], looked).max()) >= LOOKED
