"""The ``clip`` driver: a file as a camera (``file:PATH``, ``clip:PATH``).

Paced by the file's own time stamps, looped with continuous ones. Packets come as the file holds them:
length-prefixed from MP4, Annex B from raw streams; `CodecParameters.extradata` tells which. To begin again the file
is opened anew: raw streams know no way back, and a file may have grown, or gone, meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from drivers.contract import (
    API,
    CodecParameters,
    DeviceInfo,
    Found,
    Login,
    Packet,
    Scope,
    Target,
)
from drivers.display import UPRIGHT, Turn, pixel_shape, turn_in
from drivers.errors import Malformed, Unreachable, Unsupported, bare
from drivers.kit.options import Options, read
from drivers.kit.reader import Reader
from drivers.kit.stamps import Stamps
from drivers.kit.stream_only import StreamOnlyCamera, StreamOnlyDevice, no_discovery

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet as AvPacket
    from av.video.stream import VideoStream

    from drivers.kit import ffmpeg

#: Token of a clip's only profile.
PROFILE = "clip"
#: Packets in which the first picture is looked for, to see how the file wants it displayed.
TRIED = 64


class ClipOptions(Options):
    """Options of the ``clip`` driver.

    Attributes:
        pace: Real time; false: as fast as it is read.
        loop: Begin again at the end; false: the stream ends.
    """

    pace: bool = True
    loop: bool = True


class ClipStream(Reader):
    """A file read as if it were live; see :class:`drivers.contract.Stream`."""

    def __init__(self, path: Path, options: ClipOptions) -> None:
        super().__init__(path.name)
        self._path, self._options = path, options
        self._stamps = Stamps(Fraction(1))
        self._base = Fraction(1)
        self._zero: float | None = None  # monotonic seconds of tick 0
        self._file: InputContainer
        self._video: VideoStream

    def start(self) -> CodecParameters:
        """Open the file.

        Raises:
            Unreachable: No such file, not readable, or closed meanwhile.
            Unsupported: No video in it, or a codec that we do not take.
            Malformed: Not a media file.
        """
        from drivers.kit import ffmpeg

        with self._inside, ffmpeg.calling(*self._watch()):
            found = self._open()
            turn, pixel = _displayed(self._file, self._video)
            self._open()
            self._base, self._stamps = found.time_base, Stamps(found.time_base)
            self._packets = self._play(found)
            return replace(found, turn=turn, pixel=pixel)

    def read(self) -> Packet:
        """Return the next packet when it is due.

        Raises:
            Unreachable: The file ended (without `loop`), or the stream was closed.
        """
        from drivers.kit import ffmpeg

        with self._inside, ffmpeg.calling(*self._watch()):
            packet = next(self._packets)
            pts, dts = self._stamps.repair(packet.pts, packet.dts)
            if self._options.pace:
                self._wait(float(dts * self._base))
            return Packet(bytes(packet), pts, dts, packet.is_keyframe, time.monotonic())

    def _watch(self) -> tuple[ffmpeg.Watch, str, Unreachable]:
        from drivers.kit import ffmpeg

        return ffmpeg.Watch(self._stop), self._host, Unreachable("driver.closed", host=self._host)

    def _open(self) -> CodecParameters:
        """Open the file, from its beginning; return what its video is."""
        import av

        from drivers.kit import ffmpeg

        if self._container is not None:
            self._container.close()
        self._container = self._file = av.open(str(self._path))
        video = ffmpeg.video_in(self._file)
        if video is None:
            raise Unsupported("driver.no_video", host=self._host)
        self._video = video
        return ffmpeg.parameters(video, self._host)

    def _play(self, found: CodecParameters) -> Iterator[AvPacket[VideoStream]]:
        seen = True
        while seen:
            seen = False
            for packet in self._file.demux(self._video):
                if packet.size:  # PyAV ends with empty packets that flush decoders
                    seen = self._options.loop
                    yield packet
            if seen:
                self._stamps.cut()
                if self._open() != found:  # another file has taken its place
                    return

    def _wait(self, due: float) -> None:
        if self._zero is None:
            self._zero = time.monotonic() - due
        self._stop.wait(max(0.0, self._zero + due - time.monotonic()))
        self._check_open()


def _displayed(file: InputContainer, video: VideoStream) -> tuple[Turn, Fraction | None]:
    """Return how a file wants its video turned, and its pixels' shape where the pictures do not say the same.

    PyAV tells what the container says of this on a decoded picture only, so the first one is decoded.
    """
    from av.error import FFmpegError

    for packet in islice(file.demux(video), TRIED):
        with suppress(FFmpegError):
            for frame in packet.decode():
                told, own = (pixel_shape(each.sample_aspect_ratio) for each in (video, video.codec_context))
                return turn_in(frame), None if told == own else told
    return UPRIGHT, None


class ClipDriver:
    """Opens files as cameras."""

    name = "clip"
    title = "Video file"
    schemes = frozenset({"file", "clip"})
    local = True
    api = API
    options = ClipOptions

    def discover(self, scope: Scope, wait: float) -> AsyncIterator[Found]:
        """Files are not discovered: yields nothing."""
        return no_discovery()

    @asynccontextmanager
    async def open(self, target: Target, login: Login | None) -> AsyncIterator[StreamOnlyDevice]:
        """Check the path; a login is ignored.

        Raises:
            Unreachable: There is no such file (yet).
            Malformed: Not a ``file:`` or ``clip:`` URL.
            Unsupported: An option is unknown.
        """
        options = read(ClipOptions, target)
        path = path_of(target.url)
        if not path.is_file():
            raise Unreachable("driver.no_file", host=path.name, path=path)
        camera = StreamOnlyCamera(path.name, {PROFILE: partial(ClipStream, path, options)})
        yield StreamOnlyDevice(camera, DeviceInfo(model=path.name))


def path_of(url: str) -> Path:
    """Return the path in ``file:PATH``, ``file:///PATH`` or ``clip:PATH``; only after ``//`` percent-decoded.

    Raises:
        Malformed: Another scheme, or no path.
    """
    scheme, colon, rest = url.partition(":")
    if not colon or scheme.lower() not in ClipDriver.schemes or not rest:
        raise Malformed("driver.url", url=bare(url))
    if rest.startswith("//"):
        rest = unquote(rest[2:].removeprefix("localhost"))
    return Path(rest)


driver = ClipDriver()
