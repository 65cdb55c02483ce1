"""Time as a parameter: the only module that may ask the machine what time it is.

`engine` time is persisted, never runs back, is bridged by ``CLOCK_BOOTTIME`` within one boot and by
the wall clock (clamped to >= 0) across boots; rule timers count it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from rules.model import Instant


class Clock(Protocol):
    """Where the engine reads time."""

    def now(self) -> Instant:
        """Return wall and engine time, read together."""
        ...

    def monotonic(self) -> float:
        """Return monotonic seconds; for waits and rates only, never stored."""
        ...


@dataclass(frozen=True, slots=True)
class Mark:
    """What is persisted to carry engine time over a restart."""

    engine: float
    boottime: float
    boot_id: str
    wall: datetime


#: Seconds within which both clocks must be read: what is further apart looks like a step of the wall clock
#: (`engine.judging.clock_steps.STEP`).
TOGETHER = 0.05


def _boottime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot_id() -> str:
    """Return the kernel's identity of this boot, or an empty text where there is none."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def elapsed_since(mark: Mark, *, boottime: float, boot: str, wall: datetime) -> float:
    """Return the seconds between a mark and now, never negative.

    Within one boot the boot clock decides (it counts suspend and cannot be set); across boots only
    the wall clock is left.
    """
    if boot and boot == mark.boot_id:
        return max(0.0, boottime - mark.boottime)
    return max(0.0, (wall - mark.wall).total_seconds())


class SystemClock:
    """The machine's clock; engine time begins at 0 until `resume` continues an earlier run's.

    Attributes:
        gap: Seconds between the earlier run's last mark and this start.
        bridged: How many of them only the wall clock tells, which may be wrong: all across a boot, else none.
    """

    def __init__(self) -> None:
        self._boot = boot_id()
        self._zero = _boottime()
        self._base = 0.0
        self.gap = self.bridged = 0.0

    def resume(self, mark: Mark | None) -> None:
        """Continue from a mark; the store that keeps it is opened with this clock already."""
        if mark is None:
            return
        wall = datetime.now(UTC)
        self.gap = elapsed_since(mark, boottime=_boottime(), boot=self._boot, wall=wall)
        self.bridged = 0.0 if self._boot and self._boot == mark.boot_id else self.gap
        self._base = mark.engine + self.gap
        self._zero = _boottime()

    def now(self) -> Instant:
        """Return wall and engine time, read together."""
        while True:
            before, wall, boot = _boottime(), datetime.now(UTC), _boottime()
            if boot - before < TOGETHER:  # else the process, or the machine, slept in between
                return Instant(wall, self._base + boot - self._zero)

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    def mark(self) -> Mark:
        """Return what must be persisted now to resume later."""
        instant = self.now()
        return Mark(instant.engine, instant.engine - self._base + self._zero, self._boot, instant.wall)


class ManualClock:
    """A clock that moves when it is told; the whole engine runs under it in tests."""

    def __init__(self, wall: datetime, engine: float = 0.0) -> None:
        self.wall = wall
        self.engine = engine

    def now(self) -> Instant:
        """Return the time that was set."""
        return Instant(self.wall, self.engine)

    def monotonic(self) -> float:
        """Return engine time."""
        return self.engine

    def mark(self) -> Mark:
        """Return what must be persisted now to resume later."""
        return Mark(self.engine, self.engine, "", self.wall)

    def advance(self, seconds: float) -> Instant:
        """Move both clocks forward and return the new time."""
        self.wall += timedelta(seconds=seconds)
        self.engine += seconds
        return self.now()
