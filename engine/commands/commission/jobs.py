"""``matthan commission list``, ``show`` and ``resume``: what was done, and going on with it."""

from __future__ import annotations

from typing import Annotated

import typer

from engine.commands.commission.here import Here
from engine.commands.commission.run import leave_record, risks_of
from engine.commands.commission.session import Config, project
from engine.commands.commission.showing import Show, show_camera, show_sums, shown_change
from engine.commands.commission.there import There, engine_of
from engine.commands.output.report import JsonOption, SiteLangOption, language, say_in
from engine.commands.output.terminal import data, out

Job = Annotated[
    str, typer.Argument(metavar="[JOB]", help="Its name or the beginning of it; default: the newest.")
]


def list_command(config: Config = None, lang: SiteLangOption = None, as_json: JsonOption = False) -> None:
    """List the jobs of this site, the newest first."""
    chosen = language(lang)
    with project(config, chosen, alone=False) as site:
        for name, told in site.jobs.each():
            job = told.ledger.job
            if as_json:
                data(job.model_dump_json(exclude={"cameras", "unexpected"}))
                continue
            state = "commission.unfinished" if job.ended is None else "commission.ended"
            values = {"job": name, "cameras": len(job.cameras), "technician": job.technician or "-"}
            out(say_in(chosen, state, began=f"{job.began.astimezone():%Y-%m-%d %H:%M}", **values))


def show_command(
    job: Job = "", config: Config = None, lang: SiteLangOption = None, as_json: JsonOption = False
) -> None:
    """Show a job: its cameras' steps, what was changed, what the checks found.

    `matthan commission report` makes a document of it: the folder is printed last.
    """
    chosen = language(lang)
    with project(config, chosen, alone=False) as site:
        told = site.jobs.read(job)
        found = told.ledger.job
        if as_json:
            data(found.model_dump_json())
            return
        for camera in found.cameras:
            show_camera(camera, chosen)
            for change in camera.changes:
                out(f"      {shown_change(change, chosen)}")
        show_sums(found, chosen)
        if told.torn or told.lost:
            out(say_in(chosen, "commission.torn", lost=told.lost))
        out(str(site.jobs.folder / found.id))


def resume_command(
    job: Job = "",
    yes: Annotated[str, typer.Option("--yes", help="What may be done besides by now: restarts,moves.")] = "",
    config: Config = None,
    lang: SiteLangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go on with a job: what is done stays done, what failed or waited for a yes is tried again.

    \b
    matthan commission resume
    matthan commission resume 20261130-0812 --yes restarts
    Exit codes: as `matthan commission`.
    """  # noqa: D301 - click's mark for lines that stay as they are
    from engine.commission.work.batch import exit_code

    chosen, more, socket = language(lang), risks_of(yes), engine_of(config)
    with project(config, chosen, as_json=as_json, alone=socket is None) as site:
        place = Here(site, chosen) if socket is None else There(socket, chosen)
        show = Show(chosen, as_json=as_json)
        done = place.resume(job, more, show)
        show.over(done)
        if socket is None:
            leave_record(site, "resume", done.id, chosen)
        code = exit_code(done)
    raise typer.Exit(code)
