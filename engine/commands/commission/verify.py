"""``matthan commission verify``: whether a signed record and its pictures are what was signed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.report import JsonOption, LangOption, language
from engine.commands.output.terminal import complain, data, out

if TYPE_CHECKING:
    from engine.commission.handover.verification import Verified
    from engine.text import Language


def verify_command(
    record: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="The signed record, or the folder that has it; pictures beside it."
        ),
    ],
    fingerprint: Annotated[
        str,
        typer.Option("--fingerprint", help="Of the technician's key, or its first 8 digits or more."),
    ] = "",
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether a record and its pictures are what a technician signed, and exactly what is wrong if not.

    Exit codes: 0 whole, 1 not whole, 2 there is no such file.

    \b
    matthan commission verify handover --fingerprint "3b1f 09c4 ..."
    matthan commission verify record.json --json
    """  # noqa: D301 - click's mark for lines that stay as they are
    from engine.commission.handover.album import Album
    from engine.commission.handover.loaded import NAME, content
    from engine.commission.handover.signed_record import BadRecord
    from engine.commission.handover.verification import verified

    chosen = language(lang)
    path = record / NAME if record.is_dir() else record
    try:
        found = verified(content(path), Album(path.parent), fingerprint)
    except BadRecord as bad:
        complain(_rendered(bad.code, chosen, **bad.values))
        raise typer.Exit(2) from None
    except OSError as error:
        detail = error.strerror or type(error).__name__
        complain(_rendered("commission_report.unreadable", chosen, path=str(path), detail=detail))
        raise typer.Exit(2) from None
    if as_json:
        data(json.dumps(_told(found), ensure_ascii=False))
    else:
        _print(found, chosen)
    raise typer.Exit(0 if found.good else 1)


def _print(found: Verified, chosen: Language) -> None:
    grave = [each for each in found.findings if each.grave]
    for each in found.findings:
        out(_rendered(each.code, chosen, **each.values), "red" if each.grave else "yellow")
    if found.job is not None:
        at = f"{found.job.ended or found.job.began:%Y-%m-%d %H:%M %Z}"
        values = {"site": found.job.site, "technician": found.job.technician or "–", "at": at}
        out(_rendered("commission_verify.about", chosen, **values))
    if grave:
        out(_rendered("commission_verify.bad", chosen, count=len(grave)), "red")
    elif found.job is not None:
        from engine.commission.handover.verification import pictures

        count = sum(1 for _ in pictures(found.job))
        cameras, key = len(found.job.cameras), found.key
        said = _rendered("commission_verify.good", chosen, cameras=cameras, pictures=count, key=key)
        out(said, "green")


def _told(found: Verified) -> dict[str, object]:
    return {
        "good": found.good,
        "key": found.key,
        "job": found.job.id if found.job else None,
        "findings": [
            {
                "code": each.code.removeprefix("commission_verify."),
                "grave": each.grave,
                "values": dict(each.values),
                "vi": _rendered(each.code, "vi", **each.values),
                "en": _rendered(each.code, "en", **each.values),
            }
            for each in found.findings
        ],
    }


def _rendered(code: str, chosen: Language, **values: object) -> str:
    from engine.text import render

    return render(code, values, chosen)
