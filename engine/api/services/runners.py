"""A camera by its name, for whoever was asked about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from engine.identity.caller import Caller
from engine.identity.permission import Permission
from engine.web.refusals import refusal

if TYPE_CHECKING:
    from engine.fleet.camera import CameraRunner


def runner_of(cameras: Mapping[str, CameraRunner], camera: str, caller: Caller) -> CameraRunner:
    """Return a camera; of others only those are named that whoever asks may see.

    Raises:
        HttpProblem: 404 ``camera.unknown``.
    """
    runner = cameras.get(camera)
    if runner is None:
        known = ", ".join(each for each in cameras if caller.sees(each))
        raise refusal(404, "camera.unknown", camera=camera, known=known or "-")
    return runner


def lookable(caller: Caller, camera: str | None, cameras: Collection[str]) -> Sequence[str | None]:
    """Return of which cameras somebody may look back, of all (None) or of one that was asked for.

    None among them: of the whole site at once.
    """
    if camera is not None or caller.may(Permission.HISTORY):
        return [camera]
    return [each for each in cameras if caller.may(Permission.HISTORY, each)]
