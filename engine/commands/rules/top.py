"""``matthan rules top``: what each rule costs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from time import process_time
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.report import JsonOption, Language, Progress, SiteLangOption, coloured, language
from engine.commands.output.talk import Socket, Token, secret
from engine.commands.output.terminal import data, out, paint
from engine.commands.rules.check import ConfigOption
from engine.commands.rules.replay import History, Recording
from engine.commands.rules.sources import door_of, leave, moments_of, report_of, whole

if TYPE_CHECKING:
    from engine.api import wire

#: Exit code when no engine answers, as for the commands that need one.
NO_ENGINE = 3


def top(
    recording: Recording = None,
    since: Annotated[str, typer.Option(metavar="MOMENT", help="From when on.")] = "24h",
    events: Annotated[int, typer.Option(min=1, help="So many events at most.")] = 100_000,
    limit: Annotated[int, typer.Option(min=1, help="So many rules.")] = 20,
    live: Annotated[
        bool, typer.Option("--live", help="What the running engine counted since its start.")
    ] = False,
    config: ConfigOption = None,
    socket: Socket = None,
    token: Token = None,
    lang: SiteLangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what each rule costs, the dearest first: measured alone on recorded events, or --live by a sample.

    Exit codes: 0 told, 2 there are no events, 3 (--live) no engine answers.
    """
    chosen = language(lang)
    report = report_of(config)
    chosen = report.settings.language if report.settings and not lang else chosen
    if live and (door := door_of(report, config, socket)) is not None:
        # The engine knows its rules, whatever the files say meanwhile.
        _live(_asked(door, secret(token, door), chosen), limit, chosen, as_json=as_json)
        return
    site = whole(report, chosen)
    from engine.judging.rule_cost import rule_costs
    from engine.text import render

    history = History(site, recording, moments_of(site), None if recording else since, None, chosen)
    arrivals = list(islice(history.arrivals(), events))
    if not arrivals:
        leave("rules.no_events", chosen)
    with Progress(render("rules.weighing", {}, chosen)) as progress:
        found = rule_costs(site.rules, arrivals, process_time, progress)
    if as_json:
        data(json.dumps({"events": len(arrivals), "rules": [asdict(cost) for cost in found]}))
        return
    lines = [
        _Line(cost.rule, cost.seconds, cost.visits, cost.fired, cost.rows, cost.bytes_ / 1024)
        for cost in found
    ]
    _print(lines, limit, render("rules.topped", {"events": len(arrivals)}, chosen), chosen)


@dataclass(frozen=True, slots=True)
class _Line:
    """What is shown of a rule.

    Attributes:
        seconds: Of processor time.
        kilobytes: That its rows take; None where nobody measured.
        note: What else must be known.
    """

    rule: str
    seconds: float
    visits: int
    fired: int
    rows: int
    kilobytes: float | None = None
    note: str = ""


def _print(lines: Sequence[_Line], limit: int, under: str, lang: Language) -> None:
    from engine.text import render

    colours, width = coloured(), max(20, *(len(line.rule) for line in lines[:limit]))
    names = render("rules.columns", {}, lang).split("|")
    head = f"{names[0]:<{width}} " + " ".join(f"{name:>10}" for name in names[1:])
    out(paint(head, "1", colours))
    whole = sum(line.seconds for line in lines) or 1.0
    for line in lines[:limit]:
        told = f"{line.rule:<{width}} " + " ".join(f"{cell:>10}" for cell in _cells(line, whole))
        out(told + (f"  {paint(line.note, '31', colours)}" if line.note else ""))
    out(under)


def _cells(line: _Line, whole: float) -> Iterator[str]:
    yield f"{100 * line.seconds / whole:.1f} %"
    yield f"{1e6 * line.seconds / line.visits:.1f} µs" if line.visits else "–"
    yield f"{line.visits:,}"
    yield f"{line.fired:,}"
    yield f"{line.rows:,}"
    yield "–" if line.kilobytes is None else f"{line.kilobytes:,.1f} kB"


# -- a running engine --------------------------------------------------------------------------


def _live(told: Iterable[wire.Rule], limit: int, lang: Language, *, as_json: bool) -> None:
    from engine.text import render

    found = sorted(told, key=lambda rule: (-rule.cpu, -rule.visits, rule.name))
    if as_json:
        data(json.dumps({"rules": [rule.model_dump(mode="json") for rule in found]}))
        return
    if not found:
        leave("rules.no_rules", lang)
    lines = [
        _Line(each.name, each.cpu, each.visits, each.fired, each.rows, None, each.error) for each in found
    ]
    evicted = sum(each.evicted for each in found)
    _print(lines, limit, render("rules.topped_live", {"rules": len(found), "evicted": evicted}, lang), lang)


def _asked(door: str, token: str | None, lang: Language) -> list[wire.Rule]:
    from engine.api.client import Client
    from engine.api.errors import ApiError

    async def ask() -> list[wire.Rule]:
        async with Client.connect(door, token=token, language=lang) as client:
            return await client.rules()

    try:
        return asyncio.run(ask())
    except ApiError as error:
        leave("rules.no_engine", lang, 1 if error.status else NO_ENGINE, detail=error.message)
