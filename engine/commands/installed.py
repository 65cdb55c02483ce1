"""The installed commands, each by its first word on the command line; read, and listed, without importing any.

They are registered as entry points, which are read here from the text files that installers write
(packaging.python.org, "Entry points specification"): `importlib.metadata` would cost ``matthan --help`` half as much
again as all the rest. What each of our own is for stands here, too; a test holds it to what the command itself says.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from operator import attrgetter
from typing import Any, Final, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from engine.commands.output.plain import spare
from engine.commands.output.terminal import complain

GROUP: Final = "matthan.commands"
#: Whose commands are described below.
HOUSE: Final = "matthan"
#: What each of our own commands is for: the first sentence of its help.
ABOUT: Final[Mapping[str, str]] = {
    "access": "Who may do what: people, what they are granted, their sessions and tokens.",
    "acknowledge": "Say that somebody takes care of a decision: it will not escalate.",
    "act": "Tell the rules what an operator did: that the patrol is done, for example.",
    "audit": "Who did what: list it, put it on paper; verify that nothing of the log was changed.",
    "backup": "Write history, people, pictures and configuration into one file, signed by the site.",
    "camera": "What is to be done with one camera.",
    "commission": "Commission the cameras of a sheet: find them, log in, set clock, names, streams and password, take "
    "them into the configuration, check them.",
    "config": "Check, show and change the configuration.",
    "decisions": "List decisions with the reason why, oldest first; --firing: what fires now and who takes care of "
    "it.",
    "deliveries": "What the engine sent, or could not.",
    "demo": "Start three virtual cameras on this machine, find them, open them, and show the running system.",
    "discover": "Find cameras.",
    "doctor": "Check what is installed, which plug-in is broken, configuration, secrets, ports, clock, disk, "
    "terminal.",
    "doors": "Where an engine can be reached, and by what it is known.",
    "drivers": "Drivers and their options: list; what odd devices do: quirks.",
    "events": "List events, oldest first; with --follow go on, without a hole over lost connections.",
    "judge": "Say what an alert turned out to be; also when it is over.",
    "keys": "The keys that this site's records are sealed with: show, rotate, revoke; and a technician's own.",
    "login": "Log in.",
    "logout": "End your session on an engine, and forget it here.",
    "models": "Detector models: list, card, pull, add, verify, bench, compare.",
    "preview": "Print a short-lived link to a camera's live picture in a browser.",
    "ptz": "Move a PTZ camera, stop it, send it to a preset, or list its presets.",
    "restore": "Put a backup back: verified whole before anything is touched.",
    "rules": "Write, check, try, record, reload, replay, explain and weigh rules.",
    "run": "Run the engine until SIGTERM or Ctrl-C.",
    "search": "Look for events and decisions, newest first: words, fields and times, with or without diacritics.",
    "seen": "Say that you have seen an alert: once it ended it leaves the queue.",
    "silence": "Let rules, cameras, zones or tags be judged and not told for a while.",
    "sim": "Run virtual cameras that speak real ONVIF and RTSP, until Ctrl-C.",
    "status": "Show the engine and its cameras.",
    "still": "Save a picture of a camera as JPEG: its own still, else one of its main stream, else the analysed one.",
    "tui": "Open the terminal UI: cameras, pictures, PTZ, events and decisions.",
    "vision": "What is seen of a camera, and how well.",
}  # fmt: skip


class Point(NamedTuple):
    """A command's entry point.

    Attributes:
        name: Its first word on the command line.
        value: Where its Typer application is: ``module:attribute``.
        dist: By which distribution it was installed, as its folder spells it.
    """

    name: str
    value: str
    dist: str

    def load(self) -> typer.Typer:
        """Import its application."""
        module, _, attribute = self.value.partition(":")
        loaded: typer.Typer = attrgetter(attribute)(import_module(module))
        return loaded


def points(path: Sequence[str] | None = None) -> dict[str, Point]:
    """Return every installed command by its name, sorted; of two by one name, and of two distributions, the first.

    Args:
        path: Folders to look into; None: where Python looks for modules.
    """
    found: dict[str, Point] = {}
    seen = set[str]()
    for folder in sys.path if path is None else path:
        for dist, text in _written(folder or os.curdir):
            if dist not in seen:
                seen.add(dist)
                found = {name: Point(name, value, dist) for name, value in _section(text)} | found
    return dict(sorted(found.items()))


def _written(folder: str) -> Iterator[tuple[str, str]]:
    """Yield the entry points of each distribution in a folder that has some, as they are written."""
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        if name.endswith((".dist-info", ".egg-info")):
            try:
                with open(f"{folder}/{name}/entry_points.txt", encoding="utf-8") as file:
                    yield name.partition("-")[0].lower(), file.read()
            except OSError:
                continue  # most have none


def _section(text: str) -> Iterator[tuple[str, str]]:
    """Yield names and values of our group."""
    inside = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            inside = line == f"[{GROUP}]"
        elif inside and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield name.strip(), value.partition("[")[0].replace(" ", "")


def gather(app: typer.Typer) -> list[str]:
    """Add every installed command to `app`; return a sentence for each broken one."""
    broken = []
    # Several commands of one module register the same application: it is added once.
    for point in {point.value: point for point in points().values()}.values():
        try:
            app.add_typer(point.load())
        except Exception as error:  # a plug-in may fail in any way; the other commands must work
            broken.append(_broken(point, error))
    return broken


class Commands(TyperGroup):
    """The group of all installed commands; one is imported when it is asked for, a stranger's also to be listed.

    Until then a stand-in is there, which knows no more than what the command is for.
    """

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs)
        self._points = points()
        for name, point in self._points.items():
            self.add_command(TyperCommand(name, help=_about(point)))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the options before the command, which are nearly always none."""
        spare(self.get_params(ctx), {})
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is asked for, as it is."""
        self._load(args[0])
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List every command."""
        for name in [name for name, point in self._points.items() if not _about(point)]:
            self._load(name)
        super().format_commands(ctx, formatter)

    def _load(self, name: str) -> None:
        """Put a command in its stand-in's place; a broken one is told of, and is not there."""
        point = self._points.get(name)
        if point is None:
            return
        app = typer.Typer(rich_markup_mode=self.rich_markup_mode)
        try:
            app.add_typer(point.load())
            self.commands[name] = typer.main.get_group(app).commands[name]
        except Exception as error:  # a plug-in may fail in any way; the other commands must work
            self.commands.pop(name, None)
            complain(f"{_broken(point, error)}; see `matthan doctor`")


def _about(point: Point) -> str:
    return ABOUT.get(point.name, "") if point.dist == HOUSE else ""


def _broken(point: Point, error: Exception) -> str:
    return f"command {point.name!r} ({point.value}) cannot be loaded: {error}"
