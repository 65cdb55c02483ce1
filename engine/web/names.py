"""By what this machine is called: for its certificate, and to know requests that are not meant for it."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address

import psutil

Address = IPv4Address | IPv6Address
#: Of these is every machine itself.
LOOPBACK: tuple[Address, ...] = (ip_address("127.0.0.1"), ip_address("::1"))


def host_names(told: Iterable[str] = ()) -> tuple[str, ...]:
    """Return this machine's names, and those that it is told to have beside; addresses among them are left out."""
    own = socket.gethostname()
    short = own.partition(".")[0]
    names = ("localhost", own, short, f"{short}.local", *told)
    return tuple(dict.fromkeys(plain(each) for each in names if each and address_of(each) is None))


def plain(name: str) -> str:
    """Return a name as it is compared: in small letters, without the root's dot, in IDNA's letters."""
    small = name.rstrip(".").lower()
    try:
        return small.encode("idna").decode()
    except UnicodeError:
        return small


def address_of(host: str) -> Address | None:
    """Return the address that a host is, None of a name; brackets and a zone are left out."""
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def addresses() -> tuple[Address, ...]:
    """Return the addresses of this machine that others may reach it by, the loopback's first."""
    found = (
        address_of(each.address)
        for each_interface in psutil.net_if_addrs().values()
        for each in each_interface
        if each.family in (socket.AF_INET, socket.AF_INET6)
    )
    return tuple(dict.fromkeys((*LOOPBACK, *(each for each in found if each and not each.is_link_local))))
