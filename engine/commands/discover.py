"""``matthan discover``: which cameras answer on a network."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from drivers.contract import Found

app = typer.Typer()


@app.command()
def discover(
    interface: Annotated[
        list[str] | None, typer.Option(help="Local IPv4 address whose network is probed (repeatable).")
    ] = None,
    host: Annotated[list[str] | None, typer.Option(help="Host to probe directly (repeatable).")] = None,
    wait: Annotated[float, typer.Option(min=0.2, max=60, help="Seconds to wait for answers.")] = 3.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Find ONVIF cameras by WS-Discovery. Nothing is logged in to and nothing is changed.

    Without --interface and --host every local network is probed. Exit code 1: nothing answered.
    """
    import psutil

    from engine import log
    from engine.inventory import installed_drivers, probe

    log.configure("warning", json=False)  # for the person who looks, also through a pipe
    from drivers.contract import Scope

    interfaces = list(interface or [])
    if not interface and not host:
        addresses = (each for group in psutil.net_if_addrs().values() for each in group)
        interfaces = [each.address for each in addresses if each.family.name == "AF_INET"]

    async def gather() -> list[Found]:
        found = []
        async for each in probe(Scope(tuple(interfaces), tuple(host or ())), wait, installed_drivers()):
            found.append(each)
            if not as_json:
                sys.stdout.write(
                    f"{each.address:<16} {each.name or '-':<24} {each.model or '-':<20} {each.url}\n"
                )
                sys.stdout.flush()
        return found

    found = asyncio.run(gather())
    if as_json:
        sys.stdout.write(json.dumps([asdict(each) for each in found], ensure_ascii=False, indent=1) + "\n")
    elif not found:
        sys.stderr.write(
            f"no camera answered within {wait:g} s on {', '.join([*interfaces, *(host or ())])}. "
            "Check that ONVIF is switched on in the camera, and that this machine is on its network.\n"
        )
    raise typer.Exit(0 if found else 1)
