"""Films: what is shown, coded as asked for, and shared by all cameras that show the same.

A `Reel` is one camera's stream. It holds no picture itself: while somebody watches, it borrows a film from the
`FilmLibrary`, where cameras of one process that show the same street, coded alike, find the same one.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Protocol, Self

from av.video.frame import VideoFrame

from drivers.virtual.encoding import Encoding
from drivers.virtual.imaging import Look
from drivers.virtual.street.drawing import Scene
from drivers.virtual.street.footage import CodedPicture, FixedFootage, Format, format_of
from drivers.virtual.street.h264 import jpeg
from drivers.virtual.street.look import seen
from drivers.virtual.street.pictures import ClipPictures, ScenePictures

#: Films kept though nobody watches, scenes kept for stills.
IDLE, SCENES = 16, 8


class Subject(Protocol):
    """What a film is of. Equal ones show the same."""

    def __hash__(self) -> int:
        """Tell equal ones alike."""
        ...

    def film(self, encoding: Encoding, look: Look, epoch: float) -> FixedFootage:
        """Return a film of it. Blocking where it is a file."""
        ...

    def scene(self, size: tuple[int, int]) -> Scene | None:
        """Return it as what can be drawn at any moment, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Street:
    """A drawn street."""

    seed: int
    night: bool = False

    def scene(self, size: tuple[int, int] = (640, 360)) -> Scene:
        """Return it, drawn for pictures of a size."""
        return Scene(self.seed, night=self.night, width=size[0], height=size[1])

    def film(self, encoding: Encoding, look: Look, epoch: float) -> FixedFootage:
        """Return a film of it."""
        fps = _rate(encoding)
        length = float(encoding.gop / fps)
        pictures = ScenePictures(self.scene(encoding.size), encoding.size, fps, look, length)
        return FixedFootage(pictures, bitrate=encoding.bitrate, codec=encoding.codec, epoch=epoch)


@dataclass(frozen=True, slots=True)
class Clip:
    """A video file."""

    path: Path

    def scene(self, size: tuple[int, int]) -> None:
        """Return nothing: a file is decoded, not drawn."""

    def film(self, encoding: Encoding, look: Look, epoch: float) -> FixedFootage:
        """Return a film of it. Blocking: the file is scanned."""
        fps = _rate(encoding)
        pictures = ClipPictures(self.path, encoding.size, fps, look, float(encoding.gop / fps))
        return FixedFootage(pictures, bitrate=encoding.bitrate, codec=encoding.codec, epoch=epoch)


def _rate(encoding: Encoding) -> Fraction:
    return Fraction(encoding.fps).limit_denominator(1000)


@dataclass(slots=True)
class _Copy:
    """A film on the shelf; `readers`: who borrowed it."""

    film: FixedFootage | None = None
    readers: int = 0
    making: asyncio.Lock = field(default_factory=asyncio.Lock)


class FilmLibrary:
    """Films that cameras borrow, on one timeline; used inside ``async with``."""

    def __init__(self) -> None:
        self._copies: OrderedDict[Hashable, _Copy] = OrderedDict()
        self._scenes: OrderedDict[Hashable, Scene] = OrderedDict()

    @property
    def films(self) -> int:
        """How many films there are, watched or not."""
        return len(self._copies)

    async def __aenter__(self) -> Self:
        """Start the timeline."""
        self._loop = asyncio.get_running_loop()
        self.epoch = self._loop.time()
        self._stills = ThreadPoolExecutor(1, thread_name_prefix="virtual-camera.still")
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close every film; whoever borrowed one must have given it back."""
        for copy in self._copies.values():
            await _close(copy)
        await asyncio.to_thread(self._stills.shutdown, cancel_futures=True)

    def seconds(self) -> float:
        """Return the seconds since the start: the time of every scene that is shown."""
        return self._loop.time() - self.epoch

    @asynccontextmanager
    async def lend(self, subject: Subject, encoding: Encoding, look: Look) -> AsyncIterator[FixedFootage]:
        """Lend a film; made where there is none yet.

        Raises:
            DriverError: It is of a file that cannot be played.
        """
        key = (subject, encoding, look)
        copy = self._copies.setdefault(key, _Copy())
        copy.readers += 1
        self._copies.move_to_end(key)
        try:
            async with copy.making:
                if copy.film is None:
                    make = partial(subject.film, encoding, look, self.epoch)
                    copy.film = await (await asyncio.to_thread(make)).__aenter__()
            yield copy.film
        finally:
            copy.readers -= 1
            await self._clear()

    async def _clear(self) -> None:
        """Close the films that nobody has watched for longest, beyond `IDLE` of them."""
        idle = [key for key, copy in self._copies.items() if not copy.readers]
        gone = [self._copies.pop(key) for key in idle[: max(0, len(idle) - IDLE)]]
        for copy in gone:  # popped before anything is waited for, or one could be lent again meanwhile
            await _close(copy)

    async def still(self, subject: Subject, size: tuple[int, int], look: Look) -> bytes | None:
        """Return the present picture of what is drawn as JPEG, None where it is not drawn."""
        key = (subject, size)
        if key not in self._scenes:
            scene = subject.scene(size)
            if scene is None:
                return None
            self._scenes[key] = scene
        scene, t = self._scenes[key], self.seconds()
        self._scenes.move_to_end(key)
        while len(self._scenes) > SCENES:
            self._scenes.popitem(last=False)
        return await self._loop.run_in_executor(self._stills, lambda: _drawn(scene, t, size, look))


async def _close(copy: _Copy) -> None:
    if copy.film is not None:
        await copy.film.__aexit__(None, None, None)


def _drawn(scene: Scene, t: float, size: tuple[int, int], look: Look) -> bytes:
    return jpeg(VideoFrame.from_ndarray(seen(scene.render(look.moment(t), size=size), look), format="rgb24"))


class Reel:
    """One camera's stream, coded as its encoder is set.

    Args:
        library: Where films are borrowed.
        subject: What it shows.
        encoding: How it is coded; see `change`.
        look: What its pictures are like now. Another look is seen from the next keyframe on.
        writes: What is written is seen in the stream too, not only in stills.
    """

    def __init__(
        self,
        library: FilmLibrary,
        subject: Subject,
        encoding: Encoding,
        look: Callable[[], Look] = Look,
        writes: bool = True,
    ) -> None:
        self._writes = writes
        self._library, self._subject, self._look = library, subject, look
        self._encoding, self._version = encoding, 0

    async def __aenter__(self) -> Self:
        """Do nothing: the library has the timeline."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Do nothing: a film goes back when its viewer leaves."""

    def change(self, encoding: Encoding) -> None:
        """Code it otherwise from now on; viewers of the old stream are let go."""
        self._encoding = encoding
        self._version += 1

    async def describe(self) -> Format:
        """Return size, rate and parameter sets."""
        asked = self._encoding
        told = asked.size, _rate(asked), asked.bitrate, asked.codec
        return await asyncio.to_thread(format_of, *told)

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncIterator[CodedPicture]]:
        """Join: units from the latest keyframe on, until the context or this way of coding ends."""
        async with aclosing(self._units(self._version)) as units:
            yield units

    async def _units(self, version: int) -> AsyncGenerator[CodedPicture, None]:
        last = -1
        while version == self._version:
            look = self._stream_look()
            async with (
                self._library.lend(self._subject, self._encoding, look) as film,
                film.watch() as units,
            ):
                async for unit in units:
                    if version != self._version:
                        return
                    if unit.timestamp > last:
                        if unit.keyframe and last >= 0 and look != self._stream_look():
                            break  # the film of the new look begins with this very picture
                        last = unit.timestamp
                        yield unit

    def _stream_look(self) -> Look:
        """Return the look without the time, which cannot stand in a loop."""
        look = self._look()
        plain = tuple(each for each in look.captions if self._writes and not each.clock)
        return look if plain == look.captions else replace(look, captions=plain)

    async def still(self) -> bytes:
        """Return the present picture as JPEG."""
        drawn = await self._library.still(self._subject, self._encoding.size, self._look())
        if drawn is not None:
            return drawn
        async with self._library.lend(self._subject, self._encoding, self._stream_look()) as film:
            return await film.still()

    def seconds(self) -> float:
        """Return the time of the scene that is shown."""
        return self._library.seconds()
