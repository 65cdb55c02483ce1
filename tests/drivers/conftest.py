"""Devices for the drivers' tests: a virtual camera, a scripted ONVIF device, servers that misbehave."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from inspect import isawaitable
from pathlib import Path
from typing import ClassVar, cast

import av
import numpy as np
import pytest
from aiohttp import web
from av.video.stream import VideoStream

pytest.register_assert_rewrite("drivers.conformance")

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


# -- a scripted ONVIF device ---------------------------------------------------------------------

NAMESPACES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" '
    'xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tr2="http://www.onvif.org/ver20/media/wsdl" '
    'xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl" '
    'xmlns:tev="http://www.onvif.org/ver10/events/wsdl" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" '
    'xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:tns1="http://www.onvif.org/ver10/topics" '
    'xmlns:ter="http://www.onvif.org/ver10/error"'
)
DEVICE_INFO = (
    "<tds:GetDeviceInformationResponse><tds:Manufacturer>Acme</tds:Manufacturer><tds:Model>M1</tds:Model>"
    "<tds:FirmwareVersion>1.2</tds:FirmwareVersion><tds:SerialNumber>S1</tds:SerialNumber>"
    "<tds:HardwareId>H1</tds:HardwareId></tds:GetDeviceInformationResponse>"
)
PROFILE = (
    '<trt:Profiles token="{token}" fixed="true"><tt:Name>{token} name</tt:Name>'
    '<tt:VideoSourceConfiguration token="vsc-{source}"><tt:Name>v</tt:Name><tt:UseCount>1</tt:UseCount>'
    '<tt:SourceToken>{source}</tt:SourceToken><tt:Bounds x="0" y="0" width="1" height="1"/>'
    "</tt:VideoSourceConfiguration>"
    '<tt:VideoEncoderConfiguration token="e"><tt:Name>e</tt:Name><tt:UseCount>1</tt:UseCount>'
    "<tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height>"
    "</tt:Resolution><tt:Quality>1</tt:Quality><tt:RateControl><tt:FrameRateLimit>25</tt:FrameRateLimit>"
    "<tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>2147483647</tt:BitrateLimit></tt:RateControl>"
    "</tt:VideoEncoderConfiguration>{more}</trt:Profiles>"
)


def envelope(body: str) -> str:
    """A SOAP answer."""
    return f'<?xml version="1.0"?><s:Envelope {NAMESPACES}><s:Body>{body}</s:Body></s:Envelope>'


def fault(subcode: str, code: str = "Sender") -> str:
    """A SOAP fault."""
    return envelope(
        f"<s:Fault><s:Code><s:Value>s:{code}</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en">no</s:Text></s:Reason></s:Fault>'
    )


def moment(name: str, told: datetime) -> str:
    """A tt:DateTime element."""
    date = f"<tt:Year>{told.year}</tt:Year><tt:Month>{told.month}</tt:Month><tt:Day>{told.day}</tt:Day>"
    clock = f"<tt:Hour>{told.hour}</tt:Hour><tt:Minute>{told.minute}</tt:Minute><tt:Second>{told.second}</tt:Second>"
    return f"<tt:{name}><tt:Time>{clock}</tt:Time><tt:Date>{date}</tt:Date></tt:{name}>"


@dataclass
class Asked:
    """One request as it came."""

    operation: str
    path: str
    headers: dict[str, str]
    body: str


Script = (
    str | bytes | web.Response | Callable[[Asked], "str | bytes | web.Response | Awaitable[web.Response]"]
)


@dataclass
class Scripted:
    """An ONVIF device that says what it is told to, and notes what it was asked.

    Attributes:
        CLOSE: What to say where the connection is to be closed without an answer.
    """

    CLOSE: ClassVar[bytes] = b"close, do not answer"

    answers: dict[str, Script] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    port: int = 0

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.root}/onvif/device_service"

    def operations(self) -> list[str]:
        return [asked.operation for asked in self.asked]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode()
        match = re.search(r"<(?:[\w-]+:)?Body[^>]*>\s*<(?:[\w-]+:)?(\w+)", body)
        operation = match[1] if match else request.path
        asked = Asked(operation, request.path, dict(request.headers), body)
        self.asked.append(asked)
        script = self.answers.get(operation, self.default(operation))
        said = script(asked) if callable(script) else script
        if isawaitable(said):
            said = await said
        if said == self.CLOSE and request.transport is not None:
            request.transport.close()
        if isinstance(said, web.StreamResponse):
            return said
        told = said.encode() if isinstance(said, str) else said
        return web.Response(body=told, content_type="application/soap+xml")

    def default(self, operation: str) -> Script:
        match operation:
            case "GetSystemDateAndTime":
                told = moment("UTCDateTime", datetime.now(UTC))
                return envelope(
                    "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>"
                    f"<tt:DateTimeType>NTP</tt:DateTimeType>{told}</tds:SystemDateAndTime>"
                    "</tds:GetSystemDateAndTimeResponse>"
                )
            case "GetDeviceInformation":
                return envelope(DEVICE_INFO)
            case "GetCapabilities":
                return self.capabilities({"Media": f"{self.root}/media"})
            case "GetServices":
                return self.services({"http://www.onvif.org/ver10/media/wsdl": f"{self.root}/media"})
            case "GetProfiles":
                told = PROFILE.format(token="sub", source="s0", width=640, height=360, more="")
                told += PROFILE.format(token="main", source="s0", width=1920, height=1080, more="")
                return envelope(f"<trt:GetProfilesResponse>{told}</trt:GetProfilesResponse>")
            case "GetStreamUri":
                return self.uri("GetStreamUri", "rtsp://10.9.8.7:5554/live?a=1")
            case "GetSnapshotUri":
                return self.uri("GetSnapshotUri", "http://10.9.8.7/still.jpg")
            case _:
                return web.Response(status=400)

    def services(self, urls: dict[str, str]) -> str:
        told = "".join(
            f"<tds:Service><tds:Namespace>{namespace}</tds:Namespace><tds:XAddr>{url}</tds:XAddr>"
            "<tds:Version><tt:Major>2</tt:Major><tt:Minor>0</tt:Minor></tds:Version></tds:Service>"
            for namespace, url in urls.items()
        )
        return envelope(f"<tds:GetServicesResponse>{told}</tds:GetServicesResponse>")

    def capabilities(self, urls: dict[str, str]) -> str:
        more = "<tt:StreamingCapabilities/>"
        told = "".join(
            f"<tt:{name}><tt:XAddr>{url}</tt:XAddr>{more if name == 'Media' else ''}</tt:{name}>"
            for name, url in urls.items()
        )
        return envelope(
            f"<tds:GetCapabilitiesResponse><tds:Capabilities>{told}</tds:Capabilities></tds:GetCapabilitiesResponse>"
        )

    def uri(self, operation: str, uri: str) -> str:
        return envelope(
            f"<trt:{operation}Response><trt:MediaUri><tt:Uri>{uri}</tt:Uri>"
            "<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot>"
            f"<tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:{operation}Response>"
        )


class Onvif:
    """What tests need of the scripted device, handed over as one fixture (test files import no others)."""

    Scripted = Scripted
    envelope = staticmethod(envelope)
    fault = staticmethod(fault)
    moment = staticmethod(moment)
    PROFILE = PROFILE


@pytest.fixture
def onvif() -> type[Onvif]:
    """The vocabulary of the scripted device."""
    return Onvif


@pytest.fixture
async def scripted() -> AsyncIterator[Scripted]:
    """A scripted ONVIF device on a free port."""
    device = Scripted()
    app = web.Application(client_max_size=1 << 20)
    app.router.add_route("*", "/{path:.*}", device.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    device.port = runner.addresses[0][1]
    try:
        yield device
    finally:
        await runner.cleanup()


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
