"""Who speaks RTSP: asked what it can (OPTIONS), which no server wants a login for. Only where a person asked for it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from drivers.contract import Found, Scope
from drivers.kit.knocking import Knocker, sweep
from drivers.printable import clean

PORTS = (554, 8554, 10554)
#: Seconds of one question; bytes of an answer that are read.
QUESTION, ANSWER = 3.0, 8 << 10
#: Characters of what a server says of itself.
_LONGEST = 64
_SERVER = re.compile(rb"^server:[ \t]*([^\r\n]{1,200})", re.IGNORECASE | re.MULTILINE)


async def swept(scope: Scope, knocker: Knocker | None = None) -> AsyncIterator[Found]:
    """Yield what speaks RTSP at the hosts of a scope.

    Raises:
        Unreachable: At the end: hosts that could not be knocked at.
    """
    knocker = knocker or Knocker()
    async for found in sweep(scope.hosts, PORTS, talk, knocker, scope.asked):
        yield found
    knocker.complain()


async def talk(host: str, ports: Sequence[int]) -> tuple[Found, ...]:
    """Return each port of a host that speaks RTSP."""
    told = [await _ask(host, port) for port in ports]
    return tuple(found for found in told if found is not None)


async def _ask(host: str, port: int) -> Found | None:
    name = host.strip("[]")
    place = f"[{name}]" if ":" in name else name
    url = f"rtsp://{place}/" if port == 554 else f"rtsp://{place}:{port}/"
    said = b""
    with suppress(OSError, ValueError, TimeoutError):
        async with asyncio.timeout(QUESTION):
            said = await _said(name, port, url)
    if not said.startswith(b"RTSP/"):
        return None
    server = _SERVER.search(said)
    model = clean(server[1].decode("utf-8", "replace")).strip()[:_LONGEST] if server else ""
    return Found("rtsp", url, "", name, model=model)


async def _said(host: str, port: int, url: str) -> bytes:
    """Return the head of the answer, or the beginning of whatever comes instead."""
    reader, writer = await asyncio.open_connection(host, port, limit=ANSWER)
    try:
        shown = re.sub(r"%[^\]]*", "", url)  # the zone is this machine's own affair
        writer.write(f"OPTIONS {shown} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: matthan\r\n\r\n".encode())
        return await _head(reader)
    finally:
        writer.transport.abort()


async def _head(reader: asyncio.StreamReader) -> bytes:
    said = b""
    while b"\r\n\r\n" not in said and len(said) < ANSWER:
        if not (more := await reader.read(ANSWER - len(said))):
            break
        said += more
        if not b"RTSP/".startswith(said[:5]):
            break
    return said
