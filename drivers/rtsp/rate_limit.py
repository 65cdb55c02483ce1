"""How much one camera may send, so that its thread leaves the processor to the others. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable

from drivers.errors import Malformed

#: Packets per second for ever, and how many at once: a camera of 60 Mbit/s sends 5,000. What is longer than
#: so many bytes counts as several.
PACKETS, BURST, LONG = 20_000.0, 60_000.0, 2048
#: Pictures per second for ever, and at once: servers begin with what they kept.
PICTURES, KEPT = 250.0, 1000.0


class TokenBucket:
    """What may still come; filled by time.

    Args:
        host: What the error names.
        rate: What comes in per second.
        most: What it holds, full at first.
        clock: Monotonic seconds.
    """

    def __init__(
        self, host: str, rate: float, most: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._host, self._rate, self._most, self._clock = host, rate, most, clock
        self._left, self._at = most, clock()

    def take(self, size: int = 0) -> None:
        """Take out one thing of so many bytes.

        Raises:
            Malformed: ``driver.flood``: too many came.
        """
        self._left -= 1 + size // LONG
        if self._left < 0:
            self._fill()

    def _fill(self) -> None:
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 0:
            raise Malformed("driver.flood", host=self._host)


def packets(host: str) -> TokenBucket:
    """Return what may come of packets and messages."""
    return TokenBucket(host, PACKETS, BURST)


def pictures(host: str) -> TokenBucket:
    """Return what may come of pictures."""
    return TokenBucket(host, PICTURES, KEPT)
