"""Which devices answer on the networks that the site allows to be probed.

Finding is not adopting: a found device is told as an event and shown, and a person puts it into the
configuration. The engine never logs in to a device that nobody named.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from urllib.parse import urlsplit

from drivers import registry
from drivers.contract import Driver, Found, Scope
from drivers.errors import DriverError
from engine.config.settings import CameraSettings, DiscoverySettings
from engine.draft import Draft
from engine.fleet.camera import DraftSink
from engine.runtime import log
from engine.runtime.clock import Clock
from engine.text import render
from rules.model import CameraId, Change, Fact, Kind, Sentence

logger = log.get(__name__)
#: Seconds that one probe waits for answers.
WAIT = 3.0
#: Devices remembered at most: whoever floods a network with answers must not fill the memory and the store.
MOST = 1000
#: Characters of a text that a device tells of itself; the rest is cut.
LONGEST = 200


#: Is told the name of a driver and what went wrong with it.
Tell = Callable[[str, Sentence], None]


def _log(driver: str, said: Sentence) -> None:
    logger.warning("discovery failed", driver=driver, reason=render(said.code, said.values, "en"))


async def probe(
    scope: Scope, wait: float, drivers: Iterable[Driver], tell: Tell = _log
) -> AsyncIterator[Found]:
    """Yield every device that answers any of the drivers, each once; tell what kept others from being found."""
    seen: set[tuple[str, str]] = set()
    for driver in drivers:
        try:
            async for found in driver.discover(scope, wait):
                if (found.identity, found.url) not in seen:
                    seen.add((found.identity, found.url))
                    yield found
        except DriverError as error:
            tell(driver.name, Sentence(error.code, error.values))
        except Exception as error:  # a plug-in may fail in any way; the other drivers must be asked
            logger.exception("discovery failed", driver=driver.name)
            tell(driver.name, Sentence("discovery.fault", {"kind": type(error).__name__}))


def installed_drivers(tell: Tell | None = None) -> list[Driver]:
    """Return the drivers that load; a broken one is `matthan doctor`'s business."""
    drivers = []
    for name in registry.names():
        try:
            drivers.append(registry.load(name))
        except DriverError as error:
            if tell:
                tell(name, Sentence(error.code, error.values))
            else:
                logger.warning("driver left out", driver=name, reason=str(error))
    return drivers


class Inventory:
    """Probes now and then, and tells of each device when it is first seen.

    Attributes:
        found: The devices that have been told, at most `MOST`.
        ignored: Devices beyond that, of those that answered last.
    """

    def __init__(
        self,
        settings: DiscoverySettings,
        cameras: Iterable[CameraSettings],
        drivers: Iterable[Driver],
        intake: DraftSink,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings, self._sleep = settings, sleep
        self._drivers = list(drivers)
        self._intake, self._clock = intake, clock
        self._by_place: dict[tuple[str | None, int], CameraId] = {}
        self.know(cameras)
        self.found: dict[tuple[str, str], Found] = {}
        self.ignored = 0
        self._trouble: dict[str, Sentence] = {}

    def know(self, cameras: Iterable[CameraSettings]) -> None:
        """Take these for the configured cameras from now on."""
        places = {_place(camera.url): CameraId(camera.id) for camera in cameras}
        self._by_place = {place: camera for place, camera in places.items() if place[0]}

    def problems(self) -> Iterator[Sentence]:
        """Yield what kept devices from being found or told when it was last looked for them."""
        for driver, said in self._trouble.items():
            values: dict[str, Fact] = {**said.values, "driver": driver}
            yield Sentence(f"discovery.trouble+{said.code}", values)
        if self.ignored:
            yield Sentence("discovery.full", {"most": MOST, "ignored": self.ignored})

    async def run(self) -> None:
        """Probe for ever; returns at once where the site allows no probing."""
        scope = Scope(tuple(self._settings.interfaces), tuple(self._settings.hosts))
        if not (scope.interfaces or scope.hosts):
            return
        while True:
            trouble: dict[str, Sentence] = {}
            ignored = 0
            async for found in probe(scope, WAIT, self._drivers, trouble.__setitem__):
                ignored += not await self._tell(found)
            self._note(trouble, ignored)
            await self._sleep(self._settings.every)

    def _note(self, trouble: dict[str, Sentence], ignored: int) -> None:
        """Keep what went wrong, and log it when it is news."""
        for driver, said in trouble.items():
            if self._trouble.get(driver) != said:
                _log(driver, said)
        if ignored and not self.ignored:
            logger.warning("too many devices", told=MOST, ignored=ignored)
        self._trouble, self.ignored = trouble, ignored

    async def _tell(self, found: Found) -> bool:
        """Tell of a device where it is news; return whether there is room for it."""
        key = (found.identity, found.url)
        if key in self.found:
            return True
        if len(self.found) >= MOST:
            return False
        self.found[key] = found
        camera = self._by_place.get(_place(found.url))
        logger.info("discovered", name=found.name, url=found.url, camera=camera or "not configured")
        await self._intake.offer(
            Draft(
                Kind.CAMERA,
                Change.NOTED,
                camera,
                self._clock.now().wall,
                subject=f"discovery:{found.identity[:LONGEST]}",
                label="discovered",
                facts={key: getattr(found, key)[:LONGEST] for key in ("url", "name", "model")},
            )
        )
        return True


def _place(url: str) -> tuple[str | None, int]:
    """Return host and port: what a configured and a discovered address have in common."""
    try:
        parts = urlsplit(url)
        return parts.hostname, parts.port or {"https": 443, "rtsp": 554}.get(parts.scheme, 80)
    except ValueError:  # a stranger may announce anything
        return None, 0
