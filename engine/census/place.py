"""Where an address leads: what tells two addresses of one device from those of two. Pure."""

from __future__ import annotations

from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}


class Place(NamedTuple):
    """Host and port."""

    host: str
    port: int


def place_of(url: str) -> Place:
    """Return where a URL leads; an empty host where it leads nowhere: a stranger may announce anything."""
    try:
        parts = urlsplit(url)
        return Place((parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 80))
    except ValueError:
        return Place("", 0)


def in_order(address: str) -> tuple[int, int, str]:
    """Return what addresses are sorted by: IPv4 first, each by its number; names last."""
    try:
        told = ip_address(address)
    except ValueError:
        return 9, 0, address
    return told.version, int(told), address
