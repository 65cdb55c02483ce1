"""Pan, tilt, zoom: every vector normalised, every movement ended by our own timer.

Units refuse what they do not know: a zoom element where they cannot zoom (whatever its speed), a time-out, a
flag of Stop. So only the axes are named that the node names, and what is refused is tried in other ways, the
one that worked last first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from drivers.contract import Preset, PtzStatus, PtzVector
from drivers.errors import DriverError, Forbidden, Malformed, Refused, Unreachable, Unsupported
from drivers.kit.nursery import Nursery
from drivers.onvif.ptz.spaces import AXES, Axes, Axis, Spaces, spaces_of
from drivers.onvif.soap.client import ZeepService

log = logging.getLogger(__name__)
#: Seconds between tries of the watchdog to stop a unit that did not obey.
STOP_AGAIN = (0.0, 0.5, 1.0, 2.0)
#: Full speed of each axis, for devices that want a preset's speed told.
_FULL = {Axis.PAN_TILT: {"x": 1.0, "y": 1.0}, Axis.ZOOM: {"x": 1.0}}


class OnvifPtz:
    """One PTZ unit; see :class:`drivers.contract.Ptz`.

    Args:
        profile: Token of a media profile with a PTZ configuration.
        host: What errors name.
    """

    def __init__(
        self, service: ZeepService, profile: str, spaces: Spaces, nursery: Nursery, host: str
    ) -> None:
        self._service, self._profile, self._spaces = service, profile, spaces
        self._nursery, self._host = nursery, host
        self._watchdog: asyncio.Task[None] | None = None
        self._learned: dict[str, int] = {}  # by what is asked for: the way that was taken last
        self._under_way: set[Axis] = set()

    async def presets(self) -> tuple[Preset, ...]:
        """Return the stored presets; one without a token can never be asked for and is left out."""
        told = await self._service.call("GetPresets", ProfileToken=self._profile)
        found = []
        for preset in told or ():
            if token := str(getattr(preset, "token", None) or ""):
                name = str(getattr(preset, "Name", None) or "")
                place = self._spaces.vector(getattr(preset, "PTZPosition", None))
                found.append(Preset(token, name if name.strip() else token, place))
        return tuple(found)

    async def goto(self, preset: str) -> None:
        """Start moving to a preset, by token or, failing that, by name.

        Raises:
            Unsupported: There is no such preset.
        """
        token = await self._token(preset)
        self._rest()
        asked = {"ProfileToken": self._profile, "PresetToken": token}
        full = {"Speed": {str(axis): _FULL[axis] for axis in self._spaces.axes}}
        call = partial(self._service.call, "GotoPreset", **asked)
        await self._first("GotoPreset", [call, partial(call, **full)])

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
        position = None
        with suppress(Unsupported, Malformed):  # it is stored, even where nobody tells what
            position = (await self.status()).position
        return Preset(str(told or token), name, position)

    async def move(self, velocity: PtzVector, timeout: float) -> None:
        """Move until `stop`, at most for `timeout` seconds by the device's timer and by ours.

        Devices ignore theirs (84 s of run-away were measured, gh:koush/scrypted#2124).

        Raises:
            Unsupported: The unit has none of the axes that would move.
        """
        wanted = self._spaces.moved(velocity)
        if wanted and wanted.isdisjoint(self._spaces.axes):
            raise Unsupported(
                "driver.no_zoom" if Axis.ZOOM in wanted else "driver.no_pan_tilt", host=self._host
            )
        self._rest()
        self._watchdog = self._nursery.start(f"ptz[{self._host}].watchdog", self._stop_after(timeout))
        await self._drive(velocity, {"Timeout": timedelta(seconds=max(1.0, timeout))}, {})

    async def stop(self) -> None:
        """Stop every movement; by a move of zero speed where the device knows no Stop."""
        self._rest()
        await self._halt()

    async def status(self) -> PtzStatus:
        """Return position and movement."""
        told = await self._service.call("GetStatus", ProfileToken=self._profile)
        moves = getattr(told, "MoveStatus", None)
        words = {str(getattr(moves, axis, None) or "").upper() for axis in AXES}
        moving = True if "MOVING" in words else False if "IDLE" in words else None
        return PtzStatus(self._spaces.vector(getattr(told, "Position", None)), moving)

    async def close(self) -> None:
        """Stop the unit if one of our movements is under way."""
        if self._watchdog is not None and not self._watchdog.done():
            self._rest()
            await self._halt()

    def _rest(self) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()

    async def _token(self, preset: str) -> str:
        """Return a preset's token; what is asked for where the device cannot list them."""
        try:
            known = await self.presets()
        except (Unsupported, Malformed):
            return preset
        by_name = {each.name: each.token for each in reversed(known)}
        token = preset if any(preset == each.token for each in known) else by_name.get(preset)
        if token is None:
            told = ", ".join(each.name for each in known)
            raise Unsupported("driver.no_preset", host=self._host, preset=preset, known=told)
        return token

    # -- what a device may refuse, and the other ways --------------------------------------------

    async def _drive(self, velocity: PtzVector, *limits: dict[str, Any]) -> None:
        """Set speeds, of all axes in one call or of each by itself, with one of the limits of time."""
        ways = [partial(self._set, velocity, limit, apart) for apart in (False, True) for limit in limits]
        await self._first(f"speeds within {len(limits)}", ways)

    async def _set(self, velocity: PtzVector, limit: dict[str, Any], apart: bool) -> None:
        """Send speeds; apart: only of what is to move, or moves and must not."""
        axes = self._spaces.axes
        moved = self._spaces.moved(velocity) & set(axes)
        named = [axis for axis in axes if axis in moved | self._under_way] or axes
        parts = [(axis,) for axis in named] if apart else [axes]
        taken, refusal = await self._each(
            "ContinuousMove",
            {part: {"Velocity": self._spaces.speed(velocity, part), **limit} for part in parts},
        )
        if refusal is not None and not (taken & moved if moved else self._under_way <= taken and taken):
            raise refusal
        self._under_way = (self._under_way - taken) | (moved & taken)

    async def _halt(self) -> None:
        axes = self._spaces.axes
        flags: dict[Axes, dict[str, Any]] = {(axis,): {str(axis): True} for axis in axes}
        ways = (
            partial(self._stop, {axes: {str(axis): True for axis in axes}}),
            partial(self._stop, {axes: {}}),  # which means every axis
            partial(self._stop, flags),
            partial(self._drive, PtzVector(), {}),
        )
        await self._first("Stop", ways)

    async def _stop(self, parts: Mapping[Axes, dict[str, Any]]) -> None:
        taken, refusal = await self._each("Stop", parts)
        if refusal is not None and not (taken and self._under_way <= taken):
            raise refusal
        self._under_way.clear()

    async def _each(
        self, operation: str, parts: Mapping[Axes, dict[str, Any]]
    ) -> tuple[set[Axis], Unsupported | None]:
        """Call once for each part; return the axes that were taken, and the first refusal."""
        taken, refusal = set[Axis](), None
        for axes, arguments in parts.items():
            try:
                await self._service.call(operation, ProfileToken=self._profile, **arguments)
            except Unsupported as error:
                refusal = refusal or error
            else:
                taken |= set(axes)
        return taken, refusal

    async def _first(self, what: str, ways: Sequence[Callable[[], Awaitable[object]]]) -> None:
        """Go the ways until the device takes one, and remember it: it is the first to be tried from then on.

        Raises:
            Unsupported: It takes none; as it said of the first.
        """
        refusal: Unsupported | None = None
        for way in sorted(range(len(ways)), key=lambda each: each != self._learned.get(what)):
            try:
                await ways[way]()
            except Unsupported as error:
                refusal = refusal or error
            else:
                self._learned[what] = way
                return
        if refusal is not None:
            raise refusal

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


async def ptz_of(service: ZeepService, profile: str, node: str, nursery: Nursery, host: str) -> OnvifPtz:
    """Return the PTZ unit behind a profile, its ranges and axes read from its node.

    A node that cannot be read costs those only: the generic ones are the best guess.

    Raises:
        Refused: The login is wrong.
    """
    told = None
    try:
        told = await service.call("GetNode", NodeToken=node)
    except Forbidden:
        pass
    except Refused:
        raise
    except DriverError:
        pass
    return OnvifPtz(service, profile, spaces_of(told), nursery, host)
