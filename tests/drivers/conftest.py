"""Devices for the drivers' tests: a virtual camera, a clip, servers that misbehave."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

pytest.register_assert_rewrite("drivers.conformance", "drivers.conformance_settings")

from drivers.contract import Login  # noqa: E402  # likewise
from drivers.onvif.soap import http  # noqa: E402  # likewise
from drivers.rtsp import source, stream  # noqa: E402  # likewise
from drivers.virtual.camera import VirtualCamera  # noqa: E402  # likewise
from drivers.virtual.spec import CameraSpec  # noqa: E402  # likewise
from drivers.virtual.street import footage  # noqa: E402  # likewise

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "video"
LOGIN = Login("operator", "p@ss:w/rd#1")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time-outs that a machine under load would meet, made long; a test of one sets its own."""
    monkeypatch.setattr(source, "OPEN_SECONDS", 60.0)
    monkeypatch.setattr(stream, "READ_SECONDS", 60.0)
    monkeypatch.setattr(http, "CONNECT_SECONDS", 60.0)
    monkeypatch.setattr(footage, "_LAG", 60.0)


@pytest.fixture(scope="session")
def clip_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MP4 of 12 pictures with B-frames (length-prefixed packets, pts beside dts)."""
    path = tmp_path_factory.mktemp("clip") / "mười hai.mp4"
    write_clip(path, "libx264", {"bf": "2", "g": "6"})
    return path


def write_clip(path: Path, codec: str, options: dict[str, str], pictures: int = 12) -> None:
    """Write a small moving picture."""
    with av.open(str(path), "w") as container:
        stream = cast(VideoStream, container.add_stream(codec, rate=50, options=options))
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number in range(pictures):
            pixels = np.full((48, 64, 3), 20 * number % 255, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 50)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


@contextmanager
def running(spec: CameraSpec) -> Iterator[VirtualCamera]:
    """Run a virtual camera on a loop and thread of its own, as a device beside the program would be."""
    ready: Future[VirtualCamera] = Future()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def live() -> None:
        async with VirtualCamera(spec) as camera:
            ready.set_result(camera)
            await stop.wait()

    def run() -> None:
        try:
            loop.run_until_complete(live())
        except BaseException as error:
            ready.set_exception(error)
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    thread = threading.Thread(target=run, name="virtual-camera")
    thread.start()
    try:
        yield ready.result(60)
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)
        thread.join()


@pytest.fixture(scope="session")
def ptz_camera() -> Iterator[VirtualCamera]:
    """A virtual PTZ camera with a login that needs percent-encoding."""
    with running(
        CameraSpec(name="Cổng chính", ptz=True, username=LOGIN.username, password=LOGIN.password)
    ) as it:
        yield it


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Talk], Awaitable[int]]]:
    """Serve a raw TCP conversation on a free port of 127.0.0.1; returns the port."""
    servers: list[asyncio.Server] = []
    writers: list[asyncio.StreamWriter] = []
    talks: set[asyncio.Task[None]] = set()

    async def start(talk: Talk) -> int:
        async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            if (task := asyncio.current_task()) is not None:
                talks.add(task)
            with suppress(OSError, asyncio.IncompleteReadError):
                await talk(reader, writer)

        server = await asyncio.start_server(guarded, "127.0.0.1", 0)
        servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    yield start
    for server in servers:
        server.close()
    for writer in writers:
        writer.close()
    if talks:
        await asyncio.wait(talks, timeout=10)
