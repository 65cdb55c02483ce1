"""The RTSP server before its own client, before FFmpeg (program and PyAV), and before hostile ones."""

import asyncio
import os
import random
import shutil
import socket
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote
from urllib.request import parse_http_list, parse_keqv_list

import av
import pytest

from drivers.contract import Login
from drivers.errors import Malformed, Unreachable
from drivers.virtual import rtsp_connection, rtsp_server
from drivers.virtual.footage import FixedFootage, Footage, Format, Unit
from drivers.virtual.pictures import ScenePictures
from drivers.virtual.rtsp_auth import REALM
from drivers.virtual.rtsp_server import Fault, RtspServer
from drivers.virtual.scene import Scene

HOST = "127.0.0.1"
LOGIN = Login("admin", "p@ss:w/rd#1")
TCP = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}


def _loop() -> FixedFootage:
    return FixedFootage(ScenePictures(Scene(7, period=2), (320, 180), 10))


@pytest.fixture
async def footage() -> AsyncIterator[FixedFootage]:
    async with _loop() as loop:
        yield loop


@pytest.fixture
async def server(footage: FixedFootage) -> AsyncIterator[RtspServer]:
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
        async with asyncio.timeout(20):
            yield Client(server.port, reader, writer)
    finally:
        writer.transport.abort()


async def test_a_conversation_over_tcp(server: RtspServer) -> None:
    async with _client(server) as client:
        assert "GET_PARAMETER" in (await client.ask("OPTIONS", "*"))[1]["public"]
        status, headers, sdp = await client.ask("DESCRIBE")
        assert (status, headers["content-base"]) == (200, f"{client.url}/")
        assert {"m=video 0 RTP/AVP 96", "a=framesize:96 320-180", "a=control:track1"} <= set(
            sdp.split("\r\n")
        )
        assert "packetization-mode=1;profile-level-id=42C0" in sdp
        played = await client.play()
        told = dict(part.split("=", 1) for part in played["rtp-info"].split(";"))
        first, *_ = await client.media(5)
        assert told["url"] == f"{client.url}/track1"
        assert struct.unpack("!HI", first[1][2:8]) == (int(told["seq"]), int(told["rtptime"]))
        session = {"Session": played["session"].split(";")[0]}
        assert (await client.ask("GET_PARAMETER", headers=session))[0] == 200
        assert (await client.ask("TEARDOWN", headers=session))[0] == 200
        assert client.frames[-1][0] == 1
        assert client.frames[-1][1][1] == 203  # RTCP BYE
        assert await client.reader.read() == b""


async def test_a_pause_is_silent_and_numbers_go_on(server: RtspServer) -> None:
    async with _client(server) as client:
        session = {"Session": (await client.play())["session"].split(";")[0]}
        await client.media(3)
        assert (await client.ask("PAUSE", headers=session))[0] == 200
        client.frames.clear()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await client.media(1)
        played = (await client.ask("PLAY", headers=session))[1]
        (_, packet), *_ = await client.media(1)
        assert f"seq={struct.unpack('!H', packet[2:4])[0]};" in played["rtp-info"]


class _Catch(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.got: asyncio.Queue[tuple[bytes, tuple[str, int]]] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.got.put_nowait((data, addr))


@asynccontextmanager
async def _ports() -> AsyncIterator[tuple[tuple[_Catch, _Catch], tuple[int, int], asyncio.DatagramTransport]]:
    loop = asyncio.get_running_loop()
    ends = [await loop.create_datagram_endpoint(_Catch, local_addr=(HOST, 0)) for _ in range(2)]
    ports = [end.get_extra_info("sockname")[1] for end, _ in ends]
    try:
        yield (ends[0][1], ends[1][1]), (ports[0], ports[1]), ends[1][0]
    finally:
        for end, _ in ends:
            end.close()


async def test_a_conversation_over_udp(server: RtspServer) -> None:
    async with _client(server) as client, _ports() as (catch, ports, _):
        transport = {"Transport": f"RTP/AVP;unicast;client_port={ports[0]}-{ports[1]}"}
        headers = (await client.ask("SETUP", f"{client.url}/track1", transport))[1]
        values = dict(part.partition("=")[::2] for part in headers["transport"].split(";"))
        assert values["client_port"] == f"{ports[0]}-{ports[1]}"
        await client.ask("PLAY", headers={"Session": headers["session"].split(";")[0]})
        data, sender = await catch[0].got.get()
        report, reporter = await catch[1].got.get()
        assert values["server_port"] == f"{sender[1]}-{reporter[1]}"
        assert sender[1] % 2 == 0
        assert data[8:12] == report[4:8] == bytes.fromhex(values["ssrc"])
        assert report[1] == 200


async def test_what_is_out_of_order_gets_its_status(server: RtspServer) -> None:
    async with _client(server) as client:
        track, nowhere = f"{client.url}/track1", f"rtsp://{HOST}/other"
        before: list[tuple[int, str, str, dict[str, str]]] = [
            (455, "PLAY", "", {}), (404, "DESCRIBE", nowhere, {}), (404, "SETUP", nowhere, TCP),
            (461, "SETUP", track, {"Transport": "RTP/AVP;multicast"}), (461, "SETUP", track, {}),
            (400, "SETUP", track, {"Transport": "RTP/AVP;client_port=x"}), (501, "RECORD", "", {}),
            (551, "SETUP", track, TCP | {"Require": "tea"}), (455, "TEARDOWN", "", {}),
        ]  # fmt: skip
        for status, method, url, headers in before:
            assert (method, (await client.ask(method, url, headers))[0]) == (method, status)
        await client.play()
        assert (await client.ask("PLAY", headers={"Session": "other"}))[0] == 454
        assert (await client.ask("SETUP", track, TCP))[0] == 454


@pytest.mark.parametrize("algorithms", [("MD5",), ("SHA-256", "MD5")])
async def test_a_login_is_asked_for_and_taken(footage: FixedFootage, algorithms: tuple[str, ...]) -> None:
    async with (
        RtspServer(footage, HOST, login=LOGIN, algorithms=algorithms) as server,
        _client(server) as client,
    ):
        status, headers, _ = await client.ask("DESCRIBE")
        challenge = parse_keqv_list(parse_http_list(headers["www-authenticate"].removeprefix("Digest ")))
        assert (status, challenge["realm"]) == (401, REALM)
        wrong = (
            f'Digest username="admin", realm="{REALM}", nonce="{challenge["nonce"]}", uri="x", response="0"'
        )
        status, headers, _ = await client.ask("DESCRIBE", headers={"Authorization": wrong})
        assert status == 401
        assert "stale" not in headers["www-authenticate"]
        assert (await client.ask("SETUP", f"{client.url}/track1", TCP))[0] == 401
        assert (await client.ask("OPTIONS"))[0] == 200


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
        async with asyncio.timeout(10):
            return await reader.read()
    except OSError:  # closed with our bytes unread: an answer, too
        return b""
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("garbage", GARBAGE)
async def test_garbage_is_answered_or_cut_off_and_harms_nobody(server: RtspServer, garbage: bytes) -> None:
    told = await _poke(server, garbage)
    assert told[:12] in {b"", b"RTSP/1.0 400", b"RTSP/1.0 413"}
    async with _client(server) as client:
        assert (await client.ask("DESCRIBE"))[0] == 200


async def test_damaged_conversations_harm_nobody(server: RtspServer) -> None:
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
    async with _client(server) as client:
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
    async def watch(self) -> AsyncIterator[AsyncIterator[Unit]]:
        async def pour() -> AsyncIterator[Unit]:
            for count in range(10_000):
                yield Unit(b"\x00\x00\x01\x65" + bytes((7,)) * 500_000, count * 9000, True)

        yield pour()

    async def still(self) -> bytes:
        return b""

    def seconds(self) -> float:
        return 0.0


async def test_a_client_that_does_not_read_is_dropped_and_counted() -> None:
    firehose: Footage = _Firehose()
    async with RtspServer(firehose, HOST, patience=0.3) as server:
        async with _client(server) as client:
            await client.play()  # and read no more
            async with asyncio.timeout(10):
                while not server.dropped:
                    await asyncio.sleep(0.05)
        assert (server.dropped, server.clients) == (1, 0)


async def test_footage_that_cannot_be_read_is_a_503() -> None:
    firehose: Footage = _Firehose()
    async with RtspServer(firehose, HOST) as server, _client(server) as client:
        assert (await client.ask("DESCRIBE"))[0] == 503


class _Broken(_Firehose):
    """Footage whose clip cannot be read any more."""

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncIterator[Unit]]:
        async def fail() -> AsyncIterator[Unit]:
            yield Unit(b"\x00\x00\x01\x65\x01", 0, True)
            raise Malformed("footage.broken", path="x", detail="y")

        yield fail()


async def test_footage_that_breaks_ends_that_connection_only(caplog: pytest.LogCaptureFixture) -> None:
    broken: Footage = _Broken()
    async with RtspServer(broken, HOST) as server:
        for _ in range(2):
            async with _client(server) as client:
                await client.play()
                with pytest.raises(asyncio.IncompleteReadError):
                    await client.media(1000)
    assert caplog.text.count("footage.broken") == 2


async def test_a_silent_client_is_let_go(footage: FixedFootage) -> None:
    async with RtspServer(footage, HOST, session=0.3) as server, _client(server) as client:
        await client.ask("OPTIONS")
        assert await client.reader.read() == b""


async def test_an_unfinished_request_is_not_waited_for(
    server: RtspServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtsp_connection, "HEAD_TIME", 0.2)
    async with _client(server) as client:
        client.writer.write(b"OPTIONS * RTSP/1.0\r\n")
        assert await client.reader.read() == b""


async def test_rtcp_keeps_a_udp_session_alive(footage: FixedFootage) -> None:
    async with (
        RtspServer(footage, HOST, session=0.6) as server,
        _client(server) as client,
        _ports() as opened,
    ):
        catch, ports, control = opened
        transport = {"Transport": f"RTP/AVP;unicast;client_port={ports[0]}-{ports[1]}"}
        headers = (await client.ask("SETUP", f"{client.url}/track1", transport))[1]
        values = dict(part.partition("=")[::2] for part in headers["transport"].split(";"))
        await client.ask("PLAY", headers={"Session": headers["session"].split(";")[0]})
        for _ in range(6):  # twice the session's time
            control.sendto(b"\x80\xc9\x00\x01" + bytes(4), (HOST, int(values["server_port"].split("-")[1])))
            await asyncio.sleep(0.2)
        assert server.clients == 1
        while not catch[0].got.empty():
            catch[0].got.get_nowait()
        assert await client.reader.read() == b""  # and without it, it ends


async def test_a_stalled_camera_keeps_its_connections_and_says_nothing(server: RtspServer) -> None:
    async with _client(server) as playing, _client(server) as fresh:
        await playing.play()
        await playing.media(2)
        server.fault = Fault.STALL
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


async def test_a_refusing_camera_closes_everything_and_comes_back(server: RtspServer) -> None:
    async with _client(server) as playing:
        await playing.play()
        server.fault = Fault.REFUSE
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await playing.media(1000)
    assert await _poke(server, b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n") == b""
    server.fault = None
    async with _client(server) as client:
        assert (await client.ask("DESCRIBE"))[0] == 200


async def test_too_many_clients_are_turned_away(server: RtspServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtsp_server, "LIMIT", 1)
    async with _client(server) as client:
        await client.ask("OPTIONS")
        assert await _poke(server, b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n") == b""
        assert server.turned_away == 1


def _url(server: RtspServer, login: Login | None = LOGIN) -> str:
    who = f"{login.username}:{quote(login.password, safe='')}@" if login else ""
    return f"rtsp://{who}{HOST}:{server.port}/main"


def _watch(url: str, transport: str, count: int) -> tuple[list[int], int]:
    """Read packets with PyAV; return their times and how many pictures could be decoded."""
    options = {"rtsp_transport": transport, "probesize": "100000", "analyzeduration": "500000"}
    with av.open(url, options=options, timeout=10) as container:
        times: list[int] = []
        pictures = 0
        for packet in container.demux(video=0):
            pictures += len(packet.decode())
            if packet.pts is not None:
                times.append(packet.pts)
            if len(times) >= count:
                break
        return times, pictures


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_pyav_sees_no_seam(footage: FixedFootage, transport: str) -> None:
    async with RtspServer(footage, HOST, login=LOGIN) as server:
        times, pictures = await asyncio.to_thread(_watch, _url(server), transport, 48)  # over two seams
    assert {later - time for time, later in pairwise(times)} == {9000}
    assert pictures >= 45


async def test_several_watch_at_once(footage: FixedFootage) -> None:
    async with RtspServer(footage, HOST, login=LOGIN) as server:
        transports = ("tcp", "udp", "tcp")
        found = await asyncio.gather(
            *(asyncio.to_thread(_watch, _url(server), transport, 20) for transport in transports)
        )
    assert all(pictures >= 17 for _, pictures in found)
    assert footage.encoded == 2


async def test_pyav_is_refused_with_the_wrong_password(footage: FixedFootage) -> None:
    async with RtspServer(footage, HOST, login=LOGIN) as server:
        with pytest.raises(av.error.HTTPUnauthorizedError):
            await asyncio.to_thread(_watch, _url(server, Login("admin", "guess")), "tcp", 1)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{name} is not installed")
    return str(found)


async def _run(arguments: Sequence[str]) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(40):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode or 0, output.decode()


@pytest.mark.peer
@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_ffprobe_reads_what_was_promised(footage: FixedFootage, transport: str) -> None:
    async with RtspServer(footage, HOST, login=LOGIN, algorithms=("SHA-256", "MD5")) as server:
        show = "stream=codec_name,profile,width,height,r_frame_rate,has_b_frames"
        code, told = await _run(
            [_program("ffprobe"), "-v", "error", "-rtsp_transport", transport, "-show_entries", show,
             "-of", "default=noprint_wrappers=1", _url(server)]
        )  # fmt: skip
    assert code == 0, told
    assert set(told.split("\n")) >= {
        "codec_name=h264", "profile=Constrained Baseline", "width=320", "height=180", "r_frame_rate=10/1",
        "has_b_frames=0",
    }  # fmt: skip


@pytest.mark.peer
@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_ffmpeg_records_without_a_complaint(
    footage: FixedFootage, transport: str, tmp_path: Path
) -> None:
    file = tmp_path / "seen.mkv"
    async with RtspServer(footage, HOST, login=LOGIN) as server:
        code, told = await _run(
            [_program("ffmpeg"), "-v", "warning", "-xerror", "-rtsp_transport", transport, "-i", _url(server),
             "-t", "4.5", "-c", "copy", "-y", str(file)]
        )  # fmt: skip
    assert code == 0
    assert "error" not in told.lower()
    with av.open(str(file)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert len(times) >= 40
    # FFmpeg gives the first RTP picture no time, and the file then that of its neighbour
    assert {round((later or 0) - (time or 0), 2) for time, later in pairwise(times[1:])} == {0.1}


@pytest.mark.peer
async def test_ffprobe_is_refused_with_the_wrong_password(footage: FixedFootage) -> None:
    async with RtspServer(footage, HOST, login=LOGIN) as server:
        code, told = await _run([_program("ffprobe"), "-v", "error", _url(server, Login("admin", "guess"))])
    assert code != 0
    assert "401 Unauthorized" in told


async def test_the_port_is_free_again_afterwards(footage: FixedFootage) -> None:
    async with RtspServer(footage, HOST) as server, _client(server) as client:
        await client.play()
        port = server.port
    async with RtspServer(footage, HOST, port) as again:
        assert again.port == port
    with socket.socket() as probe:
        assert probe.connect_ex((HOST, port)) != 0
