"""One camera's still pictures, for people: the best that can be had, and where it came from.

The analysed picture costs nothing and is often small. A camera has a larger one: its own still, or its main
stream. Both are asked for seldom: what came is kept for a moment, so that ten clients ask the camera once, and
what failed is not asked again for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from drivers.contract import Camera, Feature, Profile, Stream
from drivers.errors import DriverError
from engine.errors import Again, reason_of
from engine.fleet.tracked import TrackedObject
from engine.runtime import log
from engine.runtime.thread import in_thread
from rules.model import Sentence

if TYPE_CHECKING:
    from drivers.kit.upright import Upright
    from engine.vision.photo import Photo

    #: A picture, and when it came.
    Taken = tuple[Photo, datetime]

logger = log.get(__name__)
#: Seconds that the camera's own still may take, and its main stream to a first picture.
STILL_DEADLINE, STREAM_DEADLINE = 3.0, 8.0
#: Seconds that a picture is kept; likewise that what failed is not asked again.
KEPT, SHUNNED = 1.0, 60.0
#: Seconds that the thread of a main stream gets to end.
STOP_DEADLINE = 4.0


class Source(StrEnum):
    """Where a still came from."""

    CAMERA = "camera"
    STREAM = "stream"
    ANALYSIS = "analysis"


@dataclass(frozen=True, slots=True)
class Still:
    """One picture.

    Attributes:
        width: Pixels; likewise `height`.
        lacks: Why there was no better one, where that is a fault.
        at: When it was seen, by this machine's clock; of the camera's own still, when it came.
        tracks: What was seen in this very picture; only of the analysed one anything is known.
    """

    jpeg: bytes
    source: Source
    width: int
    height: int
    lacks: Sentence | None = None
    at: datetime | None = None
    tracks: tuple[TrackedObject, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysed:
    """An analysed picture with what was seen in it, and when."""

    shown: Upright
    at: datetime
    tracks: tuple[TrackedObject, ...] = ()


class Without(Exception):
    """There is no such picture; `reason` says why, None where the camera has none to give."""

    def __init__(self, reason: Sentence | None = None) -> None:
        super().__init__(reason)
        self.reason = reason


class Eye(Protocol):
    """What is asked of a camera's runner."""

    @property
    def camera(self) -> Camera:
        """The open camera; `Again` while there is none."""
        ...

    @property
    def profile(self) -> Profile | None:
        """What is analysed."""
        ...

    def analysed(self) -> Analysed:
        """Return the last analysed picture; `Again` where there is none."""
        ...


@dataclass(slots=True)
class _Shelf:
    """What one way gave lately, or why it gave nothing; one asks at a time.

    Attributes:
        camera: Whom it was asked; a camera that was opened anew is asked again.
    """

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    camera: Camera | None = None
    until: float = 0.0
    photo: Taken | None = None
    reason: Sentence | None = None

    def holds(self, camera: Camera, now: float) -> bool:
        """Return whether it still answers for a camera."""
        return self.camera is camera and now < self.until

    def keep(self, camera: Camera, until: float, photo: Taken | None, reason: Sentence | None) -> None:
        """Answer so until then."""
        self.camera, self.until, self.photo, self.reason = camera, until, photo, reason

    def clear(self, photo: Taken) -> None:
        """Let go of a picture that is over."""
        if self.photo is photo:
            self.camera = self.photo = None


class Stills:
    """The stills of one camera; single loop only.

    Args:
        eye: The camera's runner.
        monotonic: Where time is read.
        wall: This machine's clock (UTC).
    """

    def __init__(
        self,
        eye: Eye,
        monotonic: Callable[[], float],
        wall: Callable[[], datetime],
    ) -> None:
        self._eye, self._monotonic, self._wall = eye, monotonic, wall
        self._shelves = {Source.CAMERA: _Shelf(), Source.STREAM: _Shelf()}

    async def analysed(self, width: int, lacks: Sentence | None = None) -> Still:
        """Return the last analysed picture, at most `width` pixels wide.

        Raises:
            Again: There is none now.
        """
        from engine.vision.picture import jpeg, jpeg_size

        seen = self._eye.analysed()
        data = await asyncio.to_thread(jpeg, seen.shown, width)
        return Still(
            data, Source.ANALYSIS, *jpeg_size(seen.shown, width), lacks=lacks, at=seen.at, tracks=seen.tracks
        )

    async def own(self, width: int) -> Still:
        """Return the camera's own still, untouched where it is at most `width` pixels wide.

        Raises:
            Without: It has none, or gave none within `STILL_DEADLINE`.
            Again: The camera is not connected.
        """
        return await _fitted(await self._snapped(), Source.CAMERA, width)

    async def best(self, width: int) -> Still:
        """Return the camera's own still, else one of its main stream, else the analysed picture.

        One that is smaller than the analysed picture is none. In all it takes as long as both deadlines at most.

        Raises:
            Again: There is none at all now.
        """
        enough, lacks = min(self._analysed_width(), width), None
        for source, ask in ((Source.CAMERA, self._snapped), (Source.STREAM, self._streamed)):
            try:
                taken = await ask()
            except Without as error:
                lacks = lacks or error.reason
                continue
            if taken[0].shown.width >= enough:
                return await _fitted(taken, source, width, lacks)
        return await self.analysed(width, lacks)

    def _analysed_width(self) -> int:
        try:
            return self._eye.analysed().shown.width
        except Again:
            return 0

    async def _snapped(self) -> Taken:
        camera = self._eye.camera
        if Feature.SNAPSHOT not in camera.features:
            raise Without
        return await self._asked(Source.CAMERA, camera, lambda: _snapshot(camera))

    async def _streamed(self) -> Taken:
        camera, analysed = self._eye.camera, self._eye.profile
        main = camera.profiles[0] if camera.profiles else None
        if main is None or analysed is None or main.token == analysed.token:
            raise Without
        return await self._asked(Source.STREAM, camera, lambda: _first_picture(camera, main))

    async def _asked(self, source: Source, camera: Camera, ask: Callable[[], Awaitable[Photo]]) -> Taken:
        """Return what a way gives: kept for a moment; a way that fails is shunned for a while.

        Raises:
            Without: It failed, now or lately.
        """
        shelf = self._shelves[source]
        async with shelf.lock:
            if not shelf.holds(camera, self._monotonic()):
                await self._fill(shelf, source, camera, ask)
            if shelf.photo is None:
                raise Without(shelf.reason)
            return shelf.photo

    async def _fill(
        self, shelf: _Shelf, source: Source, camera: Camera, ask: Callable[[], Awaitable[Photo]]
    ) -> None:
        try:
            photo = await ask()
        except Exception as error:  # a driver's, a decoder's: the next best picture is shown all the same
            reason = reason_of(error)
            known = isinstance(error, DriverError | OSError | Unwhole)
            logger.warning(
                "no still", source=str(source), reason=str(error), exc_info=None if known else error
            )
            shelf.keep(camera, self._monotonic() + SHUNNED, None, reason)
        else:
            taken = photo, self._wall()
            shelf.keep(camera, self._monotonic() + KEPT, taken, None)
            asyncio.get_running_loop().call_later(KEPT, shelf.clear, taken)


class Unwhole(Exception):
    """What a device sent as its still is no whole JPEG."""

    code = "camera.no_jpeg"


async def _fitted(taken: Taken, source: Source, width: int, lacks: Sentence | None = None) -> Still:
    data, wide, high = await asyncio.to_thread(taken[0].within, width)
    return Still(data, source, wide, high, lacks, taken[1])


async def _snapshot(camera: Camera) -> Photo:
    from engine.vision.photo import Damaged, photo

    async with asyncio.timeout(STILL_DEADLINE):
        data = await camera.snapshot()
        try:
            return await asyncio.to_thread(photo, data)
        except Damaged:
            raise Unwhole from None


async def _first_picture(camera: Camera, profile: Profile) -> Photo:
    """Open a stream for one picture."""
    found: list[Photo] = []
    async with asyncio.timeout(STREAM_DEADLINE):
        stream = await camera.open_stream(profile.token)
        try:
            await in_thread(
                f"still[{profile.token}]", lambda: found.append(_decoded(stream)), stream.close, STOP_DEADLINE
            )
        finally:
            stream.close()
    return found[0]


def _decoded(stream: Stream) -> Photo:
    """Read until the first whole picture; ends when the stream is closed."""
    from engine.vision.decode import Decoder
    from engine.vision.photo import photo
    from engine.vision.picture import jpeg

    decoder = Decoder(stream.start())
    begun = False
    while True:
        packet = stream.read()
        begun = begun or packet.keyframe
        for frame in decoder.feed(packet) if begun else ():
            shown = decoder.upright(frame)
            return photo(jpeg(shown, shown.width))
