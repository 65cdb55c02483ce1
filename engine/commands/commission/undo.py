"""``matthan commission undo``: what a job changed of a camera is taken back."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.commands.commission.run import leave_record, risks_of
from engine.commands.commission.session import Config, finish, project
from engine.commands.commission.showing import shown_change
from engine.commands.output.report import JsonOption, SiteLangOption, language, say_in
from engine.commands.output.terminal import complain, data, out


def undo_command(
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="The camera's id.")],
    job: Annotated[
        str, typer.Option("--job", help="Whose changes; default: the newest job that changed it.")
    ] = "",
    yes: Annotated[str, typer.Option("--yes", help="What may be done besides: restarts,moves.")] = "",
    config: Config = None,
    lang: SiteLangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take back what a job changed of a camera: the password first, then the last change first.

    \b
    matthan commission undo gate
    matthan commission undo gate --yes restarts        its streams too

    What somebody else changed since stays, and is told. Nothing is ever reset, no address changed. Cut off, the same
    command goes on. Exit codes: 0 all is as it was, 1 something could not be taken back, 2 wrong input, 130 stopped.
    """  # noqa: D301 - click's mark for lines that stay as they are
    from drivers.errors import DriverError
    from engine.commission.project import undone
    from engine.commission.tools import Options

    chosen = language(lang)
    with project(config, chosen, as_json=as_json) as site:
        options = Options(yes=frozenset(risks_of(yes)))
        work, journal = site.undo(camera, job, options)
        try:
            record = finish(
                lambda: undone(work), chosen, lambda: say_in(chosen, "commission.undo_stopped", camera=camera)
            )
        except DriverError as error:
            complain(say_in(chosen, error.code, **error.values))
            raise typer.Exit(1) from None
        leave_record(site, "undo", journal.folder.name, chosen)
        if as_json:
            data(record.model_dump_json())
        else:
            for change in record.changes:
                if change.made is not None:
                    out(shown_change(change, chosen))
        left = [each for each in record.changes if each.made is not None and each.undone is None]
    raise typer.Exit(int(bool(left)))
