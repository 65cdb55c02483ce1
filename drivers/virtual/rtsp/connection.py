"""One client's conversation with the virtual camera's RTSP server."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import randbits
from typing import Final

from drivers.contract import Codec
from drivers.errors import DriverError
from drivers.virtual.rtsp.login import DigestGate, LoginVerdict
from drivers.virtual.rtsp.message import BadRequest, Request, Response, parse, parse_transport
from drivers.virtual.rtsp.rtp import PAYLOAD_TYPE, RtpSender
from drivers.virtual.rtsp.transport import BoundedWriter, InterleavedTransport, RtpTransport, UdpTransport
from drivers.virtual.street.footage import RATE, Footage, Format

PATH: Final = "/main"
_TRACK: Final = "track1"
#: Seconds: a silent client is let go; a begun request must be whole; a first picture must come.
SESSION_TIME, HEAD_TIME, FIRST_TIME = 60.0, 5.0, 10.0
#: Seconds between two sender reports.
REPORT_EVERY = 5.0
_LOG = logging.getLogger(__name__)


def _wall() -> float:
    return datetime.now(UTC).timestamp()


class StreamEnded(ConnectionError):
    """The camera has ended the stream: its encoder is set otherwise now."""


class StallGate:
    """Lets the conversation through unless the camera is made to hang."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    def shut(self, shut: bool) -> None:
        """Hold everything back, or let it through again."""
        (self._open.clear if shut else self._open.set)()

    async def passed(self) -> None:
        """Wait while the camera hangs."""
        await self._open.wait()


@dataclass(frozen=True, slots=True)
class ServerContext:
    """What every connection of one server shares.

    Attributes:
        streams: What is shown, by its path.
        bits: Source of randomness: how many bits -> number.
        wall: Seconds since 1970, for sender reports.
        session: Seconds after which a silent client is let go.
        patience: Seconds that a client may leave unread what it was sent.
        played: How often each was played.
    """

    streams: Mapping[str, Footage]
    login: DigestGate | None
    gate: StallGate
    bits: Callable[[int], int] = randbits
    wall: Callable[[], float] = _wall
    session: float = SESSION_TIME
    patience: float = 5.0
    played: Counter[str] = field(default_factory=Counter)


def session_description(shown: Format, host: str) -> bytes:
    """Return the SDP of one track (RFC 4566; RFC 6184 for H.264, RFC 7798 for H.265)."""
    family = "IP6" if ":" in host else "IP4"
    nowhere = "::" if family == "IP6" else "0.0.0.0"  # noqa: S104 - the client chooses where (RFC 2326, C.1.7)
    name, parameters = _coding(shown)
    lines = (
        "v=0", f"o=- 1 1 IN {family} {host}", "s=matthan virtual camera",
        f"c=IN {family} {nowhere}", "t=0 0", "a=control:*", "a=range:npt=now-",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}", f"a=rtpmap:{PAYLOAD_TYPE} {name}/{RATE}",
        f"a=fmtp:{PAYLOAD_TYPE} {parameters}",
        f"a=framerate:{shown.fps:g}", f"a=framesize:{PAYLOAD_TYPE} {shown.width}-{shown.height}",
        f"a=control:{_TRACK}",
    )  # fmt: skip
    return "".join(f"{line}\r\n" for line in lines).encode()


def _coding(shown: Format) -> tuple[str, str]:
    """Return a codec's name and parameters, as a session description has them."""
    vps, sps, pps = (base64.b64encode(part).decode() for part in (shown.vps, shown.sps, shown.pps))
    if shown.codec is Codec.H265:
        return "H265", f"sprop-vps={vps};sprop-sps={sps};sprop-pps={pps}"
    level = shown.sps[1:4].hex().upper()
    return "H264", f"packetization-mode=1;profile-level-id={level};sprop-parameter-sets={sps},{pps}"


class Connection:
    """One client, from its first byte to its last. `run` returns when it has gone."""

    def __init__(
        self, context: ServerContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._context, self._reader, self._writer = context, reader, writer
        self._line = BoundedWriter(writer, context.patience)
        self._loop = asyncio.get_running_loop()
        self._peer: str = writer.get_extra_info("peername")[0]
        self._local: str = writer.get_extra_info("sockname")[0]
        self._session = self._path = ""
        self._rtp = RtpSender(context.bits(32), context.bits(16), context.bits(32))
        self._transport: RtpTransport | None = None
        self._media: asyncio.Task[None] | None = None
        self._answered = asyncio.Event()
        self._methods: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "OPTIONS": self._options, "DESCRIBE": self._describe, "SETUP": self._setup, "PLAY": self._play,
            "PAUSE": self._pause, "GET_PARAMETER": self._alive, "SET_PARAMETER": self._alive,
            "TEARDOWN": self._teardown,
        }  # fmt: skip

    async def run(self) -> None:
        """Serve until the client leaves, falls silent, or does not read.

        Raises:
            ExceptionGroup: Of OSError (SlowClient among them), EOFError, TimeoutError.
        """
        try:
            async with (
                asyncio.timeout(self._context.session) as self._idle,
                asyncio.TaskGroup() as self._tasks,
            ):
                await self._converse()
                await self._stop()
        finally:
            if self._transport is not None:
                self._transport.close()

    def _heard(self) -> None:
        if not self._idle.expired():
            self._idle.reschedule(self._loop.time() + self._context.session)

    async def _converse(self) -> None:
        going = True
        while going:
            try:
                request = await self._next()
            except (BadRequest, asyncio.LimitOverrunError) as error:
                status = error.status if isinstance(error, BadRequest) else 413
                return await self._line.send(Response(status).render(""))
            self._heard()
            answer = await self._answer(request)
            await self._context.gate.passed()
            await self._line.send(answer.render(request.sequence))
            self._answered.set()
            going = request.method != "TEARDOWN" or answer.status != 200

    async def _next(self) -> Request:
        """Read a request; what the client sends on RTP's channels only shows that it lives."""
        while True:
            first = await self._reader.readexactly(1)
            async with asyncio.timeout(HEAD_TIME):
                if first == b"$":
                    head = await self._reader.readexactly(3)
                    await self._reader.readexactly(int.from_bytes(head[1:]))
                    self._heard()
                elif first not in b"\r\n":
                    return await self._request(first)

    async def _request(self, first: bytes) -> Request:
        if not first.isalpha():
            raise BadRequest
        head = first + await self._reader.readuntil(b"\r\n\r\n")
        request = parse(head)
        await self._reader.readexactly(request.body_length)  # nothing that a body could say is needed
        return request

    async def _answer(self, request: Request) -> Response:
        handler = self._methods.get(request.method)
        if handler is None:
            return Response(501)
        if "require" in request.headers:
            return Response(551, {"Unsupported": request.headers["require"]})
        refusal = self._refused(request)
        if refusal is not None:
            return refusal
        try:
            return await handler(request)
        except BadRequest as error:
            return Response(error.status)
        except ConnectionError:
            raise
        except (DriverError, OSError) as error:  # no clip, no first picture in time, no free ports
            _LOG.warning("the virtual camera cannot serve %s: %s", request.method, error)
            return Response(503)

    def _refused(self, request: Request) -> Response | None:
        gate, now = self._context.login, self._loop.time()
        if gate is None or gate.open or request.method == "OPTIONS":
            return None
        verdict = gate.check(request.headers.get("authorization", ""), request.method, now)
        if verdict is LoginVerdict.GOOD:
            return None
        challenges = gate.challenges(now, stale=verdict is LoginVerdict.STALE)
        return Response(401, {"WWW-Authenticate": challenges})

    async def _options(self, request: Request) -> Response:
        return Response(headers={"Public": ", ".join(self._methods)})

    async def _describe(self, request: Request) -> Response:
        if request.path not in self._context.streams:
            raise BadRequest(404)
        footage = self._context.streams[request.path]
        body = session_description(await footage.describe(), self._local)
        base = request.url.rstrip("/") + "/"
        return Response(headers={"Content-Base": base, "Content-Type": "application/sdp"}, body=body)

    async def _setup(self, request: Request) -> Response:
        if (path := request.path.removesuffix(f"/{_TRACK}")) not in self._context.streams:
            raise BadRequest(404)
        self._path = path
        if self._session:
            self._in_session(request)
        if self._media is not None:
            raise BadRequest(455)
        wanted = parse_transport(request.headers.get("transport", ""))
        if self._transport is not None:
            self._transport.close()
        if wanted.ports:
            self._transport = await UdpTransport.open(self._local, self._peer, wanted.ports, self._heard)
        else:
            self._transport = InterleavedTransport(self._line, wanted.interleaved or (0, 1))
        self._session = self._session or f"{self._context.bits(64):016x}"
        transport = f"{self._transport.header};ssrc={self._rtp.source:08X}"
        return Response(headers={"Transport": transport, "Session": self._session_header()})

    def _session_header(self) -> str:
        return f"{self._session};timeout={int(self._context.session)}"

    def _in_session(self, request: Request) -> RtpTransport:
        told = request.headers.get("session", "").partition(";")[0].strip()
        if self._transport is None:
            raise BadRequest(455)
        if told != self._session:
            raise BadRequest(454)
        return self._transport

    async def _play(self, request: Request) -> Response:
        transport = self._in_session(request)
        headers = {"Session": self._session_header(), "Range": "npt=now-"}
        if self._media is not None:
            return Response(headers=headers)
        self._answered.clear()
        self._context.played[self._path] += 1
        first: asyncio.Future[int] = self._loop.create_future()
        self._media = self._tasks.create_task(
            self._send(transport, first), name=f"virtual-camera.rtp[{self._peer}]"
        )
        try:
            async with asyncio.timeout(FIRST_TIME):
                stamp = self._rtp.stamp(await first)
        except TimeoutError:
            await self._stop()
            raise
        track = f"{request.url.rstrip('/').removesuffix('/' + _TRACK)}/{_TRACK}"
        headers["RTP-Info"] = f"url={track};seq={self._rtp.sequence};rtptime={stamp}"
        return Response(headers=headers)

    async def _send(self, transport: RtpTransport, first: asyncio.Future[int]) -> None:
        """Send pictures and, every few seconds, a report; starts when PLAY has been answered."""
        report_at = 0.0
        footage = self._context.streams[self._path]
        async with footage.watch() as units:
            async for unit in units:
                if not first.done():
                    first.set_result(unit.timestamp)
                await self._answered.wait()
                await self._context.gate.passed()
                await transport.media(self._rtp.packets(unit.data, unit.timestamp, unit.codec))
                if transport.acknowledged:
                    self._heard()
                if (now := self._loop.time()) >= report_at:
                    report_at = now + REPORT_EVERY
                    shown = round(footage.seconds() * RATE)
                    await transport.control(self._rtp.report(self._context.wall(), shown))
        await transport.control(self._rtp.bye())
        raise StreamEnded

    async def _pause(self, request: Request) -> Response:
        self._in_session(request)
        await self._stop()
        return Response(headers={"Session": self._session_header()})

    async def _alive(self, request: Request) -> Response:
        if "session" in request.headers:
            self._in_session(request)
        return Response(headers={"Session": self._session_header()} if self._session else {})

    async def _teardown(self, request: Request) -> Response:
        transport = self._in_session(request)
        await self._stop()
        await transport.control(self._rtp.bye())
        return Response()

    async def _stop(self) -> None:
        """End sending and wait until it has ended."""
        media, self._media = self._media, None
        if media is not None:
            media.cancel()
            await asyncio.wait([media])
