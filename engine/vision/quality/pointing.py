"""Whether a camera still looks where it did, against the technician's picture or the first that was good. Pure.

What is learnt all the time would follow a camera that sinks by a hair a day. So one picture is kept, and compared
once a minute (a few milliseconds); a learnt one that says nothing any more (the season, a building site) is replaced.
"""

from __future__ import annotations

import numpy as np

from engine.vision.quality.plane import Luma, reduced
from engine.vision.quality.reference import COLUMNS, ROWS, Moved, compared

#: Seconds from one comparison to the next.
EVERY = 60.0
#: Comparisons in a row that must say that it moved; that say nothing until a learnt picture is replaced.
SURE, STALE = 2, 10


class Pointing:
    """One stream's.

    Args:
        reference: The technician's picture, of any size; None: the first good one is taken.

    Attributes:
        drifted: It looks elsewhere than it did.
    """

    def __init__(self, reference: Luma | None = None) -> None:
        self.drifted = False
        self._given = reference is not None
        self._anchor = None if reference is None else _small(reference)
        self._moved = self._silent = 0
        self._next = -np.inf

    def check(self, luma: Luma, now: float) -> None:
        """Compare, if it is time to: only with pictures at which nothing else is the matter."""
        if now < self._next:
            return
        self._next = now + EVERY
        if self._anchor is None:
            self._anchor = _small(luma)
        else:
            self._judge(compared(self._anchor, luma, scales=(1.0,)), luma)

    def same(self, luma: Luma) -> bool | None:
        """Return whether a strange picture is of the same place after all; None: there is none to compare."""
        if self._anchor is None:
            return None
        found = compared(self._anchor, luma)
        return found is not None and found.known and not found.moved

    def _judge(self, found: Moved | None, luma: Luma) -> None:
        known = found is not None and found.known
        self._silent = 0 if known else self._silent + 1
        if known:
            self._moved = self._moved + 1 if found is not None and found.moved else 0
            self.drifted = self._moved >= SURE
        if self._silent >= STALE and not self._given:
            self._anchor, self._silent = _small(luma), 0


def _small(luma: Luma) -> Luma:
    return reduced(luma, COLUMNS, ROWS).round().astype(np.uint8)
