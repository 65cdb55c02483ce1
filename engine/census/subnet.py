"""Which hosts a person means: networks, ranges and single hosts, as they write them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from engine.config.addresses import is_host
from rules.model import Sentence

#: Hosts that one call asks at most, and the shortest prefix of an IPv6 network: beyond it nobody is met by chance.
MOST, IPV6_PREFIX = 4096, 118

_Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Hosts:
    """What was meant.

    Attributes:
        hosts: Each once, in the order given.
        troubles: What is no network, or too large a one.
    """

    hosts: tuple[str, ...]
    troubles: tuple[Sentence, ...] = ()


def hosts_of(told: Sequence[str], own: Collection[str] = (), most: int = MOST) -> Hosts:
    """Return the hosts of networks (``192.0.2.0/24``), ranges (``192.0.2.10-20``) and single hosts.

    Of a network its own address and its broadcast are left out, and this machine.

    Args:
        own: Addresses of this machine.
        most: Hosts at most; more is a trouble, not a part of them.
    """
    hosts: dict[str, None] = {}
    troubles: list[Sentence] = []
    for text in told:
        try:
            hosts |= dict.fromkeys(each for each in _hosts(text.strip(), most) if each not in own)
        except _Wrong as wrong:
            troubles.append(wrong.said)
    if len(hosts) > most and not troubles:
        troubles.append(Sentence("census.many", {"count": len(hosts), "most": most}))
    return Hosts(tuple(hosts) if not troubles else (), tuple(troubles))


class _Wrong(ValueError):
    def __init__(self, code: str, **values: str | int) -> None:
        super().__init__(code)
        self.said = Sentence(code, values)


def _hosts(text: str, most: int) -> Iterator[str]:
    if "/" in text:
        return _of_network(text, most)
    first, dash, last = text.partition("-")
    if dash and _is_address(first):
        return _of_range(text, first, last, most)
    if not is_host(text.partition("%")[0]):
        raise _Wrong("census.no_network", text=text)
    return iter((text.strip("[]"),))


def _of_network(text: str, most: int) -> Iterator[str]:
    plain, zone = _without_zone(text)
    try:
        network: IPv4Network | IPv6Network = ip_network(plain, strict=False)
    except ValueError:
        raise _Wrong("census.no_network", text=text) from None
    if isinstance(network, IPv6Network) and network.prefixlen < IPV6_PREFIX:
        raise _Wrong("census.large6", text=text, prefix=IPV6_PREFIX)
    if network.num_addresses > most + 2:
        raise _Wrong("census.large", text=text, count=network.num_addresses, most=most)
    return (f"{each}{zone}" for each in network.hosts())


def _without_zone(text: str) -> tuple[str, str]:
    """Take a link's zone out of a network: ``fe80::%eth0/118`` and ``fe80::/118%eth0`` mean the same."""
    head, percent, rest = text.partition("%")
    if not percent:
        return text, ""
    zone, slash, prefix = rest.partition("/")
    return f"{head}{slash}{prefix}", f"%{zone}"


def _of_range(text: str, first: str, last: str, most: int) -> Iterator[str]:
    begin = ip_address(first)
    end = _end(begin, last)
    if end is None or int(end) < int(begin):
        raise _Wrong("census.no_network", text=text)
    count = int(end) - int(begin) + 1
    if count > most:
        raise _Wrong("census.large", text=text, count=count, most=most)
    return (str(type(begin)(number)) for number in range(int(begin), int(end) + 1))


def _end(begin: _Address, text: str) -> _Address | None:
    """Return the last address of a range: written whole, or its last part alone."""
    if isinstance(begin, IPv4Address) and text.isascii() and text.isdigit():
        text = f"{str(begin).rpartition('.')[0]}.{text}"
    if not _is_address(text):
        return None
    end = ip_address(text)
    return end if end.version == begin.version else None


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
