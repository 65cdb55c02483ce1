"""What is watched: a camera of the configuration, or a clip; and watching it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from pydantic import ValidationError

from drivers.contract import CodecParameters, Driver, Login, Packet, Stream, Target
from drivers.errors import DriverError, Unreachable
from drivers.logins import MOST, LoginBook
from engine.commands.discover.keys import Site, engine_runs, owner_of, site_of
from engine.commission.turn import Turn
from engine.config.credentials import Vault
from engine.config.settings import CameraSettings
from engine.errors import Because, Refusal
from engine.fleet.camera import choose_profile
from engine.fleet.device import camera_of
from engine.fleet.fleet import find_driver
from engine.fleet.login_guard import LoginBooks
from engine.runtime.clock import SystemClock
from engine.runtime.thread import in_thread
from engine.text import Language

#: Seconds that the thread which reads gets to end.
STOP_DEADLINE = 8.0
#: A clip is read as fast as it can be, once.
ONCE = {"pace": False, "loop": False}


@dataclass(frozen=True, slots=True)
class Source:
    """What is watched.

    Attributes:
        site: Whose camera it is; None: it is a clip of nobody's.
        clip: Whether it is a file, which has an end and no pace.
    """

    settings: CameraSettings
    driver: Driver
    site: Site | None

    @property
    def clip(self) -> bool:
        """Whether it is a file, which ends, and is read as fast as it can be."""
        return self.driver.name == "clip"

    def target(self, book: LoginBook | None) -> Target:
        """Return where its driver opens it."""
        options = {**self.settings.options, **(ONCE if self.clip else {})}
        return Target(self.settings.url, options, logins=book)


def source_of(word: str, config: Path | None, language: Language) -> Source:
    """Return what a word on the command line names: a camera by its id, a file, or where a stream is.

    Raises:
        Refusal: It is none of them.
        DriverError: No driver opens it.
    """
    if "://" in word:
        settings = _stream(word)
        return Source(settings, find_driver(settings), None)
    file = Path(word)
    site = None if config is None and file.is_file() and file.suffix else site_of(config, language)
    cameras = {each.id: each for each in site.configuration.settings.cameras} if site else {}
    if word in cameras:
        return Source(cameras[word], find_driver(cameras[word]), site)
    if not file.is_file():
        known = ", ".join(cameras) or "-"
        raise Refusal(Because.UNKNOWN, "vision.neither", name=word, known=known)
    settings = CameraSettings(id="clip", name=file.name, url=f"file:{file.absolute()}")
    return Source(settings, find_driver(settings), None)


class Taking(Protocol):
    """What takes the packets of a stream that is watched."""

    @property
    def seconds(self) -> float:
        """How much of the stream there is so far; 0: nothing was seen."""
        ...

    @property
    def complete(self) -> bool:
        """Whether it has enough."""
        ...

    def feed(self, packet: Packet) -> None:
        """Take a packet, in the thread that reads."""
        ...


T = TypeVar("T", bound=Taking)


def _stream(url: str) -> CameraSettings:
    try:
        return CameraSettings(id="stream", name=url, url=url)
    except ValidationError as error:
        first = error.errors()[0]
        why = f"vision.bad_address+problem.{first['type']}"
        values = {name: value for name, value in first.get("ctx", {}).items() if name != "code"}
        raise Refusal(Because.INVALID, why, **values) from None


@dataclass(slots=True)
class Watching(Generic[T]):
    """What was seen so far.

    Attributes:
        begin: Makes what takes the packets, when the stream begins.
        tick: Told after each packet.
        cut: Why it ended before its time; None: it did not.
    """

    source: Source
    begin: Callable[[CodecParameters], T]
    tick: Callable[[T], None]
    recorder: T | None = None
    cut: DriverError | None = None

    async def run(self) -> None:
        """Watch until enough was seen or the source ends; may be cancelled at any moment.

        Raises:
            DriverError: It cannot be opened, or shows nothing.
            Refusal: It is better not asked now.
            CredentialError: Its password is not there.
        """
        settings, site = self.source.settings, self.source.site
        login = Vault(site.configuration.path.parent).login(settings.login) if site else None
        with _book(self.source, login) as book:
            async with self.source.driver.open(self.source.target(book), login) as device:
                camera = camera_of(device, settings.source)
                profile = choose_profile(camera.profiles, settings.profile)
                stream = await camera.open_stream(profile.token)
                await in_thread("vision.source", lambda: self._read(stream), stream.close, STOP_DEADLINE)

    def _read(self, stream: Stream) -> None:
        try:
            self.recorder = self.begin(stream.start())
            while not self.recorder.complete:
                self.recorder.feed(stream.read())
                self.tick(self.recorder)
        except DriverError as error:
            self._ended(error)
        finally:
            stream.close()

    def _ended(self, error: DriverError) -> None:
        """Take that there is no more: a clip's end is none, and what was seen before a failure counts."""
        if self.recorder is None or not self.recorder.seconds:
            raise error
        if not (self.source.clip and isinstance(error, Unreachable)):
            self.cut = error


@contextmanager
def _book(source: Source, login: Login | None) -> Iterator[LoginBook | None]:
    """Give what the device has said to logins, and let no other command of ours log in to it meanwhile.

    Where an engine or another command is at the site's cameras, the count of wrong logins is theirs: only a login that
    the device has let in, and has not refused since, is sent, and once.

    Raises:
        Refusal: It has not let it in.
    """
    if login is None or source.site is None:
        yield None
        return
    paths = source.site.paths
    paths.prepare()
    books, turn = LoginBooks(paths.logins, _now), Turn(paths.state)
    if engine_runs(paths) or not turn.take():
        yield _theirs(books.of(source.settings.url), login, source.settings.id)
        return
    try:
        yield books.of(source.settings.url)
    finally:
        turn.give()
        if owner := owner_of(paths.state):
            with suppress(FileNotFoundError):
                os.chown(paths.logins, *owner)


def _theirs(book: LoginBook, login: Login, camera: str) -> LoginBook:
    """Return a copy of a book that allows for one wrong login."""
    if not book.proven(login) or book.record.wrong:
        raise Refusal(Because.CONFLICT, "vision.unproven", camera=camera)
    return LoginBook(_now, replace(book.record, wrong=(_now(),) * (MOST - 1)))


def _now() -> float:
    return SystemClock().now().wall.timestamp()
