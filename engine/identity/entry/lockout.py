"""How often somebody may try to get in: pure.

At most 20 tries an hour count against a name, and as many against an address. After five there are waits, each twice as
long as the one before. A try that succeeds is taken back. So that a stranger who floods a name (or shares an address)
does not lock its owner out, five of the twenty are kept for who is *familiar*: for a name and an address that
succeeded together before. The bound of twenty holds for all of them together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

#: Seconds that a try counts, how many may count, and how many of them strangers leave to who is familiar.
HOUR, MOST, RESERVED = 3600.0, 20, 5
#: Tries without a wait, and the longest wait between two in seconds.
FREE, LONGEST = 5, 300.0
#: Addresses that are familiar with a name, and for how many seconds after they succeeded last.
ADDRESSES, FAMILIAR = 4, 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class Try:
    """One try: when (engine time), and whether the name and the address were familiar with each other."""

    at: float
    familiar: bool = False


Tries = tuple[Try, ...]


def recent(tries: Iterable[Try], now: float) -> Tries:
    """Return those that count; one of the future (time was carried by a wrong clock) is one of now."""
    counts = (each for each in tries if now - each.at < HOUR)
    return tuple(each if each.at <= now else Try(now, each.familiar) for each in counts)[-MOST:]


def wait(tries: Tries, now: float, familiar: bool) -> float:
    """Return the seconds until another may be made; 0: now.

    Args:
        tries: Those that count (`recent`).
        familiar: Whether whoever tries is.
    """
    strangers = [each for each in tries if not each.familiar]
    free = [_until_less(tries, MOST, now)]
    if not familiar:
        free.append(_until_less(strangers, MOST - RESERVED, now))
    own = [each for each in tries if each.familiar] if familiar else strangers
    if len(own) >= FREE:
        free.append(own[-1].at + min(2.0 ** (len(own) - FREE + 1), LONGEST) - now)
    return max(0.0, *free)


def _until_less(tries: Iterable[Try], most: int, now: float) -> float:
    """Return the seconds until fewer than `most` count."""
    at = sorted(each.at for each in tries)
    return at[-most] + HOUR - now if len(at) >= most else 0.0


def place_of(address: str) -> str:
    """Return an address as tries are counted by it: of IPv6 its /64, which is one customer's."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(IPv6Address(int(found) >> 64 << 64)) + "/64"
    return str(found)
