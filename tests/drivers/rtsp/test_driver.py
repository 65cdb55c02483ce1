"""The rtsp driver against the virtual camera and against servers that misbehave."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import traceback
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import rtsp
from drivers.conformance import CANARY, PATIENCE, DriverConformance
from drivers.contract import Codec, Driver, Login, Stream, Target
from drivers.errors import DriverError, Malformed, Refused, Unreachable, Unsupported
from drivers.rtsp import source as places
from drivers.rtsp import stream as streams


class TestRtspConforms(DriverConformance):
    @pytest.fixture
    def driver(self) -> Driver:
        return rtsp.driver

    @pytest.fixture
    def target(self, ptz_camera: Any) -> Target:
        return Target(ptz_camera.rtsp_url)

    @pytest.fixture
    def login(self, ptz_camera: Any) -> Login:
        login: Login = ptz_camera.spec.login
        return login

    @pytest.fixture
    def dead_target(self, dead_port: int) -> Target:
        return Target(f"rtsp://127.0.0.1:{dead_port}/live")


async def start(url: str, login: Login | None = None, **options: object) -> Stream:
    async with rtsp.driver.open(Target(url, options), login) as device:
        stream = await device.cameras[0].open_stream("main")
    await asyncio.to_thread(stream.start)
    return stream


async def error_of(url: str, login: Login | None = None, **options: object) -> DriverError:
    with pytest.raises(DriverError) as caught:
        await start(url, login, **options)
    return caught.value


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_both_transports(ptz_camera: Any, transport: str) -> None:
    stream = await start(ptz_camera.rtsp_url, ptz_camera.spec.login, transport=transport)
    try:
        packets = [await asyncio.to_thread(stream.read) for _ in range(10)]
    finally:
        stream.close()
    assert any(packet.keyframe for packet in packets)


async def test_what_comes_decodes(ptz_camera: Any) -> None:
    import av

    stream = streams.RtspStream(rtsp.RtspSource(ptz_camera.rtsp_url, ptz_camera.spec.login))
    try:
        parameters = await asyncio.to_thread(stream.start)
        decoder = av.CodecContext.create("h264", "r")
        shown = 0
        for _ in range(30):
            packet = await asyncio.to_thread(stream.read)
            shown += len(decoder.decode(av.Packet(packet.data)))
    finally:
        stream.close()
    assert parameters.codec is Codec.H264
    assert (parameters.width, parameters.height) == (640, 360)
    assert parameters.extradata.startswith((b"\0\0\0\1", b"\0\0\1"))  # Annex B
    assert shown > 10


def secret_url(source: rtsp.RtspSource) -> str:
    """The URL with the login in it, as people write it."""
    assert source.login is not None
    user, password = (quote(each, safe="") for each in (source.login.username, source.login.password))
    return source.url.replace("://", f"://{user}:{password}@")


async def test_login_in_the_url_works_and_is_not_told(ptz_camera: Any) -> None:
    login = ptz_camera.spec.login
    source = rtsp.RtspSource(ptz_camera.rtsp_url, login)
    stream = await start(secret_url(source))
    stream.close()
    wrong = secret_url(source).replace("operator:", f"operator:{CANARY}")
    error = await error_of(wrong)
    assert isinstance(error, Refused)
    assert CANARY not in "".join(traceback.format_exception(error))


async def test_no_such_stream(ptz_camera: Any) -> None:
    error = await error_of(ptz_camera.rtsp_url + "/nowhere", ptz_camera.spec.login)
    assert isinstance(error, (Unsupported, Unreachable))


async def test_sub_is_a_second_profile(ptz_camera: Any) -> None:
    options = {"sub": ptz_camera.rtsp_url}
    async with rtsp.driver.open(Target("rtsp://127.0.0.1:9/x", options), ptz_camera.spec.login) as device:
        assert [profile.token for profile in device.cameras[0].profiles] == ["main", "sub"]
        stream = await device.cameras[0].open_stream("sub")
        await asyncio.to_thread(stream.start)
        stream.close()


async def test_close_ends_a_blocked_read(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stalled server: the read ends by `close` at once, not by its time-out (see drivers.kit.ffmpeg)."""
    monkeypatch.setattr(places, "OPEN_SECONDS", 2.0)  # opening takes it all: no picture comes
    stream = streams.RtspStream(rtsp.RtspSource(f"rtsp://127.0.0.1:{await serve(plays_nothing)}/x", None))
    begun, ended = threading.Event(), list[DriverError]()

    def read() -> None:
        stream.start()
        begun.set()
        try:
            stream.read()
        except DriverError as error:
            ended.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    await asyncio.to_thread(begun.wait, PATIENCE)
    await asyncio.sleep(0.3)  # let it block
    stream.close()
    await asyncio.to_thread(reader.join, PATIENCE)
    # not driver.timeout, which is how the read would have ended by itself
    assert [error.code for error in ended] == ["driver.closed"]


async def test_closing_at_any_moment_is_safe(ptz_camera: Any) -> None:
    """A container freed under a reader would crash the process; the delays hit opening and reading."""
    for delay in (0.0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6):
        stream = streams.RtspStream(rtsp.RtspSource(ptz_camera.rtsp_url, ptz_camera.spec.login))
        errors: list[DriverError] = []
        reader = threading.Thread(target=use_up, args=(stream, errors))
        reader.start()
        await asyncio.sleep(delay)
        stream.close()
        await asyncio.to_thread(reader.join, PATIENCE)
        assert [error.code for error in errors] == ["driver.closed"]


def use_up(stream: streams.RtspStream, errors: list[DriverError]) -> None:
    try:
        stream.start()
        while True:
            stream.read()
    except DriverError as error:
        errors.append(error)


async def test_a_stall_is_told(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "OPEN_SECONDS", 2.0)  # opening takes it all: no picture comes
    monkeypatch.setattr(streams, "READ_SECONDS", 0.3)
    stream = await start(f"rtsp://127.0.0.1:{await serve(plays_nothing)}/x")
    with pytest.raises(Unreachable) as caught:
        await asyncio.to_thread(stream.read)
    stream.close()
    assert caught.value.code == "driver.stalled"


async def test_a_server_that_never_answers(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "OPEN_SECONDS", 0.3)
    error = await error_of(f"rtsp://127.0.0.1:{await serve(silent)}/x", Login("u", CANARY))
    assert error.code == "driver.timeout"


async def test_one_byte_at_a_time_is_late_too(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "OPEN_SECONDS", 0.5)
    error = await error_of(f"rtsp://127.0.0.1:{await serve(drips)}/x")
    assert error.code == "driver.timeout"


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00" * 4096,
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"RTSP/1.0 999 What\r\nCSeq: 1\r\n\r\n" * 20,
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 99999999999\r\n\r\nv=0",
        b"$\x00\xff\xff" + b"\xaa" * 1000,
        bytes(range(256)) * 16,
    ],
    ids=["zeros", "http", "status", "length", "interleaved", "bytes"],
)
async def test_garbage_is_our_error(serve: Any, garbage: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            writer.write(garbage)
            await writer.drain()

    monkeypatch.setattr(places, "OPEN_SECONDS", 1.0)
    await error_of(f"rtsp://127.0.0.1:{await serve(talk)}/x")


async def test_udp_is_tried_where_tcp_is_not_spoken(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def udp_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for request in requests(reader):
            if request.startswith("SETUP"):
                asked.append("tcp" if "RTP/AVP/TCP" in request else "udp")
            status = "461 Unsupported Transport" if request.startswith("SETUP") else "200 OK"
            answer(writer, request, status)

    monkeypatch.setattr(streams, "TRANSPORT_PAUSE", 0.01)
    await error_of(f"rtsp://127.0.0.1:{await serve(udp_only)}/x")
    assert asked[0] == "tcp"
    assert "udp" in asked


@pytest.mark.parametrize("url", ["rtsp://", "rtsp://host:port/x", "nothing", "rtsp:///x"])
async def test_bad_addresses(url: str) -> None:
    with pytest.raises(Malformed):
        async with rtsp.driver.open(Target(url), None):
            pass


@pytest.mark.parametrize(
    "options", [{}, {"sub": f"rtsp://u:{CANARY}:x@h/"}, {"transport": f"rtsp://u:{CANARY}@h"}]
)
async def test_what_is_wrong_with_an_address_is_told_without_its_password(options: dict[str, str]) -> None:
    with pytest.raises(DriverError) as caught:
        async with rtsp.driver.open(Target(f"rtsp://user:p/{CANARY}@host/x", options), None):
            pass
    error: BaseException | None = caught.value
    while error is not None:
        assert CANARY not in f"{error} {error!r} {vars(error)}"
        error = error.__context__


@given(user=st.text(min_size=1), password=st.text())
def test_logins_survive_the_url(user: str, password: str) -> None:
    if not user.isprintable() or not password.isprintable():
        return
    source = rtsp.RtspSource("rtsp://camera:554/a?b=c", Login(user, password))
    assert places.split_login(secret_url(source)) == ("rtsp://camera:554/a?b=c", Login(user, password))


def test_ffmpegs_log_is_silent(dead_port: int) -> None:
    script = (
        "import sys\nfrom drivers import rtsp\nfrom drivers.rtsp import stream as streams\n"
        "from drivers.contract import Login\n"
        f"s = streams.RtspStream(rtsp.RtspSource('rtsp://127.0.0.1:{dead_port}/x', Login('u', '{CANARY}')))\n"
        "try:\n    s.start()\nexcept Exception as e:\n    import traceback; traceback.print_exc()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120
    )
    assert "Unreachable" in done.stderr
    assert CANARY not in done.stderr + done.stdout


# -- servers ---------------------------------------------------------------------------------------

SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
    "a=rtpmap:96 H264/90000\r\na=control:track0\r\na=fmtp:96 packetization-mode=1;"
    "sprop-parameter-sets=Z0LAHtkDxWhAAAADAEAAAAwDxYuS,aMuMsg==\r\n"
)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    for byte in b"RTSP/1.0 200 OK\r\n" * 100:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.1)


async def requests(reader: asyncio.StreamReader) -> Any:
    while True:
        try:
            yield (await reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError:
            return


def answer(writer: asyncio.StreamWriter, request: str, status: str = "200 OK") -> None:
    number = next(line for line in request.splitlines() if line.lower().startswith("cseq"))
    head = {"DESCRIBE": "Content-Type: application/sdp\r\n", "OPTIONS": "Public: DESCRIBE, SETUP, PLAY\r\n"}
    verb = request.split()[0]
    body = SDP if verb == "DESCRIBE" else ""
    more = head.get(verb, "")
    if verb == "SETUP":
        more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
    writer.write(
        f"RTSP/1.0 {status}\r\n{number}\r\nSession: 1\r\n{more}Content-Length: {len(body)}\r\n\r\n{body}".encode()
    )


async def plays_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Agree to everything and send nothing: a stalled camera."""
    async for request in requests(reader):
        answer(writer, request)
