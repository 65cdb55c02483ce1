"""``matthan commission undo``: what a job changed of a camera is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.commission.here import Here
from engine.commands.commission.run import leave_record, risks_of
from engine.commands.commission.session import Config, project
from engine.commands.commission.showing import Show, shown_change
from engine.commands.commission.there import There, engine_of
from engine.commands.output.report import JsonOption, Language, SiteLangOption, language, say_in
from engine.commands.output.terminal import complain, data, out

if TYPE_CHECKING:
    from engine.commission.record import CameraRecord


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

    chosen, socket = language(lang), engine_of(config)
    with project(config, chosen, as_json=as_json, alone=socket is None) as site:
        place = Here(site, chosen) if socket is None else There(socket, chosen)
        try:
            done = place.undo(camera, job, risks_of(yes), Show(chosen, as_json=False, quiet=True))
        except DriverError as error:
            complain(say_in(chosen, error.code, **error.values))
            raise typer.Exit(1) from None
        if socket is None:
            leave_record(site, "undo", done.id, chosen)
        record = next(each for each in done.cameras if each.id == camera)
        _show(record, chosen, as_json=as_json)
        left = [each for each in record.changes if each.made is not None and each.undone is None]
    raise typer.Exit(int(bool(left)))


def _show(record: CameraRecord, language: Language, *, as_json: bool) -> None:
    if as_json:
        data(record.model_dump_json())
        return
    for change in record.changes:
        if change.made is not None:
            out(shown_change(change, language))
