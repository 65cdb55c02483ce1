"""A decoded picture the way it is meant to be seen: turned upright, its size told in square pixels."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from drivers.contract import CodecParameters
from drivers.display import SQUARE, UPRIGHT, Turn, pixel_shape, seen_size, turn_in

#: 8-bit formats whose planes turn as they are; whatever else is turned becomes yuv420p.
_TURNABLE = frozenset({"yuv420p", "yuvj420p", "yuv444p", "yuvj444p", "gray"})


@dataclass(frozen=True, slots=True)
class Upright:
    """One picture.

    Attributes:
        frame: Its pixels, upright; they need not be square.
        width: Of the picture in square pixels; likewise `height`.
    """

    frame: VideoFrame
    width: int
    height: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in square pixels."""
        return self.width, self.height

    @property
    def scale(self) -> tuple[float, float]:
        """How many of the frame's pixels a square one is, across and down."""
        return self.frame.width / self.width, self.frame.height / self.height


class Righting:
    """Sets the pictures of one stream upright.

    Args:
        codec: What the container says; what a picture says itself goes before its turn, and after its pixels. None
            where the pictures come from the container's own decoder, and say it all.
    """

    def __init__(self, codec: CodecParameters | None = None) -> None:
        self._turn = self._container = codec.turn if codec else UPRIGHT
        self._pixel = codec.pixel if codec else None
        self._told: dict[int, Turn] = {}  # what pictures of a rotation said: see `turn_in`

    def note(self, frame: VideoFrame) -> None:
        """Take in what a picture says of those after it, whether it is shown or not; for each in its order.

        A stream says how it lies with its keyframes, and FFmpeg tells it of the very picture alone.
        """
        if frame.rotation:
            if frame.rotation not in self._told:
                self._told[frame.rotation] = turn_in(frame)
            self._turn = self._told[frame.rotation]
        elif frame.key_frame:
            self._turn = self._container

    def upright(self, frame: VideoFrame, pixel: Fraction | None) -> Upright:
        """Return a picture as it is meant to be seen; only one that lies on its side is copied for it.

        Args:
            frame: The last one noted.
            pixel: Width over height of a pixel as the coded pictures say it, None: they do not.
        """
        return upright(frame, self._turn, self._pixel or pixel)


def upright(frame: VideoFrame, turn: Turn, pixel: Fraction | None) -> Upright:
    """Return a picture turned, its size told in square pixels; a shape of pixels that cannot be is left out."""
    if not turn and (pixel is None or pixel == SQUARE):  # nearly all
        return Upright(frame, frame.width, frame.height)
    wide = pixel_shape(pixel) or SQUARE
    turned = _turned(frame, turn) if turn else frame
    return Upright(turned, *seen_size(turned.width, turned.height, 1 / wide if turn.degrees % 180 else wide))


def _turned(frame: VideoFrame, turn: Turn) -> VideoFrame:
    name = frame.format.name if frame.format.name in _TURNABLE else "yuv420p"
    flat = VideoReformatter().reformat(frame, format=name)
    size = (flat.height, flat.width) if turn.degrees % 180 else (flat.width, flat.height)
    turned = VideoFrame(*size, name)
    for source, target in zip(flat.planes, turned.planes, strict=True):
        pixels = np.frombuffer(source, np.uint8)  # type: ignore[call-overload]  # planes are buffers
        shown = pixels[: source.line_size * source.height].reshape(source.height, source.line_size)
        shown = shown[:, : source.width]
        lying = np.rot90(shown[:, ::-1] if turn.mirrored else shown, -turn.degrees // 90)
        padded = np.zeros((target.height, target.line_size), np.uint8)
        padded[:, : target.width] = lying
        target.update(padded)  # type: ignore[arg-type]  # arrays are buffers
    turned.pts = frame.pts
    turned.color_range, turned.colorspace = flat.color_range, flat.colorspace
    return turned
