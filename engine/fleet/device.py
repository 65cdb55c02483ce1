"""One device: opened once for all its cameras; its clock watched and its events subscribed to once.

A recorder with sixteen channels is one login, one subscription and sixteen streams. Cameras borrow the open device for
as long as they watch; whoever waits for it is told what is the matter with it, each in its own name. A camera whose
stream fails does not close it for the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, tzinfo
from random import Random
from typing import Protocol
from urllib.parse import urlsplit

from drivers.contract import Camera, Device, Driver, Feature, Login, Target, Webhooks
from drivers.errors import Unsupported
from drivers.logins import LoginBook, mark
from engine.config.settings import CameraSettings
from engine.errors import Again
from engine.fleet.clock_watch import ClockWatch
from engine.fleet.events.device_group import DeviceGroup, Listener
from engine.fleet.events.subscription import EventSubscription
from engine.fleet.health.conditions import Tell
from engine.fleet.login_guard import Refusals
from engine.fleet.open_limit import OpenLimit
from engine.runtime import log
from engine.runtime.clock import Clock
from engine.runtime.supervisor import Health, Nap
from rules.model import CameraId, Sentence

logger = log.get(__name__)
#: Seconds after which a device that is held open by others is opened anew for a camera that finds on it what is not
#: there: a channel may have been plugged into a recorder since.
STALE = 60.0


class Borrower(Protocol):
    """What a device asks of a camera that wants it."""

    @property
    def id(self) -> CameraId:
        """Which one it is."""
        ...

    @property
    def listener(self) -> Listener:
        """Its part in what the device says."""
        ...

    def moved(self, device: Device) -> None:
        """The device was opened anew while the camera watches on."""
        ...

    async def held_up(
        self, health: Health, error: BaseException | None, advice: Sentence | None, retry: datetime | None
    ) -> None:
        """The device that is waited for cannot be had: why, what to do, and when it is tried again."""
        ...


class DeviceRunner:
    """One device's life. `run` is a supervised child; cameras borrow what it holds open.

    Args:
        name: What it is called in the log; never with a login.
        login: Looked up at every opening, so that a corrected password file is used at the next try.
        tell: Where what the device says goes.
        logins: What the device said to logins; None: nothing is known yet.
        open_limit: How many may open a device at once; None: any number.
        zone: In which times of day are told.
        webhooks: Where the device may call back.

    Attributes:
        opened: How often it was opened.
        configuring: Held by whoever asks for its configuration or changes it.
    """

    def __init__(
        self,
        name: str,
        url: str,
        options: Mapping[str, object],
        *,
        driver: Callable[[], Driver],
        login: Callable[[], Login | None],
        tell: Tell,
        clock: Clock,
        random: Random,
        logins: LoginBook | None = None,
        open_limit: OpenLimit | None = None,
        zone: tzinfo = UTC,
        webhooks: Webhooks | None = None,
    ) -> None:
        self.name, self.nap, self.opened = name, Nap(), 0
        self.configuring = asyncio.Lock()
        self.logins = logins if logins is not None else LoginBook(lambda: clock.now().wall.timestamp())
        self._target = Target(url, options, self.logins, webhooks)
        self._driver, self._login, self._tell, self._clock = driver, login, tell, clock
        self._open_limit = open_limit if open_limit is not None else OpenLimit()
        self._group = DeviceGroup(clock.monotonic)
        self._refusals, listening = (
            Refusals(CameraId(name), self.logins, self.proven, zone) for _ in range(2)
        )
        self.subscription = EventSubscription(
            name, self._group, clock=clock, random=random, tell=tell, refusals=listening
        )
        self.clock = ClockWatch(name, lambda: [each.conditions for each in self._group], clock, tell)
        self._borrowers: dict[CameraId, Borrower] = {}
        self._waiting: set[CameraId] = set()
        self._wanted, self._ready, self._over = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._device: Device | None = None
        self._since = 0.0
        self._fault: tuple[Health, BaseException | None] | None = None
        self._trying: Login | None = None
        self._worked: int | None = None

    # -- who it is for ------------------------------------------------------------------------------

    async def arrange(self, cameras: Sequence[Listener]) -> None:
        """Let these be the device's cameras from now on, in the order of the configuration."""
        drafts = self._group.arrange(cameras, self._clock.now().wall)
        await self._tell(drafts)

    @asynccontextmanager
    async def lease(self, camera: Borrower) -> AsyncIterator[Device]:
        """Borrow the open device for as long as the context lasts; waits until it is open."""
        self._borrowers[camera.id] = camera
        self._wanted.set()
        try:
            device = await self._open_device(camera)
            camera.listener.watching = True
            await self._tell(self.clock.judge_for(camera.listener.conditions))
            yield device
        finally:
            camera.listener.watching = False
            self._return(camera.id)

    async def _open_device(self, camera: Borrower) -> Device:
        self._waiting.add(camera.id)
        if self._fault is not None and self._device is None:
            await self._hold_up(camera, *self._fault)
        while self._device is None:
            await self._ready.wait()
        self._waiting.discard(camera.id)
        return self._device

    @property
    def device(self) -> Device:
        """The open device, for whoever borrows it.

        Raises:
            Again: It is not open now.
        """
        if self._device is None:
            raise Again(f"device {self.name} is not open")
        return self._device

    def _return(self, camera: CameraId) -> None:
        self._borrowers.pop(camera, None)
        self._waiting.discard(camera)
        if not self._borrowers:
            self._wanted.clear()
            self._let_go()

    def _let_go(self) -> None:
        """Give the device up: whoever comes from now on gets a new one."""
        self._device = None
        self._ready.clear()
        self._over.set()

    def missed(self) -> None:
        """A camera did not find what it wants on the device: it is opened anew, unless it just was."""
        if self._device is not None and self._clock.monotonic() - self._since >= STALE:
            self._let_go()

    # -- its life -----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Hold the device open while a camera wants it, until it fails (a DriverError) or the task is cancelled."""
        while True:
            await self._wanted.wait()
            try:
                await self._once()
            except ExceptionGroup as group:  # the supervisor judges single errors; one cause is enough
                raise first_of(group) from None

    async def _once(self) -> None:
        self._trying = self._login()
        async with AsyncExitStack() as stack:
            async with self._open_limit.turn():
                device = await stack.enter_async_context(self._driver().open(self._target, self._trying))
            if not self._borrowers:  # nobody waited for it
                return
            self._hand_out(device)
            try:
                await self._attend(device)
            finally:
                if self._device is device:
                    self._let_go()

    def _hand_out(self, device: Device) -> None:
        self.opened += 1
        self._over.clear()
        self._device, self._since, self._fault = device, self._clock.monotonic(), None
        for camera in self._borrowers.values():
            if camera.id not in self._waiting:
                camera.moved(device)
        self._ready.set()

    async def _attend(self, device: Device) -> None:
        """Watch the clock and listen, until nobody wants the device."""
        name, announced = (
            f"device[{self.name}]",
            any(Feature.SIGNALS in each.features for each in device.cameras),
        )
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self.clock.run(device), name=f"{name}.clock"),
                group.create_task(self.subscription.run(device, announced), name=f"{name}.signals"),
            ]
            await self._over.wait()
            for task in tasks:
                task.cancel()

    # -- its faults ---------------------------------------------------------------------------------

    def again(self, error: Exception) -> float:
        """Return the seconds until a refused device is tried again; infinite: when a person asks for it."""
        return self._refusals.again(error)

    async def report(self, health: Health, error: BaseException | None) -> None:
        """Take the supervisor's report: every camera that waits for the device is told, in its own name."""
        self._fault = health, error
        for camera in [self._borrowers[name] for name in tuple(self._waiting) if name in self._borrowers]:
            await self._hold_up(camera, health, error)

    async def _hold_up(self, camera: Borrower, health: Health, error: BaseException | None) -> None:
        refused = health is Health.REFUSED
        advice = self._refusals.advice_for(camera.id) if refused else None
        await camera.held_up(health, error, advice, self._refusals.retry if refused else None)

    @property
    def sound(self) -> bool:
        """Whether it was opened since it last failed."""
        return self._fault is None

    def wake(self) -> None:
        """Try at once what is waited for: to open it, and to hear it."""
        self.nap.wake()
        self.subscription.wake()

    # -- its login ----------------------------------------------------------------------------------

    def proven(self) -> bool:
        """Return whether the login that was tried last, or none, had ever worked."""
        login = self._trying
        return self._worked == _mark(login) or (login is not None and self.logins.proven(login))

    def works(self) -> None:
        """Its login leads to pictures; callable from any thread."""
        self._worked = _mark(self._trying)
        self._refusals.reset()


def camera_of(device: Device, source: str | None) -> Camera:
    """Return the camera of a video source; None: the first.

    Raises:
        Unsupported: There is no such source.
    """
    for camera in device.cameras:
        if source in (None, camera.source):
            return camera
    offered = ", ".join(camera.source for camera in device.cameras)
    raise Unsupported("camera.no_source", source=source or "", offered=offered)


def device_key(camera: CameraSettings) -> Hashable:
    """Return what cameras of one device have in common: driver, address, login and options.

    What has no address on the network (a file) is a device of its own each time.
    """
    parts = urlsplit(camera.url)
    if not parts.hostname:
        return camera.id
    port = parts.port or {"https": 443, "rtsp": 554, "rtsps": 322}.get(parts.scheme, 80)
    login = camera.login and (camera.login.username, camera.login.password)
    options = tuple(sorted((name, repr(value)) for name, value in camera.options.items()))
    way = camera.driver or "", parts.scheme, parts.path, parts.query
    return way, parts.hostname, port, parts.netloc.rpartition("@")[0], login, options


def address_of(url: str) -> str:
    """Return host and port of an address, never its user-info; the path of a file."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2] or parts.path


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first single error in a group of groups."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _mark(login: Login | None) -> int:
    return -1 if login is None else mark(login)
