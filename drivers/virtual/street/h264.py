"""H.264 and H.265 for the virtual camera: encoders whose pictures come out one by one, and Annex B."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import VideoReformatter
from PIL import Image

from drivers.contract import Codec

_SPS, _PPS = 7, 8
_ENCODERS = {Codec.H264: "libx264", Codec.H265: "libx265"}
#: H.265's kinds of VPS, SPS and PPS.
_HEVC_SETS = (32, 33, 34)
_START = re.compile(rb"\x00\x00\x01")
#: Upper bound of the rate in bits per second and pixel: 690 kbit/s at 640x360.
_BITS = 3


def nal_units(data: bytes) -> list[bytes]:
    """Return the NAL units of an Annex B access unit, without start codes."""
    _, *found = _START.split(data)
    # a unit never ends in zero bytes: those belong to the next start code
    return [unit for unit in (part.rstrip(b"\x00") for part in found) if unit]


def parameter_sets(data: bytes) -> tuple[bytes, bytes]:
    """Return SPS and PPS of a keyframe."""
    by_type = {unit[0] & 31: unit for unit in nal_units(data)}
    return by_type[_SPS], by_type[_PPS]


@lru_cache
def can_encode(codec: Codec) -> bool:
    """Return whether this machine's FFmpeg has an encoder of that kind."""
    try:
        av.codec.Codec(_ENCODERS[codec], "w")
    except (KeyError, av.codec.codec.UnknownCodecError):
        return False
    return True


class Encoder:
    """An encoder of the simplest profile, one picture in, one access unit out. One thread at a time.

    Args:
        size: Width and height in pixels, both even; pictures of another size are scaled.
        fps: Pictures per second, for the stream's header and the rate control.
        bitrate: kbit/s at most; 0: what suits the size.
        codec: H.264 or H.265.
    """

    def __init__(
        self, size: tuple[int, int], fps: Fraction, bitrate: int = 0, codec: Codec = Codec.H264
    ) -> None:
        context = av.CodecContext.create(_ENCODERS[codec], "w")
        assert isinstance(context, VideoCodecContext)  # noqa: S101 - narrows PyAV's type
        context.width, context.height = size
        context.pix_fmt = "yuv420p"
        context.framerate, context.time_base = fps, 1 / fps
        context.gop_size = 100_000  # keyframes come when they are asked for
        context.thread_count = 1
        rate = bitrate * 1000 or _BITS * size[0] * size[1]
        context.options = _avc(rate) if codec is Codec.H264 else _hevc(rate)
        self._context = context
        self._reformat = VideoReformatter()
        self._count = 0

    def encode(self, picture: VideoFrame, *, keyframe: bool) -> bytes:
        """Return the picture as Annex B; a keyframe brings its parameter sets."""
        frame = self._reformat.reformat(picture, self._context.width, self._context.height, "yuv420p")
        frame.pts, frame.time_base = self._count, self._context.time_base
        frame.pict_type = PictureType.I if keyframe else PictureType.NONE
        self._count += 1
        return b"".join(bytes(packet) for packet in self._context.encode(frame))


def _avc(rate: int) -> dict[str, str]:
    return {
        "preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "crf": "25",
        "maxrate": str(rate), "bufsize": str(rate), "forced-idr": "1", "sc_threshold": "0",
    }  # fmt: skip


def _hevc(rate: int) -> dict[str, str]:
    kbits = rate // 1000
    told = {
        "log-level": "none", "repeat-headers": "1", "keyint": "-1", "scenecut": "0", "bframes": "0",
        "pools": "none", "frame-threads": "1", "vbv-maxrate": str(kbits), "vbv-bufsize": str(kbits),
        "info": "0",
    }  # fmt: skip
    return {
        "preset": "ultrafast", "tune": "zerolatency", "crf": "27", "forced-idr": "1",
        "x265-params": ":".join(f"{name}={value}" for name, value in told.items()),
    }  # fmt: skip


def header(size: tuple[int, int], fps: Fraction) -> tuple[bytes, bytes]:
    """Return the SPS and PPS that every H.264 `Encoder` of this size and rate writes."""
    sps, pps = sets_of(size, fps, 0, Codec.H264)
    return sps, pps


@lru_cache(maxsize=256)
def sets_of(size: tuple[int, int], fps: Fraction, bitrate: int, codec: Codec) -> tuple[bytes, ...]:
    """Return what every `Encoder` like this writes before a keyframe: SPS and PPS, of H.265 VPS before them."""
    data = Encoder(size, fps, bitrate, codec).encode(VideoFrame(*size, "yuv420p"), keyframe=True)
    if codec is Codec.H264:
        return parameter_sets(data)
    by_type = {unit[0] >> 1 & 63: unit for unit in nal_units(data)}
    return tuple(by_type[kind] for kind in _HEVC_SETS)


def last_picture(units: Iterable[bytes], codec: Codec = Codec.H264) -> VideoFrame:
    """Decode access units, the first of them a keyframe, and return the last picture."""
    context = av.CodecContext.create(codec.value, "r")
    assert isinstance(context, VideoCodecContext)  # noqa: S101 - narrows PyAV's type
    frames = [frame for unit in units for frame in context.decode(av.Packet(unit))]
    return (frames + context.decode(None))[-1]


def jpeg(picture: VideoFrame, quality: int = 85) -> bytes:
    """Return a picture as JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(picture.to_ndarray(format="rgb24")).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
