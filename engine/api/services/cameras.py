"""Cameras as clients ask them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from drivers.contract import Ptz, PtzVector
from drivers.logins import MOST
from engine.api import present
from engine.api.resources.cameras import Camera, Preset, PtzCommand
from engine.api.services.runners import runner_of
from engine.errors import Again
from engine.identity.caller import Caller
from engine.runtime.clock import Clock
from engine.web.refusals import refusal

if TYPE_CHECKING:
    from engine.fleet.camera import CameraRunner
    from engine.fleet.stills import Still


class CameraService:
    """Implements `engine.api.resources.cameras.CameraPort`.

    Args:
        cameras: All of the site.
        zone: In which people there read a time.
        site: Its name.
    """

    def __init__(
        self, cameras: Mapping[str, CameraRunner], clock: Clock, zone: ZoneInfo, site: str = ""
    ) -> None:
        self._cameras, self._clock, self._zone, self._site = cameras, clock, zone, site

    async def still(self, caller: Caller, camera: str, width: int, best: bool) -> Still:
        """Return the last analysed picture, or the best one that can be had, as JPEG."""
        stills = runner_of(self._cameras, camera, caller).stills
        try:
            return await (stills.best(width) if best else stills.analysed(width))
        except Again as error:
            raise refusal(409, "camera.offline", camera=camera) from error

    async def presets(self, caller: Caller, camera: str) -> list[Preset]:
        """Return a PTZ camera's presets."""
        presets = await self._ptz(caller, camera).presets()
        return [Preset(token=preset.token, name=preset.name) for preset in presets]

    async def ptz(self, caller: Caller, camera: str, command: PtzCommand) -> None:
        """Carry out a PTZ command."""
        unit = self._ptz(caller, camera)
        match command.op:
            case "move":
                await unit.move(PtzVector(command.pan, command.tilt, command.zoom), command.seconds)
            case "stop":
                await unit.stop()
            case "goto":
                await unit.goto(command.preset)
            case "set":
                await unit.set_preset(command.preset)

    def retry(self, caller: Caller, camera: str) -> Camera:
        """Try at once what a camera waits with; return it as it is now."""
        runner = runner_of(self._cameras, camera, caller)
        if not runner.settings.enabled:
            raise refusal(409, "camera.disabled", camera=camera)
        if (free := runner.retry()) is not None:
            at = datetime.fromtimestamp(free, self._zone)
            raise refusal(409, "camera.held", camera=camera, most=MOST, at=f"{at:%H:%M:%S}")
        return present.camera(runner, self._clock.monotonic(), self._site)

    def _ptz(self, caller: Caller, camera: str) -> Ptz:
        try:
            unit = runner_of(self._cameras, camera, caller).ptz
        except Again as error:
            raise refusal(409, "camera.offline", camera=camera) from error
        if unit is None:
            raise refusal(409, "ptz.unsupported", camera=camera)
        return unit
