"""How far a device's clock is from this machine's: read when it is opened and now and then, told when it is wrong.

Which of the two is wrong nobody knows: what is told is the difference.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from drivers.contract import Device
from engine.draft import Draft
from engine.fleet.conditions import Conditions, Tell
from engine.runtime import log
from engine.runtime.clock import Clock
from rules.compiler.reasons import duration
from rules.model import CameraId, Fact, Sentence

logger = log.get(__name__)
#: Seconds between two looks.
EVERY = 600.0
#: Seconds of difference from which on a clock is told as wrong, and below which it is right again. Devices tell whole
#: seconds and their clocks drift by about one a day: between the two nothing changes.
WRONG, RIGHT = 5.0, 3.0


class ClockWatch:
    """One camera's device's clock.

    Attributes:
        offset: Seconds that the device is ahead of this machine; None: it does not tell.
    """

    def __init__(self, camera: CameraId, conditions: Conditions, clock: Clock, tell: Tell) -> None:
        self._camera, self._conditions, self._clock, self._tell = camera, conditions, clock, tell
        self.offset: float | None = None

    @property
    def facts(self) -> dict[str, Fact]:
        """What events about the camera say of its clock; nothing where it is not known."""
        return {} if self.offset is None else {"clock_offset": self.offset}

    async def run(self, device: Device) -> None:
        """Judge the clock now and then until cancelled."""
        await self._tell(self.judge(device.clock_offset))
        while True:
            await asyncio.sleep(EVERY)
            try:
                offset = await device.read_clock()
            except Exception as error:  # of no importance beside the picture, whatever a plug-in raises
                logger.info("clock not read", camera=self._camera, reason=str(error))
                continue
            await self._tell(self.judge(offset))

    def judge(self, offset: timedelta | None) -> list[Draft]:
        """Take a difference; return what is news of it. A clock that is not told is neither right nor wrong."""
        wall = self._clock.now().wall
        if offset is None:
            self.offset = None
            return self._conditions.end("clock", wall)
        self.offset = seconds = round(offset.total_seconds(), 1)
        if abs(seconds) < RIGHT:
            return self._conditions.end("clock", wall, **self.facts)
        if abs(seconds) <= WRONG and "clock" not in self._conditions.standing:
            return []
        code = "camera.clock_ahead" if seconds > 0 else "camera.clock_behind"
        said = Sentence(code, {"difference": duration(round(abs(seconds)))})
        return self._conditions.begin("clock", said, wall, **self.facts)
