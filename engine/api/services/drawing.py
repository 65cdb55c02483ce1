"""What is drawn, as clients change it: through the one writer of configurations, checked, then read again."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivers.errors import redact
from engine.api import present
from engine.api.resources.commissioning.drawing import (
    Draft,
    Drawing,
    Drawn,
    DrawnLine,
    Erase,
    Kind,
    LineChange,
    MetresChange,
    ZoneChange,
)
from engine.api.services.runners import runner_of
from engine.config.configuration import check
from engine.config.edit import Edit, Remove, Set, Uneditable, steps
from engine.config.settings import CameraSettings
from engine.config.writer import Opened, Revised, opened, revised, write
from engine.errors import Because, ConfigError, Refusal
from engine.identity.caller import Caller
from engine.runtime import log
from engine.web.refusals import HttpProblem, in_file, refusal
from rules.document.source import Gravity, parse
from rules.document.source import Path as Place
from rules.model import Fact

if TYPE_CHECKING:
    from engine.fleet.camera import CameraRunner
    from engine.judging.reload import ReloadOutcome

logger = log.get(__name__)
#: Lines of a difference that are told at most.
MOST_LINES = 400
#: Digits of a coordinate that are written.
DIGITS = 4
#: Where an entry of the file has them, by name.
_KEYS: dict[Kind, Place] = {
    Kind.ZONE: ("zones",), Kind.LINE: ("lines",), Kind.IGNORED: ("motion", "ignore")
}  # fmt: skip
#: Returns what is to be done to a file, by the place of the camera in it and what it says of it.
Edits = Callable[[Place, Mapping[str, Any]], Iterable[Edit]]


class DrawingService:
    """Implements `engine.api.resources.commissioning.drawing.DrawingPort`.

    Args:
        cameras: All of the site.
        path: The configuration's file.
        reload: Reads it again, see `engine.judging.reload`.
    """

    def __init__(
        self, cameras: Mapping[str, CameraRunner], path: Path, reload: Callable[[], Awaitable[ReloadOutcome]]
    ) -> None:
        self._cameras, self._path, self._reload = cameras, path, reload
        self._lock = asyncio.Lock()

    async def drawing(self, caller: Caller, camera: str) -> Drawing:
        """Return what the file has."""
        runner_of(self._cameras, camera, caller)
        return await asyncio.to_thread(_drawing, self._path, camera)

    async def draw_zone(self, caller: Caller, camera: str, name: str, change: ZoneChange) -> Drawn:
        """Write a zone."""
        return await self._drawn(caller, camera, Kind.ZONE, name, change, _points(change.points))

    async def ignore(self, caller: Caller, camera: str, name: str, change: ZoneChange) -> Drawn:
        """Write a part of the picture in which nothing counts as motion."""
        return await self._drawn(caller, camera, Kind.IGNORED, name, change, _points(change.points))

    async def draw_line(self, caller: Caller, camera: str, name: str, change: LineChange) -> Drawn:
        """Write a line; one whose `in` is to the right, which is what counts without a word, as its points alone."""
        points = _points(change.points)
        value = points if change.inward == "right" else {"points": points, "in": change.inward}
        return await self._drawn(caller, camera, Kind.LINE, name, change, value)

    async def erase(self, caller: Caller, camera: str, kind: Kind, name: str, asked: Erase) -> Drawn:
        """Take one away; the last one with the keys that say nothing else."""

        def edits(place: Place, entry: Mapping[str, Any]) -> Iterable[Edit]:
            way: Place = (*_KEYS[kind], name)
            while len(way) > 1 and list(_inside(entry, way[:-1])) == [way[-1]]:
                way = way[:-1]
            yield Remove((*place, *way))

        return await self._changed(caller, camera, asked.revision, asked.dry_run, edits)

    async def set_metres(self, caller: Caller, camera: str, change: MetresChange) -> Drawn:
        """Write how many metres the picture is wide."""
        metres = change.metres_per_width

        def edits(place: Place, entry: Mapping[str, Any]) -> Iterable[Edit]:
            here = (*place, "metres_per_width")
            if metres is not None:
                yield Set(here, round(metres, 2))
            elif "metres_per_width" in entry:
                yield Remove(here)

        return await self._changed(caller, camera, change.revision, change.dry_run, edits)

    async def _drawn(
        self,
        caller: Caller,
        camera: str,
        kind: Kind,
        name: str,
        change: ZoneChange | LineChange,
        value: object,
    ) -> Drawn:
        if (
            flaw := Draft(kind, tuple(change.points)).flaw
        ) is not None:  # not every client draws with a `Draft`
            raise Refusal(Because.INVALID, f"aim.flaw_{flaw}")

        def edits(place: Place, entry: Mapping[str, Any]) -> Iterable[Edit]:
            here, known = (*place, *_KEYS[kind]), _inside(entry, _KEYS[kind])
            old = change.replaces
            if old and old != name:
                if name in known:
                    raise Refusal(Because.CONFLICT, "aim.name_taken", name=name)
                yield Set((*here, name), value)
                yield Remove((*here, old))
            else:
                yield Set((*here, name), value)

        return await self._changed(caller, camera, change.revision, change.dry_run, edits)

    async def _changed(
        self, caller: Caller, camera: str, revision: str, dry_run: bool, edits: Edits
    ) -> Drawn:
        """Edit the file; one change at a time, so that two who meet are told of each other."""
        runner_of(self._cameras, camera, caller)
        async with self._lock:
            made = await asyncio.to_thread(_made, self._path, camera, revision, edits)
            differs = made.text != made.before.text
            if differs and not dry_run:
                await asyncio.to_thread(_written, made)
                logger.info("drawing changed", camera=camera, by=caller.user, revision=made.revision)
                present.reloaded(await self._reload())
        drawing = await asyncio.to_thread(_read, camera, made.text, made.revision, self._path)
        return Drawn(drawing=drawing, diff=_difference(made), written=differs and not dry_run)


def _inside(entry: Mapping[str, Any], way: Place) -> Mapping[str, Any]:
    """Return what a camera's entry has at a place; nothing: an empty mapping."""
    for key in way:
        entry = entry.get(str(key)) or {}
    return entry


def _points(points: Iterable[tuple[float, float]]) -> list[list[float]]:
    return [[round(value, DIGITS) for value in each] for each in points]


def _drawing(path: Path, camera: str) -> Drawing:
    file = _opened(path)
    return _read(camera, file.text, file.revision, path)


def _opened(path: Path) -> Opened:
    try:
        return opened(path)
    except ConfigError as error:
        raise _refused(error) from error


def _read(camera: str, text: str, revision: str, path: Path) -> Drawing:
    """Return what a file says of a camera.

    Raises:
        HttpProblem: It is not as it may be; with every problem.
    """
    _, entry = _entry(text, camera, path)
    try:
        settings = CameraSettings.model_validate(entry)
    except ValueError as error:
        raise _refused(ConfigError(check(path, text=text).problems)) from error
    return Drawing(
        revision=revision,
        zones={name: tuple(points) for name, points in settings.zones.items()},
        lines={
            name: DrawnLine(points=tuple(line.points), inward=line.inward)
            for name, line in settings.lines.items()
        },
        ignored={name: tuple(points) for name, points in settings.motion.ignore.items()},
        metres_per_width=settings.metres_per_width,
    )


def _entry(text: str, camera: str, path: Path) -> tuple[Place, Mapping[str, Any]]:
    """Return where a camera stands in a file, and what it says there."""
    document = parse(text, str(path))
    if document.problems:
        raise _refused(ConfigError(document.problems))
    try:
        place = steps(document.data, f"cameras.{camera}")
    except Uneditable as error:
        raise Refusal(Because.CONFLICT, error.code, **error.values) from error
    found: Any = document.data
    for step in place:
        found = found.get(step, {}) if isinstance(found, dict) else found[step]
    if not isinstance(found, Mapping) or found.get("id") != camera:
        raise Refusal(Because.CONFLICT, "config.no_entry", path="cameras", entry=camera, known="-")
    return place, found


def _made(path: Path, camera: str, revision: str, edits: Edits) -> Revised:
    """Return what a file is to become, checked.

    Raises:
        HttpProblem: An engine would refuse it; with every problem.
        Refusal: It is another by now, or cannot be edited so.
    """
    before = _opened(path)
    if before.revision != revision:
        raise Refusal(Because.CONFLICT, "config.changed_meanwhile", path=str(path))
    place, entry = _entry(before.text, camera, path)
    try:
        return revised(before, edits(place, entry))
    except ConfigError as error:
        raise _refused(error, "aim.refused") from error


def _written(made: Revised) -> None:
    try:
        write(made)
    except OSError as error:
        values: dict[str, Fact] = {
            "path": str(made.before.path),
            "detail": error.strerror or type(error).__name__,
        }
        raise Refusal(Because.CONFLICT, "rules.unwritable", **values) from error


def _refused(error: ConfigError, code: str = "aim.unreadable") -> HttpProblem:
    problems = [each for each in error.problems if each.severity is Gravity.ERROR]
    told = tuple(map(in_file, problems))
    first = problems[0] if problems else None
    place = f"{first.source}:{first.line}:{first.column}" if first else "-"
    return refusal(422, code, told, count=len(problems), place=place)


def _difference(made: Revised) -> tuple[str, ...]:
    """Return the lines that go and come, and no others: those around may be of cameras that are not the caller's."""
    old, new = made.before.text.splitlines(), made.text.splitlines()
    rows = list(difflib.unified_diff(old, new, lineterm="", n=0))[2:]
    return tuple(redact(each) for each in rows[:MOST_LINES])
