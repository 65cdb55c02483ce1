"""Keep a picture: named by us, whole or not there at all, with a slip that says what it is.

The analysed picture is kept always, and first: the decision was made on it. The camera's own still, which has more
pixels and is up to some seconds younger, is kept beside it where it comes in time; it never takes its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import PurePosixPath

from pydantic import BaseModel

from engine.actions.base import camera_of, in_time, params_of
from engine.actions.contract import Cameras, Job
from engine.config.action_params import SnapshotParams
from engine.errors import Again
from engine.fleet.state import TrackState
from engine.fleet.stills import Still
from engine.runtime.clock import Clock
from engine.store.ports import Media

#: Where pictures lie in the state folder, a folder per day.
FOLDER = "snapshots"
_ODD = re.compile(r"[^A-Za-z0-9-]+")


class Snapshot:
    """Writes ``<folder>/YYYY-MM-DD/<camera>-<time>-<rule>-<id>.jpg`` (UTC) and a ``.json`` slip beside it.

    Where there is one, the camera's own still lies beside it as ``….own.jpg``, and the slip tells of both.
    The name follows from the decision: another attempt replaces the pictures instead of adding some.
    """

    name = "snapshot"
    of_cameras = True
    Params: type[BaseModel] = SnapshotParams

    def __init__(self, hands: Cameras, clock: Clock, media: Media) -> None:
        self._hands, self._clock, self._media = hands, clock, media

    async def run(self, job: Job) -> str:
        """Take and write the pictures."""
        params = params_of(SnapshotParams, job)
        in_time(job, params.late, self._clock)
        camera = camera_of(params.camera, job)
        path = _name(job, camera)
        still = await self._hands.still(camera, params.width)
        slip = {**_about(job, camera), **self._told(still), "objects": _objects(still)}
        own = _beside(path)
        await self._kept({path: still.jpeg, path.with_suffix(".json"): _written(slip), own: None})
        said = str(path)
        try:
            better = await self._hands.own_still(camera, params.width)
        except Again as error:
            await self._kept({path.with_suffix(".json"): _written({**slip, "own": {"lacks": str(error)}})})
            return said
        if better is None:
            return said
        slip["own"] = {"file": own.name, **self._told(better)}
        await self._kept({own: better.jpeg, path.with_suffix(".json"): _written(slip)})
        return f"{said} + {own.name}"

    async def _kept(self, files: Mapping[PurePosixPath, bytes | None]) -> None:
        """Keep files of one day in their order; None: there is none any more.

        Raises:
            Again: The disk is full, or not ours.
        """
        try:
            await self._media.keep({str(path): data for path, data in files.items()})
        except OSError as error:
            raise Again(f"cannot write {next(iter(files)).name}: {error.strerror}") from error

    def _told(self, still: Still) -> dict[str, object]:
        """Return what the slip says of a picture that was just taken."""
        return {
            "sha256": sha256(still.jpeg).hexdigest(),
            "bytes": len(still.jpeg),
            "source": still.source,
            "width": still.width,
            "height": still.height,
            "taken": self._clock.now().wall.isoformat(),
        }


def _about(job: Job, camera: str) -> dict[str, object]:
    """Return what the slip says of the decision."""
    made = job.decision
    return {
        "camera": camera,
        "decision": made.id,
        "alert": made.alert,
        "decided": made.at.isoformat(),
        "rule": made.rule,
        "key": made.key,
        "cause": job.event.subject if job.event else "",
        "phase": made.phase,
        "reason": {"code": made.reason.code, "values": dict(made.reason.values)},
    }


def _objects(still: Still) -> list[dict[str, object]]:
    """Return what was told of the picture itself, so that it can be looked at, and learned from, later."""
    return [
        {"track": each.track, "label": each.label, "score": each.score, "box": list(each.box)}
        for each in still.tracks
        if each.state is TrackState.SEEN
    ]


def _written(slip: Mapping[str, object]) -> bytes:
    return json.dumps(slip, ensure_ascii=False, indent=1).encode() + b"\n"


def _beside(path: PurePosixPath) -> PurePosixPath:
    """Return where the camera's own still lies."""
    return path.with_name(path.stem + ".own.jpg")


def _name(job: Job, camera: str) -> PurePosixPath:
    made = job.decision
    at = f"{made.at:%H%M%S}.{made.at.microsecond // 1000:03}Z"
    parts = (_safe(camera), at, _safe(made.rule), _safe(made.id)[:12], str(job.key).rpartition("/")[2])
    return PurePosixPath(f"{made.at:%Y-%m-%d}") / ("-".join(parts) + ".jpg")


def _safe(text: str) -> str:
    return _ODD.sub("-", text).strip("-")[:63] or "x"
