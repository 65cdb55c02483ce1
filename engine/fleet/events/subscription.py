"""What a device says by itself: subscribed to once for all its cameras while it is open, for ever tried again.

The pictures go on without it. A camera whose own events do not come is *deaf*: that is told like a lost picture.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import datetime
from functools import partial
from random import Random

from drivers.contract import Device
from drivers.errors import Unreachable, Unsupported
from engine.draft import Draft
from engine.errors import reason_of
from engine.fleet.events.device_group import DeviceGroup, Listener
from engine.fleet.health.conditions import Tell
from engine.fleet.login_guard import Refusals, joined
from engine.runtime import log
from engine.runtime.clock import Clock
from engine.runtime.supervisor import Backoff, Health, Nap, Supervisor
from rules.model import Sentence

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
    """One device's.

    Args:
        device: What it is called in the log and in names of tasks.
        group: Its cameras.
        tell: Where what is heard goes.
        refusals: When events that are refused are asked for again.
    """

    def __init__(
        self, device: str, group: DeviceGroup, *, clock: Clock, random: Random, tell: Tell, refusals: Refusals
    ) -> None:
        self._name, self._group = f"device[{device}].signals", group
        self._clock, self._tell, self._refusals = clock, tell, refusals
        self._nap = Nap()
        self._supervisor = Supervisor(
            self._failed, clock.monotonic, random, RESUBSCRIBE, sleep=self._nap, again=refusals.again
        )
        self._since: float | None = None  # listening, without a fault yet
        self._heard: tuple[float, float] | None = None  # the first answer since, and the last
        self._failing: float | None = None  # not listening steadily since
        self._why, self._refused = Sentence("camera.quiet"), False

    def wake(self) -> bool:
        """Subscribe now instead of later; return whether it was waited for."""
        return self._nap.wake()

    async def run(self, device: Device, announced: bool = True) -> None:
        """Listen until cancelled; a device that has no events at all is asked again now and then.

        Args:
            announced: Whether it says that it has some.
        """
        self._group.meet([camera.source for camera in device.cameras])
        while True:
            if announced:
                await self._while_there_are_any(device)
            wall = self._clock.now().wall
            await self._tell(draft for each in self._group for draft in each.conditions.end("deaf", wall))
            announced = True
            await asyncio.sleep(SELDOM)

    async def _while_there_are_any(self, device: Device) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                ticking = group.create_task(self._tick(), name=f"{self._name}.tick")
                await self._supervisor.run(self._name, partial(self._listen, device))
                ticking.cancel()
        finally:
            self._since = self._failing = None

    async def _listen(self, device: Device) -> None:
        self._since, self._heard = self._clock.monotonic(), None
        self._group.begin()
        try:
            async with aclosing(device.signals()) as signals:
                async for said in signals:
                    now = self._clock.monotonic()
                    self._heard = (self._heard[0] if self._heard else now, now)
                    if said is not None:
                        await self._tell(self._group.hear(said, self._clock.now().wall))
        except Unsupported as error:
            if error.code == "driver.no_signals":  # it has none: nothing is missed
                return
            raise
        finally:
            self._since = None
            self._group.lost()
        raise Unreachable("camera.quiet")

    async def _failed(self, name: str, health: Health, error: BaseException | None) -> None:
        """Take the report that listening ended; the picture goes on."""
        if health is Health.ENDED:
            return
        self._why, self._refused = reason_of(error) or Sentence("camera.quiet"), health is Health.REFUSED
        if self._failing is None:
            self._failing = self._clock.monotonic()
            bug = error if health in (Health.FAILED, Health.DEGRADED) else None
            logger.warning("no events from the device", child=name, reason=str(error), exc_info=bug)

    def _reason(self, listener: Listener) -> Sentence:
        """Return why a camera is deaf, with what to do about it where its login is refused."""
        said = joined(self._why, self._refusals.advice_for(listener.camera)) if self._refused else self._why
        return Sentence(f"camera.no_signals+{said.code}", said.values)

    # -- once a second ----------------------------------------------------------------------------

    async def _tick(self) -> None:
        while True:
            # all ears at the same moment: one waking of the loop for fifty devices, and not one for each
            await asyncio.sleep(TICK - self._clock.monotonic() % TICK)
            await self._look(self._clock.now().wall)

    async def _look(self, wall: datetime) -> None:
        """Tell what had to wait, and which cameras are deaf or noisy by now."""
        await self._tell(self._group.due(wall))
        deaf = self._deaf()
        for each in self._group:
            each.on(each.signals.on())
            if each.watching:
                news = [*self._deafness(each, deaf, wall), *self._noise(each, wall)]
                await self._tell(map(each.aimed, news))

    def _deaf(self) -> bool | None:
        """Return whether nothing is heard, and has not been for a while; None: nobody knows yet."""
        now = self._clock.monotonic()
        if self._since is not None:
            first, last = self._heard or (now, now)
            if last - first < STEADY and now - self._since < QUIET:
                return None
            self._failing = None
            self._refusals.reset()
            return False
        return True if self._failing is not None and now - self._failing >= DEAF else None

    def _deafness(self, listener: Listener, deaf: bool | None, wall: datetime) -> list[Draft]:
        if deaf is None:
            return []
        if deaf:
            return listener.conditions.begin("deaf", self._reason(listener), wall)
        return listener.conditions.end("deaf", wall)

    def _noise(self, listener: Listener, wall: datetime) -> list[Draft]:
        now = self._clock.monotonic()
        loud = [each for each in self._group.budgets(listener) if each.exceeded(now)]
        if not loud:
            return listener.conditions.end("noisy", wall)
        dropped = sum(each.dropped for each in loud)
        said = Sentence("camera.noisy", {"dropped": dropped})
        return listener.conditions.begin("noisy", said, wall, dropped=dropped)
