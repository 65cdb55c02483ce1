"""The installed commands, each by its first word on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points

import typer

GROUP = "matthan.commands"


def gather(app: typer.Typer, asked: str = "") -> list[str]:
    """Add the command that is asked for to `app`, or every one; return a sentence for each broken one.

    Args:
        asked: First word of the command line. Where nothing is registered by that name, every command is
            added, so that help is complete and an unknown name is told as such.
    """
    installed = entry_points(group=GROUP)
    chosen: Iterable[EntryPoint] = installed.select(name=asked) or installed
    broken = []
    # Several commands of one module register the same application: it is added once.
    for point in {point.value: point for point in sorted(chosen, key=lambda each: each.name)}.values():
        try:
            app.add_typer(point.load())
        except Exception as error:  # a plug-in may fail in any way; the other commands must work
            broken.append(f"command {point.name!r} ({point.value}) cannot be loaded: {error}")
    return broken
