"""``matthan commission SHEET``: the whole job."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.commission.here import Here
from engine.commands.commission.session import WRONG, Config, project
from engine.commands.commission.showing import Show, risks, show_staging
from engine.commands.commission.there import There, engine_of
from engine.commands.output.report import JsonOption, Language, SiteLangOption, language, say_in
from engine.commands.output.terminal import asked, complain, data, out

if TYPE_CHECKING:
    from engine.commission.project import Project
    from engine.commission.record import JobRecord, Risk, Step
    from engine.commission.request import Request


def run_command(
    sheet: Annotated[Path, typer.Argument(metavar="SHEET", help="The cameras: .csv, .xlsx or .yaml.")],
    standard: Annotated[
        Path | None,
        typer.Option(
            "--standard", help="What the site wants; default: commissioning.yaml beside the configuration."
        ),
    ] = None,
    config: Config = None,
    subnet: Annotated[
        list[str] | None,
        typer.Option(
            "--subnet", help="Network to look in for cameras known by mac or serial alone (repeatable)."
        ),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="ID", help="These cameras alone (repeatable).")
    ] = None,
    steps: Annotated[
        str, typer.Option("--steps", help="These steps alone: time,names,streams,password,adopt,check.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Log in and look; change nothing, keep nothing.")
    ] = False,
    yes: Annotated[str, typer.Option("--yes", help="What may be done besides: restarts,moves.")] = "",
    thorough: Annotated[
        bool, typer.Option("--thorough", help="The long set of checks too: minutes a camera.")
    ] = False,
    technician: Annotated[
        str, typer.Option("--technician", metavar="NAME", help="Who does it, for the report.")
    ] = "",
    adopt: Annotated[
        bool, typer.Option("--adopt/--no-adopt", help="Take the cameras into the configuration.")
    ] = True,
    parallel: Annotated[int, typer.Option("--parallel", min=1, max=64, help="Devices at work at once.")] = 16,
    anew: Annotated[
        bool, typer.Option("--anew", help="Begin anew, also where this sheet's last job was cut off.")
    ] = False,
    lang: SiteLangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Commission the cameras of a sheet: `run` may be left out.

    \b
    matthan commission cameras.xlsx --dry-run          what would be done
    matthan commission cameras.xlsx                    do it; on a terminal what restarts a camera is asked first
    matthan commission cameras.csv --yes restarts --technician "Nguyễn Văn An" --json
    matthan commission cameras.csv --only gate --steps time,names
    matthan commission cameras.csv --subnet 192.0.2.0/24

    Cut off (Ctrl-C, power), the same command goes on where it was. Nothing is ever reset, no address changed.
    Exit codes: 0 done, 1 something failed or waits for a yes, 2 wrong input, 130 stopped.
    """  # noqa: D301 - click's mark for lines that stay as they are
    chosen = language(lang)
    socket = engine_of(config)
    with project(config, chosen, as_json=as_json, alone=socket is None) as site:
        request = _request(sheet, standard).model_copy(
            update={
                "only": tuple(only or ()), "steps": steps_of(steps), "yes": risks_of(yes),
                "subnets": tuple(subnet or ()), "thorough": thorough, "technician": technician, "adopt": adopt,
                "together": parallel, "anew": anew,
            }
        )  # fmt: skip
        _say_standard(site, request, chosen, as_json=as_json)
        place = Here(site, chosen) if socket is None else There(socket, chosen)
        if dry_run:
            _stage(place, request, chosen, as_json=as_json)
            return
        code = _do(place, site, request, chosen, as_json=as_json)
    raise typer.Exit(code)


def _request(sheet: Path, standard: Path | None) -> Request:
    """Return what is asked for of files.

    Raises:
        ConfigError: The standard's cannot be read, or is wrong.
    """
    from engine.commission.request import Request
    from engine.commission.sheet.reading import content_of
    from engine.commission.wanted_file import STANDARD

    request = Request.of(sheet, content_of(sheet))
    if standard is None:
        return request
    STANDARD.read(standard)
    text = standard.read_text("utf-8")
    return request.model_copy(update={"standard": text, "folder": str(standard.absolute().parent)})


def steps_of(told: str) -> tuple[Step, ...]:
    """Return steps as they are named on the command line; all where none is."""
    from engine.commission.record import Step

    return tuple(map(Step, _words(told, [each.value for each in Step], "--steps"))) or tuple(Step)


def risks_of(told: str) -> tuple[Risk, ...]:
    """Return the risks that a command line says yes to."""
    from engine.commission.record import Risk

    return tuple(map(Risk, _words(told, ["restarts", "moves"], "--yes")))


def _words(told: str, known: list[str], option: str) -> tuple[str, ...]:
    words = tuple(filter(None, (each.strip() for each in told.split(","))))
    if strange := [each for each in words if each not in known]:
        raise typer.BadParameter(f"{', '.join(strange)}: {', '.join(known)}", param_hint=option)
    return words


def _say_standard(site: Project, request: Request, language: Language, *, as_json: bool) -> None:
    """Say where there is no standard: what is wanted then is ours, and nobody's choice."""
    if not site.standard(request).source and not as_json:
        complain(
            say_in(
                language, "commission.no_standard", path=str(site.configuration.parent / "commissioning.yaml")
            )
        )


def _stage(place: Here | There, request: Request, language: Language, *, as_json: bool) -> JobRecord:
    """Show what would be done."""
    asked_for = request.model_copy(update={"dry": True})
    job = place.begin(asked_for, Show(language, as_json=False, quiet=True))
    data(job.model_dump_json()) if as_json else show_staging(job, language)
    return job


def _do(place: Here | There, site: Project, request: Request, language: Language, *, as_json: bool) -> int:
    from engine.commission.work.batch import exit_code

    if sys.stdin.isatty() and sys.stdout.isatty() and not as_json:
        agreed = _agreed(place, request, language)
        if agreed is None:
            return WRONG
        request = agreed
    open_job = None if request.anew else site.unfinished(request)
    if open_job is not None and not as_json:
        out(say_in(language, "commission.resumed", job=open_job.id))
    show = Show(language, as_json=as_json)
    job = place.begin(request, show)
    show.over(job)
    if isinstance(place, Here):  # an engine records it itself
        leave_record(site, "commission", job.id, language)
    return exit_code(job)


def _agreed(place: Here | There, request: Request, language: Language) -> Request | None:
    """Show what would be done and ask for what needs a yes; None: not to be done at all."""
    staged = _stage(place, request, language, as_json=False)
    granted = [*request.yes]
    for risk, cameras in risks(staged, request.yes).items():
        what = say_in(language, f"commission_risk.{risk}")
        if asked(say_in(language, "commission.ask_risk", what=what, cameras=cameras)):
            granted.append(risk)
    if not asked(say_in(language, "commission.ask_go", cameras=len(staged.cameras))):
        return None
    return request.model_copy(update={"yes": tuple(granted)})


def leave_record(site: Project, what: str, job: str, language: Language) -> None:
    """Leave for the audit log that cameras were changed."""
    from engine.commands.output.leaving import leave
    from engine.identity.record import Deed

    leave(site.state, Deed.CONFIGURE, {"how": "commission", "what": what, "job": job}, language)
