"""Sizes of packets between keyframes: what moves must be coded, and that takes bits. One witness of several.

Alone it is not to be trusted: an encoder at a constant rate spends what bits it has on noise where nothing moves, and
in a trial such a witness missed up to a third of the events. It never lets anybody sleep; it may only wake. What it
woke for in vain makes it doubt itself. Pure.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median

#: Packets that are known before one can be strange, and that are remembered.
LEAST, MOST = 20, 100
#: How often in a row.
ROW = 2
#: Times the median deviation beyond the median, at first and at most; and times the median itself.
SPREAD, WIDEST, TIMES = 8.0, 128.0, 1.6


@dataclass(slots=True)
class Sizes:
    """One stream's."""

    _known: deque[int] = field(default_factory=lambda: deque(maxlen=MOST))
    _spread: float = SPREAD
    _row: int = 0
    _limit: float = float("inf")
    _fresh: int = 0

    def strange(self, size: int) -> bool:
        """Take in the size of a packet between two keyframes while nothing moves; return whether it stands out."""
        if len(self._known) >= LEAST and size > self._limit:
            self._row += 1
            return self._row >= ROW
        self._row = 0
        self._known.append(size)
        self._fresh -= 1
        if self._fresh <= 0:
            self._measure()
        return False

    def proved(self, right: bool) -> None:
        """Tell whether there was something where it said so."""
        self._row = 0
        self._spread = max(SPREAD, self._spread / 2) if right else min(WIDEST, self._spread * 2)
        self._fresh = 0

    def _measure(self) -> None:
        """Find out anew what is usual, now and then: a median of a hundred is not free."""
        self._fresh = LEAST
        middle = median(self._known)
        off = median(abs(each - middle) for each in self._known)
        self._limit = max(TIMES * middle, middle + self._spread * max(off, 1.0))
