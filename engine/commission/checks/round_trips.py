"""A device asked for its time over and over: how long an answer takes, and what its clock is, to some hundredths.

A device tells whole seconds. Each answer says that its clock is within half a second, and half the answer's way, of
what the driver makes of it. What all answers together leave is narrow once a second's edge was among them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from drivers.contract import Device

#: Seconds between an answer and the next question: some 25 a second, which no device minds for a second.
PAUSE = 0.03
#: Half of what a device's whole second hides.
HIDDEN = 0.5
#: Questions at most, however quick the answers.
MOST = 200


@dataclass(frozen=True, slots=True)
class Offset:
    """A clock against ours.

    Attributes:
        seconds: Device minus this machine.
        doubt: By how much that may be wrong, either way.
    """

    seconds: float
    doubt: float


@dataclass(slots=True)
class RoundTrips:
    """Answers to one question.

    Attributes:
        seconds: How long each took.
        low: What the clock is at least, by all of them; likewise `high`; None: it tells no time.
        stepped: Whether the answers cannot all be true: the clock was set meanwhile.
    """

    seconds: list[float] = field(default_factory=list)
    low: float | None = None
    high: float | None = None
    stepped: bool = False

    @property
    def typical(self) -> float:
        """The median of how long an answer took, seconds."""
        return median(self.seconds)

    @property
    def offset(self) -> Offset | None:
        """The device's clock, None where it tells none."""
        if self.low is None or self.high is None:
            return None
        return Offset((self.low + self.high) / 2, (self.high - self.low) / 2)

    def add(self, took: float, told: float | None) -> None:
        """Take in an answer: how long it took, and what the driver made of it."""
        self.seconds.append(took)
        if told is None:
            return
        low, high = told - HIDDEN - took / 2, told + HIDDEN + took / 2
        if self.low is None or self.high is None:
            self.low, self.high = low, high
        elif max(self.low, low) > min(self.high, high):
            self.low, self.high, self.stepped = low, high, True
        else:
            self.low, self.high = max(self.low, low), min(self.high, high)


async def asked(device: Device, seconds: float, monotonic: Callable[[], float]) -> RoundTrips:
    """Ask a device for its time for so many seconds, once at least.

    Raises:
        DriverError: It does not answer.
    """
    trips = RoundTrips()
    end = monotonic() + seconds
    while len(trips.seconds) < MOST:
        before = monotonic()
        told = await device.read_clock()
        trips.add(monotonic() - before, None if told is None else told.total_seconds())
        if monotonic() >= end:
            break
        await asyncio.sleep(PAUSE)
    return trips
