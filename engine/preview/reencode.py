"""The stated fallback: a stream that cannot be passed through, re-encoded while somebody watches it."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from fractions import Fraction

import av
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from drivers.contract import Codec, CodecParameters, Packet
from drivers.kit.upright import Righting
from engine.fleet.tap import Tap
from engine.preview.feed import RATE

#: Packets between the loop and the encoder's thread; when full, the rest of the GOP goes.
WAITING = 64
#: Pixels at most, and pictures per second at most, of what is re-encoded: it costs a core otherwise.
WIDEST = 1280
FASTEST = 15.0
#: Seconds between two keyframes of ours.
KEYFRAME_EVERY = 2.0
_TIME_BASE = Fraction(1, RATE)

#: What waits for the encoder's thread; None ends it.
Jobs = queue.Queue[tuple[CodecParameters, Packet] | None]


class Transcoder:
    """Packets in, H.264 without B-frames out. Blocking; one thread's property.

    Attributes:
        faults: Packets that could not be decoded.
    """

    def __init__(self, codec: CodecParameters) -> None:
        self._codec, self._righting = codec, Righting(codec)
        self._decoder = _video(av.CodecContext.create(codec.codec.value, "r"))
        if codec.extradata:
            self._decoder.extradata = codec.extradata
        self._encoder: VideoCodecContext | None = None
        self._due = 0.0
        self.faults = 0

    def feed(self, packet: Packet) -> Iterator[Packet]:
        """Yield what one packet becomes; nothing when it cannot be decoded or comes too soon."""
        raw = av.Packet(packet.data)
        raw.pts, raw.dts, raw.time_base = packet.pts, packet.dts, self._codec.time_base
        try:
            for frame in self._decoder.decode(raw):
                self._righting.note(frame)
                if frame.pts is not None and self._is_due(float(frame.pts * self._codec.time_base)):
                    yield from self._encode(frame, packet.received)
        except FFmpegError:  # damaged in transit: the next keyframe heals it
            self.faults += 1

    def _is_due(self, at: float) -> bool:
        """Return whether a picture is let through: `FASTEST` per second on the average."""
        ahead = self._due - at
        if 0 < ahead <= 1:
            return False
        # A clock that jumped (reconnect, long silence) starts anew.
        self._due = (self._due if -1 < ahead <= 0 else at) + 1 / FASTEST
        return True

    def _encode(self, frame: VideoFrame, received: float) -> Iterator[Packet]:
        shown = self._righting.upright(frame, self._decoder.sample_aspect_ratio)
        width, height = _fit(*shown.size)
        if self._encoder is None or (self._encoder.width, self._encoder.height) != (width, height):
            self._encoder = _encoder(width, height)
        seconds = (frame.pts or 0) * self._codec.time_base
        small = shown.frame.reformat(width=width, height=height, format="yuv420p")
        small.pts, small.time_base = round(seconds * RATE), _TIME_BASE
        small.pict_type = av.video.frame.PictureType.NONE
        for coded in self._encoder.encode(small):
            pts = coded.pts or 0
            yield Packet(bytes(coded), pts, pts, bool(coded.is_keyframe), received)


def _fit(width: int, height: int) -> tuple[int, int]:
    scale = min(1.0, WIDEST / width)
    return max(2, round(width * scale) // 2 * 2), max(2, round(height * scale) // 2 * 2)


def _video(context: object) -> VideoCodecContext:
    assert isinstance(context, VideoCodecContext)  # noqa: S101 - by its name; told to the type checker
    return context


def _encoder(width: int, height: int) -> VideoCodecContext:
    encoder = _video(av.CodecContext.create("libx264", "w"))
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = _TIME_BASE, Fraction(int(FASTEST))
    encoder.profile = "Baseline"
    encoder.thread_count = 1
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "crf": "25",
        "maxrate": "4M",
        "bufsize": "2M",
        "g": str(int(FASTEST * KEYFRAME_EVERY)),
    }
    return encoder


class Reencoder:
    """One camera's re-encoding, shared by all its viewers; runs only while there is one.

    Attributes:
        dropped: Packets that the encoder was too slow for, since the start.
    """

    def __init__(self, name: str, source: Tap) -> None:
        self._name = name
        self.source = source
        self._tap: Tap | None = None
        self._users = 0
        self._stop = asyncio.Event()
        self._lost_by_viewers = 0
        self.dropped = 0

    @property
    def lost(self) -> int:
        """What was dropped, and what those who watch were too slow for."""
        return self.dropped + self._lost_by_viewers + (0 if self._tap is None else self._tap.dropped)

    @asynccontextmanager
    async def use(self, group: asyncio.TaskGroup) -> AsyncIterator[Tap]:
        """Join for as long as the context lasts; the first one starts the work, in `group`."""
        if self._tap is None:
            self._tap = Tap(asyncio.get_running_loop())
            self._stop = asyncio.Event()
            group.create_task(self._run(self._tap, self._stop), name=f"preview.{self._name}.reencode")
        self._users += 1
        tap = self._tap
        try:
            yield tap
        finally:
            self._users -= 1
            if not self._users:
                self._lost_by_viewers += tap.dropped
                self._tap = None
                self._stop.set()

    async def _run(self, target: Tap, stop: asyncio.Event) -> None:
        jobs: Jobs = queue.Queue(WAITING)
        worker = threading.Thread(
            target=_work, args=(jobs, target), name=f"preview.{self._name}", daemon=True
        )
        worker.start()
        try:
            async with asyncio.TaskGroup() as group:
                feeding = group.create_task(self._feed(jobs), name=f"preview.{self._name}.feed")
                await stop.wait()
                feeding.cancel()
        finally:
            _end(jobs)
            await asyncio.to_thread(worker.join)

    async def _feed(self, jobs: Jobs) -> None:
        wanted = False
        async with self.source.view() as viewer:
            while True:
                missed, packet = await viewer.take()
                if viewer.codec is None:  # the camera is gone
                    if self._tap is not None:
                        self._tap.finish()
                    return
                wanted = packet.keyframe or (wanted and not missed)
                if not wanted:
                    self.dropped += missed + 1
                    continue
                try:
                    jobs.put_nowait((viewer.codec, packet))
                except queue.Full:
                    wanted = False
                    self.dropped += 1


def _end(jobs: Jobs) -> None:
    """Ask the thread to end at once: what waits is of no use any more, and nothing comes any more."""
    with contextlib.suppress(queue.Empty):
        while True:
            jobs.get_nowait()
    jobs.put_nowait(None)


def _work(jobs: Jobs, target: Tap) -> None:
    """Re-encode until told to end; the thread's body."""
    transcoder: Transcoder | None = None
    codec: CodecParameters | None = None
    while (job := jobs.get()) is not None:
        if job[0] is not codec or transcoder is None:
            codec = job[0]
            transcoder = Transcoder(codec)
            target.begin(CodecParameters(Codec.H264, b"", _TIME_BASE))
        for packet in transcoder.feed(job[1]):
            target.put(packet)
