"""WS-Discovery of the virtual camera: it says hello, answers probes, says bye.

It joins the multicast group on one interface only and answers nobody elsewhere. Any number of
cameras, in one process or many, share UDP port 3702 without root.
"""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import Callable
from ipaddress import IPv4Address
from itertools import count
from typing import Self

from drivers.virtual.onvif.soap import NS, Element, SoapFault, document, el, envelope

GROUP, PORT = "239.255.255.250", 3702
ANYWHERE = "0.0.0.0"  # noqa: S104 (compared with, and listened on only where a person asked for it)
_TYPES = ("dn:NetworkVideoTransmitter", "tds:Device")
_OFFERED = frozenset(f"{{{NS[prefix]}}}{local}" for prefix, _, local in (t.partition(":") for t in _TYPES))
_ANONYMOUS = f"{NS['a']}/role/anonymous"
_EVERYBODY = "urn:schemas-xmlsoap-org:ws:2005:04:discovery"
_RFC3986, _EXACT = f"{NS['d']}/rfc3986", f"{NS['d']}/strcmp0"
#: Linux: hear only of groups that this socket joined, not of those that any program joined.
_IP_MULTICAST_ALL = 49


class Announcer:
    """WS-Discovery messages of one camera. Bytes in, bytes out.

    Args:
        identity: Endpoint reference; stable over restarts.
        path: Device service's path.
        instance: Grows with every start of the camera.
        new_id: Makes message ids.
    """

    def __init__(
        self,
        identity: uuid.UUID,
        scopes: tuple[str, ...],
        path: str,
        instance: int,
        new_id: Callable[[], uuid.UUID] = uuid.uuid4,
    ) -> None:
        self._identity, self._scopes, self._path = identity, scopes, path
        self._instance, self._new_id = instance, new_id
        self._numbers = count(1)
        self._version = 1

    def scoped(self, scopes: tuple[str, ...]) -> None:
        """Tell other scopes from now on."""
        self._scopes = scopes
        self._version += 1

    def hello(self, host: str) -> bytes:
        """Return what is told to everybody at start; `host` with port."""
        return self._message("Hello", el("d:Hello", *self._endpoint(host)))

    def bye(self) -> bytes:
        """Return what is told to everybody at the end."""
        return self._message("Bye", el("d:Bye", self._reference()))

    def answer(self, data: bytes, host: str) -> bytes | None:
        """Return the answer to a datagram, or None where it deserves none."""
        try:
            root = document(data)
        except SoapFault:
            return None
        to = (root.findtext("s:Header/a:MessageID", "", NS) or "").strip()
        probe, resolve = root.find("s:Body/d:Probe", NS), root.find("s:Body/d:Resolve", NS)
        if probe is not None and self._matches(probe):
            match = el("d:ProbeMatch", *self._endpoint(host))
            return self._message("ProbeMatches", el("d:ProbeMatches", match), to)
        if resolve is not None and self._meant(resolve):
            match = el("d:ResolveMatch", *self._endpoint(host))
            return self._message("ResolveMatches", el("d:ResolveMatches", match), to)
        return None

    def _matches(self, probe: Element) -> bool:
        types = probe.find("d:Types", NS)
        asked = set() if types is None else {_expanded(types, name) for name in (types.text or "").split()}
        scopes = probe.find("d:Scopes", NS)
        rule = _RFC3986 if scopes is None else scopes.get("MatchBy", _RFC3986)
        wanted = [] if scopes is None else (scopes.text or "").split()
        return asked <= _OFFERED and all(self._in_scope(each, rule) for each in wanted)

    def _in_scope(self, wanted: str, rule: str) -> bool:
        if rule == _EXACT:
            return wanted in self._scopes
        stem = wanted.rstrip("/")
        return rule == _RFC3986 and any(own == stem or own.startswith(f"{stem}/") for own in self._scopes)

    def _meant(self, resolve: Element) -> bool:
        address = resolve.findtext("a:EndpointReference/a:Address", "", NS) or ""
        return address.strip().lower() == self._identity.urn

    def _reference(self) -> Element:
        return el("a:EndpointReference", el("a:Address", self._identity.urn))

    def _endpoint(self, host: str) -> tuple[Element, ...]:
        return (
            self._reference(),
            el("d:Types", " ".join(_TYPES)),
            el("d:Scopes", " ".join(self._scopes)),
            el("d:XAddrs", f"http://{host}{self._path}"),
            el("d:MetadataVersion", str(self._version)),
        )

    def _message(self, action: str, content: Element, relates_to: str = "") -> bytes:
        sequence = {"InstanceId": str(self._instance), "MessageNumber": str(next(self._numbers))}
        header = [
            el("a:Action", f"{NS['d']}/{action}"),
            el("a:MessageID", self._new_id().urn),
            el("a:To", _ANONYMOUS if relates_to else _EVERYBODY),
            el("d:AppSequence", **sequence),
            *([el("a:RelatesTo", relates_to)] if relates_to else []),
        ]
        return envelope(content, header, keep=("s", "dn", "tds"))


def _expanded(element: Element, name: str) -> str:
    prefix, _, local = name.rpartition(":")
    return f"{{{element.nsmap.get(prefix or None, '')}}}{local}"


class DiscoveryServer(asyncio.DatagramProtocol):
    """Answer for one camera inside ``async with``.

    Args:
        host: Interface's address to listen on; `ANYWHERE` for the default interface and loopback.
        port: The camera's HTTP port.

    Attributes:
        silent: Settable; while true nothing is answered.
        unicast: Whether probes sent straight to the host are heard as well.
    """

    def __init__(self, announcer: Announcer, host: str, port: int) -> None:
        self.silent = False
        self.unicast = False
        self._announcer, self._host, self._port = announcer, host, port
        self._transports: list[asyncio.DatagramTransport] = []

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        try:
            for sock in filter(None, (_group_socket(self._host), _unicast_socket(self._host))):
                self._transports.append((await loop.create_datagram_endpoint(lambda: self, sock=sock))[0])
        except BaseException:
            self._close()
            raise
        self.unicast = len(self._transports) == 2
        self.say_hello()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.say_bye()
        self._close()

    def _close(self) -> None:
        for transport in self._transports:
            transport.close()

    def say_hello(self) -> None:
        """Tell everybody that the camera is there."""
        self._transports[0].sendto(self._announcer.hello(self._reached_by(GROUP)), (GROUP, PORT))

    def say_bye(self) -> None:
        """Tell everybody that it goes."""
        self._transports[0].sendto(self._announcer.bye(), (GROUP, PORT))

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a probe (asyncio calls this)."""
        if self.silent or not self._may_hear(addr[0]):
            return
        reply = self._announcer.answer(data, self._reached_by(addr[0]))
        if reply is not None:
            self._transports[-1].sendto(reply, addr)

    def error_received(self, exc: Exception) -> None:
        """Ignore that a prober has gone (asyncio calls this)."""

    def _may_hear(self, sender: str) -> bool:
        """Return whether a sender may be answered: a camera on loopback speaks to this machine only."""
        return not IPv4Address(self._host).is_loopback or IPv4Address(sender).is_loopback

    def _reached_by(self, peer: str) -> str:
        """Return host and port under which `peer` reaches the camera."""
        return f"{_local_address(peer) if self._host == ANYWHERE else self._host}:{self._port}"


def _group_socket(host: str) -> socket.socket:
    sock = _shared_socket()
    try:
        sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        sock.bind((GROUP, PORT))
        for interface in (ANYWHERE, "127.0.0.1") if host == ANYWHERE else (host,):
            member = socket.inet_aton(GROUP) + socket.inet_aton(interface)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(host))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
    except OSError:
        sock.close()
        raise
    return sock


def _unicast_socket(host: str) -> socket.socket | None:
    """Return a socket for probes sent straight to the host, or None where the port is another's."""
    sock = _shared_socket()
    try:
        sock.bind((host, PORT))
    except OSError:
        sock.close()
        return None
    return sock


def _shared_socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return sock


def _local_address(peer: str) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((peer, PORT))
        except OSError:
            return "127.0.0.1"
        return str(sock.getsockname()[0])
