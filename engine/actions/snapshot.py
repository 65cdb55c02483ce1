"""Keep a picture: named by us, whole or not there at all, with a slip that says what it is."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from datetime import date
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel

from engine.actions.base import camera_of, in_time, params_of
from engine.actions.contract import Hands, Job
from engine.actions.params import SnapshotParams
from engine.clock import Clock
from engine.errors import Again

#: Where pictures lie in the state folder, a folder per day.
FOLDER = "snapshots"
_ODD = re.compile(r"[^A-Za-z0-9-]+")


class Snapshot:
    """Writes ``<folder>/YYYY-MM-DD/<camera>-<time>-<rule>-<id>.jpg`` (UTC) and a ``.json`` slip beside it.

    The name follows from the decision: another attempt replaces the picture instead of adding one.
    """

    name = "snapshot"
    Params: type[BaseModel] = SnapshotParams

    def __init__(self, hands: Hands, clock: Clock, folder: Path) -> None:
        self._hands, self._clock, self._folder = hands, clock, folder

    async def run(self, job: Job) -> str:
        """Take and write the picture."""
        params = params_of(SnapshotParams, job)
        in_time(job, params.late, self._clock)
        camera = camera_of(params.camera, job)
        jpeg = await self._hands.still(camera, params.width)
        slip = self._slip(job, camera, jpeg)
        path = self._folder / _name(job, camera)
        try:
            await asyncio.to_thread(_write, path, jpeg, slip)
        except OSError as error:
            raise Again(f"cannot write {path.name}: {error.strerror}") from error
        return str(path.relative_to(self._folder))

    def _slip(self, job: Job, camera: str, jpeg: bytes) -> bytes:
        made = job.decision
        told = {
            "sha256": sha256(jpeg).hexdigest(),
            "bytes": len(jpeg),
            "camera": camera,
            "taken": self._clock.now().wall.isoformat(),
            "decision": made.id,
            "decided": made.at.isoformat(),
            "rule": made.rule,
            "phase": made.phase,
            "reason": {"code": made.reason.code, "values": dict(made.reason.values)},
        }
        return json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"


def _name(job: Job, camera: str) -> Path:
    made = job.decision
    at = f"{made.at:%H%M%S}.{made.at.microsecond // 1000:03}Z"
    parts = (_safe(camera), at, _safe(made.rule), _safe(made.id)[:12], str(job.key).rpartition("/")[2])
    return Path(f"{made.at:%Y-%m-%d}") / ("-".join(parts) + ".jpg")


def _safe(text: str) -> str:
    return _ODD.sub("-", text).strip("-")[:63] or "x"


def _write(path: Path, jpeg: bytes, slip: bytes) -> None:
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    _put(path, jpeg)
    _put(path.with_suffix(".json"), slip)
    _sync(path.parent)


def _put(path: Path, data: bytes) -> None:
    """Write a file so that a crash leaves the old one, the new one, or none, but never a piece."""
    part = path.with_name(path.name + ".part")
    try:
        with open(part, "wb", opener=_private) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o640)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def forget(folder: Path, before: date) -> int:
    """Delete the days before `before` (blocking); return how many days went."""
    gone = 0
    for day in folder.glob("????-??-??"):
        try:
            old = date.fromisoformat(day.name) < before
        except ValueError:
            continue
        if old and day.is_dir() and not day.is_symlink():
            shutil.rmtree(day)
            gone += 1
    return gone
