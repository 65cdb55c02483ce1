"""Asking hosts one by one who they are: the one ONVIF question that needs no login, and what their web page says.

Nothing is logged in to. A host that speaks ONVIF at no port and answers HTTP is told as that (driver ``http``): a
camera whose ONVIF is switched off, a recorder, a printer; a person sees by its title which.
"""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from drivers.contract import Found, Scope
from drivers.errors import DriverError, Malformed
from drivers.kit.knocking import Knocker, sweep
from drivers.onvif import xml
from drivers.onvif.addresses import DEVICE_PATH
from drivers.onvif.discovery.probe_match import plain
from drivers.onvif.soap.client import DEVICE, enveloped, request
from drivers.onvif.soap.http import HttpClient, HttpResponse

#: Where devices are known to answer, the likeliest first; every host is knocked at at the first.
PORTS = (80, 8080, 8000, 2020, 8899, 888, 5000, 6688, 8999, 443, 8443)
SECURE = frozenset({443, 8443})
#: Seconds of one question, and of all that a host is asked.
QUESTION, HOST = 3.0, 6.0
#: Bytes of an answer, and of a web page.
ANSWER, PAGE = 64 << 10, 256 << 10
_SOAP = {"Content-Type": "application/soap+xml; charset=utf-8"}
_TITLE = re.compile(rb"<title[^>]{0,200}>([^<]{0,1000})", re.IGNORECASE)
#: What an ONVIF device says that wants a login even for its clock.
_ONVIF_FAULT = re.compile(rb"onvif\.org/ver10/error|NotAuthorized", re.IGNORECASE)


async def swept(scope: Scope, knocker: Knocker | None = None) -> AsyncIterator[Found]:
    """Yield what answers at the hosts of a scope.

    Raises:
        Unreachable: At the end: hosts that could not be knocked at.
    """
    knocker = knocker or Knocker()
    async for found in sweep(scope.hosts, PORTS, talk, knocker, scope.asked):
        yield found
    knocker.complain()


async def talk(host: str, ports: Sequence[int]) -> tuple[Found, ...]:
    """Return a host's devices: each port that speaks ONVIF; failing that, the first that has a web page."""
    devices: list[Found] = []
    pages: list[Found] = []
    client = HttpClient()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(HOST):
                for port in ports:
                    device, page = await _ask(client, host, port)
                    devices += [device] if device else []
                    pages += [page] if page else []
    finally:
        await client.close()
    return tuple(devices) or tuple(pages[:1])


async def _ask(client: HttpClient, host: str, port: int) -> tuple[Found | None, Found | None]:
    """Return the device at a port, or else its web page; neither: nobody who speaks HTTP."""
    root = _root(host, port)
    try:
        answer = await _sent(client, f"{root}{DEVICE_PATH}", request(DEVICE, "GetSystemDateAndTime"))
    except Malformed:  # large, or packed wrongly, or no HTTP: a page may still be one
        answer = None
    except (DriverError, TimeoutError):
        return None, None
    if answer is None or not is_onvif(answer):
        return None, await _page(client, host, root)
    identity = ""
    with suppress(DriverError, TimeoutError, ValueError):
        told = await _sent(client, f"{root}{DEVICE_PATH}", request(DEVICE, "GetEndpointReference"))
        identity = plain(xml.text(xml.parse(told.content), "GetEndpointReferenceResponse", "GUID"))
    return Found("onvif", f"{root}{DEVICE_PATH}", identity, host), None


async def _sent(client: HttpClient, url: str, question: str) -> HttpResponse:
    async with asyncio.timeout(QUESTION):
        return await client.send("POST", url, _SOAP, enveloped(question), ANSWER)


def is_onvif(answer: HttpResponse) -> bool:
    """Return whether an answer is a device's: its time, or a fault in ONVIF's words."""
    try:
        root = xml.parse(answer.content)
    except ValueError:
        return False
    if xml.find(root, "GetSystemDateAndTimeResponse") is not None:
        return True
    return xml.find(root, "Fault") is not None and bool(_ONVIF_FAULT.search(answer.content))


async def _page(client: HttpClient, host: str, root: str) -> Found | None:
    """Return what a web page says of itself, never following where it sends us."""
    title = server = ""
    try:
        async with asyncio.timeout(QUESTION):
            answer = await client.send("GET", f"{root}/", {}, b"", PAGE)
    except Malformed as error:
        if error.code != "driver.large":
            return None
    except (DriverError, TimeoutError):
        return None
    else:
        server, title = plain(answer.headers.get("Server")), _title(answer.content)
    return Found("http", f"{root}/", "", host, title, server)


def _title(content: bytes) -> str:
    found = _TITLE.search(content)
    return plain(html.unescape(found[1].decode("utf-8", "replace"))) if found else ""


def _root(host: str, port: int) -> str:
    scheme = "https" if port in SECURE else "http"
    name = host.strip("[]")
    place = f"[{name}]" if ":" in name else name
    return f"{scheme}://{place}" if port in (80, 443) else f"{scheme}://{place}:{port}"
