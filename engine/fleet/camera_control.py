"""What actions may ask of cameras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.errors import DriverError, Refused, Unsupported
from engine import text
from engine.errors import Again, Never
from engine.fleet.stills import Still, Without

if TYPE_CHECKING:
    from engine.fleet.camera import CameraRunner


@dataclass(slots=True)
class CameraControl:
    """What actions may ask of cameras. Implements `engine.actions.contract.Cameras`."""

    cameras: Mapping[str, CameraRunner]
    language: text.Language = "en"

    async def goto(self, camera: str, preset: str) -> None:
        """Send a PTZ camera to a preset."""
        unit = self._runner(camera).ptz
        if unit is None:
            raise Never(text.render("ptz.unsupported", {"camera": camera}, self.language))
        try:
            await unit.goto(preset)
        except DriverError as error:
            final = isinstance(error, (Refused, Unsupported))
            reason = text.render(error.code, error.values, self.language)
            raise (Never if final else Again)(reason) from error

    async def still(self, camera: str, width: int) -> Still:
        """Return the last analysed picture as JPEG."""
        return await self._runner(camera).stills.analysed(width)

    async def own_still(self, camera: str, width: int) -> Still | None:
        """Return the camera's own still, None where it has none to give."""
        try:
            return await self._runner(camera).stills.own(width)
        except Without as error:
            if error.reason is None:
                return None
            raise Again(text.render(error.reason.code, error.reason.values, self.language)) from error

    def _runner(self, camera: str) -> CameraRunner:
        runner = self.cameras.get(camera)
        if runner is None:
            known = ", ".join(self.cameras)
            raise Never(text.render("camera.unknown", {"camera": camera, "known": known}, self.language))
        return runner
