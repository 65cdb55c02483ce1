"""Coming to a device: where it is, which login it takes, and whether it is the one that is meant."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from drivers.contract import Configurable, Device, Driver, Feature, Login, Scope, Target
from drivers.errors import DriverError, Refused
from engine.census import mac
from engine.census.place import place_of as place_in
from engine.census.sighting import Identity
from engine.commission.login.keys import Key, KeyRing, may_try
from engine.commission.sheet.row import Row
from engine.commission.tools import Tools
from engine.errors import Because, Refusal
from rules.model import Sentence

#: Seconds until a host that says nothing is believed to be away, and that its answer to a probe is waited for.
CONNECT, PROBE = 4.0, 1.0
_PORTS = {"https": 443, "rtsp": 554, "rtsps": 322}


@dataclass(slots=True)
class Visit:
    """An open device.

    Attributes:
        key: The login that fits; None: it wants none.
        told: What is worth telling of how it was got in.
    """

    driver: Driver
    target: Target
    device: Device
    key: Key | None
    told: tuple[Sentence, ...] = ()
    _features: tuple[Feature, ...] | None = None

    async def features(self) -> tuple[Feature, ...]:
        """Return what the device offers to be set; asked once, it may cost a dozen calls.

        Raises:
            DriverError: It does not answer.
        """
        if self._features is None:
            device = self.device
            self._features = await device.configuration() if isinstance(device, Configurable) else ()
        return self._features

    @property
    def login(self) -> Login | None:
        """The login that fits."""
        return self.key.login if self.key else None


async def place_of(tools: Tools, row: Row) -> str:
    """Return the address at which a camera is.

    Raises:
        Refusal: ``commission.absent``: nobody is there; ``commission.no_subnet``: where to look was not said.
    """
    expected = row.expected
    if expected.url:
        return await _answering(expected.url)
    if expected.host:
        return await _answering(
            await _announced(tools, row) or f"http://{_bracketed(expected.host)}/onvif/device_service"
        )
    return await _sighted(tools, row)


async def _answering(url: str) -> str:
    parts = urlsplit(url)
    if not parts.hostname:  # a file
        return url
    port = parts.port or _PORTS.get(parts.scheme, 80)
    try:
        async with asyncio.timeout(CONNECT):
            _, writer = await asyncio.open_connection(parts.hostname, port)
        writer.close()
    except (OSError, TimeoutError) as error:
        number = getattr(error, "errno", None)  # asyncio's own words name the call and the address again
        detail = os.strerror(number) if number else f"{CONNECT:g} s"
        place = f"{_bracketed(parts.hostname)}:{port}"
        raise Refusal(Because.CONFLICT, "commission.absent", place=place, detail=str(detail)) from None
    return url


async def _announced(tools: Tools, row: Row) -> str:
    """Return the address that a host tells when it is asked by itself; empty where it tells none.

    It is also knocked at where cameras listen, for those that answer no probe: the sheet names this very host.
    """
    host = row.expected.host
    if row.driver == "rtsp":
        return f"rtsp://{_bracketed(host)}/"
    driver = tools.driver(row.driver or "onvif", "")
    try:
        async with aclosing(driver.discover(Scope(hosts=(host,), sweep=True), PROBE)) as answers:  # type: ignore[type-var]
            async for found in answers:
                if found.driver == driver.name:  # what answers HTTP only is told as such, and is none
                    tools.experience.heard(found)
                    return found.url
    except DriverError:
        pass  # asked at the usual place then
    return ""


async def _sighted(tools: Tools, row: Row) -> str:
    """Return where a camera is whose hardware alone is known: among those who answer on the named networks."""
    wanted = row.expected
    if tools.look is None:
        raise Refusal(
            Because.INVALID, "commission.no_subnet", mac=wanted.mac or "-", serial=wanted.serial or "-"
        )
    for sighting in await tools.look():
        if sighting.identity is not None and sighting.answers and _is(sighting.identity, row):
            tools.experience.heard(sighting.answers[0])
            return sighting.answers[0].url
    raise Refusal(
        Because.CONFLICT, "commission.not_sighted", mac=wanted.mac or "-", serial=wanted.serial or "-"
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@asynccontextmanager
async def visited(tools: Tools, row: Row, url: str) -> AsyncIterator[Visit]:
    """Open a device with the first of the camera's logins that it takes; each is tried once, none where it may lock.

    Raises:
        Refusal: ``commission.no_key``, ``commission.last_place``: no login fits, or the next might lock the account.
        DriverError: It does not answer, or not so that it can be understood.
    """  # fmt: skip
    driver, target = tools.driver(row.driver, url), tools.target(url, row)
    if KeyRing(tools, row, url).doubtful(tools.books.of(url)) and not tools.experience.words(url):
        await _listen(tools, driver, url)
    ring = KeyRing(tools, row, url)
    async with AsyncExitStack() as stack:
        async with tools.experience.turn(url, len(ring.keys(tools.books.of(url)))):
            keys = ring.keys(tools.books.of(url))
            key, device = await _first(stack, tools, driver, target, keys)
        if device is None:
            raise _refusal(ring, keys, urlsplit(url).hostname or url)
        yield Visit(driver, target, device, key, tuple(ring.troubles))


async def _listen(tools: Tools, driver: Driver, url: str) -> None:
    """Let a device say what it is before one of several logins is sent to it; that many say nothing is no fault."""
    place = place_in(url)
    with suppress(DriverError):
        async with aclosing(driver.discover(Scope(hosts=(place.host,)), PROBE)) as answers:  # type: ignore[type-var]
            async for found in answers:
                if place_in(found.url) == place:
                    tools.experience.heard(found, url)
                    return


async def _first(
    stack: AsyncExitStack, tools: Tools, driver: Driver, target: Target, keys: Sequence[Key]
) -> tuple[Key | None, Device | None]:
    """Return the first key that fits, with the device open; None and None where none does."""
    with tools.books.of(target.url).spare(len(keys)):
        for key in (*keys,) or (None,):
            device = await _tried(stack, tools, driver, target, key)
            if key is not None:
                tools.experience.learn(target.url, key.login, fits=device is not None)
            if device is not None:
                return key, device
    return None, None


async def _tried(
    stack: AsyncExitStack, tools: Tools, driver: Driver, target: Target, key: Key | None
) -> Device | None:
    """Return the device opened with a login, None where it refuses that one."""
    fits = key is not None and tools.experience.fits(target.url, key.login)
    if key is not None and not may_try(tools.books.of(target.url), key.login, fits=fits):
        host = urlsplit(target.url).hostname or target.url
        raise Refusal(Because.OFTEN, "commission.last_place", host=host, user=key.login.username)
    try:
        return await stack.enter_async_context(driver.open(target, key.login if key else None))
    except Refused as error:
        if not error.counts and error.code != "driver.no_login":
            raise
        return None


def _refusal(ring: KeyRing, keys: Sequence[Key], host: str) -> Refusal:
    if ring.troubles and not keys:
        first = ring.troubles[0]
        return Refusal(
            Because.CONFLICT,
            f"commission.no_key+commission.also+{first.code}",
            host=host,
            tried=0,
            **first.values,
        )
    code = "commission.no_key" if keys else "commission.no_key_known"
    return Refusal(Because.CONFLICT, code, host=host, tried=len(keys))


def identity_of(device: Device, macs: Sequence[str]) -> Identity:
    """Return who a device says it is."""
    info = device.info
    return Identity(info.manufacturer, info.model, info.serial, info.firmware, info.hardware, tuple(macs))


async def read_identity(visit: Visit) -> Identity:
    """Return who a visited device says it is, with its hardware addresses where it tells them."""
    macs: list[str] = []
    for feature in await visit.features():
        if _is_mac(feature) and isinstance(visit.device, Configurable):
            with suppress(DriverError):
                macs.append(mac.normal(str(await visit.device.read(feature.id))))
    return identity_of(visit.device, list(filter(None, macs)))


def _is_mac(feature: Feature) -> bool:
    return feature.readable and feature.id.startswith("network.") and feature.id.endswith(".mac")


def check_identity(identity: Identity, row: Row) -> None:
    """Refuse a device that is another one than the sheet means: nothing may be set on it.

    Raises:
        Refusal: ``commission.another``.
    """
    if not _is(identity, row):
        wanted = row.expected
        raise Refusal(
            Because.CONFLICT,
            "commission.another",
            found=", ".join(filter(None, (identity.serial, *identity.macs))) or "-",
            wanted=", ".join(filter(None, (wanted.serial, wanted.mac))),
        )


def _is(identity: Identity, row: Row) -> bool:
    """Return whether a device can be the camera: what both tell, must be the same."""
    wanted = row.expected
    if wanted.serial and identity.serial and wanted.serial.strip() != identity.serial.strip():
        return False
    told = {mac.normal(each) for each in identity.macs} - {""}
    if wanted.mac and told and wanted.mac not in told:
        return False
    known = (wanted.serial and identity.serial) or (wanted.mac and told)
    return bool(known) or bool(wanted.url or wanted.host)


def moved(row: Row, url: str) -> Row:
    """Return a row whose address is known by now."""
    return replace(row, expected=replace(row.expected, url=url))
