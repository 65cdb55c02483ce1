"""``matthan commission diff``: what is otherwise than in an earlier record."""

from __future__ import annotations

import json
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.commission.report import loaded_or_leave
from engine.commands.output.report import JsonOption, LangOption, language
from engine.commands.output.terminal import data, out

if TYPE_CHECKING:
    from engine.commission.handover.differences import Differences, End
    from engine.text import Language


def diff_command(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The earlier record, or its folder.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The later one.")],
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two records of a site: cameras that are new or gone, results that changed, values that drifted.

    Exit codes: 0 nothing differs, 1 something does, 2 there is no such record.

    \b
    matthan commission diff 2026/record.json 2027/record.json
    """  # noqa: D301 - click's mark for lines that stay as they are
    from engine.commission.handover.differences import differences

    chosen = language(lang)
    found = differences(loaded_or_leave(old, chosen).job, loaded_or_leave(new, chosen).job)
    if as_json:
        data(json.dumps(_told(found), ensure_ascii=False))
    else:
        _print(found, chosen)
    raise typer.Exit(0 if found.none else 1)


def _print(found: Differences, chosen: Language) -> None:
    from engine.commission.report.words import Words

    words = Words(chosen, _here())
    at = words.moment(found.old)
    if found.none:
        out(words.say("same", at=at), "green")
        return
    out(words.say("since", at=at, count=len(found.shifts) + len(found.gone) + len(found.new)))
    for each in found.gone:
        out(words.say("gone", id=each), "red")
    for each in found.new:
        out(words.say("new", id=each))
    for shift in found.shifts:
        ends = f"{words.state(shift.before)} → {words.state(shift.after)}"
        out(f"{shift.camera}  {words.shift(shift.what)}: {ends}", "red" if shift.worse else None)


def _here() -> tzinfo:
    from datetime import UTC

    from engine.runtime.clock import SystemClock

    return SystemClock().now().wall.astimezone().tzinfo or UTC


def _told(found: Differences) -> dict[str, object]:
    return {
        "old": found.old.isoformat(),
        "new": list(found.new),
        "gone": list(found.gone),
        "shifts": [
            {
                "camera": each.camera,
                "what": each.what,
                "before": _end(each.before),
                "after": _end(each.after),
                "worse": each.worse,
            }
            for each in found.shifts
        ],
    }


def _end(end: End) -> dict[str, object]:
    return {"value": end.value, "unit": end.unit, "outcome": end.outcome.value if end.outcome else None}
