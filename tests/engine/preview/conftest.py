"""Footage made here: a white square that walks over a gradient, in every coding a camera may send."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

import av
import numpy as np
import pytest

from drivers.contract import Codec, CodecParameters, Packet
from engine.preview import gallery, webrtc
from engine.tap import Tap

WIDTH, HEIGHT, FPS, COUNT = 320, 180, 20, 60
RATE = 90_000


@dataclass(frozen=True, slots=True)
class Footage:
    """One loop of coded pictures."""

    codec: CodecParameters
    packets: tuple[Packet, ...]

    @property
    def span(self) -> int:
        """Ticks of one loop."""
        return round(COUNT / FPS / self.codec.time_base)

    def play(self, tap: Tap, loops: int = 1, start: int = 0) -> None:
        """Put everything at once."""
        tap.begin(self.codec)
        for packet in self.again(loops, start):
            tap.put(packet)

    def again(self, loops: int, start: int = 0) -> Iterator[Packet]:
        """Yield loops with continuous timestamps."""
        for number in range(start, start + loops):
            for packet in self.packets:
                shift = number * self.span
                yield replace(packet, pts=packet.pts + shift, dts=packet.dts + shift)


def _pictures(width: int, height: int) -> Iterator[np.ndarray]:
    rows, columns = np.mgrid[0:height, 0:width]
    for number in range(COUNT):
        picture = np.stack([columns % 256, rows % 256, (columns + rows) % 256], -1).astype(np.uint8)
        left = number * 4 % (width - 40)
        picture[40:80, left : left + 40] = 255
        yield picture


def _encode(name: str, options: dict[str, str], fmt: str, size: tuple[int, int]) -> Footage:
    encoder = av.CodecContext.create(name, "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = *size, fmt
    encoder.time_base, encoder.framerate = Fraction(1, RATE), Fraction(FPS)
    encoder.options = options
    coded = []
    for number, picture in enumerate(_pictures(*size)):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=fmt)
        frame.pts, frame.time_base = number * RATE // FPS, Fraction(1, RATE)
        coded += encoder.encode(frame)
    coded += encoder.encode(None)
    packets = tuple(
        Packet(bytes(each), each.pts or 0, each.dts or 0, bool(each.is_keyframe), 0.0) for each in coded
    )
    kind = {"libx264": Codec.H264, "libx265": Codec.H265, "mjpeg": Codec.MJPEG}[name]
    return Footage(CodecParameters(kind, b"", Fraction(1, RATE), *size), packets)


def _as_mp4(footage: Footage) -> Footage:
    """Return the same through an MP4 file: length-prefixed packets, avcC."""
    file = io.BytesIO()
    with (
        av.open(io.BytesIO(b"".join(each.data for each in footage.packets)), format="h264") as source,
        av.open(file, "w", format="mp4") as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        stream.time_base = Fraction(1, RATE)
        for each in footage.packets:
            packet = av.Packet(each.data)
            packet.pts, packet.dts, packet.time_base = each.pts, each.dts, Fraction(1, RATE)
            packet.is_keyframe, packet.stream = each.keyframe, stream
            target.mux(packet)
    file.seek(0)
    with av.open(file, "r") as source:
        stream_in = source.streams.video[0]
        time_base = stream_in.time_base or Fraction(1, RATE)
        packets = tuple(
            Packet(bytes(each), each.pts or 0, each.dts or 0, bool(each.is_keyframe), 0.0)
            for each in source.demux(stream_in)
            if each.size
        )
        extradata = stream_in.codec_context.extradata or b""
    return Footage(replace(footage.codec, extradata=extradata, time_base=time_base), packets)


_X264 = {"preset": "ultrafast", "g": str(FPS)}
_PLAIN = {**_X264, "bf": "0"}


@cache
def _make(name: str) -> Footage:
    small = (WIDTH, HEIGHT)
    match name:
        case "annexb":
            return _encode("libx264", _PLAIN, "yuv420p", small)
        case "large":
            return _encode("libx264", _PLAIN, "yuv420p", (640, 360))
        case "high":
            return _encode("libx264", {**_PLAIN, "preset": "veryfast"}, "yuv420p", small)
        case "mp4":
            return _as_mp4(_make("annexb"))
        case "reordered":
            return _encode("libx264", {"preset": "veryfast", "g": str(FPS), "bf": "2"}, "yuv420p", small)
        case "hevc":
            quiet = f"keyint={FPS}:log-level=none:pools=1"
            options = {"preset": "ultrafast", "x265-params": quiet}
            return _encode("libx265", options, "yuv420p", small)
        case "mjpeg":
            return _encode("mjpeg", {}, "yuvj420p", small)
    raise KeyError(name)


@pytest.fixture
def footage() -> Callable[[str], Footage]:
    """Make footage by name: annexb, large, high, mp4, reordered, hevc, mjpeg."""
    return _make


@contextmanager
def _live(tap: Tap, footage: Footage) -> Iterator[None]:
    stop = threading.Event()

    def camera() -> None:
        tap.begin(footage.codec)
        began = time.monotonic()
        for number, packet in enumerate(footage.again(1_000_000)):
            if stop.wait(max(0.0, began + number / FPS - time.monotonic())):
                return
            tap.put(replace(packet, received=time.monotonic()))

    thread = threading.Thread(target=camera, name="test.camera")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def live() -> Callable[[Tap, Footage], object]:
    """Play footage into a tap at its own pace, from a thread, as a camera does."""
    return _live


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines that a machine under load would meet, made long; a test of one sets its own."""
    monkeypatch.setattr(gallery, "FIRST_DEADLINE", 60.0)
    monkeypatch.setattr(webrtc, "CONNECT_DEADLINE", 60.0)


@pytest.fixture
async def tap() -> Tap:
    return Tap(asyncio.get_running_loop())
