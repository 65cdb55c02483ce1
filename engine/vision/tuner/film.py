"""What a camera showed for a while: small grey pictures that any number of tunings can be tried on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.contract import CodecParameters, Packet
from engine.vision.decode import Decoder
from engine.vision.model import Luma
from engine.vision.motion.detector import GRID
from engine.vision.picture import luma
from engine.vision.sampler import Pace

#: Pictures that are kept at most: about 120 MB.
MOST = 2000


@dataclass(frozen=True, slots=True)
class Film:
    """The pictures of one stream that were due.

    Attributes:
        pictures: (n, h, w) grey, 0..255, about as wide as the detector's grid, so that it tells the same of them.
        times: Seconds of the stream since the first one, of each.
        refreshed: Whether a keyframe came since the one before, of each.
        fps: Pictures per second that were asked for.
        width: Of the pictures as they are seen, upright and in square pixels; likewise `height`.
    """

    pictures: NDArray[np.uint8]
    times: tuple[float, ...]
    refreshed: tuple[bool, ...]
    fps: float
    width: int
    height: int

    def __len__(self) -> int:
        return len(self.times)


class Recorder:
    """Makes a film of one stream's packets; `feed` belongs to one thread, `film` may be called from any.

    Args:
        fps: Pictures kept per second, at most: what the camera is analysed with.
        seconds: Of the stream, after which it is complete.
    """

    def __init__(self, codec: CodecParameters, fps: float, seconds: float) -> None:
        self._decoder, self._pace = Decoder(codec), Pace(fps)
        self._time_base, self._fps, self._seconds = float(codec.time_base), fps, seconds
        self._kept: list[tuple[float, bool, Luma]] = []
        self._refreshed = False
        self._size = (0, 0)

    @property
    def seconds(self) -> float:
        """How much of the stream there is so far."""
        return self._kept[-1][0] if self._kept else 0.0

    @property
    def complete(self) -> bool:
        """Whether it is as long as it is meant to be, or can be."""
        return self.seconds >= self._seconds or len(self._kept) >= MOST

    def feed(self, packet: Packet) -> None:
        """Decode a packet, and keep the pictures that are due."""
        wanted = self._pace.due(packet.pts * self._time_base)
        for frame in self._decoder.feed(packet, wanted=wanted):
            pts = packet.pts if frame.pts is None else frame.pts
            self._refreshed |= bool(frame.key_frame)
            if self._pace.take(pts * self._time_base):
                shown = self._decoder.upright(frame)
                self._keep(luma(shown.frame), (shown.width, shown.height))

    def _keep(self, picture: Luma, size: tuple[int, int]) -> None:
        small = shrunk(picture)
        if not self._kept or small.shape == self._kept[0][2].shape:  # a stream that changes its size is rare
            self._size = size
            self._kept.append((self._pace.time, self._refreshed, small))
            self._refreshed = False

    def film(self) -> Film:
        """Return what there is so far."""
        kept = list(self._kept)
        pictures = np.array([small for _, _, small in kept], np.uint8)
        times, refreshed = tuple(at for at, _, _ in kept), tuple(anew for _, anew, _ in kept)
        return Film(pictures, times, refreshed, self._fps, *self._size)


def shrunk(picture: Luma) -> Luma:
    """Return the means of whole squares of pixels, about `GRID` across: what the detector makes first."""
    height, width = picture.shape
    factor = min(16, max(1, round(width / GRID)))
    rows, columns = height // factor, width // factor
    squares = picture[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor)
    means: Luma = (squares.sum(axis=(1, 3), dtype=np.uint32) // factor**2).astype(np.uint8)
    return means
