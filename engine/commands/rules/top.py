"""``matthan rules top``: what each rule costs."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import islice
from time import process_time
from typing import Annotated

import typer

from engine.commands.report import JsonOption, LangOption, language
from engine.commands.rules.check import ConfigOption
from engine.commands.rules.replay import History, Recording
from engine.commands.rules.sources import leave, moments_of, site_of


def top(
    recording: Recording = None,
    since: Annotated[str, typer.Option(metavar="MOMENT", help="From when on.")] = "24h",
    events: Annotated[int, typer.Option(min=1, help="So many events at most.")] = 100_000,
    limit: Annotated[int, typer.Option(min=1, help="So many rules.")] = 20,
    config: ConfigOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure what each rule costs on the site's recent events, the dearest first."""
    from engine.text import render
    from engine.toll import tolls

    chosen = language(lang)
    site = site_of(config, chosen)
    history = History(site, recording, moments_of(site), None if recording else since, None, chosen)
    arrivals = list(islice(history.arrivals(), events))
    if not arrivals:
        leave("rules.no_events", chosen)
    found = tolls(site.rules, arrivals, process_time)
    if as_json:
        typer.echo(json.dumps({"events": len(arrivals), "rules": [asdict(toll) for toll in found]}))
        return
    whole = sum(toll.seconds for toll in found) or 1.0
    typer.echo(render("rules.top", {"events": len(arrivals)}, chosen))
    for toll in found[:limit]:
        each = 1e6 * toll.seconds / toll.visits if toll.visits else 0.0
        typer.echo(
            f"{toll.rule:<32} {100 * toll.seconds / whole:5.1f} % {each:9.1f} µs {toll.visits:9} "
            f"{toll.fired:7} {toll.rows:6} {toll.bytes_ / 1024:8.1f} kB"
        )
