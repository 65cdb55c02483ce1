"""Whether the detectors keep up with a camera: a person must know what was not looked at, and where."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from engine.draft import Draft
from engine.fleet.health.conditions import Conditions
from rules.model import Sentence

#: Seconds over which is counted, and seconds without too many missed looks until it is over.
WINDOW, CALM = 10.0, 30.0
#: Seconds of a stream in which everything is new, and is looked at all over: they do not count.
SETTLE = 5.0
#: Part of the wanted looks that must have been missed, and how many at least: one or two say nothing.
SHARE, LEAST = 0.2, 5


class Looks(NamedTuple):
    """Pictures in which something was to be looked at, and those of them in which nobody could."""

    wanted: int
    missed: int


@dataclass(slots=True)
class Overload:
    """One camera's; used by its thread alone. While it lasts the condition `behind` stands, with its figures."""

    conditions: Conditions
    _known: deque[tuple[float, Looks]] = field(default_factory=deque)
    _begun: float | None = None
    _until: float | None = None
    _many: Looks | None = None

    def begin(self) -> None:
        """Start with a new stream: it counts from zero."""
        self._known.clear()
        self._begun = self._until = self._many = None

    def told(self, at: float, looks: Looks, wall: datetime) -> list[Draft]:
        """Take the counters of a picture; return that the detectors keep up no longer, or do again."""
        lately = self.lately(at, looks)
        if lately is None:
            return self.conditions.end("behind", wall)
        figures = lately._asdict()
        return self.conditions.begin("behind", Sentence("camera.behind", figures), wall, **figures)

    def lately(self, at: float, looks: Looks) -> Looks | None:
        """Take the counters of a picture; return those of `WINDOW` seconds in which too many were missed, the latest.

        Args:
            at: Seconds on a clock that never runs back.
            looks: Since the stream began.
        """
        self._begun = at if self._begun is None else self._begun
        if at - self._begun < SETTLE:
            return None
        while len(self._known) > 1 and self._known[1][0] <= at - WINDOW:
            self._known.popleft()
        if not self._known or at - self._known[-1][0] >= 1.0:
            self._known.append((at, looks))
        since, before = self._known[0]
        lately = Looks(looks.wanted - before.wanted, looks.missed - before.missed)
        many = lately.missed >= max(LEAST, SHARE * lately.wanted)
        if many and at - since >= WINDOW:
            self._until, self._many = at + CALM, lately
        return self._many if self._until is not None and at < self._until else None
