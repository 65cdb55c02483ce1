"""What ``matthan discover --login`` logs in with, and where it must not: an engine's cameras are the engine's.

The count of wrong logins (``logins.json`` in the state folder) belongs to whoever is at the cameras, and to nobody
beside it. While an engine runs, its cameras are left alone, and any other device is sent one login at most; so it is
while another command has the turn. Else this command keeps the count itself, in the same file, so that the engine
knows of it afterwards.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import typer

from drivers import registry
from drivers.contract import Driver, Login
from drivers.logins import MOST, LoginBook, Record
from engine.census.place import place_of
from engine.census.search import addresses
from engine.census.sighting import Sighting
from engine.census.site_file import rebased
from engine.commands.output.report import for_people
from engine.commands.output.terminal import block, complain
from engine.commission.turn import Turn
from engine.config.configuration import Configuration, check, default_path, read_text
from engine.config.credentials import CredentialError, Vault
from engine.config.settings import LoginSettings, Settings
from engine.config.state_paths import StatePaths, state_paths
from engine.errors import ConfigError, StoreError
from engine.fleet.login_guard import LoginBooks, device_of
from engine.runtime.clock import SystemClock
from engine.text import Language, render
from rules.document.source import Gravity
from rules.model import Sentence


@dataclass(frozen=True, slots=True)
class Site:
    """A configuration, and where its state is."""

    configuration: Configuration
    paths: StatePaths


def site_of(config: Path | None, lang: Language) -> Site | None:
    """Return the configuration that is named, else this machine's, if there is one.

    One that is named and wrong ends the command with 2; this machine's own is done without then, and that is told.
    """
    path = config or default_path()
    if config is None and not path.exists():
        return None
    report = check(path)
    if report.configuration is not None:
        return Site(report.configuration, state_paths(report.configuration.settings))
    errors = [each for each in report.problems if each.severity is Gravity.ERROR]
    block(for_people(errors, report.texts, lang, colours=False), err=True)
    if config is not None:
        raise typer.Exit(2)
    complain(render("census.without_config", {"path": str(path)}, lang))
    return None


@dataclass(frozen=True, slots=True)
class Key:
    """A login, and how configurations write it."""

    login: Login
    written: LoginSettings
    folder: Path

    def suits(self, words: Collection[str]) -> bool:
        """Return whether a device that says this of itself may have it."""
        from engine.commission.standard import CredentialSettings

        return not isinstance(self.written, CredentialSettings) or self.written.suits(words)


@dataclass(slots=True)
class Bunch:
    """What may be tried, in its order, and at whom.

    Attributes:
        own: By device the logins that the configuration has for it.
        every: What may be tried at any device.
        taken: Devices that a running engine logs in to.
        limited: Whether one wrong login at most may be sent to a device; else three.
        written_as: By address the name that the configuration has for it: a device's count goes by that.
        file: Where the books are kept.
        turn: Keeps an engine and other commands from the cameras for as long as this command lives, where it is ours.
    """

    books: LoginBooks | None
    own: dict[str, list[Key]]
    every: list[Key]
    taken: frozenset[str]
    limited: bool
    written_as: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None
    turn: Turn | None = None
    _alone: dict[str, LoginBook] = field(default_factory=dict)

    def driver_of(self, name: str) -> Driver:
        """Return a driver."""
        return registry.load(name)

    def book_of(self, url: str) -> LoginBook:
        """Return what a device has said to logins."""
        key = self._device(url)
        if self.books is not None and not self.limited:
            return self.books.of(key)
        if key not in self._alone:
            known = self.books.of(key).record if self.books is not None else Record()
            now = SystemClock().now().wall.timestamp()
            left = replace(known, wrong=(*known.wrong, *[now] * (MOST - 1))[-MOST:])
            self._alone[key] = LoginBook(lambda: SystemClock().now().wall.timestamp(), left)
        return self._alone[key]

    def hand_over(self) -> None:
        """Leave the cameras, and give the books to whoever owns the folder: an engine may read no others' files."""
        if self.turn is not None:
            self.turn.give()
        if self.file is not None and not self.limited and (owner := owner_of(self.file.parent)):
            with suppress(FileNotFoundError):  # nobody was logged in to
                os.chown(self.file, *owner)

    def logins_for(self, sighting: Sighting) -> Sequence[Login]:
        """Return what may be tried at a device; nothing at an engine's."""
        if self._is_taken(sighting):
            return ()
        return [each.login for each in self._keys(sighting)]

    def explained(self, sighting: Sighting) -> Sighting:
        """Return a device with the reason why it was not asked, where it was not."""
        if sighting.opens and self._is_taken(sighting):
            return replace(sighting, trouble=Sentence("census.engine_has_it"))
        if self.limited and sighting.trouble and sighting.trouble.code == "driver.held":
            return replace(sighting, trouble=Sentence("census.held"))  # the book was filled up: see `book_of`
        return sighting

    def written(self, sighting: Sighting, login: Login, target: Path) -> LoginSettings:
        """Return how a configuration in a folder writes a login."""
        key = next(each for each in self._keys(sighting) if each.login == login)
        return rebased(key.written, key.folder, target)

    def _keys(self, sighting: Sighting) -> list[Key]:
        devices = dict.fromkeys(self._device(each.url) for each in sighting.answers)
        words = [word for each in sighting.answers for word in (each.model, each.name) if word]
        return [key for device in devices for key in self.own.get(device, ())] + [
            key for key in self.every if key.suits(words)
        ]

    def _is_taken(self, sighting: Sighting) -> bool:
        return any(self._device(each.url) in self.taken for each in sighting.answers)

    def _device(self, url: str) -> str:
        """Return the key of a device in the books, as the engine would find it there."""
        key = device_of(url)
        return self.written_as.get(key, key)


def bunch(site: Site | None, standard: Path | None, lang: Language) -> Bunch:
    """Return what may be tried; where that is nothing the command ends with 2."""
    own: dict[str, list[Key]] = {}
    every = _of_standard(standard, lang) if standard is not None else []
    cameras = site.configuration.settings.cameras if site else []
    folder = site.configuration.path.parent if site else Path()
    for camera in cameras:
        for key in _resolved([camera.login] if camera.login else [], folder, lang):
            own.setdefault(device_of(camera.url), []).append(key)
    if standard is None:
        every = [key for keys in own.values() for key in keys]
    if not every and not own:
        complain(render("census.no_logins", {}, lang))
        raise typer.Exit(2)
    paths = site.paths if site else state_paths(Settings())
    books = _books(paths, lang)
    turn = Turn(paths.state)
    running = engine_runs(paths) or not _ours(turn)
    if running:
        complain(render("census.only_one", {}, lang))
    taken = (
        {device_of(each.url) for each in site.configuration.settings.cameras} if site and running else set()
    )
    hosts = [host for each in cameras if (host := place_of(each.url).host)]
    names = {address: host for host, address in asyncio.run(addresses(hosts)).items() if host != address}
    limited = running or books is None
    return Bunch(
        books,
        own,
        _distinct(every),
        frozenset(taken),
        limited=limited,
        written_as=names,
        file=paths.logins,
        turn=turn,
    )


def _ours(turn: Turn) -> bool:
    """Return whether nobody else is at the cameras; a folder that cannot be written is told by its books."""
    try:
        return turn.take()
    except OSError:
        return True


def owner_of(folder: Path) -> tuple[int, int] | None:
    """Return whose a state folder is, where root may give away what it writes: an engine is often another user."""
    if os.geteuid() != 0:
        return None
    about = folder.stat()
    return about.st_uid, about.st_gid


def engine_runs(paths: StatePaths) -> bool:
    """Return whether an engine answers at the socket of a state folder."""
    with socket.socket(socket.AF_UNIX) as sock, suppress(OSError):
        sock.settimeout(2.0)
        sock.connect(str(paths.socket))
        return True
    return False


def _books(paths: StatePaths, lang: Language) -> LoginBooks | None:
    """Return the books of a state folder; None, and that is told, where they cannot be kept."""
    try:
        paths.prepare()
    except StoreError as error:
        complain(render("census.no_books", {"detail": str(error)}, lang))
        return None
    books = LoginBooks(paths.logins, lambda: SystemClock().now().wall.timestamp())
    if books.trouble is not None:
        complain(render(books.trouble.code, books.trouble.values, lang))
    return books


def _of_standard(path: Path, lang: Language) -> list[Key]:
    """Return the logins of a site's standard; one that is wrong is told, and ends the command with 2."""
    from engine.commission.wanted_file import STANDARD

    try:
        standard = STANDARD.read(path)
    except ConfigError as error:
        texts: dict[str, str] = {}
        read_text(str(path), path, texts, [])  # for the lines that are wrong
        block(for_people(error.problems, texts, lang, colours=False), err=True)
        raise typer.Exit(2) from None
    return _resolved(standard.credentials, path.parent, lang)


def _resolved(logins: Sequence[LoginSettings], folder: Path, lang: Language) -> list[Key]:
    """Return logins with their passwords; what cannot be had is told, and left out."""
    keys: list[Key] = []
    for each in logins:
        try:
            login = Vault(folder).login(each)
        except CredentialError as error:
            complain(render(error.code, error.values, lang))
            continue
        if login is not None:
            keys.append(Key(login, each, folder))
    return keys


def _distinct(keys: Sequence[Key]) -> list[Key]:
    return list({(each.login.username, each.login.password): each for each in keys}.values())
