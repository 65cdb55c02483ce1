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
    config: Annotated[Path, typer.Option(help="The site's configuration.", envvar="MATTHAN_CONFIG")] = Path(
        "/etc/matthan/matthan.yaml"
    ),
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
    from engine import log

    log.configure(level, json=log_json)

    from engine.configuration import load
    from engine.errors import ConfigError

    try:
        configuration = load(config)
    except ConfigError as error:
        for problem in error.problems:
            sys.stderr.write(f"{problem}\n")
        sys.stderr.write(
            f"matthan run: {len(error.problems)} problems in the configuration; nothing was started\n"
        )
        raise typer.Exit(2) from None

    import asyncio

    from engine.app import serve

    raise typer.Exit(asyncio.run(serve(configuration)))
