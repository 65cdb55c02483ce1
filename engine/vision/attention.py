"""When a moving place deserves a detector's time again. Pure; time is a parameter.

A place where something moves is looked at with every picture until it is known: where an object
was found it is enough to look at every other picture, and where nothing was found time after time (a
tree in the wind) once a second. A place that comes to rest is forgotten, and something that moves on
enters new places, so that a walker is looked at all the way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.vision.model import Boxes

COLUMNS, ROWS = 24, 16
#: Seconds until a place with a known object is looked at again.
KNOWN = 0.35
#: Looks without a find after which a place is dull, and seconds until it is looked at again.
DULL, DULL_WAIT = 4, 1.0
#: Most seconds for which a camera holds back after a look that it did not get.
LONGEST = 2.0


class Restraint:
    """How long a camera asks for no look after looks that it did not get.

    Truncated binary exponential back-off (as Ethernet's; Metcalfe and Boggs, CACM 1976), without its chance: turns
    are fair (`engine.vision.turns`). So demand falls when supply does.

    Args:
        first: Seconds to hold back after the first refusal, usually one picture.
    """

    def __init__(self, first: float) -> None:
        self._first = self._next = first
        self._until = -np.inf

    def holds(self, at: float) -> bool:
        """Return whether it is too early to ask again."""
        return at < self._until

    def refused(self, at: float) -> None:
        """Hold back, twice as long as the last time."""
        self._until = at + self._next
        self._next = min(2 * self._next, LONGEST)

    def served(self) -> None:
        """Ask whenever there is need."""
        self._next, self._until = self._first, -np.inf


class Attention:
    """Remembers of each place in one camera's picture when it was last worth a look."""

    def __init__(self) -> None:
        self._next = np.zeros((ROWS, COLUMNS), np.float64)
        self._empty = np.zeros((ROWS, COLUMNS), np.int32)

    def due(self, at: float, moving: Boxes) -> Boxes:
        """Return the moving regions that should be looked at now; forget places at rest."""
        self._rest(moving)
        wanted = np.array([bool((self._next[_places(box)] <= at).any()) for box in moving], bool)
        due: Boxes = moving[wanted]
        return due

    def learn(self, at: float, moving: Boxes, looked: Boxes, objects: Boxes) -> None:
        """Take in what a look showed.

        Args:
            at: As in `due`.
            moving: Regions that moved; `looked`: what was looked at; `objects`: objects there.
        """
        fresh = _covering(moving) & _covering(looked)
        known = fresh & _covering(objects)
        empty = fresh & ~known
        self._next[known] = at + KNOWN
        self._empty[known] = 0
        self._empty[empty] += 1
        self._next[empty & (self._empty >= DULL)] = at + DULL_WAIT

    def _rest(self, moving: Boxes) -> None:
        still = ~_covering(moving)
        self._next[still] = 0
        self._empty[still] = np.maximum(self._empty[still] - 1, 0)


def _places(box: NDArray[np.float32]) -> tuple[slice, slice]:
    x0, x1 = int(box[0] * COLUMNS), int(np.ceil(box[2] * COLUMNS))
    y0, y1 = int(box[1] * ROWS), int(np.ceil(box[3] * ROWS))
    return slice(min(y0, ROWS - 1), max(y1, y0 + 1)), slice(min(x0, COLUMNS - 1), max(x1, x0 + 1))


def _covering(boxes: Boxes) -> NDArray[np.bool_]:
    grid = np.zeros((ROWS, COLUMNS), bool)
    for box in boxes:
        grid[_places(box)] = True
    return grid
