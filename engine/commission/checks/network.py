"""What else a device has open, and whether it can be talked to in secret."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from engine.commission.checks.look import Look
from engine.commission.record import CheckResult

CHECKS = ("network.ports", "network.https")
#: Seconds that a port gets: one that drops what comes is as closed as one that says no.
KNOCK = 1.0
#: Ports of addresses that name none.
_PORTS = {"https": 443, "rtsp": 554, "rtsps": 322}


async def network(look: Look) -> list[CheckResult]:
    """Knock at this one host's ports, and read how it can be reached."""
    return [await look.one("network.ports", _ports), _https(look)]


async def _ports(look: Look) -> CheckResult:
    host, ports = _host(look), look.acceptance.network.closed
    if not host:
        return look.untested("network.ports", "check.no_host")
    if not ports:
        return look.untested("network.ports", "check.no_ports")
    answers = await asyncio.gather(*(_knocked(host, port) for port in ports))
    found = ", ".join(str(port) for port, said in zip(ports, answers, strict=True) if said is None)
    if found:
        return look.bad("network.ports", "check.ports_bad", found, ports=found)
    if (fault := await _nobody(look, host, answers)) is not None:
        return look.broken("network.ports", fault)
    return look.good("network.ports", "check.ports", ports=", ".join(map(str, ports)))


async def _nobody(look: Look, host: str, answers: Sequence[OSError | None]) -> OSError | None:
    """Return why the ports may be open all the same: the way there is broken, or the host has gone meanwhile."""
    unsure = [
        each for each in answers if not isinstance(each, (ConnectionRefusedError, TimeoutError, type(None)))
    ]
    if unsure:
        return unsure[0]
    if all(isinstance(each, ConnectionRefusedError) for each in answers):
        return None
    return await _knocked(host, _port(look))  # some dropped what came: does it still say anything at all?


async def _knocked(host: str, port: int) -> OSError | None:
    """Knock at a port; return why nobody opened, None where somebody did."""
    try:
        async with asyncio.timeout(KNOCK):
            _, writer = await asyncio.open_connection(host, port)
    except OSError as error:  # a time-out is one too
        return error
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return None


def _port(look: Look) -> int:
    parts = urlsplit(look.subject.target.url)
    return parts.port or _PORTS.get(parts.scheme, 80)


def _https(look: Look) -> CheckResult:
    told = look.value("network.https")
    if urlsplit(look.subject.target.url).scheme == "https":
        return look.good("network.https", "check.https", True)
    if told is None:
        return look.untested("network.https", "check.untold", feature="network.https")
    if not told:
        return look.bad("network.https", "check.https_bad", False)
    return look.good("network.https", "check.https_offered", True)


def _host(look: Look) -> str:
    try:
        return urlsplit(look.subject.target.url).hostname or ""
    except ValueError:
        return ""
