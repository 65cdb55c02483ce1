"""Pan, tilt, zoom: every vector normalised, every movement ended by our own timer."""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from drivers.contract import Preset, PtzStatus, PtzVector
from drivers.errors import DriverError, Malformed, Refused, Unreachable, Unsupported
from drivers.nursery import Nursery
from drivers.onvif.soap import Service

log = logging.getLogger(__name__)
#: Seconds between tries of the watchdog to stop a head that did not obey.
STOP_AGAIN = (0.0, 0.5, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Span:
    """A device's range of one axis, mapped linearly to ours."""

    low: float
    high: float

    def velocity(self, ours: float) -> float:
        """Return the device's speed for ours in -1..1; zero stays zero."""
        ours = max(-1.0, min(1.0, ours))
        return ours * self.high if ours >= 0 else -ours * self.low

    def position(self, theirs: float) -> float:
        """Return where a device's value lies in the range, 0..1."""
        share = (theirs - self.low) / (self.high - self.low)
        return max(0.0, min(1.0, share))


@dataclass(frozen=True, slots=True)
class Spaces:
    """A head's ranges, by default the generic spaces'."""

    pan: Span = Span(-1.0, 1.0)
    tilt: Span = Span(-1.0, 1.0)
    zoom: Span = Span(0.0, 1.0)
    pan_speed: Span = Span(-1.0, 1.0)
    tilt_speed: Span = Span(-1.0, 1.0)
    zoom_speed: Span = Span(-1.0, 1.0)

    def vector(self, position: Any) -> PtzVector | None:
        """Return a told position, None where the device tells none."""
        where, zoom = getattr(position, "PanTilt", None), getattr(position, "Zoom", None)
        x, y, z = _number(where, "x"), _number(where, "y"), _number(zoom, "x")
        if x is None or y is None:
            return None
        pan, tilt = self.pan.position(x) * 2 - 1, self.tilt.position(y) * 2 - 1
        return PtzVector(pan, tilt, 0.0 if z is None else self.zoom.position(z))

    def speed(self, velocity: PtzVector) -> dict[str, dict[str, float]]:
        """Return the ``Velocity`` of a ContinuousMove."""
        pan, tilt = self.pan_speed.velocity(velocity.pan), self.tilt_speed.velocity(velocity.tilt)
        return {"PanTilt": {"x": pan, "y": tilt}, "Zoom": {"x": self.zoom_speed.velocity(velocity.zoom)}}


def spaces_of(node: Any) -> Spaces:
    """Return the ranges that a PTZ node supports; the generic ones where it tells none."""
    told, generic = getattr(node, "SupportedPTZSpaces", None), Spaces()
    return Spaces(
        _span(told, "AbsolutePanTiltPositionSpace", "XRange", generic.pan),
        _span(told, "AbsolutePanTiltPositionSpace", "YRange", generic.tilt),
        _span(told, "AbsoluteZoomPositionSpace", "XRange", generic.zoom),
        _span(told, "ContinuousPanTiltVelocitySpace", "XRange", generic.pan_speed),
        _span(told, "ContinuousPanTiltVelocitySpace", "YRange", generic.tilt_speed),
        _span(told, "ContinuousZoomVelocitySpace", "XRange", generic.zoom_speed),
    )


def _span(spaces: Any, space: str, axis: str, otherwise: Span) -> Span:
    """Return the first told range of an axis that is one."""
    for entry in getattr(spaces, space, None) or ():
        told = getattr(entry, axis, None)
        low, high = _number(told, "Min"), _number(told, "Max")
        if (
            low is not None
            and high is not None
            and low < high
            and "Fov" not in str(getattr(entry, "URI", ""))
        ):
            return Span(low, high)
    return otherwise


def _number(value: Any, name: str) -> float | None:
    try:
        number = float(getattr(value, name, None))  # type: ignore[arg-type]  # None raises TypeError
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


class OnvifPtz:
    """One head; see :class:`drivers.contract.Ptz`.

    Args:
        profile: Token of a media profile with a PTZ configuration.
        host: What errors name.
    """

    def __init__(self, service: Service, profile: str, spaces: Spaces, nursery: Nursery, host: str) -> None:
        self._service, self._profile, self._spaces = service, profile, spaces
        self._nursery, self._host = nursery, host
        self._watchdog: asyncio.Task[None] | None = None
        self._takes_timeout = True

    async def presets(self) -> tuple[Preset, ...]:
        """Return the stored presets."""
        told = await self._service.call("GetPresets", ProfileToken=self._profile)
        return tuple(
            Preset(
                str(preset.token), str(preset.Name or preset.token), self._spaces.vector(preset.PTZPosition)
            )
            for preset in told or ()
            if preset.token
        )

    async def goto(self, preset: str) -> None:
        """Start moving to a preset, by token or, failing that, by name.

        Raises:
            Unsupported: There is no such preset.
        """
        known = await self.presets()
        by_name = {each.name: each.token for each in reversed(known)}
        token = preset if any(preset == each.token for each in known) else by_name.get(preset)
        if token is None:
            told = ", ".join(each.name for each in known)
            raise Unsupported("driver.no_preset", host=self._host, preset=preset, known=told)
        self._rest()
        await self._service.call("GotoPreset", ProfileToken=self._profile, PresetToken=token)

    async def set_preset(self, name: str) -> Preset:
        """Store the present position under a name; an existing preset of that name is overwritten."""
        token = next((each.token for each in await self.presets() if each.name == name), None)
        told = await self._service.call(
            "SetPreset",
            ProfileToken=self._profile,
            PresetName=name,
            **({"PresetToken": token} if token else {}),
        )
        if not told and not token:
            raise Malformed(host=self._host, detail="no preset token")
        return Preset(str(told or token), name, (await self.status()).position)

    async def move(self, velocity: PtzVector, timeout: float) -> None:
        """Move until `stop`, at most for `timeout` seconds by the device's timer and by ours.

        Devices ignore theirs (84 s of run-away were measured, gh:koush/scrypted#2124).
        """
        self._rest()
        self._watchdog = self._nursery.start(f"ptz[{self._host}].watchdog", self._stop_after(timeout))
        arguments = {"ProfileToken": self._profile, "Velocity": self._spaces.speed(velocity)}
        if self._takes_timeout:
            try:
                limit = timedelta(seconds=max(1.0, timeout))
                await self._service.call("ContinuousMove", **arguments, Timeout=limit)
            except Unsupported:
                self._takes_timeout = False  # some fault on the element itself (Bosch)
            else:
                return
        await self._service.call("ContinuousMove", **arguments)

    async def stop(self) -> None:
        """Stop every movement; by a move of zero speed where the device knows no Stop."""
        self._rest()
        await self._halt()

    async def status(self) -> PtzStatus:
        """Return position and movement."""
        told = await self._service.call("GetStatus", ProfileToken=self._profile)
        moves = getattr(told, "MoveStatus", None)
        words = {str(getattr(moves, axis, None) or "").upper() for axis in ("PanTilt", "Zoom")}
        moving = True if "MOVING" in words else False if "IDLE" in words else None
        return PtzStatus(self._spaces.vector(getattr(told, "Position", None)), moving)

    async def close(self) -> None:
        """Stop the head if one of our movements is under way."""
        if self._watchdog is not None and not self._watchdog.done():
            self._rest()
            await self._halt()

    def _rest(self) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()

    async def _halt(self) -> None:
        try:
            await self._service.call("Stop", ProfileToken=self._profile, PanTilt=True, Zoom=True)
        except Unsupported:
            still = self._spaces.speed(PtzVector())
            await self._service.call("ContinuousMove", ProfileToken=self._profile, Velocity=still)

    async def _stop_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        for wait in STOP_AGAIN:
            await asyncio.sleep(wait)
            try:
                await self._halt()
            except (Unreachable, Malformed):
                continue
            except (Refused, Unsupported) as error:
                log.warning("ptz head at %s cannot be stopped: %s", self._host, error)
            return
        log.warning("ptz head at %s did not take the watchdog's stop", self._host)


async def ptz_of(service: Service, profile: str, node: str, nursery: Nursery, host: str) -> OnvifPtz:
    """Return the head behind a profile, its ranges read from its node."""
    try:
        told = await service.call("GetNode", NodeToken=node)
    except Refused:
        raise
    except DriverError:
        told = None  # the generic spaces are the best guess
    return OnvifPtz(service, profile, spaces_of(told), nursery, host)
