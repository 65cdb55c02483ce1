"""What a search asks, and whom: networks by multicast, hosts one by one."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from itertools import cycle
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from drivers.contract import Scope
from drivers.errors import Unreachable
from drivers.onvif.discovery.receiver import DatagramReceiver, sender_of

GROUP, GROUP6, PORT = "239.255.255.250", "ff02::c", 3702
#: Routers that a probe passes.
TTL = 4
#: Questions sent in one go, and seconds until the next ones: a network of 4,096 hosts must not get them all at once.
TOGETHER, PAUSE = 16, 0.01
#: Seconds for finding a host's address.
RESOLVE = 5.0
#: Places that are named in one error.
_NAMED = 8
#: What stands between two sentences.
_BESIDES = "driver.besides"

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
#: Questions that there are for `ProbeTargets.ask`.
QUESTIONS = len(_TYPES)

_Address = tuple[Any, ...]  # as the socket module has them: of two parts, or of four
_Groups = dict[int, Iterator[socket.socket]]


class ProbeTargets:
    """What is probed: sockets and targets, and what went wrong with them."""

    def __init__(self) -> None:
        self._targets: list[tuple[str, Iterator[socket.socket], _Address]] = []
        self._trouble: dict[str, str] = {}
        self._hosts: set[str] = set()

    @classmethod
    async def of(cls, scope: Scope, receiver: DatagramReceiver) -> Self:
        """Open what a scope names."""
        self = cls()
        for interface in scope.interfaces:
            self._join(interface, receiver)
        found = await asyncio.gather(*map(_resolve, scope.hosts), return_exceptions=True)
        groups: _Groups = {}
        for host, told in zip(scope.hosts, found, strict=True):
            if isinstance(told, BaseException):
                self._fail(host, told)
            else:
                self._name(host, *told, receiver, groups)
        return self

    def __bool__(self) -> bool:
        return bool(self._targets)

    def silent(self, heard: set[str]) -> bool:
        """Return whether a host has sent nothing yet."""
        return not self._hosts <= heard

    async def ask(self, question: int) -> None:
        """Send one of the `QUESTIONS` to every place, a few at a time; what fails is tried again in the next round."""
        name, namespace = _TYPES[question]
        for number, (place, sockets, target) in enumerate(self._targets, 1):
            if number % TOGETHER == 0:
                await asyncio.sleep(PAUSE)
            probe = _PROBE.format(namespace=namespace, type=name, message=uuid4())
            try:
                next(sockets).sendto(probe.encode(), target)
            except OSError as error:
                self._fail(place, error)
            else:
                self._trouble.pop(place, None)

    def complain(self, lost: int, most: int) -> None:
        """Raise what a person should know of the search.

        Args:
            lost: Answers that were lost in every round.
            most: How many devices have been told, where there may be more; else 0.

        Raises:
            Unreachable: As `discover` says.
        """
        told = [f"{place} ({why})" for place, why in self._trouble.items()]
        more = f" +{len(told) - _NAMED}" if len(told) > _NAMED else ""
        codes = {"driver.not_probed": told, "driver.answers_lost": lost, "driver.too_many": most}
        if code := f"+{_BESIDES}+".join(code for code, true in codes.items() if true):
            raise Unreachable(code, places=", ".join(told[:_NAMED]) + more, lost=lost, most=most)

    def _fail(self, place: str, error: BaseException) -> None:
        if not isinstance(error, (OSError, ValueError)):  # ValueError: a name that cannot be one
            raise error
        told = error.strerror if isinstance(error, OSError) else os.strerror(errno.EADDRNOTAVAIL)
        self._trouble[place] = told or type(error).__name__

    def _join(self, interface: str, receiver: DatagramReceiver) -> None:
        try:
            joined = _joined6(interface, receiver) if ":" in interface else _joined4(interface, receiver)
        except (OSError, ValueError) as error:
            self._fail(interface, error)
        else:
            self._targets.append((interface, cycle(joined[0]), joined[1]))

    def _name(
        self,
        host: str,
        family: int,
        target: _Address,
        receiver: DatagramReceiver,
        groups: _Groups,
    ) -> None:
        try:
            if family not in groups:
                groups[family] = cycle(receiver.open(family, ""))
        except OSError as error:  # no IPv6 on this machine
            self._fail(host, error)
        else:
            self._hosts.add(sender_of(target))
            self._targets.append((host, groups[family], target))


def _joined4(interface: str, receiver: DatagramReceiver) -> tuple[list[socket.socket], _Address]:
    address = IPv4Address(interface).packed
    sockets = receiver.open(socket.AF_INET, interface)
    for sock in sockets:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, address)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, struct.pack("b", TTL))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
    return sockets, (GROUP, PORT)


def _joined6(interface: str, receiver: DatagramReceiver) -> tuple[list[socket.socket], _Address]:
    """Open what asks on the link of an address; its zone says which link that is, or the kernel's list does."""
    address = IPv6Address(interface)
    index = socket.if_nametoindex(address.scope_id) if address.scope_id else _link_of(address)
    sockets = receiver.open(socket.AF_INET6, interface)
    for sock in sockets:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 1)
    return sockets, (GROUP6, PORT, 0, index)


def _link_of(address: IPv6Address) -> int:
    """Return the number of the interface that has an address.

    Raises:
        OSError: None has it, or nobody tells.
    """
    for line in Path("/proc/net/if_inet6").read_text().splitlines():
        told, index, *_ = line.split()
        if IPv6Address(bytes.fromhex(told)) == address:
            return int(index, 16)
    raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))


async def _resolve(host: str) -> tuple[int, _Address]:
    """Return a host's address, IPv4 before IPv6: what answers at both is one device.

    Raises:
        OSError: It has none, or nobody tells it in time.
    """
    name = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    loop = asyncio.get_running_loop()
    with suppress(socket.gaierror):  # an address asks no name server, and no thread
        told = socket.getaddrinfo(name, PORT, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
        return told[0][0], told[0][4]
    async with asyncio.timeout(RESOLVE):
        found = await loop.getaddrinfo(name, PORT, type=socket.SOCK_DGRAM)
    family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    return family, (str(address[0]), PORT, *address[2:])
