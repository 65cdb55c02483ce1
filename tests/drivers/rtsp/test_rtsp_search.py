"""Who speaks RTSP is found by one question without a login; who speaks anything else is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from drivers.contract import Scope
from drivers.rtsp import driver, search
from drivers.virtual.camera import VirtualCamera
from drivers.virtual.spec import CameraSpec


async def test_a_camera_is_found_and_only_where_a_sweep_was_asked_for(
    free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = CameraSpec(
        password="canary-1",
        discoverable=False,
        host="127.0.2.1",
        onvif_port=free_port(),
        rtsp_port=free_port(),
    )
    monkeypatch.setattr(search, "PORTS", (free_port(), spec.rtsp_port))
    async with VirtualCamera(spec):
        hosts = ("127.0.2.1", "127.0.2.2")
        told = [each async for each in driver.discover(Scope(hosts=hosts, sweep=True), 0.1)]
        assert [each.url for each in told] == [f"rtsp://127.0.2.1:{spec.rtsp_port}/"]
        assert [each async for each in driver.discover(Scope(hosts=hosts), 0.1)] == []


@asynccontextmanager
async def answering(said: bytes, heard: list[bytes]) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(said)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.2.3", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("said", "model"),
    [
        (b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: Hipcam\x1b[2J\r\n\r\n", "Hipcam·[2J"),
        (b"RTSP/1.0 401 Unauthorized\r\n\r\n", ""),
        (b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 9000, ""),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", None),
        (b"", None),
        (b"\xff" * 9000, None),
    ],
)
async def test_answers(said: bytes, model: str | None) -> None:
    heard: list[bytes] = []
    async with answering(said, heard) as port:
        told = await search.talk("127.0.2.3", (port,))
    assert [each.model for each in told] == ([] if model is None else [model])
    assert heard == [
        f"OPTIONS rtsp://127.0.2.3:{port}/ RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: matthan\r\n\r\n".encode()
    ]


async def test_who_accepts_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "QUESTION", 0.05)
    done = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    async with await asyncio.start_server(mute, "127.0.2.4", 0) as server:
        assert await search.talk("127.0.2.4", (server.sockets[0].getsockname()[1],)) == ()
        done.set()
