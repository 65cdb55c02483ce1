"""A walk test: somebody walks through a zone, and each time they are seen there it is told. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

#: Tracks of which it is remembered that they are in the zone.
REMEMBERED = 256


@dataclass(slots=True)
class WalkTest:
    """One zone that is walked.

    Attributes:
        zone: Its name; empty: the whole picture.
        seen: How often each label came in.
        delays: Seconds from the picture until it was told here, of each; the last ones.
    """

    zone: str = ""
    seen: Counter[str] = field(default_factory=Counter)
    delays: list[float] = field(default_factory=list)
    _inside: dict[str, None] = field(default_factory=dict, repr=False)

    def take(self, subject: str, label: str, zones: Sequence[str], ended: bool, delay: float) -> bool:
        """Take in what was told of an object; return whether it came into the zone just now."""
        here = not ended and (not self.zone or self.zone in zones)
        if not here:
            self._inside.pop(subject, None)
            return False
        if subject in self._inside:
            return False
        self._inside[subject] = None
        if len(self._inside) > REMEMBERED:
            del self._inside[next(iter(self._inside))]
        self.seen[label] += 1
        self.delays = [*self.delays[-99:], max(0.0, delay)]
        return True

    @property
    def delay(self) -> float | None:
        """Seconds in the middle (median); None: nobody came yet."""
        ordered = sorted(self.delays)
        return ordered[len(ordered) // 2] if ordered else None
