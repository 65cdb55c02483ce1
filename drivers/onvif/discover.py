"""WS-Discovery: who answers a probe. Asks only where it is told to, and never logs in."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from ipaddress import IPv4Address
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from lxml import etree

from drivers.contract import Found, Scope
from drivers.errors import DriverError, Unreachable
from drivers.onvif import xml
from drivers.onvif.addresses import Reached

GROUP, PORT = "239.255.255.250", 3702
#: Bytes of an answer that is read, answers waiting at most, devices told at most.
DATAGRAM_LIMIT, WAITING, DEVICES = 64 << 10, 1024, 4096
#: Seconds between the two rounds of probes: datagrams get lost.
AGAIN = 0.25
TTL = 4
_NAME_LENGTH = 64
_SCOPE = "onvif://www.onvif.org/"

_PROBE = """<?xml version="1.0" encoding="utf-8"?>
<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"
 xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:t="{namespace}"><e:Header>
<w:MessageID>uuid:{message}</w:MessageID><w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>
<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>
<e:Body><d:Probe><d:Types>t:{type}</d:Types></d:Probe></e:Body></e:Envelope>"""
#: Old devices answer only to the first, some new ones only to the second.
_TYPES = (
    ("NetworkVideoTransmitter", "http://www.onvif.org/ver10/network/wsdl"),
    ("Device", "http://www.onvif.org/ver10/device/wsdl"),
)


class _Answers(asyncio.DatagramProtocol):
    """Puts answers into a bounded queue; counts what did not fit."""

    def __init__(self, queue: asyncio.Queue[tuple[bytes, str]]) -> None:
        self._queue = queue
        self.dropped = 0

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Keep an answer, if it is not absurdly large."""
        if len(data) > DATAGRAM_LIMIT or self._queue.full():
            self.dropped += 1
        else:
            self._queue.put_nowait((data, addr[0]))


async def discover(scope: Scope, wait: float) -> AsyncGenerator[Found, None]:
    """Probe and yield each device once, as it answers.

    Args:
        scope: Interfaces to probe by multicast and hosts to probe one by one; nothing else is touched.
        wait: Seconds to listen.

    Raises:
        Unreachable: No interface and no host of the scope can be probed.
    """
    queue: asyncio.Queue[tuple[bytes, str]] = asyncio.Queue(WAITING)
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        senders = await _open(scope, queue, stack)
        deadline = loop.time() + wait
        _send(senders)
        again: float | None = loop.time() + min(AGAIN, wait / 2)
        seen: set[tuple[str, str]] = set()
        while (now := loop.time()) < deadline and len(seen) < DEVICES:
            if again is not None and now >= again:
                _send(senders)
                again = None
            try:
                async with asyncio.timeout((again or deadline) - now):  # wait_for may swallow a cancel (3.11)
                    data, sender = await queue.get()
            except TimeoutError:
                continue
            for found in read_answer(data, sender):
                # Not the sender's address: behind one there may be several with the same identity.
                key = (found.identity, found.url)
                if key not in seen:
                    seen.add(key)
                    yield found


def read_answer(data: bytes, sender: str) -> Iterator[Found]:
    """Yield the ONVIF devices in one datagram; nothing for anything else, however malformed.

    Args:
        sender: IP address that the datagram came from.
    """
    try:
        root = xml.parse(data)
    except ValueError:
        return
    for match in xml.every(root, "ProbeMatch"):
        with suppress(DriverError):
            found = _found(match, sender)
            if found is not None:
                yield found


def _found(match: etree._Element, sender: str) -> Found | None:
    urls = tuple(url for url in xml.text(match, "XAddrs").split() if url.startswith(("http://", "https://")))
    scopes = [unquote(scope) for scope in xml.text(match, "Scopes").split()]
    types = {kind.rpartition(":")[2] for kind in xml.text(match, "Types").split()}
    ours = "NetworkVideoTransmitter" in types or any(scope.startswith(_SCOPE) for scope in scopes)
    if not urls or not ours:
        return None
    return Found(
        driver="onvif",
        url=_way_to(sender, urls),
        identity=_plain(xml.text(match, "EndpointReference", "Address")),
        address=sender,
        name=_told(scopes, "name"),
        model=_told(scopes, "hardware"),
        urls=urls,
    )


def _way_to(sender: str, urls: Sequence[str]) -> str:
    """Return the announced address whose host is the sender's; failing that the first, led to the sender."""
    for url in urls:
        with suppress(ValueError):
            if urlsplit(url).hostname == sender:
                return url
    told = Reached.at(urls[0])
    return Reached(told.scheme, sender, told.port, told.path).url


def _told(scopes: Iterable[str], key: str) -> str:
    prefix = f"{_SCOPE}{key}/"
    return next((_plain(scope.removeprefix(prefix)) for scope in scopes if scope.startswith(prefix)), "")


def _plain(text: str) -> str:
    """Return a stranger's text without what a terminal would obey, cut to a name's length."""
    return "".join(char for char in text if char.isprintable())[:_NAME_LENGTH].strip()


Sender = tuple[asyncio.DatagramTransport, tuple[str, int]]


async def _open(scope: Scope, queue: asyncio.Queue[tuple[bytes, str]], stack: ExitStack) -> list[Sender]:
    """Return a transport for each place to probe; closes them with the stack."""
    senders: list[Sender] = []
    failed: list[str] = []
    places = [(address, GROUP) for address in scope.interfaces] + [("", host) for host in scope.hosts]
    for interface, host in places:
        try:
            transport = await _endpoint(interface, queue)
            stack.callback(transport.close)
            target = host if interface else await _resolve(host)
        except OSError as error:
            failed.append(f"{interface or host}: {error.strerror}")
        else:
            senders.append((transport, (target, PORT)))
    if places and not senders:
        raise Unreachable(
            host=", ".join(interface or host for interface, host in places), detail="; ".join(failed)
        )
    return senders


async def _endpoint(interface: str, queue: asyncio.Queue[tuple[bytes, str]]) -> asyncio.DatagramTransport:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if interface:
            address = IPv4Address(interface).packed
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, address)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, struct.pack("b", TTL))
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        sock.bind((interface, 0))
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Answers(queue), sock=sock)
    except ValueError as error:
        sock.close()
        raise OSError(0, str(error)) from None
    except OSError:
        sock.close()
        raise
    return transport


async def _resolve(host: str) -> str:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, PORT, family=socket.AF_INET, type=socket.SOCK_DGRAM)
    return str(found[0][4][0])


def _send(senders: Iterable[Sender]) -> None:
    for transport, target in senders:
        for kind, namespace in _TYPES:
            probe = _PROBE.format(namespace=namespace, type=kind, message=uuid4())
            transport.sendto(probe.encode(), target)
