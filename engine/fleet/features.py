"""What a camera can do, and what of its device can be read and set, asked when a person asks.

A device is asked by one at a time, and every question ends within a time: weak devices bear no crowd.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from drivers.contract import Camera, Configurable, Device, Feature, FeatureKind, Value
from drivers.errors import DriverError, Unreachable, Unsupported
from drivers.features import OWN_PASSWORD, named
from engine.errors import reason_of
from engine.runtime import log
from rules.model import Fact, Sentence

logger = log.get(__name__)
#: Seconds that all together may take, less than a client waits; and one value, so that it does not cost all others.
WITHIN, ONE = 14.0, 4.0
#: How a person writes a switch.
_FLAGS = {"on": True, "true": True, "off": False, "false": False}


@dataclass(frozen=True, slots=True)
class FeatureState:
    """A feature as it is now.

    Attributes:
        value: None: it cannot be read, or could not.
        fault: Why it could not.
    """

    feature: Feature
    value: Value | None = None
    fault: Sentence | None = None


class CameraFeatures:
    """The features of one open camera: its own, and those of its device that are not another camera's.

    Args:
        turn: Held while the device is asked; one for each device.
        host: What errors call the device.
    """

    def __init__(
        self,
        camera: Camera,
        device: Device,
        turn: asyncio.Lock,
        host: str,
        *,
        within: float = WITHIN,
        one: float = ONE,
    ) -> None:
        self._camera, self._turn, self._host = camera, turn, host
        self._device = device if isinstance(device, Configurable) else None
        self._within, self._one = within, one

    async def states(self) -> list[FeatureState]:
        """Return every feature, with its value where it can be read; a value that fails says so and harms no other.

        Raises:
            DriverError: The device does not tell what there is.
        """
        async with self._asking() as until:
            known = await self._known_soon(until)
            return [await self._state(each, until) for each in known]

    async def set(self, wanted: str, written: Fact) -> FeatureState:
        """Set a feature; return it as it is then.

        Raises:
            Unsupported: ``driver.no_feature``, ``feature.read_only``, ``feature.own_password``, ``driver.value``:
                nothing was sent.
            DriverError: The device's fault; after ``camera.timeout`` nobody knows whether it was set.
        """
        async with self._asking() as until:
            async with _in_time(until):
                feature = named(await self._known(), wanted, self._host)
                if self._device is None or not feature.writable:
                    raise Unsupported("feature.read_only", feature=feature.id)
                if feature.id == OWN_PASSWORD:  # the login that is kept here would not follow
                    raise Unsupported("feature.own_password", feature=feature.id)
                await self._device.write(feature.id, feature.check(as_value(feature, written)))
            return await self._state(feature, until)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[float]:
        """Wait for one's turn; yields the loop's time at which all must be over."""
        until = asyncio.get_running_loop().time() + self._within
        async with _in_time(until):
            await self._turn.acquire()
        try:
            yield until
        finally:
            self._turn.release()

    async def _known_soon(self, until: float) -> Sequence[Feature]:
        """Return what there is to be asked.

        Raises:
            Unreachable: ``feature.slow``: each question was answered, but all of them take longer than anybody waits.
        """
        try:
            async with asyncio.timeout_at(until):
                return await self._known()
        except TimeoutError:
            raise Unreachable("feature.slow", host=self._host, seconds=self._within) from None

    async def _known(self) -> Sequence[Feature]:
        own = sorted(self._camera.features, key=lambda each: each.id)
        offered = await self._device.configuration() if self._device else ()
        return [*own, *(each for each in offered if each.source in ("", self._camera.source))]

    async def _state(self, feature: Feature, until: float) -> FeatureState:
        if self._device is None or not feature.readable:
            return FeatureState(feature)
        soon = asyncio.get_running_loop().time() + self._one
        try:
            async with asyncio.timeout_at(min(until, soon)):
                return FeatureState(feature, await self._device.read(feature.id))
        except (DriverError, TimeoutError) as error:
            return FeatureState(feature, fault=reason_of(error))
        except Exception as error:  # a driver's bug in one value is no reason to tell none
            logger.exception("a feature cannot be read", host=self._host, feature=feature.id)
            return FeatureState(feature, fault=reason_of(error))


@asynccontextmanager
async def _in_time(until: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout_at(until):
            yield
    except TimeoutError as error:
        raise Unreachable("camera.timeout") from error


def as_value(feature: Feature, written: Fact) -> Value:
    """Return what was written as a feature's kind has it; what cannot be, stays as it is, and no check lets it pass."""
    if not isinstance(written, str):
        return written
    match feature.kind:
        case FeatureKind.FLAG:
            return _FLAGS.get(written.casefold(), written)
        case FeatureKind.NUMBER:
            return _number(written)
        case FeatureKind.MOMENT:
            return _moment(written)
        case _:
            return written


def _number(written: str) -> Value:
    try:
        number = float(written)
    except ValueError:
        return written
    return int(number) if number.is_integer() else number


def _moment(written: str) -> Value:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return written
