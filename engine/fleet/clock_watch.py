"""How far a device's clock is from this machine's: read when it is opened and now and then, told when it is wrong.

Which of the two is wrong nobody knows: what is told is the difference, for each of the device's cameras.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta

from drivers.contract import Device
from engine.draft import Draft
from engine.fleet.health.conditions import Conditions, Tell
from engine.runtime import log
from engine.runtime.clock import Clock
from rules.compiler.reasons import duration
from rules.model import Fact, Sentence

logger = log.get(__name__)
#: Seconds between two looks.
EVERY = 600.0
#: Seconds of difference from which on a clock is told as wrong, and below which it is right again. Devices tell whole
#: seconds and their clocks drift by about one a day: between the two nothing changes.
WRONG, RIGHT = 5.0, 3.0


class ClockWatch:
    """One device's clock.

    Args:
        device: What the device is called in the log.
        cameras: Returns the conditions of its cameras.

    Attributes:
        offset: Seconds that the device is ahead of this machine; None: it does not tell.
    """

    def __init__(
        self, device: str, cameras: Callable[[], Iterable[Conditions]], clock: Clock, tell: Tell
    ) -> None:
        self._device, self._cameras, self._clock, self._tell = device, cameras, clock, tell
        self.offset: float | None = None

    @property
    def facts(self) -> dict[str, Fact]:
        """What events about a camera say of its clock; nothing where it is not known."""
        return {} if self.offset is None else {"clock_offset": self.offset}

    async def run(self, device: Device) -> None:
        """Judge the clock now and then until cancelled."""
        await self._tell(self.judge(device.clock_offset))
        while True:
            await asyncio.sleep(EVERY)
            try:
                offset = await device.read_clock()
            except Exception as error:  # of no importance beside the picture, whatever a plug-in raises
                logger.info("clock not read", device=self._device, reason=str(error))
                continue
            await self._tell(self.judge(offset))

    def judge(self, offset: timedelta | None) -> list[Draft]:
        """Take a difference; return what is news of it. A clock that is not told is neither right nor wrong."""
        self.offset = None if offset is None else round(offset.total_seconds(), 1)
        return [draft for conditions in self._cameras() for draft in self.judge_for(conditions)]

    def judge_for(self, conditions: Conditions) -> list[Draft]:
        """Return what is news of the clock for one camera."""
        wall, seconds = self._clock.now().wall, self.offset
        if seconds is None or abs(seconds) < RIGHT:
            return conditions.end("clock", wall, **self.facts)
        if abs(seconds) <= WRONG and "clock" not in conditions.standing:
            return []
        code = "camera.clock_ahead" if seconds > 0 else "camera.clock_behind"
        said = Sentence(code, {"difference": duration(round(abs(seconds)))})
        return conditions.begin("clock", said, wall, **self.facts)
