"""``matthan discover``: which cameras answer on a network, who they are, and how that compares with who should.

Exit codes: 0 every expected camera is there (without a list: somebody answered), 1 some are missing, or nobody
answered, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from engine.commands.output.report import LangOption, language

app = typer.Typer()


@app.command()
def discover(
    interface: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Interface of this machine, or its address, whose network is asked (repeatable).",
        ),
    ] = None,
    host: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="Host to ask by a probe alone, IPv4 or IPv6 (repeatable)."),
    ] = None,
    subnet: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CIDR",
            help="Network, range or host whose every address is knocked at: 192.0.2.0/24, 192.0.2.10-20 (repeatable).",
        ),
    ] = None,
    expect: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="List of the cameras that should be there (CSV or YAML)."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="SITE", help="Configuration to compare with; default: the one of this machine, if any."
        ),
    ] = None,
    login: Annotated[
        bool,
        typer.Option("--login", help="Log in, to be told maker, model, serial number, MAC and firmware."),
    ] = False,
    standard: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where the site's logins are (its `credentials`), for --login."),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            metavar="SITE", help="Write new and moved cameras into this configuration; made if missing."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --write: show what would change, and write nothing.")
    ] = False,
    wait: Annotated[float, typer.Option(min=0.2, max=60, help="Seconds to wait for answers at most.")] = 3.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a table for spreadsheets.")] = False,
    lang: LangOption = None,
) -> None:
    """Find cameras. Nothing is logged in to without --login, and nothing is changed without --write.

    \b
    Every network of this machine, by its own question:
      matthan discover
    Every address knocked at: also what answers RTSP or a web page alone:
      matthan discover --subnet 192.168.1.0/24
    Who of a list is there, who is missing:
      matthan discover --subnet 192.168.1.0/24 --expect cameras.csv
    What would be taken into a configuration:
      matthan discover --subnet 192.168.1.0/24 --write site.yaml --dry-run
    Who it is, by the logins that a standard names:
      matthan discover --host 192.168.1.9 --login --standard std.yaml
    Who they are, by the configured cameras' logins, for a spreadsheet:
      matthan discover --subnet 192.168.1.0/24 --login --csv > found.csv

    A list has the columns id, name, url or host, mac, serial, source; what is not known is left empty.
    Exit codes: 0 all expected cameras are there (without a list: somebody answered), 1 some are missing or nobody
    answered, 2 wrong usage, 130 interrupted: what was found until then is printed.
    """  # noqa: D301 - click's mark for lines that stay as they are
    if dry_run and write is None:
        raise typer.BadParameter("only with --write", param_hint="--dry-run")
    if standard is not None and not login:
        raise typer.BadParameter("only with --login", param_hint="--standard")
    if as_json and as_csv:
        raise typer.BadParameter("not with --json", param_hint="--csv")
    from engine.commands.discover import keys, looking, showing, taking
    from engine.runtime import log

    log.configure("critical", json=False)  # what a person should know is said in sentences
    chosen = language(lang)
    wanted = looking.wanted(
        interface or [], host or [], subnet or [], expect, config or _there(write), chosen
    )
    bunch = keys.bunch(wanted.site, standard, chosen) if login else None
    look = looking.Look(wanted, wait, bunch, chosen)
    interrupted = False
    try:
        asyncio.run(look.run())
    except KeyboardInterrupt:
        interrupted = True
    finally:
        if bunch is not None:
            bunch.hand_over()
    census = look.census()
    form = showing.Form.JSON if as_json else showing.Form.CSV if as_csv else showing.Form.PEOPLE
    showing.show(look, census, form, chosen, interrupted=interrupted)
    if interrupted:
        raise typer.Exit(130)
    taking.remember(wanted.site, census, chosen, keep=not dry_run)
    if write is not None:
        taking.take(write, look, census, chosen, dry_run=dry_run, aside=form is not showing.Form.PEOPLE)
    raise typer.Exit(showing.exit_code(census))


def _there(file: Path | None) -> Path | None:
    return file if file is not None and file.exists() else None
