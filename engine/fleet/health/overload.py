"""Whether the detectors keep up: a person must know what was not looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rules.model import Sentence

if TYPE_CHECKING:
    from engine.vision.pool import DetectorPool

#: Seconds that detectors which could not keep up stay a problem after the last sign of it.
BEHIND = 60.0


class Overload:
    """Watches the pool of detectors; None: there is none."""

    def __init__(self, pool: DetectorPool | None, monotonic: Callable[[], float]) -> None:
        self._pool, self._monotonic = pool, monotonic
        self._given_up, self._at = 0, -BEHIND

    def problems(self) -> Iterator[Sentence]:
        """Yield that looks were given up lately, and how many since the start."""
        times = sum(self._pool.given_up().values()) if self._pool else 0
        if times > self._given_up:
            self._given_up, self._at = times, self._monotonic()
        if self._monotonic() - self._at < BEHIND:
            yield Sentence("engine.behind", {"times": self._given_up})
