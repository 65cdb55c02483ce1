"""Where the pictures of a looping virtual camera come from: the drawn scene, or a video file.

Pictures are asked for in groups of one second of the loop, in any order, by one thread.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from drivers.errors import Malformed, Unreachable, Unsupported
from drivers.kit.ffmpeg import video_in
from drivers.kit.upright import Righting
from drivers.virtual.imaging import PLAIN_LOOK, Look
from drivers.virtual.street.drawing import Scene
from drivers.virtual.street.look import seen

#: Seconds of the loop in one group, unless told otherwise; each group starts with a keyframe.
GROUP = 1.0
_LARGEST = (1280, 720)
_FASTEST = Fraction(30)
_SLOWEST = Fraction(1)
#: Seconds before a group at which reading on is cheaper than seeking.
_NEAR = 2.0


class Pictures(Protocol):
    """A loop of pictures.

    Attributes:
        size: Width and height in pixels, both even.
        fps: Pictures per second; of a file, on average.
        duration: Seconds of one loop.
        length: Seconds of one group.
    """

    size: tuple[int, int]
    fps: Fraction
    duration: float
    length: float

    def group(self, number: int) -> Iterator[tuple[float, VideoFrame]]:
        """Yield the pictures of one group with their seconds in the loop."""
        ...

    def close(self) -> None:
        """Release what is open."""
        ...


class ScenePictures:
    """One period of a drawn scene, whole, scaled to `size`.

    Args:
        look: What the pictures are like beside it.
        length: Seconds of one group.
    """

    def __init__(
        self,
        scene: Scene,
        size: tuple[int, int],
        fps: int | Fraction,
        look: Look = PLAIN_LOOK,
        length: float = GROUP,
    ) -> None:
        self._scene, self._look = scene, look
        self.size, self.fps, self.duration = size, Fraction(fps), scene.period
        self.length = min(length, self.duration)

    def group(self, number: int) -> Iterator[tuple[float, VideoFrame]]:
        """Yield the pictures of one group with their seconds in the loop."""
        edges = (Fraction(each * self.length).limit_denominator(10_000) for each in (number, number + 1))
        first, last = (math.ceil(second * self.fps) for second in edges)
        for count in range(first, min(last, math.ceil(self.duration * self.fps))):
            t = float(count / self.fps)
            drawn = seen(self._scene.render(self._look.moment(t), size=self.size), self._look)
            yield t, VideoFrame.from_ndarray(drawn, format="rgb24")

    def close(self) -> None:
        """Nothing is open."""


class ClipPictures:
    """A video file, upright and in square pixels, scaled down to at most 1280x720 and 30 pictures per second.

    Args:
        path: Any file that FFmpeg decodes. It is scanned once here (not decoded).
        size: What the pictures are scaled to; by default as large as the file's, within bounds.
        fps: Pictures per second, no more than the file's, which it is by default.
        look: What the pictures are like beside it.
        length: Seconds of one group.

    Raises:
        Unreachable: There is no such file.
        Malformed: It is no readable media file.
        Unsupported: It holds no moving picture.
    """

    def __init__(
        self,
        path: Path,
        size: tuple[int, int] | None = None,
        fps: Fraction | None = None,
        look: Look = PLAIN_LOOK,
        length: float = GROUP,
    ) -> None:
        self._path, self._look, self._scale = path, look, size
        self.length = length
        self._container, self._stream = _open(path)
        self._start, end, count = _scan(path, self._container, self._stream)
        told = Fraction(count / max(end - self._start, 1e-3)).limit_denominator(1000)
        self.fps = min(max(told, _SLOWEST), _FASTEST)
        self.fps = min(self.fps, fps or self.fps)
        self.duration = end - self._start
        self._righting = Righting()
        self._seen = (0, 0)
        self._frames: Iterator[tuple[float, VideoFrame]] = iter(())
        self._ahead: tuple[float, VideoFrame] | None = None
        self._held: VideoFrame | None = None
        self._at = math.inf  # seconds up to which the file has been read
        if not any(
            True for number in range(math.ceil(self.duration / self.length)) for _ in self.group(number)
        ):
            raise Malformed("footage.broken", path=path, detail="no picture can be decoded")
        self.size = size or _fit(*self._seen)

    def group(self, number: int) -> Iterator[tuple[float, VideoFrame]]:
        """Yield the pictures of one group with their seconds in the loop; the first falls in it.

        Raises:
            Malformed: Nothing can be decoded from there on.
        """
        begin, end = number * self.length, (number + 1) * self.length
        if not begin - _NEAR <= self._at <= begin:
            self._seek(begin)
        self._at, due = end, begin
        for t, frame in self._read(end):
            if t >= due:
                due = t + 0.75 / float(self.fps)
                yield t, self._changed(frame)

    def _changed(self, frame: VideoFrame) -> VideoFrame:
        if self._look == PLAIN_LOOK:
            return frame
        if self._look.flaw == "frozen":
            frame = self._held = self._held or frame
        shown = frame.reformat(*(self._scale or (frame.width, frame.height)), "rgb24").to_ndarray()
        return VideoFrame.from_ndarray(seen(np.asarray(shown, np.uint8), self._look), format="rgb24")

    def _read(self, end: float) -> Iterator[tuple[float, VideoFrame]]:
        """Yield what comes before `end`; keep the first picture after it for the next group."""
        while True:
            step = self._ahead or next(self._frames, None)
            self._ahead = step
            if step is None or step[0] >= end:
                return
            self._ahead = None
            yield step

    def _seek(self, seconds: float) -> None:
        try:
            self._container.seek(math.floor((seconds + self._start) * av.time_base))
        except av.FFmpegError:  # a format that cannot seek: read it from the start
            self._container.close()
            self._container, self._stream = _open(self._path)
        self._frames, self._ahead = self._decoded(), None

    def _decoded(self) -> Iterator[tuple[float, VideoFrame]]:
        base = self._stream.time_base or Fraction(1, av.time_base)
        try:
            for packet in self._container.demux(self._stream):
                for frame in self._shown(packet):
                    if frame.pts is not None:
                        self._righting.note(frame)
                        shown = self._righting.upright(frame, self._stream.sample_aspect_ratio)
                        self._seen = shown.size
                        yield float(frame.pts * base) - self._start, shown.frame
        except (av.FFmpegError, OSError) as error:
            raise Malformed("footage.broken", path=self._path, detail=type(error).__name__) from None

    def _shown(self, packet: av.Packet[VideoStream]) -> list[VideoFrame]:
        try:
            return self._stream.codec_context.decode(packet)
        except av.FFmpegError:  # damaged places are skipped, as every player does
            return []

    def close(self) -> None:
        """Close the file."""
        self._container.close()


def _open(path: Path) -> tuple[InputContainer, VideoStream]:
    if not path.is_file():
        raise Unreachable("footage.missing", path=path)
    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError) as error:
        raise Malformed("footage.broken", path=path, detail=type(error).__name__) from None
    stream = video_in(container)
    if stream is None:
        container.close()
        raise Unsupported("footage.no_video", path=path)
    stream.thread_count = 1
    return container, stream


def _scan(path: Path, container: InputContainer, stream: VideoStream) -> tuple[float, float, int]:
    """Return the seconds of the first picture, the end of the last, and how many there are."""
    base = stream.time_base or Fraction(1, av.time_base)
    try:
        times = [packet.pts for packet in container.demux(stream) if packet.pts is not None]
    except av.FFmpegError as error:
        raise Malformed("footage.broken", path=path, detail=type(error).__name__) from None
    if len(times) < 2 or max(times) == min(times):
        raise Unsupported("footage.no_video", path=path)
    first, last = float(min(times) * base), float(max(times) * base)
    return first, last + (last - first) / (len(times) - 1), len(times)


def _fit(width: int, height: int) -> tuple[int, int]:
    """Return the largest even size of the same shape that is within bounds, never larger than the file's."""
    shrink = min(1.0, _LARGEST[0] / width, _LARGEST[1] / height)
    return max(2, int(width * shrink) // 2 * 2), max(2, int(height * shrink) // 2 * 2)
