"""``matthan discover``: which cameras answer on a network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from engine.commands.output.report import LangOption, Progress, language
from engine.commands.output.terminal import complain, data, out

if TYPE_CHECKING:
    from drivers.contract import Found, Scope
    from engine.text import Language
    from rules.model import Sentence

app = typer.Typer()


@app.command()
def discover(
    interface: Annotated[
        list[str] | None,
        typer.Option(
            help="Interface of this machine, or its IPv4 address, whose network is probed (repeatable)."
        ),
    ] = None,
    host: Annotated[
        list[str] | None, typer.Option(help="Host to probe directly, IPv4 or IPv6 (repeatable).")
    ] = None,
    wait: Annotated[float, typer.Option(min=0.2, max=60, help="Seconds to wait for answers at most.")] = 3.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
    lang: LangOption = None,
) -> None:
    """Find ONVIF cameras by WS-Discovery. Nothing is logged in to and nothing is changed.

    Without --interface and --host every local network is probed. Exit codes: 0 somebody answered, 1 nobody,
    2 there is no such interface.
    """
    from drivers.contract import Scope
    from engine.runtime import log
    from engine.text import render

    log.configure("critical", json=False)  # what a person should know is said in sentences
    chosen, there = language(lang), addresses()
    wanted = [] if host and not interface else interface or list(there)
    unknown = [name for name in wanted if name not in there and not _has(there, name)]
    for name in unknown:
        known = ", ".join(f"{each} ({', '.join(told)})" for each, told in there.items())
        complain(render("discovery.no_interface", {"name": name, "known": known}, chosen))
    if unknown:
        raise typer.Exit(2)
    interfaces = dict.fromkeys(address for name in wanted for address in there.get(name, (name,)))
    scope = Scope(tuple(interfaces), tuple(host or ()))
    found = asyncio.run(_gather(scope, wait, chosen, as_json=as_json))
    if as_json:
        data(json.dumps([asdict(each) for each in found], ensure_ascii=False, indent=1))
    elif not found:
        values = {"seconds": f"{wait:g}", "places": ", ".join((*scope.interfaces, *scope.hosts))}
        complain(render("discovery.nobody", values, chosen))
    raise typer.Exit(0 if found else 1)


def addresses() -> dict[str, tuple[str, ...]]:
    """Return this machine's IPv4 addresses by interface; those without one are left out."""
    import psutil

    told = {
        name: tuple(each.address for each in group if each.family.name == "AF_INET")
        for name, group in psutil.net_if_addrs().items()
    }
    return {name: found for name, found in told.items() if found}


def _has(there: Mapping[str, Iterable[str]], address: str) -> bool:
    return any(address in told for told in there.values())


async def _gather(scope: Scope, wait: float, chosen: Language, *, as_json: bool) -> list[Found]:
    """Search; show each device as it answers, how many there are meanwhile, and at the end what went wrong."""
    from engine.fleet.inventory import installed_drivers, probe
    from engine.text import render

    trouble: dict[str, Sentence] = {}
    drivers = installed_drivers(trouble.__setitem__)
    found: list[Found] = []
    with Progress(render("discovery.listening", {}, chosen)) as progress:
        progress(0)
        async for each in probe(scope, wait, drivers, trouble.__setitem__):
            found.append(each)
            if not as_json:
                progress.clear()
                out(f"{each.address:<16} {each.name or '-':<24} {each.model or '-':<20} {each.url}")
            progress(len(found))
    for driver, said in trouble.items():
        complain(render(f"discovery.trouble+{said.code}", {**said.values, "driver": driver}, chosen))
    return found
