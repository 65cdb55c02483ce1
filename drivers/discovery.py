"""Where devices are looked for, and what answers there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


def _unheard(host: str) -> None:
    """Nobody wants to know how far a sweep is."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where discovery may look.

    Attributes:
        interfaces: Local addresses whose networks are probed by multicast: IPv4, or IPv6 with its zone
            (``fe80::1%eth0``). Empty: none.
        hosts: Hosts probed one by one (unicast).
        sweep: Whether `hosts` may be knocked at besides, by TCP at the ports where a driver's devices are known to
            answer: only where a person asked for just these hosts. Nothing is logged in to. It takes as long as it
            takes, whatever `Driver.discover` is told to wait for answers.
        asked: Is told each host that a sweep has finished with, for whoever shows how far it is.
    """

    interfaces: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    sweep: bool = False
    asked: Callable[[str], None] = field(default=_unheard, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """A device that answered discovery.

    Attributes:
        driver: Name of the driver that found it; ``http`` for what answers HTTP and is known to none.
        url: Address to open it at (for ONVIF: the device service whose host is the sender's).
        identity: What the device calls itself (WS-Discovery endpoint reference); with `url` the key of an answer,
            because cheap cameras share one.
        address: Network address that the answer came from.
        name: What it says its name is; may be empty.
        model: What it says its hardware is; may be empty.
        urls: Every address it announced.
    """

    driver: str
    url: str
    identity: str
    address: str
    name: str = ""
    model: str = ""
    urls: tuple[str, ...] = ()
