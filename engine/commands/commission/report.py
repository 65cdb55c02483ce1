"""``matthan commission report``: a record as HTML, PDF, a table, and signed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from engine.commands.output.report import ConfigFile, LangOption, configured, language
from engine.commands.output.terminal import complain, document, out

if TYPE_CHECKING:
    from engine.commission.handover.delivery import Kind, Order
    from engine.commission.handover.differences import Differences
    from engine.commission.handover.loaded import Loaded
    from engine.commission.keeping.jobs import Jobs
    from engine.seal.signing import PrivateKey
    from engine.text import Language

Record = Annotated[
    str,
    typer.Argument(
        metavar="[JOB|FILE]",
        help="A job by its name or the beginning of it (default: the newest), or a record: record.json, its folder.",
    ),
]


def report_command(
    record: Record = "",
    out_folder: Annotated[
        Path | None, typer.Option("--out", help="Where the files go; default: a folder named after the job.")
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="The report as PDF.")] = False,
    html: Annotated[bool, typer.Option("--html", help="The report as one HTML file.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="One row a camera, for spreadsheets.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The signed record, with its pictures.")] = False,
    since: Annotated[
        Path | None, typer.Option("--since", help="An earlier record: the report tells what is otherwise.")
    ] = None,
    timezone: Annotated[
        str, typer.Option("--timezone", help="In which times are told.")
    ] = "Asia/Ho_Chi_Minh",
    config: ConfigFile = None,
    lang: LangOption = None,
) -> None:
    """Make what is handed over: the record, signed with your key; the report in HTML and PDF; a table.

    Without --pdf, --html, --csv, --json: all four. Your key is made at its first use: matthan keys technician

    Exit codes: 0 written, 1 the record does not hold or the disk says no, 2 there is no such record.

    \b
    matthan commission report
    matthan commission report 20261130-0812 --since last-year
    matthan commission report record.json --pdf --lang en --out handover
    """  # noqa: D301 - click's mark for lines that stay as they are
    from engine.commission.handover.delivery import Kind, delivered

    chosen = language(lang)
    wanted = {Kind.PDF: pdf, Kind.HTML: html, Kind.CSV: csv, Kind.JSON: as_json}
    kinds = {kind for kind, on in wanted.items() if on} or set(Kind)
    loaded, old = (
        loaded_or_leave(_place(record, config, chosen), chosen),
        None if since is None else loaded_or_leave(since, chosen),
    )
    order = _order(kinds, chosen, timezone, loaded, old)
    signer = None if loaded.signed else _signer(chosen)
    folder = out_folder or Path(loaded.job.id)
    try:
        for path in delivered(loaded, order, signer, folder):
            document(f"{path}\n")
    except OSError as error:
        _fail(
            "commission_report.unwritable", chosen, 1, path=str(error.filename or folder), detail=_why(error)
        )
    if signer is not None:
        _say("commission_report.signed_with", chosen, key=signer.public.id)


def _place(record: str, config: Path | None, chosen: Language) -> Path:
    """Return where a record lies: a path that is there, else a job of this site."""
    if record and Path(record).exists():
        return Path(record)
    if record and (Path(record).suffix or Path(record).name != record):
        return Path(record)  # meant as a path: that it is not there is said of it
    from engine.errors import Refusal

    try:
        jobs = _jobs(config)
        return jobs.folder / jobs.read(record).ledger.job.id
    except Refusal as error:
        _fail(error.code, chosen, 2, **error.values)
    except OSError as error:
        _fail("commission_report.unreadable", chosen, 2, path=record or "-", detail=_why(error))


def _jobs(config: Path | None) -> Jobs:
    """Return the jobs of this site; reading them disturbs nobody who is at it."""
    from engine.commission.keeping.jobs import Jobs
    from engine.config.configuration import default_path
    from engine.config.settings import Settings
    from engine.config.state_paths import state_paths

    there = (config or default_path()).exists()
    return Jobs.of(state_paths(configured(config).settings if there else Settings()).state)


def _order(kinds: set[Kind], chosen: Language, timezone: str, loaded: Loaded, old: Loaded | None) -> Order:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from engine.commission.handover.delivery import Order
    from engine.commission.handover.differences import differences

    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        raise typer.BadParameter(timezone, param_hint="--timezone") from None
    since: Differences | None = None if old is None else differences(old.job, loaded.job)
    return Order(kinds, chosen, zone, since)


def loaded_or_leave(path: Path, chosen: Language) -> Loaded:
    """Return a record; where there is none, that is said, and the command ends."""
    from engine.commission.handover.loaded import load
    from engine.commission.handover.signed_record import BadRecord

    try:
        return load(path)
    except FileNotFoundError:
        _fail("commission_report.no_such_file", chosen, 2, path=str(path))
    except OSError as error:
        _fail("commission_report.unreadable", chosen, 2, path=str(path), detail=_why(error))
    except BadRecord as bad:
        code = bad.code
        text = _rendered(code, chosen, **bad.values)
        complain(text if code.startswith("commission_report.") else f"{path}: {text}")
        raise typer.Exit(1) from None


def _signer(chosen: Language) -> PrivateKey:
    """Return the technician's key; at its first use it is made, and that is said."""
    from engine.commission.handover.technician import keys
    from engine.runtime.clock import SystemClock
    from engine.seal.fault import SealFault

    try:
        found = keys().opened(SystemClock().now().wall)
        if found.news:
            values = {"path": str(found.path), "key": found.history.key.id}
            out(_rendered("commission_report.key_made", chosen, **values), err=True)
        return found.signer
    except SealFault as fault:
        _fail(fault.code, chosen, 1, **fault.values)


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _rendered(code: str, chosen: Language, **values: object) -> str:
    from engine.text import render

    return render(code, values, chosen)


def _say(code: str, chosen: Language, **values: object) -> None:
    out(_rendered(code, chosen, **values), err=True)


def _fail(code: str, chosen: Language, exit_code: int, **values: object) -> NoReturn:
    complain(_rendered(code, chosen, **values))
    raise typer.Exit(exit_code)
