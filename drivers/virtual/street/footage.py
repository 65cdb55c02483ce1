"""Coded pictures of a virtual camera: a loop that is encoded once, or a live view of a larger scene.

Both kinds run on one timeline that starts when the footage is entered, so every viewer sees the same
moment, as with a real camera. Encoding happens in one worker thread per footage, and only for viewers.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

from av.video.frame import VideoFrame

from drivers.contract import Codec
from drivers.virtual.encoding import PLAIN_ENCODING, Encoding
from drivers.virtual.imaging import Look
from drivers.virtual.street.drawing import Box, Scene
from drivers.virtual.street.h264 import Encoder, jpeg, last_picture, sets_of
from drivers.virtual.street.look import seen
from drivers.virtual.street.pictures import ClipPictures, Pictures, ScenePictures

#: RTP's clock for video, ticks per second.
RATE = 90_000
#: Coded bytes of a loop that are kept; what is beyond is encoded again when its turn comes.
CACHE = 64 << 20
#: Units that wait for one viewer of a live footage; beyond, it loses all of them up to the next keyframe.
WAITING = 64
#: Seconds that a viewer may lag behind before it is moved on.
_LAG = 2.0
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class CodedPicture:
    """One coded picture (access unit).

    Attributes:
        data: Annex B; a keyframe carries its SPS and PPS.
        timestamp: 90 kHz ticks on the footage's timeline; strictly rising, also over the seam.
        keyframe: Whether decoding can start here.
    """

    data: bytes
    timestamp: int
    keyframe: bool
    codec: Codec = Codec.H264


@dataclass(frozen=True, slots=True)
class Format:
    """What a session description tells. `sps`, `pps` and H.265's `vps` are NAL units without start codes."""

    width: int
    height: int
    fps: float
    sps: bytes
    pps: bytes
    codec: Codec = Codec.H264
    vps: bytes = b""


class Footage(Protocol):
    """What an RTSP session and the snapshot service need. Used inside ``async with``."""

    async def __aenter__(self) -> Self:
        """Start the timeline."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the worker; viewers must have left."""
        ...

    async def describe(self) -> Format:
        """Return size, rate and parameter sets."""
        ...

    def watch(self) -> AbstractAsyncContextManager[AsyncIterator[CodedPicture]]:
        """Join: units from the latest keyframe on, in real time, for as long as the context lasts."""
        ...

    async def still(self) -> bytes:
        """Return the present picture as JPEG."""
        ...

    def seconds(self) -> float:
        """Return the seconds since the footage was entered: the time of the scene that is shown."""
        ...


class _Studio:
    """The timeline and the worker thread that both kinds of footage have."""

    size: tuple[int, int]
    fps: Fraction
    bitrate = 0
    codec = Codec.H264
    _loop: asyncio.AbstractEventLoop
    _epoch: float
    _pool: ThreadPoolExecutor

    def _begin(self, epoch: float | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._epoch = self._loop.time() if epoch is None else epoch
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="virtual-camera")

    async def _end(self) -> None:
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)

    def seconds(self) -> float:
        """Return the seconds since the footage was entered: the time of the scene that is shown."""
        return self._loop.time() - self._epoch

    async def _until(self, seconds: float) -> None:
        await asyncio.sleep(seconds - self.seconds())

    async def _work(self, job: Callable[[], _T]) -> _T:
        return await self._loop.run_in_executor(self._pool, job)

    async def describe(self) -> Format:
        """Return size, rate and parameter sets."""
        return await self._work(lambda: format_of(self.size, self.fps, self.bitrate, self.codec))

    def _coder(self) -> Encoder:
        return Encoder(self.size, self.fps, self.bitrate, self.codec)


def format_of(size: tuple[int, int], fps: Fraction, bitrate: int, codec: Codec) -> Format:
    """Return what a stream's session description tells. Blocking: a picture is encoded, once of each kind."""
    *before, sps, pps = sets_of(size, fps, bitrate, codec)
    return Format(*size, float(fps), sps, pps, codec, b"".join(before))


_Group = tuple[tuple[float, bytes], ...]


class FixedFootage(_Studio):
    """A loop, encoded once, group by group when it is first shown.

    Args:
        pictures: What is shown.
        cache: Coded bytes that are kept.
        bitrate: kbit/s at most; 0: what suits the size.
        codec: H.264 or H.265.
        epoch: When the timeline began, on the loop's clock; None: when it is entered.

    Attributes:
        encoded: How many groups were encoded so far.
        missed: Groups that viewers lost because they lagged.
    """

    def __init__(
        self,
        pictures: Pictures,
        cache: int = CACHE,
        *,
        bitrate: int = 0,
        codec: Codec = Codec.H264,
        epoch: float | None = None,
    ) -> None:
        self._pictures, self._cache, self._since = pictures, cache, epoch
        self.size, self.fps = pictures.size, pictures.fps
        self.bitrate, self.codec = bitrate, codec
        self._length = pictures.length
        self._count = -int(-pictures.duration // self._length)
        self._groups: OrderedDict[int, asyncio.Future[_Group]] = OrderedDict()
        self._bytes = 0
        self._encoder: Encoder | None = None
        self.encoded = self.missed = 0

    @classmethod
    def of_scene(cls, scene: Scene, *, size: tuple[int, int] = (640, 360), fps: int = 10) -> FixedFootage:
        """Loop over one period of a scene."""
        return cls(ScenePictures(scene, size, fps))

    @classmethod
    def of_clip(cls, path: Path) -> FixedFootage:
        """Loop over a video file. Blocking: the file is scanned.

        Raises:
            DriverError: There is no such file, it is broken, or holds no video.
        """
        return cls(ClipPictures(path))

    async def __aenter__(self) -> Self:
        """Start the timeline."""
        self._begin(self._since)
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop the worker and close the file."""
        await self._end()
        self._pictures.close()

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncIterator[CodedPicture]]:
        """Join: units from the latest keyframe on, in real time, for as long as the context lasts."""
        async with aclosing(self._units()) as units:
            yield units

    async def still(self) -> bytes:
        """Return the present picture as JPEG."""
        turn = self._turn()
        start, units = self._start(turn), await self._group(turn)
        while not units:  # nothing to see in this second of a clip: show what came before
            turn -= 1
            start, units = self._start(turn), await self._group(turn)
        shown = [data for t, data in units if start + t <= self.seconds()] or [units[0][1]]
        return await self._work(lambda: jpeg(last_picture(shown, self.codec)))

    def _turn(self) -> int:
        """Return which group is shown now, counted over all loops."""
        loop, rest = divmod(self.seconds(), self._pictures.duration)
        return int(loop) * self._count + min(int(rest / self._length), self._count - 1)

    def _start(self, turn: int) -> float:
        """Return when a group's loop began."""
        return (turn // self._count) * self._pictures.duration

    async def _units(self) -> AsyncGenerator[CodedPicture, None]:
        turn = self._turn()
        while True:
            group = await self._group(turn)
            self._ahead(turn + 1)
            start = self._start(turn)
            for t, data in group:
                await self._until(start + t)
                yield CodedPicture(data, round((start + t) * RATE), t == group[0][0], self.codec)
            if not group:
                await self._until(start + (turn % self._count + 1) * self._length)
            turn += 1
            if (now := self._turn()) > turn + _LAG / self._length:
                self.missed += now - turn
                turn = now

    def _ahead(self, turn: int) -> asyncio.Future[_Group]:
        """Have a group encoded, unless it is; the least recently shown go when the cache is full."""
        number = turn % self._count
        future = self._groups.get(number)
        if future is None or (future.done() and (future.cancelled() or future.exception())):
            future = self._loop.run_in_executor(self._pool, self._encode, number)
            future.add_done_callback(self._encoded)
            self._groups[number] = future
        self._groups.move_to_end(number)
        return future

    async def _group(self, turn: int) -> _Group:
        return await asyncio.shield(self._ahead(turn))  # shared: one viewer leaving cancels nobody's group

    def _encode(self, number: int) -> _Group:
        encoder = self._encoder = self._encoder or self._coder()
        pictures = enumerate(self._pictures.group(number))
        return tuple((t, encoder.encode(frame, keyframe=not index)) for index, (t, frame) in pictures)

    def _encoded(self, future: asyncio.Future[_Group]) -> None:
        if future.cancelled() or future.exception():
            return
        self.encoded += 1
        self._bytes += _weight(future.result())
        while self._bytes > self._cache and len(self._groups) > 2:
            number, oldest = next(iter(self._groups.items()))
            if not oldest.done():
                return
            del self._groups[number]
            if not oldest.cancelled() and not oldest.exception():
                self._bytes -= _weight(oldest.result())


def _weight(group: _Group) -> int:
    return sum(len(data) for _, data in group)


class _Seat:
    """One viewer of a live footage: a bounded queue that always resumes at a keyframe."""

    def __init__(self, first: list[CodedPicture]) -> None:
        self._units = deque(first[:WAITING])
        self._fresh = asyncio.Event()
        self._whole = bool(first)
        self._closed = False
        self.missed = 0

    def put(self, unit: CodedPicture) -> int:
        """Append; return how many units were lost."""
        lost = 0
        if len(self._units) >= WAITING:
            lost, self._whole = len(self._units), False
            self._units.clear()
        self._whole |= unit.keyframe
        if not self._whole:
            return lost + 1
        self._units.append(unit)
        self._fresh.set()
        return lost

    def close(self) -> None:
        """Let the viewer go."""
        self._closed = True
        self._units.clear()
        self._fresh.set()

    async def units(self) -> AsyncGenerator[CodedPicture, None]:
        """Yield units as they come, until it is closed."""
        while not self._closed:
            while not self._units and not self._closed:
                self._fresh.clear()
                await self._fresh.wait()
            if self._units:
                yield self._units.popleft()


class LiveFootage(_Studio):
    """A window over a scene, encoded while somebody watches.

    Args:
        scene: The larger picture.
        window: Where the PTZ unit looks; asked once per picture, on the event loop.
        encoding: How it is coded; see `change`.
        look: What the picture is like beside the scene; asked once per picture.

    Attributes:
        encoded: How many pictures were encoded so far.
        missed: Units that slow viewers lost.
        late: Pictures that were left out because the machine was too slow.
    """

    def __init__(
        self,
        scene: Scene,
        window: Callable[[], Box],
        encoding: Encoding = PLAIN_ENCODING,
        look: Callable[[], Look] = Look,
    ) -> None:
        self._scene, self._window, self._look = scene, window, look
        self._seats: set[_Seat] = set()
        self._wanted = asyncio.Event()
        self._gop: list[CodedPicture] = []
        self.encoded = self.missed = self.late = 0
        self._set(encoding)

    def _set(self, encoding: Encoding) -> None:
        self.size, self.fps = encoding.size, Fraction(encoding.fps).limit_denominator(1000)
        self.bitrate, self.codec, self._period = encoding.bitrate, encoding.codec, encoding.gop

    def change(self, encoding: Encoding) -> None:
        """Code it otherwise from now on; viewers of the old stream are let go."""
        self._set(encoding)
        gone, self._seats = self._seats, set()
        for seat in gone:
            seat.close()

    async def __aenter__(self) -> Self:
        """Start the timeline; the worker rests until somebody watches."""
        self._begin()
        self._tasks = await asyncio.TaskGroup().__aenter__()
        self._pump = self._tasks.create_task(self._run(), name="virtual-camera.live")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the worker."""
        self._pump.cancel()
        try:
            await self._tasks.__aexit__(kind, error, trace)
        finally:
            await self._end()

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncIterator[CodedPicture]]:
        """Join: units from the latest keyframe on, in real time, for as long as the context lasts."""
        seat = _Seat(self._gop)
        self._seats.add(seat)
        self._wanted.set()
        try:
            async with aclosing(seat.units()) as units:
                yield units
        finally:
            self._seats.discard(seat)

    async def still(self) -> bytes:
        """Return the present picture as JPEG."""
        window, t, look, size = self._window(), self.seconds(), self._look(), self.size
        return await self._work(lambda: jpeg(self._picture(window, t, look, size)))

    def _picture(self, window: Box, t: float, look: Look, size: tuple[int, int]) -> VideoFrame:
        drawn = self._scene.render(look.moment(t), window, size)
        return VideoFrame.from_ndarray(seen(drawn, look), format="rgb24")

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            await self._stream()
            self._wanted.clear()

    async def _stream(self) -> None:
        """Encode and hand out pictures for as long as there are viewers."""
        encoder = await self._work(self._coder)
        count, period = int(self.seconds() * self.fps) + 1, self._period
        self._gop = []
        while self._seats:
            await self._until(float(count / self.fps))
            keyframe = not self._gop or len(self._gop) >= period
            unit = await self._shoot(encoder, count, keyframe)
            self._gop = [unit] if keyframe else [*self._gop, unit]
            self.missed += sum(seat.put(unit) for seat in self._seats)
            now = int(self.seconds() * self.fps)
            self.late += max(0, now - count - 1)
            count = max(count + 1, now)
        self._gop = []

    async def _shoot(self, encoder: Encoder, count: int, keyframe: bool) -> CodedPicture:
        window, t, look, size = self._window(), float(count / self.fps), self._look(), self.size
        data = await self._work(
            lambda: encoder.encode(self._picture(window, t, look, size), keyframe=keyframe)
        )
        self.encoded += 1
        return CodedPicture(data, round(t * RATE), keyframe, self.codec)
