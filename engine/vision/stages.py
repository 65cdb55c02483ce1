"""What looking at a stream costs, stage by stage: CPU seconds of the thread that does it, cumulated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import thread_time
from types import MappingProxyType
from typing import Final

#: In the order in which a picture goes through them. `detect` is all that is done to ask detectors: parts of the
#: picture cut out and converted, and the inference itself, which runs in the thread that asks.
STAGES: Final = ("decode", "motion", "detect", "track", "quality")


class Stages:
    """A clock that is read between stages; reading it costs about a microsecond.

    Args:
        clock: CPU seconds of the thread that looks.

    Attributes:
        seconds: CPU seconds by stage since the stream began, of `STAGES`; other threads may read it at any time.
    """

    def __init__(self, clock: Callable[[], float] = thread_time) -> None:
        self._clock, self._last = clock, 0.0
        self._spent = dict.fromkeys(STAGES, 0.0)
        self.seconds: Mapping[str, float] = MappingProxyType(self._spent)

    def begin(self) -> None:
        """What was spent until now belongs to no stage."""
        self._last = self._clock()

    def end(self, stage: str) -> None:
        """What was spent since the last call belongs to a stage."""
        now = self._clock()
        self._spent[stage] += now - self._last
        self._last = now
