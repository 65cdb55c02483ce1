"""Who this machine has met on its own networks: the kernel's neighbour table (ARP, and IPv6's neighbour discovery).

Asked of the kernel itself (netlink): ``/proc/net/arp`` has no IPv6, and does not tell a neighbour that is looked for
from one that was never found. Reading it asks nobody anything and needs no right.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

#: Bytes of one answer of the kernel, and answers that are read at most: a table has 1,024 entries by default.
_PIECE, _PIECES = 64 << 10, 256
_DUMP, _NEIGHBOURS, _NEW, _DONE, _ERROR = 0x301, 30, 28, 3, 2
_ADDRESS, _HARDWARE = 1, 2
#: States in which nobody has answered: looked for, and not found.
_INCOMPLETE, _FAILED = 0x01, 0x20
_HEADER, _MESSAGE, _ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=BxxxiHBB"), struct.Struct("=HH")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An entry of the table.

    Attributes:
        mac: Lower case with colons; empty: nobody has answered for the address.
        interface: Name of the interface that it was looked for on.
    """

    mac: str
    interface: str


def neighbours() -> Mapping[str, Neighbour]:
    """Return the table by address, link-local ones with their zone (``fe80::1%eth0``); empty where none can be had."""
    if sys.platform != "linux":
        return {}
    with suppress(OSError):
        return dict(_entries(b"".join(_told())))
    return {}


def _told() -> Iterator[bytes]:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        sock.settimeout(2.0)
        size = _HEADER.size + _MESSAGE.size
        sock.send(_HEADER.pack(size, _NEIGHBOURS, _DUMP, 1, 0) + _MESSAGE.pack(0, 0, 0, 0, 0))
        for _ in range(_PIECES):
            piece = sock.recv(_PIECE)
            yield piece
            if any(kind in (_DONE, _ERROR) for kind, _ in _messages(piece)):
                return


def _messages(piece: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _HEADER.size <= len(piece):
        length, kind, *_ = _HEADER.unpack_from(piece, at)
        if length < _HEADER.size:
            return
        yield kind, piece[at + _HEADER.size : at + length]
        at += (length + 3) & ~3


def _entries(told: bytes) -> Iterator[tuple[str, Neighbour]]:
    for kind, body in _messages(told):
        if kind != _NEW or len(body) < _MESSAGE.size:
            continue
        family, index, state, *_ = _MESSAGE.unpack_from(body)
        parts = dict(_attributes(body[_MESSAGE.size :]))
        with suppress(OSError, ValueError):
            interface = socket.if_indextoname(index)
            address = socket.inet_ntop(family, parts.get(_ADDRESS, b""))
            zone = f"%{interface}" if address.startswith("fe80:") else ""
            found = b"" if state & (_INCOMPLETE | _FAILED) else parts.get(_HARDWARE, b"")
            mac = ":".join(f"{byte:02x}" for byte in found) if len(found) == 6 and any(found) else ""
            if state & (_INCOMPLETE | _FAILED) or mac:
                yield address + zone, Neighbour(mac, interface)


def _attributes(body: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, at)
        if length < _ATTRIBUTE.size:
            return
        yield kind, body[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3
