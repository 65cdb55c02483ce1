"""Whether it is always the same picture: a sensor's noise is never twice the same, a frozen picture is. Pure.

From keyframe to keyframe a coder leaves out noise that is below its threshold: a calm scene at a low bitrate is the
same to the last bit until the next keyframe, which is coded from the picture as it is then, noise and all. So one group
of pictures is compared with the next, each by its last picture: a coder that is given the same picture again and again
has come near it by then, however coarsely it began. Of a living picture each end differs from the one before by as much
as ever, nearly everywhere; of a frozen one not at all, or by half, or by less each time. What moves makes a picture
alive, but for a clock that is written into it. Bounds: two groups that say so, 6 to 9 s with two seconds between
keyframes; a stream without keyframes must be the same to the last bit for a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.vision.quality.grid import share
from engine.vision.quality.kernel import differences
from engine.vision.quality.plane import Luma

#: Rows of the picture that are read, at most.
ROWS = 48
#: Pixels of a row in a block, which one comparison of 64 bits sees; every second pixel, in a part.
BLOCK, PART = 8, 8
#: Share of blocks that differ from end to end, at least, while a picture lives.
ALIVE = 0.35
#: Part of the usual difference between ends below which it may be the coder's, and is no noise; part of the first such
#: one below which a later one is not either: a coder finds finer steps for what stays the same.
DOUBTED, FAINT, FALLING = 0.85, 0.55, 0.95
#: Groups after which it is a living picture that is coded otherwise than before.
OTHERWISE = 5
#: Groups after which it is known what is usual: a coder needs some to find its steps.
LEARNT = 3
#: Seconds at least between two ends that are compared: a coder's steps become finer by the second.
APART = 1.8
#: Grey levels by which a part differs in which something moves, and share of them that a clock may have.
MOTION, CLOCK = 6.0, 0.03
#: Share of parts up to which the middle of all is the noise's: what rain or a crowd makes of it is not usual.
BUSY = 0.15
#: Looks after a keyframe in which a coder that is short of bits mends what it began coarsely: that is no motion.
SETTLED = 2
#: Grey levels in the middle from which the light changed, and with it what is usual.
OTHER_LIGHT = 2.0
#: Slope within a block that a coder keeps noise on, and share of such blocks without which nothing can be told.
TEXTURE, LEAST_TEXTURE = 2, 0.1
#: Groups, and seconds, over which nothing may have happened; seconds where there are no keyframes.
GROUPS, SECONDS, LONG = 2, 4.5, 60.0
#: How quickly what is usual falls, and rises.
_FALL, _RISE = 0.3, 0.05
Parts = NDArray[np.float32]


class _Change(NamedTuple):
    """Share of textured blocks that differ, by how many grey levels in the middle, how much brighter, part by part."""

    share: float
    size: float
    light: float
    parts: Parts


@dataclass(slots=True)
class Stillness:
    """One stream's: analysed pictures, of which those before a keyframe are compared with each other."""

    _before: Luma | None = None
    _end: Luma | None = None
    _ended_at: float = 0.0
    _keyframes: int = 0
    _usual: float = 0.0
    _learnt: int = 0
    _since: float = 0.0
    _passed: int = 0
    _first: float = 0.0
    _faint: bool = False
    _exact: float = 0.0
    _after: int = 0
    _moved: NDArray[np.bool_] | None = None

    def look(self, luma: Luma, last: Luma, keyframes: int, now: float) -> float | None:
        """Return since when it is always the same picture; None: it lives, or that cannot be told.

        Args:
            luma: The picture.
            last: The one that was analysed before it, whether it was looked at or not.
            keyframes: How many keyframes there were in the stream up to this picture.
            now: Seconds.
        """
        rows = _read(luma)
        before, self._before = self._before, rows
        key, self._keyframes = keyframes > self._keyframes, keyframes
        if before is None or before.shape != rows.shape:
            self._end = None
            self.restart(now)
            return None
        self._after = 0 if key else self._after + 1
        if not np.array_equal(before, rows):
            self._exact = now
            if self._after >= SETTLED and self._stirred(_parts(before, rows)):
                self._alive(now)
        if key and now - self._ended_at >= APART:
            self._compare(_read(last), now)
        return self._frozen(now)

    def restart(self, now: float) -> None:
        """Begin anew: the picture changed as a whole, and what was usual is so no more."""
        self._usual, self._learnt = 0.0, 0
        self._alive(now)

    def _compare(self, end: Luma, now: float) -> None:
        before, self._end, self._ended_at = self._end, end, now
        if before is not None:
            self._judge(_change(before, end), now)

    def _lives(self, change: _Change) -> bool:
        """Return whether two groups end as differently as those of a living picture do."""
        doubted = self._learnt >= LEARNT and change.size < DOUBTED * self._usual
        return self._stirred(change.parts) or (change.share > ALIVE and not doubted)

    def _stirred(self, parts: Parts) -> bool:
        """Return whether more moved than a clock, since it was last known to live."""
        moved = parts > MOTION
        self._moved = moved if self._moved is None else self._moved | moved
        return share(self._moved) > CLOCK

    def _judge(self, change: _Change, now: float) -> None:
        if abs(change.light) > OTHER_LIGHT or (self._passed >= OTHERWISE and not self._faint):
            self.restart(now)
        elif self._lives(change):
            if share(change.parts > MOTION) <= BUSY:
                self._learn(change.size)
            self._alive(now)
        else:
            self._first = change.size if not self._passed else self._first
            self._passed += 1
            least = max(FAINT * self._usual, FALLING * self._first)
            self._faint = change.share <= ALIVE or change.size < least

    def _learn(self, size: float) -> None:
        self._learnt += 1
        rate = 1.0 if not self._usual else _FALL if size < self._usual else _RISE
        self._usual += (min(size, MOTION) - self._usual) * rate

    def _alive(self, now: float) -> None:
        self._since = self._exact = now
        self._passed, self._faint, self._moved = 0, False, None

    def _frozen(self, now: float) -> float | None:
        if self._passed >= GROUPS and self._faint and now - self._since >= SECONDS:
            return self._since
        return self._exact if now - self._exact >= LONG else None


def same(before: Luma, now: Luma) -> bool:
    """Return whether two pictures, which were coded apart, are of one that stands still but for a clock in it."""
    one, other = _read(before), _read(now)
    if one.shape != other.shape:
        return False
    change = _change(one, other)
    return change.share <= ALIVE and share(change.parts > MOTION) <= CLOCK


def _read(luma: Luma) -> Luma:
    """Return some of a picture's rows, of whole blocks."""
    step = max(1, -(-luma.shape[0] // ROWS))
    return np.ascontiguousarray(luma[step // 2 :: step, : luma.shape[1] // BLOCK * BLOCK])


def _change(before: Luma, now: Luma) -> _Change:
    """Return how a picture differs; a flat one, of which a coder keeps no noise, is alive if anything differs."""
    one, other = (each[:, ::BLOCK].astype(np.int16) for each in (before, now))
    light = float(np.median(other - one))
    differ = before.view(np.uint64) != now.view(np.uint64)
    parts = _parts(before, now)
    textured = np.abs(other - now[:, BLOCK // 2 :: BLOCK]) > TEXTURE
    if share(textured) < LEAST_TEXTURE:
        return _Change(float(differ.any()), np.inf, light, parts)
    return _Change(share(differ[textured]), _middle(parts), light, parts)


def _parts(before: Luma, now: Luma) -> Parts:
    """Return by how many grey levels each part of a row differs, of some of its pixels."""
    parts = np.empty((now.shape[0], now.shape[1] // (2 * PART)), np.float32)
    differences(before, now, PART, parts)
    return parts


def _middle(parts: Parts) -> float:
    """Return the mean of the middle half: what moves changes few parts."""
    quarter = parts.size // 4
    ordered = np.partition(parts.ravel(), (quarter, parts.size - quarter - 1))
    return float(ordered[quarter : parts.size - quarter].mean())
