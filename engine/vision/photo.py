"""A JPEG that a device made: whether it is whole, how large it is, a smaller one of it."""

from __future__ import annotations

from dataclasses import dataclass

import av
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext

from drivers.display import turn_in
from drivers.kit.upright import Upright, upright
from engine.vision.picture import jpeg, jpeg_size

#: Bytes and pixels of a picture at most: twice what the largest cameras have.
MOST_BYTES, MOST_PIXELS = 32 << 20, 64_000_000


class Damaged(ValueError):
    """It is no JPEG, not a whole one, or too large."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A whole JPEG.

    Attributes:
        data: As the device sent it.
        shown: Its picture.
    """

    data: bytes
    shown: Upright

    def within(self, width: int) -> tuple[bytes, int, int]:
        """Return it, untouched where it is at most `width` pixels wide, and its width and height."""
        if self.shown.width <= width:
            return self.data, self.shown.width, self.shown.height
        return jpeg(self.shown, width), *jpeg_size(self.shown, width)


def photo(data: bytes) -> Photo:
    """Decode a JPEG (blocking: some ms per megapixel).

    Raises:
        Damaged: See there; a picture that FFmpeg would have to invent parts of is damaged.
    """
    if len(data) > MOST_BYTES or not data.startswith(b"\xff\xd8"):
        raise Damaged
    decoder = av.CodecContext.create("mjpeg", "r")
    assert isinstance(decoder, VideoCodecContext)  # noqa: S101 - by its name; told to the type checker
    decoder.thread_count = 1
    decoder.options = {"max_pixels": str(MOST_PIXELS), "err_detect": "explode"}
    try:
        frames = decoder.decode(av.Packet(data))
    except (FFmpegError, ValueError):
        raise Damaged from None
    if not frames:
        raise Damaged
    return Photo(data, upright(frames[0], turn_in(frames[0]), decoder.sample_aspect_ratio))
