"""Supervised children: who restarts what, and when a person is told.

Expected faults (`DriverError`, `EngineError`, `OSError`, time-out) are reported and tried again after
a jittered wait. A refusal ends the child, or lets it wait for long (`Supervisor.again`): a person must
act. An *unexpected* exception fails that child only, with its traceback in the log; it is tried again
with a long back-off, and after `Intensity.most` failures within `Intensity.within` seconds it is
reported as degraded.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from drivers.errors import DriverError, Refused
from engine.errors import EngineError, NeedsPerson, Never


class Health(StrEnum):
    """What a report says of a child."""

    ENDED = "ended"  #: returned by itself
    FAULT = "fault"  #: expected trouble, will be tried again
    REFUSED = "refused"  #: a person must act; tried again late, if at all
    FAILED = "failed"  #: a bug in this child; will be tried again
    DEGRADED = "degraded"  #: keeps failing; a person is told


@dataclass(frozen=True, slots=True)
class Backoff:
    """Jittered exponential waits in seconds.

    At most `most` during the first `patience` seconds of trouble, then `later`; a child that stayed up for
    `healthy` seconds starts over.
    """

    first: float = 1.0
    most: float = 10.0
    later: float = 30.0
    patience: float = 600.0
    healthy: float = 60.0

    def wait(self, failures: int, trouble: float, random: Random) -> float:
        """Return the next wait after `failures` failures in a row over `trouble` seconds."""
        ceiling = self.most if trouble < self.patience else self.later
        top = min(ceiling, self.first * 2.0 ** min(failures, 16))
        return random.uniform(top / 2, top)


@dataclass(frozen=True, slots=True)
class Intensity:
    """More than `most` unexpected failures within `within` seconds: degraded."""

    most: int = 5
    within: float = 60.0


#: Called with the child's name, what happened, and the exception if there was one.
Report = Callable[[str, Health, BaseException | None], Awaitable[None]]
EXPECTED = (DriverError, EngineError, OSError, TimeoutError)


class Nap:
    """A sleep that can be cut short; one sleeper at a time. For `Supervisor.sleep`."""

    def __init__(self) -> None:
        self._woken: asyncio.Event | None = None

    async def __call__(self, seconds: float) -> None:
        """Sleep so long; for ever where it is `math.inf`."""
        self._woken = woken = asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(None if math.isinf(seconds) else seconds):
                await woken.wait()
        self._woken = None

    def wake(self) -> bool:
        """End the sleep now; return whether somebody slept."""
        if self._woken is None:
            return False
        self._woken.set()
        return True


def never(_: Exception) -> float | None:
    """Return that nothing is tried again."""
    return None


@dataclass(slots=True)
class Supervisor:
    """Runs children by the rules of this module; one object serves many children.

    Attributes:
        sleep: Waits so many seconds; may be infinite after a refusal.
        again: Asked before a refusal is reported: seconds until the child is tried again; None: it ends.
    """

    report: Report
    clock: Callable[[], float]
    random: Random
    backoff: Backoff = Backoff()
    intensity: Intensity = Intensity()
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    again: Callable[[Exception], float | None] = never

    async def run(self, name: str, child: Callable[[], Awaitable[None]]) -> None:
        """Run a child until it returns or is refused for good; cancellation passes through."""
        failures, trouble_since = 0, self.clock()
        crashes: deque[float] = deque(maxlen=self.intensity.most)
        while True:
            began = self.clock()
            try:
                await child()
                await self.report(name, Health.ENDED, None)
                return
            except (Refused, Never, NeedsPerson) as error:
                later = self.again(error)
                await self.report(name, Health.REFUSED, error)
                if later is None:
                    return
                await self.sleep(later)
                failures, trouble_since = 0, self.clock()
                continue
            except Exception as error:  # the one place: a bug in one child must not reach another
                _pass_cancellation(error)
                expected = isinstance(error, EXPECTED)
                await self.report(name, Health.FAULT if expected else self._judge(crashes), error)
            if self.clock() - began >= self.backoff.healthy:
                failures, trouble_since = 0, self.clock()
            trouble = self.clock() - trouble_since
            await self.sleep(self.backoff.wait(failures, trouble, self.random))
            failures += 1

    def _judge(self, crashes: deque[float]) -> Health:
        now = self.clock()
        crashes.append(now)
        full = len(crashes) == crashes.maxlen
        return Health.DEGRADED if full and now - crashes[0] <= self.intensity.within else Health.FAILED


def _pass_cancellation(error: Exception) -> None:
    """Go on being cancelled where a child's clean-up failed on the way: its error hid the cancellation."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error
