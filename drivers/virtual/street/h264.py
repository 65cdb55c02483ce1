"""H.264 for the virtual camera: an encoder whose pictures come out one by one, and Annex B."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import VideoReformatter
from PIL import Image

_SPS, _PPS = 7, 8
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


class Encoder:
    """A libx264 encoder: constrained baseline, one picture in, one access unit out. One thread at a time.

    Args:
        size: Width and height in pixels, both even.
        fps: Pictures per second, for the stream's header and the rate control.
    """

    def __init__(self, size: tuple[int, int], fps: Fraction) -> None:
        context = av.CodecContext.create("libx264", "w")
        assert isinstance(context, VideoCodecContext)  # noqa: S101 - narrows PyAV's type
        context.width, context.height = size
        context.pix_fmt = "yuv420p"
        context.framerate, context.time_base = fps, 1 / fps
        context.gop_size = 100_000  # keyframes come when they are asked for
        context.thread_count = 1
        rate = str(_BITS * size[0] * size[1])
        context.options = {
            "preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "crf": "25",
            "maxrate": rate, "bufsize": rate, "forced-idr": "1", "sc_threshold": "0",
        }  # fmt: skip
        self._context = context
        self._reformat = VideoReformatter()
        self._count = 0

    def encode(self, picture: VideoFrame, *, keyframe: bool) -> bytes:
        """Return the picture as Annex B; a keyframe brings its SPS and PPS."""
        frame = self._reformat.reformat(picture, self._context.width, self._context.height, "yuv420p")
        frame.pts, frame.time_base = self._count, self._context.time_base
        frame.pict_type = PictureType.I if keyframe else PictureType.NONE
        self._count += 1
        return b"".join(bytes(packet) for packet in self._context.encode(frame))


def header(size: tuple[int, int], fps: Fraction) -> tuple[bytes, bytes]:
    """Return the SPS and PPS that every `Encoder` of this size and rate writes."""
    return parameter_sets(Encoder(size, fps).encode(VideoFrame(*size, "yuv420p"), keyframe=True))


def last_picture(units: Iterable[bytes]) -> VideoFrame:
    """Decode access units, the first of them a keyframe, and return the last picture."""
    context = av.CodecContext.create("h264", "r")
    assert isinstance(context, VideoCodecContext)  # noqa: S101 - narrows PyAV's type
    frames = [frame for unit in units for frame in context.decode(av.Packet(unit))]
    return (frames + context.decode(None))[-1]


def jpeg(picture: VideoFrame, quality: int = 85) -> bytes:
    """Return a picture as JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(picture.to_ndarray(format="rgb24")).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
