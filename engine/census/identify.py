"""Who a device is: logged in to politely, with what the site knows, and never more often than the house allows.

The login that it let in before comes first, then those that are given, in their order. What it has seen of wrong ones
is in its book (`engine.fleet.login_guard`), over every part of the product and every run: three within half an hour,
then nothing more is sent. Cameras lock accounts after about five.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from drivers.contract import Configurable, Device, Driver, Login, Target
from drivers.errors import DriverError, Forbidden, Refused
from drivers.logins import LoginBook
from engine.census import mac
from engine.census.sighting import Identity, Sighting
from engine.runtime import log
from rules.model import Sentence

logger = log.get(__name__)
#: Seconds that a device may take, and its hardware addresses of these; devices that are asked at once.
WITHIN, FOR_MACS, AT_ONCE = 40.0, 12.0, 12
#: Characters of a text that a device tells of itself, hardware addresses and channels of one.
LONGEST, MACS, SOURCES = 120, 8, 256
_MAC = re.compile(r"network\..+\.mac")


@dataclass(frozen=True, slots=True)
class Identified:
    """What became of asking a device.

    Attributes:
        login: The one that it let in; None: none of them.
    """

    sighting: Sighting
    login: Login | None = None


@dataclass(frozen=True, slots=True)
class Identifier:
    """Asks devices who they are.

    Attributes:
        driver_of: Finds a driver by its name.
        book_of: What the device at an address has said to logins.
        at_once: Devices asked at once.
    """

    driver_of: Callable[[str], Driver]
    book_of: Callable[[str], LoginBook]
    within: float = WITHIN
    at_once: int = AT_ONCE

    async def all(
        self,
        sightings: Sequence[Sighting],
        logins_for: Callable[[Sighting], Sequence[Login]],
        told: Callable[[Identified], None] = lambda _: None,
    ) -> list[Identified]:
        """Ask devices, several at once; returns them in their order.

        Args:
            logins_for: What may be tried at a device; nothing: it is left alone.
            told: Is handed each as soon as it has been asked.
        """
        places = asyncio.Semaphore(self.at_once)

        async def one(sighting: Sighting) -> Identified:
            async with places:
                found = await self.identify(sighting, logins_for(sighting))
            told(found)
            return found

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(each), name=f"identify {each.address}") for each in sightings]
        return [task.result() for task in tasks]

    async def identify(self, sighting: Sighting, logins: Sequence[Login]) -> Identified:
        """Ask one device; what keeps it from telling is its `trouble`. RTSP does not tell who it is."""
        if not sighting.opens or not logins:
            return Identified(sighting)
        try:
            async with asyncio.timeout(self.within):
                return await self._identified(sighting, logins)
        except TimeoutError:
            said = Sentence("driver.timeout", {"host": sighting.address, "seconds": self.within})
            return Identified(replace(sighting, trouble=said))

    async def _identified(self, sighting: Sighting, logins: Sequence[Login]) -> Identified:
        book = self.book_of(sighting.url)
        with book.spare(len(logins)):
            return await self._tried(sighting, logins, book)

    async def _tried(self, sighting: Sighting, logins: Sequence[Login], book: LoginBook) -> Identified:
        tried: list[str] = []
        for login in in_order(book, logins):
            try:
                return Identified(await self._asked(sighting, login, book), login)
            except Forbidden as error:  # the login is right, and may not do this
                return Identified(replace(sighting, trouble=_said(error)), login)
            except Refused as error:
                if (
                    error.code != "driver.refused"
                ):  # held back; or its clock is wrong: no other login is let in either
                    return Identified(replace(sighting, trouble=_said(error)))
                tried.append(login.username)
            except DriverError as error:
                return Identified(replace(sighting, trouble=_said(error)))
            except Exception as error:  # a plug-in may fail in any way; the other devices must be asked
                logger.exception("identify failed", address=sighting.address)
                said = Sentence("census.strange", {"detail": type(error).__name__})
                return Identified(replace(sighting, trouble=said))
        said = Sentence("census.no_login", {"tried": ", ".join(dict.fromkeys(tried))})
        return Identified(replace(sighting, trouble=said))

    async def _asked(self, sighting: Sighting, login: Login, book: LoginBook) -> Sighting:
        driver = self.driver_of(sighting.driver)
        async with driver.open(Target(sighting.url, logins=book), login) as device:
            info = device.info
            told = (info.manufacturer, info.model, info.serial, info.firmware, info.hardware)
            maker, model, serial, firmware, hardware = map(_text, told)
            who = Identity(maker, model, serial, firmware, hardware, await _macs(device))
            sources = tuple(_text(camera.source) for camera in device.cameras[:SOURCES])
        return replace(sighting, identity=who, sources=sources, trouble=None)


def in_order(book: LoginBook, logins: Sequence[Login]) -> list[Login]:
    """Return logins, each once, the one that worked before first."""
    distinct = {(each.username, each.password): each for each in logins}
    return sorted(distinct.values(), key=lambda each: not book.proven(each))


async def _macs(device: Device) -> tuple[str, ...]:
    """Return the hardware addresses that a device tells; a device that tells none is no worse."""
    found: dict[str, None] = {}
    if isinstance(device, Configurable):
        with suppress(DriverError, TimeoutError):
            async with asyncio.timeout(FOR_MACS):
                ids = [each.id for each in await device.configuration() if _MAC.fullmatch(each.id)]
                for id in ids[:MACS]:
                    if told := mac.normal(str(await device.read(id))):
                        found[told] = None
    return tuple(found)


def _text(told: str) -> str:
    return "".join(sign for sign in told if sign.isprintable())[:LONGEST].strip()


def _said(error: DriverError) -> Sentence:
    return Sentence(error.code, error.values)
