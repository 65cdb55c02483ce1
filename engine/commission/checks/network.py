"""What else a device has open, and whether it can be talked to in secret."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

from engine.commission.checks.look import Look
from engine.commission.record import CheckResult

CHECKS = ("network.ports", "network.https")
#: Seconds that a port gets: one that drops what comes is as closed as one that says no.
KNOCK = 1.0


async def network(look: Look) -> list[CheckResult]:
    """Knock at this one host's ports, and read how it can be reached."""
    return [await look.one("network.ports", _ports), _https(look)]


async def _ports(look: Look) -> CheckResult:
    host, ports = _host(look), look.acceptance.network.closed
    if not host:
        return look.untested("network.ports", "check.no_host")
    answers = await asyncio.gather(*(_is_open(host, port) for port in ports))
    found = ", ".join(str(port) for port, is_open in zip(ports, answers, strict=True) if is_open)
    looked = ", ".join(map(str, ports))
    if found:
        return look.bad("network.ports", "check.ports_bad", found, ports=found)
    return look.good("network.ports", "check.ports", ports=looked)


async def _is_open(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(KNOCK):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


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
