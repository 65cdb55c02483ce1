"""``matthan doctor``: is this machine fit, and what is broken."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.report import coloured
from engine.commands.output.terminal import data, out, paint

if TYPE_CHECKING:
    from engine.config.settings import Settings
    from engine.doctor import Finding

app = typer.Typer()
_COLOUR = {"ok": "32", "warn": "33", "fail": "31"}


@app.command()
def doctor(
    config: Annotated[
        Path | None, typer.Option(help="The configuration; default: what `matthan config path` prints.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Check what is installed, which plug-in is broken, configuration, secrets, ports, clock, disk, terminal.

    Exit code 1 when something must be mended before the engine can work.
    """
    from engine.doctor import Grade

    findings = list(_look(config))
    if as_json:
        data(json.dumps([asdict(each) for each in findings], ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            for line in _lines(finding, coloured()):
                out(line)
    raise typer.Exit(int(any(finding.grade is Grade.FAIL for finding in findings)))


def _lines(finding: Finding, colours: bool) -> Iterator[str]:
    grade = paint(f"{finding.grade:<4}", _COLOUR[finding.grade], colours)
    yield f"{grade}  {finding.about:<17}  {finding.found}"
    if finding.advice:
        yield f"{'':<25}→ {finding.advice}"


def _look(config: Path | None) -> Iterator[Finding]:
    from engine import doctor
    from engine.commands.installed import gather
    from engine.config.credentials import references
    from engine.config.state_paths import state_paths
    from engine.doctor import Finding, Grade

    yield doctor.python()
    yield from doctor.packages()
    yield doctor.runtime()
    yield from doctor.drivers()
    yield from doctor.commands(gather(typer.Typer()), _command_modules())
    settings, path, finding = _settings(config)
    yield _models(settings.detector.model)
    yield finding
    yield from doctor.secrets(references(settings.model_dump()), path.parent)
    yield doctor.disk(state_paths(settings).state)
    yield doctor.clock()
    yield doctor.decoders()
    yield doctor.kernels(os.environ)
    for interface in settings.discovery.interfaces or ["127.0.0.1"]:
        yield doctor.discovery(interface)
    if settings.preview.enabled:
        yield doctor.port("preview port", settings.preview.host, settings.preview.port)
    yield doctor.terminal()
    socket = state_paths(settings).socket
    running = "its socket is there" if socket.exists() else "not running here"
    yield Finding("engine", Grade.OK, f"{running} ({socket})")


def _command_modules() -> list[ModuleType]:
    from importlib.metadata import entry_points

    from engine.commands.installed import GROUP

    names = {point.module for point in entry_points(group=GROUP)}
    return [sys.modules[name] for name in sorted(names) if name in sys.modules]


def _models(wished: str | None) -> Finding:
    from engine.doctor import Finding, Grade
    from engine.errors import ModelError
    from engine.models import NONE, find

    if wished == NONE:
        return Finding("detector model", Grade.OK, "none, as the configuration says: motion only")
    try:
        model = find(wished)
    except ModelError as error:
        advice = "matthan models pull or add it; until then the best one that is installed stands in"
        return Finding("detector model", Grade.FAIL, str(error), advice)
    if model is None:
        advice = "objects are reported as “moving”; matthan models list shows what can be added"
        return Finding("detector model", Grade.WARN, "none installed", advice)
    return Finding("detector model", Grade.OK, f"{model.name} ({model.path})")


def _settings(config: Path | None) -> tuple[Settings, Path, Finding]:
    """Return the settings that `matthan run` would take, or the defaults, and their file."""
    from engine.config.configuration import default_path, load
    from engine.config.settings import Settings
    from engine.doctor import Finding, Grade
    from engine.errors import ConfigError

    path = config or default_path()
    if config is None and not os.path.exists(path) and "MATTHAN_CONFIG" not in os.environ:
        return (
            Settings(),
            path,
            Finding("configuration", Grade.OK, f"none yet ({path}): defaults are looked at"),
        )
    try:
        return load(path).settings, path, Finding("configuration", Grade.OK, str(path))
    except ConfigError as error:
        advice = f"matthan config check {path} shows each"
        found = f"{len(error.problems)} problems in {path}"
        return Settings(), path, Finding("configuration", Grade.FAIL, found, advice)
