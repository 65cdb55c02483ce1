"""Cameras taken into the site's configuration: by the one writer, several at once where several wait.

Each writing reads and checks the whole file: a hundred cameras one by one would cost a hundred checks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from engine.commission.keeping.unbroken import unbroken
from engine.config.edit import Add, Edit, Set
from engine.config.writer import create, opened, revised, spelled, write
from engine.errors import Because, ConfigError, Refusal
from rules.document.source import parse

#: Times that a file is read anew because somebody else changed it meanwhile.
TRIES = 4


@dataclass(frozen=True, slots=True)
class Adoptee:
    """A camera as the configuration is to have it. What is empty is left as it is there."""

    id: str
    url: str
    name: str = ""
    driver: str = ""
    source: str = ""
    profile: str = ""
    username: str = ""
    reference: str = ""
    group: str = ""

    @property
    def keys(self) -> Mapping[str, Any]:
        """Its keys in the file."""
        told = {"id": self.id, "name": self.name, "url": self.url, "driver": self.driver}
        told |= {"source": self.source, "profile": self.profile}
        login = (
            {"username": self.username, "password": self.reference}
            if self.username and self.reference
            else {}
        )
        return {key: each for key, each in (told | {"login": login}).items() if each}


@dataclass(slots=True)
class Adoption:
    """Writes cameras into one configuration file."""

    path: Path
    _waiting: list[tuple[Adoptee, asyncio.Future[None]]] = field(default_factory=list)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def adopt(self, camera: Adoptee) -> None:
        """Take a camera in; returns when the file has it.

        Raises:
            Refusal: It cannot be written so; the sentence says why.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((camera, done))
        async with self._turn:
            taken, self._waiting = self._waiting, []
            if taken:
                await self._all(taken)
        await done

    async def _all(self, taken: list[tuple[Adoptee, asyncio.Future[None]]]) -> None:
        """Write cameras together; where that fails, one by one, so that a wrong one costs no other."""
        try:
            error = await unbroken(partial(self._tried, [camera for camera, _ in taken]))
            for camera, done in taken:
                alone = error is not None and len(taken) > 1
                failure = await unbroken(partial(self._tried, [camera])) if alone else error
                if not done.done():
                    done.set_exception(failure) if failure else done.set_result(None)
        finally:
            for _, done in taken:
                if not done.done():  # whoever wrote them ran out of time
                    done.set_exception(_refusal(str(self.path), "-"))
                    done.exception()  # seen: who waited for it may be gone

    def _tried(self, cameras: list[Adoptee]) -> Refusal | None:
        """Write cameras; return why that cannot be."""
        for left in reversed(range(TRIES)):
            try:
                self._once(cameras)
            except Refusal as error:
                if error.code != "config.changed_meanwhile" or not left:
                    return error
            except ConfigError as error:
                first = error.problems[0]
                return _refusal(f"{first.source}:{first.line}:{first.column}", first.sentence("en"))
            except OSError as error:
                return _refusal(str(self.path), error.strerror or type(error).__name__)
            else:
                break
        return None

    def _once(self, cameras: list[Adoptee]) -> None:
        if not self.path.exists():
            create(self.path, spelled({"site": "site"}))
        before = opened(self.path)
        data = parse(before.text, str(self.path)).data
        write(revised(before, edits(data, cameras)))


def edits(data: object, cameras: list[Adoptee]) -> list[Edit]:
    """Return what makes a configuration have cameras; nothing where it has them so."""
    top: dict[str, Any] = data if isinstance(data, dict) else {}
    listed = top.get("cameras")
    there = {each.get("id"): n for n, each in enumerate(listed or ()) if isinstance(each, dict)}
    made: list[Edit] = []
    for camera in cameras:
        number = there.get(camera.id)
        if number is None:
            made.append(Add(("cameras",), dict(camera.keys)))
            there[camera.id] = len(there)
        elif listed is not None and number < len(listed):
            made += _changed(camera, number, listed[number])
    return [*made, *_grouped(top, cameras)]


def _changed(camera: Adoptee, number: int, old: Mapping[str, Any]) -> Iterator[Edit]:
    for key, value in camera.keys.items():
        if old.get(key) != value:
            yield Set(("cameras", number, key), value)


def _grouped(top: Mapping[str, Any], cameras: list[Adoptee]) -> Iterator[Edit]:
    told = top.get("groups")
    groups = dict(told) if isinstance(told, dict) else {}
    for camera in cameras:
        members = groups.get(camera.group) if camera.group else [camera.id]
        if camera.group and camera.id not in (members or ()):
            groups[camera.group] = [*(members or ()), camera.id]
            place = "groups", camera.group
            yield Add(place, camera.id) if members else Set(place, [camera.id])


def _refusal(place: str, detail: str) -> Refusal:
    return Refusal(Because.INVALID, "commission.not_adopted", place=place, detail=detail)
