"""The RTSP server in trouble: hostile, silent and slow clients, footage that breaks, faults that are asked for."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, Self

import pytest

from drivers.errors import Malformed, Unreachable
from drivers.virtual.rtsp import connection
from drivers.virtual.rtsp import server as rtsp_server
from drivers.virtual.rtsp.server import RtspServer, SimulatedFault
from drivers.virtual.street.footage import CodedPicture, FixedFootage, Footage, Format

HOST = "127.0.0.1"
Client = Any  # the class is in conftest.py: test files import nothing from each other
Connect = Callable[[RtspServer], AbstractAsyncContextManager[Client]]


GARBAGE = (
    b"\x00" * 50,
    b"\xff\xfe\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"A" * 20_000,
    b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n" + b"X: y\r\n" * 3000 + b"\r\n",
    b"OPTIONS * RTSP/1.0\r\n\r\n",
    b"DESCRIBE rtsp://[bad RTSP/1.0\r\nCSeq: 1\r\n\r\n",
    b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 100000\r\n\r\n",
    b"$\x07\xff\xffshort",
)


async def _poke(server: RtspServer, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, server.port)
    try:
        writer.write(data)
        writer.write_eof()
        async with asyncio.timeout(60):
            return await reader.read()
    except OSError:  # closed with our bytes unread: an answer, too
        return b""
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("garbage", GARBAGE)
async def test_garbage_is_answered_or_cut_off_and_harms_nobody(
    connect: Connect, server: RtspServer, garbage: bytes
) -> None:
    told = await _poke(server, garbage)
    assert told[:12] in {b"", b"RTSP/1.0 400", b"RTSP/1.0 413"}
    async with connect(server) as client:
        assert (await client.ask("DESCRIBE"))[0] == 200


async def test_damaged_conversations_harm_nobody(connect: Connect, server: RtspServer) -> None:
    rng = random.Random(5)
    whole = b"".join(
        f"{method} rtsp://{HOST}/main/track1 RTSP/1.0\r\nCSeq: {count}\r\nTransport: RTP/AVP/TCP\r\n\r\n".encode()
        for count, method in enumerate(("OPTIONS", "SETUP", "GET_PARAMETER", "TEARDOWN"))
    )
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        assert (await _poke(server, bytes(data[: rng.randint(1, len(data))])))[:9] in {b"", b"RTSP/1.0 "}
    async with connect(server) as client:
        assert (await client.ask("DESCRIBE"))[0] == 200


class _Firehose:
    """Footage that has far more to send than a client that does not read can hold."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def describe(self) -> Format:
        raise Unreachable("footage.missing", path="x")

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncIterator[CodedPicture]]:
        async def pour() -> AsyncIterator[CodedPicture]:
            for count in range(10_000):
                yield CodedPicture(b"\x00\x00\x01\x65" + bytes((7,)) * 500_000, count * 9000, True)

        yield pour()

    async def still(self) -> bytes:
        return b""

    def seconds(self) -> float:
        return 0.0


async def test_a_client_that_does_not_read_is_dropped_and_counted(connect: Connect) -> None:
    firehose: Footage = _Firehose()
    async with RtspServer(firehose, HOST, patience=0.3) as server:
        async with connect(server) as client:
            await client.play()  # and read no more
            async with asyncio.timeout(60):
                while not server.dropped or server.clients:
                    await asyncio.sleep(0.05)
        assert server.dropped == 1


async def test_footage_that_cannot_be_read_is_a_503(connect: Connect) -> None:
    firehose: Footage = _Firehose()
    async with RtspServer(firehose, HOST) as server, connect(server) as client:
        assert (await client.ask("DESCRIBE"))[0] == 503


class _Broken(_Firehose):
    """Footage whose clip cannot be read any more."""

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncIterator[CodedPicture]]:
        async def fail() -> AsyncIterator[CodedPicture]:
            yield CodedPicture(b"\x00\x00\x01\x65\x01", 0, True)
            raise Malformed("footage.broken", path="x", detail="y")

        yield fail()


async def test_footage_that_breaks_ends_that_connection_only(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    broken: Footage = _Broken()
    async with RtspServer(broken, HOST) as server:
        for _ in range(2):
            async with connect(server) as client:
                await client.play()
                with pytest.raises(asyncio.IncompleteReadError):
                    await client.media(1000)
    assert caplog.text.count("footage.broken") == 2


async def test_a_silent_client_is_let_go(connect: Connect, footage: FixedFootage) -> None:
    async with RtspServer(footage, HOST, session=2.0) as server, connect(server) as client:
        await client.ask("OPTIONS")
        assert await client.reader.read() == b""


async def test_an_unfinished_request_is_not_waited_for(
    connect: Connect, server: RtspServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_TIME", 0.2)
    async with connect(server) as client:
        client.writer.write(b"OPTIONS * RTSP/1.0\r\n")
        assert await client.reader.read() == b""


async def test_a_stalled_camera_keeps_its_connections_and_says_nothing(
    connect: Connect, server: RtspServer
) -> None:
    async with connect(server) as playing, connect(server) as fresh:
        await playing.play()
        await playing.media(2)
        server.fault = SimulatedFault.STALL
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await fresh.ask("OPTIONS")
        playing.frames.clear()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await playing.media(30)  # more than what was under way
        assert server.clients == 2
        server.fault = None
        assert (await fresh.answer())[0] == 200
        await playing.media(30)


async def test_a_refusing_camera_closes_everything_and_comes_back(
    connect: Connect, server: RtspServer
) -> None:
    async with connect(server) as playing:
        await playing.play()
        server.fault = SimulatedFault.REFUSE
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await playing.media(1000)
    assert await _poke(server, b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n") == b""
    server.fault = None
    async with connect(server) as client:
        assert (await client.ask("DESCRIBE"))[0] == 200


async def test_too_many_clients_are_turned_away(
    connect: Connect, server: RtspServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtsp_server, "LIMIT", 1)
    async with connect(server) as client:
        await client.ask("OPTIONS")
        assert await _poke(server, b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n") == b""
        assert server.turned_away == 1
