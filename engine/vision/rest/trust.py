"""Whether a camera's own word that something moves is to be relied upon: measured, told, lost at the first miss. Pure.

What moves by our own look is an episode. The camera must have said so, a moment before or after it began; else it
missed one. That it says so more often than we see anything speaks for no harm: each time it is woken for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

#: Episodes in a row that it must have told, and seconds over which they must lie.
HITS, WHILE = 20, 3600.0
#: Seconds before and after the beginning of an episode in which it counts.
BEFORE, AFTER = 3.0, 2.0
#: Seconds for which its word holds the decoder awake though nothing is seen: one that is stuck says nothing.
HOLDS = 10.0
#: Seconds for which something must move to be an episode, and without which it is over.
LASTS, OVER = 0.8, 3.0


@dataclass(slots=True)
class Trust:
    """One camera's. What it says may come from any thread; the rest belongs to the thread that looks.

    Attributes:
        hits: Episodes that it told, in a row.
        missed: Episodes that it did not tell (counter).
        trusted: Whether it may let the decoder sleep.
    """

    hits: int = 0
    missed: int = 0
    trusted: bool = False
    _heard: bool = False
    _on: bool = False
    _said: float = -inf
    _since: float = -inf
    _first: float = inf
    _began: float | None = None
    _moved: float = -inf
    _judged: bool = False

    def hears(self, heard: bool) -> None:
        """Take in whether the camera's word reaches us at all: what is not heard says nothing."""
        self._heard = heard
        if not heard:
            self._on = False

    def told(self, on: bool, at: float) -> None:
        """Take in that the camera says that something moves, or no longer does."""
        if on and not self._on:
            self._since = at
        self._said = at if on or self._on else self._said
        self._heard, self._on = True, on

    def calls(self, at: float) -> bool:
        """Return whether the camera says that something moves, and has not said so for long."""
        return self._on and at - self._since < HOLDS

    @property
    def relied(self) -> bool:
        """Whether it is trusted, and heard."""
        return self.trusted and self._heard

    def moved(self, at: float, *, moving: bool) -> bool | None:
        """Take in what a picture showed.

        Returns:
            Whether it is trusted from now on, when that changes; None: as before.
        """
        if moving:
            self._begin(at)
            self._moved = at
        if self._began is None or self._judged:
            return None
        if self._moved - self._began < LASTS:
            self._judged = at - self._moved > OVER  # it was too short to be anything
            return None
        return self._judge(at) if at - self._began >= AFTER else None

    def _begin(self, at: float) -> None:
        if self._began is None or at - self._moved > OVER:
            self._began, self._judged = at, False

    def _judge(self, at: float) -> bool | None:
        self._judged = True
        if not self._heard:
            return None
        assert self._began is not None  # noqa: S101 - an episode is judged
        if self._on or self._said >= self._began - BEFORE:
            return self._hit(at)
        before, self.trusted, self.hits = self.trusted, False, 0
        self.missed += 1
        return False if before else None

    def _hit(self, at: float) -> bool | None:
        self._first = at if self.hits == 0 else self._first
        self.hits += 1
        if self.trusted or self.hits < HITS or at - self._first < WHILE:
            return None
        self.trusted = True
        return True
