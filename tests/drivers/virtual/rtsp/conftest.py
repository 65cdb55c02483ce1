"""The RTSP server of a virtual camera over a short loop, and a plain client of it."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from drivers.virtual.rtsp.server import RtspServer
from drivers.virtual.street.drawing import Scene
from drivers.virtual.street.footage import FixedFootage
from drivers.virtual.street.pictures import ScenePictures

HOST = "127.0.0.1"
TCP = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}


@pytest.fixture
async def footage() -> AsyncIterator[FixedFootage]:
    """Two seconds of a street, 10 pictures a second, for ever."""
    async with FixedFootage(ScenePictures(Scene(7, period=2), (320, 180), 10)) as loop:
        yield loop


@pytest.fixture
async def server(footage: FixedFootage) -> AsyncIterator[RtspServer]:
    """A server that is open to everybody."""
    async with RtspServer(footage, HOST) as server:
        yield server


class Client:
    """A plain RTSP client that keeps what arrives in between."""

    def __init__(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.url = f"rtsp://{HOST}:{port}/main"
        self.reader, self.writer = reader, writer
        self.frames: list[tuple[int, bytes]] = []
        self._count = 0

    async def _frame(self) -> None:
        channel, length = struct.unpack("!BH", await self.reader.readexactly(3))
        self.frames.append((channel, await self.reader.readexactly(length)))

    async def answer(self) -> tuple[int, dict[str, str], str]:
        while (first := await self.reader.readexactly(1)) == b"$":
            await self._frame()
        head = (first + await self.reader.readuntil(b"\r\n\r\n")).decode()
        status, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return int(status.split()[1]), headers, body.decode()

    async def ask(
        self, method: str, url: str = "", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], str]:
        self._count += 1
        lines = [f"{method} {url or self.url} RTSP/1.0", f"CSeq: {self._count}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        answer = await self.answer()
        assert answer[1].get("cseq") == str(self._count)
        return answer

    async def media(self, count: int) -> list[tuple[int, bytes]]:
        """Return the next frames, those read already first."""
        while len(self.frames) < count:
            assert await self.reader.readexactly(1) == b"$"
            await self._frame()
        taken, self.frames = self.frames[:count], self.frames[count:]
        return taken

    async def play(self, transport: dict[str, str] | None = None) -> dict[str, str]:
        """Set up and play; return PLAY's headers."""
        status, headers, _ = await self.ask("SETUP", f"{self.url}/track1", transport or TCP)
        assert status == 200
        status, headers, _ = await self.ask("PLAY", headers={"Session": headers["session"].split(";")[0]})
        assert status == 200
        return headers


@asynccontextmanager
async def _client(server: RtspServer) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection(HOST, server.port)
    try:
        async with asyncio.timeout(60):
            yield Client(server.port, reader, writer)
    finally:
        writer.transport.abort()


@pytest.fixture
def connect() -> Callable[[RtspServer], AbstractAsyncContextManager[Client]]:
    """Connect a plain client to a server."""
    return _client
