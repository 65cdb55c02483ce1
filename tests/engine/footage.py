"""Footage made here: a white square that walks over a gradient, in every coding a camera may send."""

from __future__ import annotations

import asyncio
import io
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from types import SimpleNamespace

import av
import numpy as np
import pytest

from drivers.contract import Codec, CodecParameters, Packet
from engine.fleet.tap import Tap

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
        case "chroma":
            return _encode("libx264", _PLAIN, "yuv422p", small)
        case "grey":
            return _encode("libx264", _PLAIN, "gray", small)
        case "depth":
            return _encode("libx264", _PLAIN, "yuv420p10le", small)
        case "interlaced":
            return _encode("libx264", {**_PLAIN, "x264-params": "interlaced=1"}, "yuv420p", small)
        case "wide":
            return _encode("libx264", {**_PLAIN, "x264-params": "sar=16/11"}, "yuv420p", small)
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
    """Make footage by name: annexb, large, high, mp4, wide, reordered, hevc, mjpeg, chroma, grey, depth, interlaced."""
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


@pytest.fixture
async def tap() -> Tap:
    return Tap(asyncio.get_running_loop())


# -- NAL units written bit by bit, so that a test says what a stream says of itself ------------------


class _Writer:
    """Bits, as the H.264 syntax names them."""

    def __init__(self) -> None:
        self.bits = ""

    def u(self, count: int, value: int) -> _Writer:
        self.bits += f"{value:0{count}b}" if count else ""
        return self

    def ue(self, *values: int) -> _Writer:
        for value in values:
            told = f"{value + 1:b}"
            self.bits += "0" * (len(told) - 1) + told
        return self

    def nal(self, header: int) -> bytes:
        """Return the unit: stop bit, padding, emulation prevention."""
        bits = self.bits + "1"
        bits += "0" * (-len(bits) % 8)
        body = int(bits, 2).to_bytes(len(bits) // 8, "big")
        return bytes([header]) + re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", body)


def _sps(
    *, id: int = 0, profile: int = 66, level: int = 31, chroma: int = 1, depth: int = 8, fields: bool = False,
    mbs: tuple[int, int] = (20, 12), crop: int = 6, pixel: Fraction | None = None, scaling: bool = False,
    constraints: int = 0xC0,
) -> bytes:  # fmt: skip
    """Return an SPS of 16 x `mbs` pixels, `crop` pairs of rows cut off below (default: 320x180)."""
    out = _Writer().u(8, profile).u(8, constraints).u(8, level).ue(id)
    if profile in (100, 110, 122, 244):
        out.ue(chroma)
        out.u(1 if chroma == 3 else 0, 0).ue(depth - 8, depth - 8).u(1, 0).u(1, int(scaling))
        if scaling:
            out.u(1, 1)
            out.ue(*[0] * 16).u(7 if chroma != 3 else 11, 0)
    out.ue(0, 0, 4, 1).u(1, 0).ue(mbs[0] - 1, (mbs[1] // 2 if fields else mbs[1]) - 1)
    out.u(1, int(not fields)).u(1 if fields else 0, 0).u(1, 1)
    out.u(1, int(crop > 0))
    if crop:
        out.ue(0, 0, 0, crop)
    out.u(1, int(pixel is not None))
    if pixel is not None:
        out.u(1, 1).u(8, 255).u(16, pixel.numerator).u(16, pixel.denominator)
    return out.nal(0x67)


def _pps(id: int = 0, sps: int = 0, groups: int = 0, more: int = 0) -> bytes:
    """Return a PPS; `groups` above 0: macroblocks come out of order. `more` tells it from others of its id."""
    return _Writer().ue(id, sps).u(2, 0).ue(groups, more).nal(0x68)


def _slice(pps: int = 0, *, idr: bool = True, more: int = 5) -> bytes:
    """Return the beginning of a slice."""
    return _Writer().ue(0, 7 if idr else 5, pps, more, 77777).nal(0x65 if idr else 0x41)


@pytest.fixture(scope="session")
def nals() -> SimpleNamespace:
    """Make NAL units: `sps`, `pps`, `slice`, and a `Writer` for the rest."""
    return SimpleNamespace(Writer=_Writer, sps=_sps, pps=_pps, slice=_slice)
