"""What looking costs, as clients ask for it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.api.resources.vision import CameraCost, Vision
from engine.identity.caller import Caller
from engine.runtime.clock import Clock
from engine.runtime.cores import Cores

if TYPE_CHECKING:
    from engine.fleet.camera import CameraRunner
    from engine.vision.pool import DetectorPool


class VisionService:
    """Implements `engine.api.resources.vision.VisionPort`."""

    def __init__(self, cameras: Mapping[str, CameraRunner], pool: DetectorPool | None, clock: Clock) -> None:
        self._cameras, self._pool, self._clock = cameras, pool, clock
        self._cores = Cores(clock.monotonic).count

    def vision(self, caller: Caller) -> Vision:
        """Return what it has cost so far, of the cameras that whoever asks may see."""
        used = os.times()
        return Vision(
            at=self._clock.monotonic(),
            cores=self._cores,
            cpu=used.user + used.system,
            detector=self._pool.model.name if self._pool else "",
            cameras=tuple(_cost(each) for each in self._cameras.values() if caller.sees(each.id)),
        )


def _cost(runner: CameraRunner) -> CameraCost:
    eye, wanted = runner.eye, runner.settings.fps
    if eye is None:
        return CameraCost(camera=runner.id, fps=wanted, wanted=wanted)
    return CameraCost(
        camera=runner.id,
        fps=wanted if eye.fps is None else eye.fps,
        wanted=wanted,
        resting=eye.resting,
        seconds={stage: round(spent, 6) for stage, spent in eye.analyzer.stages.seconds.items()},
        counters=dict(eye.counters),
    )
