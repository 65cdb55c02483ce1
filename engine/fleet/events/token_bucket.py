"""How many events of its own a device may have kept: a token bucket. Pure; time comes in with every call."""

from __future__ import annotations

from dataclasses import dataclass

#: Events kept at once, and for each second after that. A device that says what happens needs a few a minute, and a
#: recorder that tells everything on subscription some dozens at once; 1/s for ever is 86,400 rows (some 40 MB) a day.
BURST, RATE = 60.0, 1.0
#: Seconds without a drop after which a device is calm again.
CALM = 60.0


@dataclass(slots=True)
class TokenBucket:
    """One device's share of the store.

    Attributes:
        dropped: How many events were too many since it was last calm; `total`: since the start.
    """

    dropped: int = 0
    total: int = 0
    _left: float = BURST
    _at: float | None = None
    _dropped_at: float | None = None

    def take(self, now: float) -> bool:
        """Return whether one more event may be kept now, and count it; one that may not is counted as dropped."""
        if self.empty(now):
            self.drop(now)
            return False
        self._left -= 1
        return True

    def empty(self, now: float) -> bool:
        """Return whether no event may be kept now."""
        if self._at is not None:
            self._left = min(BURST, self._left + (now - self._at) * RATE)
        self._at = now
        return self._left < 1

    def drop(self, now: float) -> None:
        """Count an event that is not kept for other reasons."""
        self.dropped += 1
        self.total += 1
        self._dropped_at = now

    def exceeded(self, now: float) -> bool:
        """Return whether something was dropped lately."""
        if self._dropped_at is not None and now - self._dropped_at >= CALM:
            self._dropped_at, self.dropped = None, 0
        return self._dropped_at is not None
