"""What commands of commissioning share: the site they work at, how errors end, how a job is run to its end.

One program at a time knocks at a site's cameras: what they said to logins is one book. Where an engine runs, it is it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from engine.commands.output.report import Language, coloured, exit_code, for_people, for_scripts, say_in
from engine.commands.output.terminal import block, complain, data

if TYPE_CHECKING:
    from engine.commission.project import Project
    from engine.errors import ConfigError

T = TypeVar("T")
#: Exit codes: input that is wrong; a person stopped it.
WRONG, STOPPED = 2, 130

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="The configuration; default: what `matthan config path` prints."
    ),
]


@contextmanager
def project(
    config: Path | None, language: Language, *, as_json: bool = False, alone: bool = True
) -> Iterator[Project]:
    """Give what a site's commissionings are done with; whatever is wrong ends the command with its sentence.

    Args:
        alone: Whether cameras are asked, so that nobody else of ours may at the same time.
    """
    from engine.errors import ConfigError, Refusal

    try:
        made = _project(config)
        with _alone(made.state) if alone else nullcontext():
            yield made
    except ConfigError as error:
        wrong(error, language, as_json=as_json)
    except Refusal as error:
        complain(say_in(language, error.code, **error.values))
        raise typer.Exit(1) from None
    except OSError as error:
        complain(say_in(language, "camera.system", detail=f"{error.filename or ''} {error.strerror}".strip()))
        raise typer.Exit(1) from None
    except BaseExceptionGroup as group:  # one cause is enough
        from engine.fleet.device import first_of

        complain(str(first_of(group)))
        raise typer.Exit(1) from None


def wrong(error: ConfigError, language: Language, *, as_json: bool) -> None:
    """Show every problem of a file, and leave."""
    if as_json:
        data(for_scripts(error.problems, language))
    else:
        block(for_people(error.problems, {}, language, colours=coloured()), err=True)
    raise typer.Exit(max(WRONG, exit_code(error.problems)))


def _project(config: Path | None) -> Project:
    """Return the project of a site; a configuration that is not there yet is an empty one.

    Raises:
        ConfigError: It is wrong.
    """
    from importlib.metadata import version

    from engine.commission.project import Project
    from engine.config.configuration import default_path, load
    from engine.config.settings import Settings
    from engine.config.state_paths import state_paths
    from engine.fleet.login_guard import LoginBooks
    from engine.runtime.clock import SystemClock

    path = config or default_path()
    settings = load(path).settings if path.exists() else Settings()
    where, clock = state_paths(settings), SystemClock()
    where.prepare()
    books = LoginBooks(where.logins, lambda: clock.now().wall.timestamp())
    return Project(path.absolute(), settings, where.state, books, clock, version("matthan"))


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Let nobody else of ours knock at a site's cameras meanwhile.

    Raises:
        Refusal: Somebody does.
    """
    from engine.commission.turn import Turn

    turn = Turn(state)
    turn.claim()
    try:
        yield
    finally:
        turn.give()


def finish(work: Callable[[], Coroutine[Any, Any, T]], hint: Callable[[], str]) -> T:
    """Run something to its end; Ctrl-C stops it at once, and says how to go on."""
    from engine.runtime import log

    log.configure("critical", json=False)  # what a person should know is said in sentences
    try:
        return asyncio.run(work())
    except KeyboardInterrupt:
        complain(hint())
        raise typer.Exit(STOPPED) from None
