"""What the commands that watch something share: what is watched is found, watched, and its faults are said."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from engine.commands.output.report import say_in
from engine.commands.output.terminal import complain, flash

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from engine.commands.output.report import Language
    from engine.commands.vision.source import Source, Watching
    from engine.vision.pool import DetectorPool


def named(what: str, config: Path | None, said: Language) -> Source:
    """Return what a word on the command line names; else the command ends with 2."""
    from drivers.errors import DriverError
    from engine.commands.vision.source import source_of
    from engine.errors import Refusal

    try:
        return source_of(what, config, said)
    except (Refusal, DriverError) as error:
        leave(said, error.code, 2, **error.values)


def watch(
    watching: Watching[Any],
    said: Language,
    run: Callable[[], Coroutine[Any, Any, None]] | None = None,
    early: str = "vision.stopped",
) -> None:
    """Watch; Ctrl-C ends it early, and a stream that fails after a while too.

    Args:
        run: Does the watching; None: nothing is done beside it.
        early: What is said when Ctrl-C ended it; empty: nothing.
    """
    import asyncio

    from drivers.errors import DriverError
    from engine.config.credentials import CredentialError
    from engine.errors import Refusal, StoreError, reason_of

    try:
        asyncio.run((run or watching.run)())
    except KeyboardInterrupt:
        note("")
        if watching.recorder is None:
            raise typer.Exit(130) from None
        if early:
            complain(say_in(said, early))
    except BrokenPipeError:  # whoever read what is printed is gone: nobody is there to be told
        raise
    except StoreError as error:
        complain(str(error))
        raise typer.Exit(1) from None
    except (DriverError, Refusal, CredentialError, OSError) as error:
        note("")
        reason = reason_of(error)
        leave(said, reason.code if reason else "vision.neither", 1, **(reason.values if reason else {}))
    if watching.cut is not None:
        complain(say_in(said, watching.cut.code, **watching.cut.values))


def pool_of(name: str | None, said: Language) -> DetectorPool | None:
    """Return the detector of a name, or the best there is; else the command ends with 2."""
    from engine import models
    from engine.models import ModelFault
    from engine.vision.pool import DetectorPool

    try:
        model = models.find(name)
        return DetectorPool(model) if model else None
    except ModelFault as error:
        leave(said, error.code, 2, **error.values)


def note(text: str) -> None:
    """Say how far it is, on a terminal only; nothing takes it away."""
    if sys.stderr.isatty():
        flash(text, sys.stderr)


def leave(said: Language, code: str, status: int, /, **values: object) -> NoReturn:
    """Say why it cannot be done, and end the command."""
    complain(say_in(said, code, **values))
    raise typer.Exit(status)
