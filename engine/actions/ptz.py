"""Send a PTZ camera to a preset."""

from __future__ import annotations

from pydantic import BaseModel

from engine.actions.base import camera_of, in_time, params_of
from engine.actions.contract import Cameras, Job
from engine.config.action_params import PtzParams
from engine.runtime.clock import Clock


class PtzPreset:
    """Moves a camera; never for a decision of long ago."""

    name = "ptz"
    of_cameras = True
    Params: type[BaseModel] = PtzParams

    def __init__(self, hands: Cameras, clock: Clock) -> None:
        self._hands, self._clock = hands, clock

    async def run(self, job: Job) -> str:
        """Start the movement."""
        params = params_of(PtzParams, job)
        in_time(job, params.late, self._clock)
        camera = camera_of(params.camera, job)
        await self._hands.goto(camera, params.preset)
        return f"{camera} -> {params.preset}"
