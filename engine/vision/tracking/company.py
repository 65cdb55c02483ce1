"""Which tracks go together for so long that they are one object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.vision.boxes import area, overlap
from engine.vision.tracking.followed import Followed
from engine.vision.tracking.kinship import (
    RIDER,
    STRANGE,
    TWICE,
    TWICE_STRANGE,
    is_part_of,
    mounted,
    taken_for,
)

#: Seconds that two boxes must have lain on each other, and gone together, to be one.
TOGETHER = 1.2
Pair = tuple[Followed, Followed]


class Company:
    """Remembers which tracks were never seen side by side; whoever once was is somebody else.

    Only a rider and what is ridden may become one after that: he walked up to it.
    """

    def __init__(self) -> None:
        self._close: list[Pair] = []
        self._since: dict[Pair, float] = {}

    def meet(self, track: Followed, others: Sequence[Followed]) -> None:
        """Take in that a track begins while others are followed."""
        self._close += [(other, track) for other in others]

    def lesser(self, at: float, seen: Sequence[Followed]) -> list[Followed]:
        """Return those seen now that have long been another one's part, double, or rider."""
        together = []
        for pair in self._pairs(at, seen):
            if _is_together(*pair, at):
                together.append(pair)
                self._since.setdefault(pair, at)
            else:
                self._since.pop(pair, None)
        return [_lesser(*pair) for pair in together if at - self._since[pair] >= TOGETHER]

    def shadows(self, track: Followed) -> bool:
        """Return whether a track may soon turn out to be but a part of another."""
        return any(track is _lesser(*pair) for pair in self._since if track in pair)

    def forget(self, live: Sequence[Followed]) -> None:
        """Let go of all but these."""
        kept = set(live)
        self._close = [pair for pair in self._close if kept.issuperset(pair)]
        self._since = {pair: since for pair, since in self._since.items() if kept.issuperset(pair)}

    def _pairs(self, at: float, seen: Sequence[Followed]) -> Iterator[Pair]:
        """Yield the pairs that may be one."""
        now = set(seen)
        both = [pair for pair in self._close if now.issuperset(pair)]
        apart = {pair for pair in both if _is_beside(*pair, at)}
        if apart:
            self._close = [pair for pair in self._close if pair not in apart]
            for pair in apart:
                self._since.pop(pair, None)
        yield from (pair for pair in both if pair not in apart and _labels(*pair) != RIDER)
        people = [track for track in seen if track.label == "person"]
        ridden = [track for track in seen if track.label == "two_wheeler"]
        yield from ((one, other) if one.id < other.id else (other, one) for one in people for other in ridden)


def _labels(one: Followed, other: Followed) -> frozenset[str]:
    return frozenset({one.label, other.label})


def _is_beside(one: Followed, other: Followed, at: float) -> bool:
    """Return whether two are side by side."""
    a, b = one.box(at), other.box(at)
    return a[2] < b[0] or b[2] < a[0]


def _is_together(one: Followed, other: Followed, at: float) -> bool:
    """Return whether two, both seen now, lie on each other as one object's boxes do."""
    a, b = one.box(at), other.box(at)
    if _labels(one, other) == RIDER:
        ride = mounted(a, b) and one.kinematics.moves and other.kinematics.moves
        return ride or overlap(a, b) >= TWICE_STRANGE
    if taken_for(one.label, other.label) < STRANGE and overlap(a, b) >= TWICE:
        return True
    return is_part_of(one.label, a, other.label, b) or is_part_of(other.label, b, one.label, a)


def _lesser(one: Followed, other: Followed) -> Followed:
    """Return which of two is part of the other: the rider of what is ridden, else who is smaller."""
    if _labels(one, other) == RIDER:
        return one if one.label == "person" else other
    return one if area(one.box(one.seen_at)) < area(other.box(other.seen_at)) else other
