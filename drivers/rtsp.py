"""The ``rtsp`` driver and the stream that the ``onvif`` driver uses too.

FFmpeg demuxes; nothing is decoded. TCP is tried first, UDP after it where the server knows no TCP.
The login enters the URL only inside :meth:`RtspStream.start`.
"""

from __future__ import annotations

import errno
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from drivers.contract import (
    API,
    CodecParameters,
    Found,
    Login,
    Packet,
    Scope,
    Target,
)
from drivers.errors import Malformed, Unreachable, Unsupported, bare
from drivers.nothing import SilentCamera, SilentDevice, nothing_found
from drivers.options import Options, read
from drivers.reader import Reader
from drivers.stamps import Stamps

if TYPE_CHECKING:
    from av.packet import Packet as AvPacket
    from av.video.stream import VideoStream

#: Seconds that `start` may take in all, and `read` without a picture.
OPEN_SECONDS = 5.0
READ_SECONDS = 10.0
#: Seconds between two transports: some servers answer 503 when asked again at once.
TRANSPORT_PAUSE = 2.0
Transport = Literal["auto", "tcp", "udp"]

_OPTIONS = {
    # the first picture in half a second instead of two to five
    "analyzeduration": "500000",
    "probesize": "500000",
    "fpsprobesize": "0",
    # microseconds for one socket operation, beside the watch
    "timeout": str(int(OPEN_SECONDS * 1e6)),
    "allowed_media_types": "video",
    "user_agent": "matthan",
}


@dataclass(slots=True)
class RtspSource:
    """Where a stream is and how to get it; remembers which transport worked.

    Attributes:
        url: Without login.
        host: ``host:port`` for messages.
    """

    url: str
    login: Login | None
    transport: Transport = "auto"
    works: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.url, embedded = split_login(self.url)
        self.login = self.login or embedded

    @property
    def host(self) -> str:
        """What errors call it."""
        return urlsplit(self.url).netloc

    @property
    def user(self) -> str:
        """Account name, empty without login."""
        return self.login.username if self.login else ""

    def transports(self) -> tuple[str, ...]:
        """Return what to try, in order."""
        if self.transport != "auto":
            return (self.transport,)
        return ("udp", "tcp") if self.works == "udp" else ("tcp", "udp")

    def secret_url(self) -> str:
        """Return the URL with the login in it, percent-encoded; for FFmpeg's eyes only."""
        if self.login is None:
            return self.url
        parts = urlsplit(self.url)
        user, password = quote(self.login.username, safe=""), quote(self.login.password, safe="")
        return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.netloc}"))


def split_login(url: str) -> tuple[str, Login | None]:
    """Return a URL without its user-info, and the login that was in it.

    Raises:
        Malformed: Not a URL with a host.
    """
    parts = _split(url)
    if parts is None or not parts.hostname:
        raise Malformed("driver.url", url=bare(url))
    info, _, place = parts.netloc.rpartition("@")
    user, _, password = info.partition(":")
    login = Login(unquote(user), unquote(password)) if user else None
    return urlunsplit(parts._replace(netloc=place)), login


def _split(url: str) -> SplitResult | None:
    """Return a URL's parts, None where it has none; a ValueError would tell pieces of the password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


class RtspStream(Reader):
    """One RTSP session; see :class:`drivers.contract.Stream`."""

    def __init__(self, source: RtspSource) -> None:
        super().__init__(source.host)
        self._source = source
        self._stamps: Stamps | None = None

    def start(self) -> CodecParameters:
        """Connect within `OPEN_SECONDS`.

        Raises:
            Refused: The server wants another login.
            Unreachable: No answer in time, or closed meanwhile.
            Unsupported: No such stream, or a codec that we do not take.
            Malformed: The answer is not RTSP.
        """
        with self._inside():
            return self._connect(time.monotonic() + OPEN_SECONDS)

    def read(self) -> Packet:
        """Return the next packet within `READ_SECONDS`.

        Raises:
            Unreachable: The stream stalled, ended or was closed.
        """
        from drivers import ffmpeg

        with self._inside():
            watch = ffmpeg.Watch(self._stop, time.monotonic() + READ_SECONDS)
            late = Unreachable("driver.stalled", host=self._host, seconds=READ_SECONDS)
            with ffmpeg.calling(watch, self._host, self._source.user, late):
                return self._packet(next(self._packets))

    def _connect(self, deadline: float) -> CodecParameters:
        transports = self._source.transports()
        for transport in transports[:-1]:
            with suppress(_OtherTransport):
                return self._open(transport, deadline)
            pause = min(TRANSPORT_PAUSE, max(0.0, deadline - time.monotonic()))
            if self._stop.wait(pause):
                self._check_open()
        return self._open(transports[-1], deadline)

    def _open(self, transport: str, deadline: float) -> CodecParameters:
        import av

        from drivers import ffmpeg

        source = self._source
        watch = ffmpeg.Watch(self._stop, deadline)
        late = Unreachable("driver.timeout", host=self._host, seconds=OPEN_SECONDS)
        with ffmpeg.calling(watch, self._host, source.user, late):
            try:
                container = av.open(
                    source.secret_url(),
                    format="rtsp",
                    options={**_OPTIONS, "rtsp_transport": transport},
                    timeout=(OPEN_SECONDS, READ_SECONDS),
                )
            except OSError as error:
                if error.errno == errno.EPROTONOSUPPORT:
                    raise _OtherTransport(host=source.host, detail=f"no RTP over {transport}") from None
                raise
            self._container = container
            if not container.streams.video:
                raise Unsupported("driver.no_video", host=source.host)
            video = container.streams.video[0]
            found = ffmpeg.parameters(video, source.host)
            self._packets, self._stamps = container.demux(video), Stamps(found.time_base)
        source.works = transport
        return found

    def _packet(self, packet: AvPacket[VideoStream]) -> Packet:
        if packet.size == 0 or self._stamps is None:  # PyAV's flush packet: the server ended the session
            raise Unreachable("driver.ended", host=self._source.host)
        pts, dts = self._stamps.repair(packet.pts, packet.dts)
        return Packet(bytes(packet), pts, dts, packet.is_keyframe, time.monotonic())


class _OtherTransport(Unsupported):
    """The server does not speak this transport; another may do."""


class RtspOptions(Options):
    """Options of the ``rtsp`` driver.

    Attributes:
        transport: ``auto`` tries TCP, then UDP.
        sub: URL of the smaller stream of the same camera.
    """

    transport: Transport = "auto"
    sub: str | None = None


class RtspDriver:
    """Opens cameras by their RTSP URL; nothing is contacted before a stream starts."""

    name = "rtsp"
    title = "RTSP"
    schemes = frozenset({"rtsp", "rtsps"})
    api = API
    options = RtspOptions

    def discover(self, scope: Scope, wait: float) -> AsyncIterator[Found]:
        """RTSP cannot be discovered: yields nothing."""
        return nothing_found()

    @asynccontextmanager
    async def open(self, target: Target, login: Login | None) -> AsyncIterator[SilentDevice]:
        """Check the URLs and options.

        Raises:
            Malformed: A URL is none.
            Unsupported: An option is unknown.
        """
        options = read(RtspOptions, target)
        urls = {"main": target.url} | ({"sub": options.sub} if options.sub else {})
        sources = {name: RtspSource(url, login, options.transport) for name, url in urls.items()}
        streams = {name: partial(RtspStream, source) for name, source in sources.items()}
        yield SilentDevice(SilentCamera(sources["main"].host, streams))


driver = RtspDriver()
