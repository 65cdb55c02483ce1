"""``matthan run``: the service."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


class Level(StrEnum):
    """Severities of log lines."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@app.command()
def run(
    config: Annotated[
        Path | None,
        typer.Option(help="The site's configuration; default: as `matthan config path` says."),
    ] = None,
    level: Annotated[
        Level, typer.Option("--log-level", help="Least severity of what is logged.")
    ] = Level.INFO,
    log_json: Annotated[
        bool | None, typer.Option("--log-json/--log-text", help="Default: JSON where stderr is no terminal.")
    ] = None,
) -> None:
    """Run the engine until SIGTERM or Ctrl-C.

    Exit codes: 0 stopped in order, 1 the engine failed, 2 the configuration was refused.
    """
    from engine.runtime import log

    log.configure(level, json=log_json)

    from engine.commands.output import report, terminal
    from engine.config.configuration import check, default_path

    found = check(config or default_path())
    configuration = found.configuration
    if configuration is None:
        spoken, colours = report.language(None), report.coloured(sys.stderr)
        terminal.block(report.for_people(found.problems, found.texts, spoken, colours=colours), err=True)
        terminal.out("matthan run: the configuration was refused; nothing was started", err=True)
        raise typer.Exit(2)

    import asyncio

    from engine.app import serve

    raise typer.Exit(asyncio.run(serve(configuration, terminal.block)))
