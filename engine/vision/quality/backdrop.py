"""The place as it is known: learnt slowly while nothing is the matter, quickly where the light is another one. Pure."""

from __future__ import annotations

import numpy as np

from engine.vision.quality.look import Look
from engine.vision.quality.plane import Grey, Luma, reduced

#: Looks after which a place is known.
LEARNT = 6
#: Share that a look has in what is known: steadily, and while the light differs from what was known.
SLOW, FAST = 0.01, 0.1
#: Looks from one time that slopes are taken of what is slowly learnt to the next.
SELDOM = 8


class Backdrop:
    """Means of brightness over what was seen; its slopes are what is compared."""

    def __init__(self) -> None:
        self._cells: Grey | None = None
        self._known: Look | None = None
        self._looks = 0

    @property
    def known(self) -> Look | None:
        """The place; None: it is not known yet."""
        return self._known if self._looks >= LEARNT else None

    def given(self, picture: Luma, shape: tuple[int, int]) -> Look:
        """Return a whole picture of any size as a look at so many rows and columns; it is known at once."""
        self._cells = reduced(picture, shape[1], shape[0])
        self._looks = LEARNT
        self._known = _as_it_is(self._cells)
        return self._known

    def learn(self, look: Look, *, other_light: bool = False) -> None:
        """Take in a look at which nothing is the matter."""
        if self._cells is None or self._cells.shape != look.cells.shape:
            self._cells, self._looks = look.cells.copy(), 0
        self._looks += 1
        rate = max(1 / self._looks, FAST if other_light else SLOW)
        self._cells += (look.cells - self._cells) * np.float32(rate)
        if rate > SLOW or self._looks % SELDOM == 0:
            self._known = _as_it_is(self._cells)

    def forget(self) -> None:
        """Know nothing."""
        self._cells = self._known = None
        self._looks = 0


def _as_it_is(cells: Grey) -> Look:
    """Return a look whose slopes are those of now: the cells go on being learnt."""
    look = Look(cells)
    _ = look.fine, look.coarse
    return look
