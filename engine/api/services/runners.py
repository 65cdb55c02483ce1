"""A camera by its name, for whoever was asked about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.web.refusals import refusal

if TYPE_CHECKING:
    from engine.fleet.camera import CameraRunner


def runner_of(cameras: Mapping[str, CameraRunner], camera: str) -> CameraRunner:
    """Return a camera.

    Raises:
        HttpProblem: 404 ``camera.unknown``.
    """
    runner = cameras.get(camera)
    if runner is None:
        raise refusal(404, "camera.unknown", camera=camera, known=", ".join(cameras))
    return runner
