"""The real engine and the fake cameras as processes, for bench_cameras.py: started, heard, weighed, ended."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

import psutil

from engine.api import wire
from engine.api.client import Client

ROOT = Path(__file__).resolve().parent.parent
#: Seconds that anything may take before a benchmark is given up.
PATIENCE = 240.0


@dataclass
class Fake:
    """The process of the fake cameras."""

    process: asyncio.subprocess.Process
    onvif: list[int] = field(default_factory=list)
    hanging: list[int] = field(default_factory=list)
    rtsp: int = 0
    kbit: int = 0

    def order(self, **what: object) -> None:
        """Tell it what to do."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(what).encode() + b"\n")

    async def said(self) -> dict[str, Any]:
        """Return what it says next."""
        assert self.process.stdout is not None
        told: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return told

    def by_onvif(self, number: int, **more: object) -> dict[str, object]:
        """Return a camera's settings."""
        return {"id": f"c{number}", "url": f"http://127.0.0.1:{self.onvif[number]}", "detect": False, **more}

    def by_rtsp(self, number: int, **more: object) -> dict[str, object]:
        """Return the settings of the same camera without its events."""
        return {"id": f"c{number}", "url": f"rtsp://127.0.0.1:{self.rtsp}/{number}", "detect": False, **more}


@asynccontextmanager
async def fake(**options: object) -> AsyncIterator[Fake]:
    """Run fake cameras; see fake_cameras.py for the options."""
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "benchmarks" / "fake_cameras.py"),
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        cameras = Fake(process)
        for name, value in (await cameras.said()).items():
            setattr(cameras, name, value)
        yield cameras
    finally:
        process.kill()
        await process.wait()


@dataclass
class Engine:
    """A running engine, and what it told of its cameras.

    Attributes:
        online: When each camera came online first, in seconds after the engine was started.
        lost: How often cameras were lost.
        heard: Called with every event.
        client: Who is connected to it; None: nobody.
    """

    process: psutil.Process
    began: float
    database: Path
    online: dict[str, float] = field(default_factory=dict)
    lost: int = 0
    heard: Callable[[wire.Event], None] = lambda _: None
    cameras: dict[str, wire.Camera] = field(default_factory=dict)
    client: Client | None = None

    def memory(self) -> float:
        """Return the MB that ending it would give back."""
        return float(self.process.memory_full_info().uss) / (1 << 20)

    async def until_online(self, many: int) -> None:
        """Wait for so many cameras."""
        await _until(lambda: len(self.online) >= many)

    async def follow(self, client: Client) -> None:
        """Note what it tells."""
        async with aclosing(client.updates()) as updates:
            async for message in updates:
                if isinstance(message, wire.State):
                    for camera in message.cameras:
                        self._see(camera)
                    for event in reversed(message.events):
                        self._hear(event)
                elif isinstance(message, wire.CameraUpdate):
                    self._see(message.camera)
                elif isinstance(message, wire.Event):
                    self._hear(message)

    def _see(self, camera: wire.Camera) -> None:
        self.cameras[camera.id] = camera
        if camera.state == "online":
            self.online.setdefault(camera.id, monotonic() - self.began)

    def _hear(self, event: wire.Event) -> None:
        self.lost += event.kind == "camera" and event.label in ("lost", "failed", "refused")
        self.heard(event)


@asynccontextmanager
async def engine(
    cameras: list[dict[str, object]], tree: Path = ROOT, detector: str | None = "none", client: bool = True
) -> AsyncIterator[Engine]:
    """Run `matthan run` with these cameras.

    Args:
        tree: Whose engine it is; another one may speak another API, so that nothing is heard of it.
        detector: Name of a model; None: the one in the box.
        client: Whether somebody listens.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        document: dict[str, object] = {
            "site": "bench",
            "state": str(folder / "state"),
            "cameras": cameras,
            "preview": {"enabled": False},
        }
        if detector is not None:
            document["detector"] = {"model": detector}
        (folder / "matthan.yaml").write_text(json.dumps(document))
        began = monotonic()
        with (folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "engine", "run", "--config", str(folder / "matthan.yaml")),
                cwd=tree,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(tree), "MATTHAN_TIED": str(os.getpid())},
            )
        running = Engine(psutil.Process(process.pid), began, folder / "state" / "matthan.db")
        try:
            socket = folder / "state" / "api.sock"
            await _until(lambda: socket.exists() or process.returncode is not None)
            if process.returncode is not None:
                raise RuntimeError((folder / "log").read_text()[-2000:])
            if client:
                async with Client.connect(socket) as connected, asyncio.TaskGroup() as group:
                    running.client = connected
                    following = group.create_task(running.follow(connected))
                    yield running
                    following.cancel()
            else:
                yield running
        finally:
            if process.returncode is None:
                process.terminate()
            await asyncio.wait_for(process.wait(), PATIENCE)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - a file, and what another process says
            await asyncio.sleep(0.05)


def spent(process: psutil.Process) -> float:
    """Return the CPU seconds that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def ran(process: psutil.Process) -> tuple[float, float]:
    """Return the seconds that all living threads of a process ran, and those of its loop: to the nanosecond."""
    threads = {int(task.name): task / "schedstat" for task in Path(f"/proc/{process.pid}/task").iterdir()}
    seconds = {number: int(file.read_text().split()[0]) / 1e9 for number, file in threads.items()}
    return sum(seconds.values()), seconds[process.pid]


async def shares(processes: dict[str, psutil.Process], seconds: float, slices: int) -> dict[str, float]:
    """Return the median share of a core of processes that run at the same time, over slices of the same time."""
    found: dict[str, list[float]] = {name: [] for name in processes}
    for _ in range(slices):
        before = {name: spent(each) for name, each in processes.items()}
        began = monotonic()
        await asyncio.sleep(seconds / slices)
        span = monotonic() - began
        for name, each in processes.items():
            found[name].append((spent(each) - before[name]) / span)
    return {name: median(values) for name, values in found.items()}


@asynccontextmanager
async def script(code: str, *words: str) -> AsyncIterator[psutil.Process]:
    """Run a few lines of Python in a process of their own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, *words),
        stdin=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.kill()
        await process.wait()
