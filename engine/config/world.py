"""What rules may name at a site, from its settings; also from settings that are wrong in places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from engine.config import action_params
from engine.config.settings import Settings
from engine.models import meant, vocabulary
from rules.compiler.compile import ParamsCheck, World, params_check
from rules.dates import DayRule
from rules.document.ground_spec import scale_of
from rules.document.partial import Read
from rules.document.source import Document, Flaw, Path


def world(settings: Settings) -> World:
    """Return what a site's rules may name."""
    where = settings.location
    return World(
        zones={camera.id: frozenset(camera.zones) for camera in settings.cameras},
        labels=vocabulary(),
        meant=meant(),
        actions=_checks(action_params.available(settings.actions)),
        timezone=ZoneInfo(settings.timezone),
        lines={camera.id: frozenset(camera.lines) for camera in settings.cameras},
        groups=settings.groups,
        feasts=frozenset(map(DayRule.of, settings.holidays)),
        version=version("matthan"),
        location=(where.latitude, where.longitude) if where else None,
        scaled=frozenset(
            each.id for each in settings.cameras if scale_of(each.ground, each.metres_per_width)
        ),
    )


def running_world(known: World | None, running: Settings) -> World:
    """Return what rules may name where an engine runs: what takes effect at a restart only is as it runs.

    Args:
        known: What the configuration says by now; None: nothing of it could be read.
    """
    now = world(running)
    return now if known is None else replace(known, actions=now.actions, timezone=now.timezone)


def no_site() -> World:
    """Return what rules may name where nobody knows the site: every action and label, any camera, the sun."""
    actions = _checks(action_params.PARAMS)
    return World(
        labels=vocabulary(),
        meant=meant(),
        actions=actions,
        vague=frozenset({"location", "holidays"}),
        version=version("matthan"),
    )


def world_of(read: Read[Settings], document: Document) -> World | None:
    """Return what a site's rules may name, as far as its settings could be read; None: nothing of them could.

    What could not be read is `World.vague`: one mistake in the settings makes no mistakes of the rules.
    """
    if read.value is None:
        return None
    known = world(read.value)
    if not read.flaws:
        return known
    vague = frozenset(_vague(read.flaws, document))
    wrong = {flaw.path[1] for flaw in read.flaws if flaw.path[:1] == ("cameras",) and len(flaw.path) > 1}
    written = [camera for index, camera in enumerate(_cameras(document)) if index in wrong]
    return replace(
        known,
        zones=_more(known.zones, written, "zones"),
        lines=_more(known.lines, written, "lines"),
        actions=no_site().actions if "actions" in vague else known.actions,
        vague=vague,
    )


def _more(
    known: Mapping[str, frozenset[str]] | None, cameras: list[dict[str, Any]], key: str
) -> Mapping[str, frozenset[str]]:
    """Return names by camera, with those of cameras that were left out of the settings."""
    found = dict(known or {})
    for camera in cameras:
        name, inside = camera.get("id"), camera.get(key)
        if isinstance(name, str):
            found[name] = found.get(name, frozenset()) | frozenset(inside if isinstance(inside, dict) else ())
    return found


def _vague(flaws: tuple[Flaw, ...], document: Document) -> Iterator[str]:
    """Yield what could not be read, as `World.vague` names it."""
    cameras = _cameras(document)
    for flaw in flaws:
        path = document.written(flaw.path)
        if path[:1] != ("cameras",):
            yield str(path[0]) if path else ""
            yield flaw.suggestion  # a section whose name is misspelt
        elif (camera := _camera(cameras, path)) is None or path[2:3] == ("id",):
            yield "cameras"
        elif flaw.code in ("problem.unknown_key", "problem.slug") or path[2:] in (("zones",), ("lines",)):
            yield f"cameras.{camera}"


def _camera(cameras: list[dict[str, Any]], path: Path) -> str | None:
    """Return the id of the camera that a path leads into, where it has one."""
    index = path[1] if len(path) > 1 else None
    found = cameras[index].get("id") if isinstance(index, int) else None
    return found if isinstance(found, str) else None


def _cameras(document: Document) -> list[dict[str, Any]]:
    """Return the cameras as they are written; what is none of them is empty."""
    found = document.data.get("cameras") if isinstance(document.data, dict) else None
    return [each if isinstance(each, dict) else {} for each in found] if isinstance(found, list) else []


def _checks(models: Mapping[str, type[BaseModel]]) -> Mapping[str, ParamsCheck]:
    return {name: params_check(model) for name, model in models.items()}
