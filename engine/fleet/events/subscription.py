"""What one camera's device says by itself: subscribed to for as long as the device is open, for ever tried again.

The picture goes on without it. A camera whose own events do not come is *deaf*: that is told like a lost picture.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from datetime import datetime
from functools import partial
from random import Random

from drivers.contract import Device, Signal
from drivers.errors import Unreachable, Unsupported
from engine.draft import Draft
from engine.errors import reason_of
from engine.fleet.conditions import Conditions, Tell
from engine.fleet.events.device_group import DeviceGroup, concerns_all
from engine.fleet.events.property import is_of
from engine.fleet.events.signals import Signals
from engine.fleet.login_guard import Refusals, joined
from engine.runtime import log
from engine.runtime.clock import Clock
from engine.runtime.supervisor import Backoff, Health, Nap, Supervisor
from rules.model import CameraId, Sentence

logger = log.get(__name__)
#: Waits between two subscriptions: events come again within 10 s of the device's first answer without a fault,
#: however long it gave none; a try that meets a closed port costs a millisecond.
RESUBSCRIBE = Backoff(first=1.0, most=5.0, later=8.0)
#: Seconds until a device that has no events is asked again: some announce them only once they are up.
SELDOM = 600.0
#: Seconds between two looks at what had to wait and at whether the camera is deaf.
TICK = 1.0
#: Seconds without hearing after which a camera is deaf: a subscription that is lost and had again at once is no news.
DEAF = 10.0
#: Seconds after which it is not deaf any more: between two answers (a pull waits for ten), and of listening where
#: a driver tells of none (longer than the slowest call may take to fail).
STEADY, QUIET = 9.0, 30.0


class EventSubscription:
    """One camera's.

    Args:
        tell: Where what is heard goes.
        refusals: When events that are refused are asked for again.
    """

    def __init__(
        self,
        camera: CameraId,
        household: DeviceGroup,
        conditions: Conditions,
        *,
        clock: Clock,
        random: Random,
        tell: Tell,
        refusals: Refusals,
    ) -> None:
        self.camera, self.signals = camera, Signals(camera, clock.monotonic)
        self._household, self._conditions = household, conditions
        self._clock, self._tell, self._refusals = clock, tell, refusals
        self._nap = Nap()
        self._supervisor = Supervisor(
            self._failed, clock.monotonic, random, RESUBSCRIBE, sleep=self._nap, again=refusals.again
        )
        self._recalled: tuple[str, ...] = ()
        self._since: float | None = None  # listening, without a fault yet
        self._heard: tuple[float, float] | None = None  # the first answer since, and the last
        self._failing: float | None = None  # not listening steadily since
        self._why = Sentence("camera.quiet")

    def recall(self, subjects: Iterable[str]) -> None:
        """Take up what an earlier run told as on, by its subjects."""
        self._recalled = tuple(subjects)

    def wake(self) -> bool:
        """Subscribe now instead of later; return whether it was waited for."""
        return self._nap.wake()

    async def run(self, device: Device, source: str, announced: bool = True) -> None:
        """Listen until cancelled; a device that has no events at all is asked again now and then.

        Args:
            announced: Whether it says that it has some.
        """
        self._sort(device)
        while True:
            if announced:
                await self._while_there_are_any(device, source)
            await self._tell(self._conditions.end("deaf", self._clock.now().wall))
            announced = True
            await asyncio.sleep(SELDOM)

    async def _while_there_are_any(self, device: Device, source: str) -> None:
        name = f"camera[{self.camera}].signals"
        try:
            async with asyncio.TaskGroup() as group:
                ticking = group.create_task(self._tick(), name=f"{name}.tick")
                await self._supervisor.run(name, partial(self._listen, device, source))
                ticking.cancel()
        finally:
            self._since = self._failing = None

    def _sort(self, device: Device) -> None:
        """Give each recalled subject to whom it belongs: only now the device's video sources are known."""
        sources = [camera.source for camera in device.cameras]
        own = [
            each for each in self._recalled if len(sources) == 1 or any(is_of(each, one) for one in sources)
        ]
        self.signals.recall(own)
        self._household.signals.recall(each for each in self._recalled if each not in own)
        self._recalled = ()

    async def _listen(self, device: Device, source: str) -> None:
        sources = [camera.source for camera in device.cameras]
        self._since, self._heard = self._clock.monotonic(), None
        self.signals.begin()
        try:
            async with aclosing(device.signals()) as signals:
                async for said in signals:
                    now = self._clock.monotonic()
                    self._heard = (self._heard[0] if self._heard else now, now)
                    if said is not None:
                        await self._hear(said, source, sources)
        except Unsupported as error:
            if error.code == "driver.no_signals":  # it has none: nothing is missed
                return
            raise
        finally:
            self._since = None
            self.signals.lost()
            self._household.leave(self.camera)
        raise Unreachable("camera.quiet")

    async def _hear(self, said: Signal, source: str, sources: list[str]) -> None:
        wall = self._clock.now().wall
        self._household.join(self.camera)
        if concerns_all(said, sources):
            await self._tell(self._household.hear(self.camera, said, wall))
        elif said.source == source or len(sources) == 1:
            await self._tell(self.signals.hear(said, wall))

    async def _failed(self, name: str, health: Health, error: BaseException | None) -> None:
        """Take the report that listening ended; the picture goes on."""
        if health is Health.ENDED:
            return
        reason = reason_of(error) or Sentence("camera.quiet")
        said = joined(reason, self._refusals.advice) if health is Health.REFUSED else reason
        self._why = Sentence(f"camera.no_signals+{said.code}", said.values)
        if self._failing is None:
            self._failing = self._clock.monotonic()
            bug = error if health in (Health.FAILED, Health.DEGRADED) else None
            logger.warning("no events from the camera", child=name, reason=str(error), exc_info=bug)

    # -- once a second ----------------------------------------------------------------------------

    async def _tick(self) -> None:
        while True:
            # all ears at the same moment: one waking of the loop for fifty cameras, and not one for each
            await asyncio.sleep(TICK - self._clock.monotonic() % TICK)
            await self._look(self._clock.now().wall)

    async def _look(self, wall: datetime) -> None:
        """Tell what had to wait, and whether the camera is deaf or noisy by now."""
        await self._tell(self.signals.due(wall))
        await self._tell(self._household.due(self.camera, wall))
        await self._tell(self._deafness(wall))
        await self._tell(self._noise(wall))

    def _deafness(self, wall: datetime) -> list[Draft]:
        now = self._clock.monotonic()
        if self._since is not None:
            first, last = self._heard or (now, now)
            if last - first < STEADY and now - self._since < QUIET:
                return []
            self._failing = None
            self._refusals.reset()
            return self._conditions.end("deaf", wall)
        if self._failing is None or now - self._failing < DEAF:
            return []
        return self._conditions.begin("deaf", self._why, wall)

    def _noise(self, wall: datetime) -> list[Draft]:
        now, speaks = self._clock.monotonic(), self._household.speaks(self.camera)
        budgets = [self.signals.budget, *([self._household.signals.budget] if speaks else [])]
        loud = [each for each in budgets if each.exceeded(now)]
        if not loud:
            return self._conditions.end("noisy", wall)
        dropped = sum(each.dropped for each in loud)
        told = Sentence("camera.noisy", {"dropped": dropped})
        return self._conditions.begin("noisy", told, wall, dropped=dropped)
