"""Which devices answer on the networks that the site allows to be probed.

Finding is not adopting: a found device is told as an event and shown, and a person puts it into the
configuration. The engine never logs in to a device that nobody named.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from urllib.parse import urlsplit

from drivers import registry
from drivers.contract import Driver, Found, Scope
from drivers.errors import DriverError
from engine import log
from engine.camera import Intake
from engine.clock import Clock
from engine.draft import Draft
from engine.settings import CameraSettings, DiscoverySettings
from engine.text import render
from rules.model import CameraId, Change, Kind

logger = log.get(__name__)
#: Seconds that one probe waits for answers.
WAIT = 3.0
#: Devices remembered at most: whoever floods a network with answers must not fill the memory and the store.
MOST = 1000
#: Characters of a text that a device tells of itself; the rest is cut.
LONGEST = 200


async def probe(scope: Scope, wait: float, drivers: Iterable[Driver]) -> AsyncIterator[Found]:
    """Yield every device that answers any of the drivers, each once."""
    seen: set[tuple[str, str]] = set()
    for driver in drivers:
        try:
            async for found in driver.discover(scope, wait):
                if (found.identity, found.url) not in seen:
                    seen.add((found.identity, found.url))
                    yield found
        except DriverError as error:
            said = render(error.code, error.values, "en")
            logger.warning("discovery failed", driver=driver.name, reason=said)
        except Exception:  # a plug-in may fail in any way; the other drivers must be asked
            logger.exception("discovery failed", driver=driver.name)


def installed_drivers() -> list[Driver]:
    """Return the drivers that load; a broken one is `matthan doctor`'s business."""
    drivers = []
    for name in registry.names():
        try:
            drivers.append(registry.load(name))
        except DriverError as error:
            logger.warning("driver left out", driver=name, reason=str(error))
    return drivers


class Inventory:
    """Probes now and then, and tells of each device when it is first seen.

    Attributes:
        found: The devices that have been told, at most `MOST`.
        ignored: Answers beyond that.
    """

    def __init__(
        self,
        settings: DiscoverySettings,
        cameras: Mapping[CameraId, CameraSettings],
        drivers: Iterable[Driver],
        intake: Intake,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings, self._sleep = settings, sleep
        self._drivers = list(drivers)
        self._intake, self._clock = intake, clock
        places = {_place(camera.url): camera_id for camera_id, camera in cameras.items()}
        self._by_place = {place: camera for place, camera in places.items() if place[0]}
        self.found: dict[tuple[str, str], Found] = {}
        self.ignored = 0

    async def run(self) -> None:
        """Probe for ever; returns at once where the site allows no probing."""
        scope = Scope(tuple(self._settings.interfaces), tuple(self._settings.hosts))
        if not (scope.interfaces or scope.hosts):
            return
        while True:
            async for found in probe(scope, WAIT, self._drivers):
                await self._tell(found)
            await self._sleep(self._settings.every)

    async def _tell(self, found: Found) -> None:
        key = (found.identity, found.url)
        if key in self.found:
            return
        if len(self.found) >= MOST:
            self.ignored += 1
            return
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


def _place(url: str) -> tuple[str | None, int]:
    """Return host and port: what a configured and a discovered address have in common."""
    try:
        parts = urlsplit(url)
        return parts.hostname, parts.port or {"https": 443, "rtsp": 554}.get(parts.scheme, 80)
    except ValueError:  # a stranger may announce anything
        return None, 0
