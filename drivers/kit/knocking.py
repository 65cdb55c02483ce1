"""Knocking at hosts by TCP: which of them are there, and at which ports somebody opens.

For sweeps that a person asked for. A network must not notice much: so many knocks at once, so many a second, each
given up after a second. What the first knock and the kernel's neighbour table say of a host decides whether it is
knocked at again, so that addresses that nobody has cost one knock each.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum

from drivers.contract import Found
from drivers.errors import Unreachable
from drivers.kit.neighbours import Neighbour, neighbours

#: Knocks under way, knocks begun within a second, seconds that each may take.
AT_ONCE, PER_SECOND, SECONDS = 192, 400, 1.0
#: Hosts that are swept together, and that are talked to at once.
TOGETHER, TALKS = 128, 128
#: Places that are named in one error.
_NAMED = 8
_GONE = frozenset({errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ETIMEDOUT})
_CLOSED = frozenset({errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE})


class Knock(Enum):
    """What became of a knock."""

    OPEN = "open"
    CLOSED = "closed"  #: the host is there, and nobody listens
    SILENT = "silent"  #: nobody is there, or somebody who throws knocks away


@dataclass(slots=True)
class Knocker:
    """Knocks, not more than bearable.

    Attributes:
        trouble: By host why it could not be knocked at: no route, no right.
    """

    at_once: int = AT_ONCE
    per_second: float = PER_SECOND
    seconds: float = SECONDS
    trouble: dict[str, str] = field(default_factory=dict)
    _places: asyncio.Semaphore = field(init=False)
    _next: float = 0.0

    def __post_init__(self) -> None:
        self._places = asyncio.Semaphore(self.at_once)

    async def knock(self, host: str, port: int) -> Knock:
        """Connect to a port and hang up."""
        async with self._places:
            await self._turn()
            try:
                family, address = await located(host, port)
                return await self._connect(family, address)
            except (OSError, ValueError) as error:
                return self._judge(host, error)

    async def open_ports(self, host: str, ports: Iterable[int]) -> tuple[int, ...]:
        """Return the ports of a host where somebody opens, in the order given."""
        asked = tuple(ports)
        told = await asyncio.gather(*(self.knock(host, port) for port in asked))
        return tuple(port for port, knock in zip(asked, told, strict=True) if knock is Knock.OPEN)

    def complain(self) -> None:
        """Raise what kept hosts from being knocked at.

        Raises:
            Unreachable: Naming the first of them.
        """
        if self.trouble:
            told = [f"{host} ({why})" for host, why in self.trouble.items()]
            more = f" +{len(told) - _NAMED}" if len(told) > _NAMED else ""
            raise Unreachable("driver.not_knocked", silent=", ".join(told[:_NAMED]) + more)

    async def _turn(self) -> None:
        now = asyncio.get_running_loop().time()
        self._next = max(now, self._next + 1 / self.per_second)
        if self._next > now:
            await asyncio.sleep(self._next - now)

    async def _connect(self, family: int, address: tuple[object, ...]) -> Knock:
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.setblocking(False)
            try:
                async with asyncio.timeout(self.seconds):
                    await asyncio.get_running_loop().sock_connect(sock, address)
            except TimeoutError:
                return Knock.SILENT
        return Knock.OPEN

    def _judge(self, host: str, error: OSError | ValueError) -> Knock:
        number = error.errno if isinstance(error, OSError) else errno.EADDRNOTAVAIL
        if number in _CLOSED:
            return Knock.CLOSED
        if number not in _GONE:
            told = error.strerror if isinstance(error, OSError) else os.strerror(errno.EADDRNOTAVAIL)
            self.trouble[host] = told or type(error).__name__
        return Knock.SILENT


#: Talks to a host at the ports that are open, and returns what answered.
Talk = Callable[[str, Sequence[int]], Awaitable[Sequence[Found]]]


async def sweep(
    hosts: Sequence[str],
    ports: Sequence[int],
    talk: Talk,
    knocker: Knocker,
    asked: Callable[[str], None],
    table: Callable[[], Mapping[str, Neighbour]] = neighbours,
) -> AsyncGenerator[Found, None]:
    """Knock at hosts and talk to whoever opens; yields what answered, as it answers.

    Args:
        ports: The first one is what every host is knocked at.
        asked: Is told each host that is done.
        table: What this machine knows of its neighbours.
    """
    for begin in range(0, len(hosts), TOGETHER):
        part = hosts[begin : begin + TOGETHER]
        first = await asyncio.gather(*(knocker.knock(host, ports[0]) for host in part))
        met = await asyncio.to_thread(table) if Knock.SILENT in first else {}
        talks = asyncio.Semaphore(TALKS)
        loop = asyncio.get_running_loop()
        visits = [
            loop.create_task(
                _visited(host, knock, ports, talk, knocker, talks, asked, met), name=f"sweep {host}"
            )
            for host, knock in zip(part, first, strict=True)
        ]
        try:  # no task group: whoever closes this iterator early is owed the end that he asked for, and no group
            for visit in asyncio.as_completed(visits):
                for found in await visit:
                    yield found
        finally:
            for each in visits:
                each.cancel()
            await asyncio.gather(*visits, return_exceptions=True)


async def _visited(
    host: str,
    first: Knock,
    ports: Sequence[int],
    talk: Talk,
    knocker: Knocker,
    talks: asyncio.Semaphore,
    asked: Callable[[str], None],
    met: Mapping[str, Neighbour],
) -> Sequence[Found]:
    try:
        if first is Knock.SILENT and is_absent(host, met):
            return ()
        # a knock that got lost while this machine was still asking who has the address is repeated
        again = ports if first is Knock.SILENT else ports[1:]
        open_ports = await knocker.open_ports(host, again)
        if first is Knock.OPEN:
            open_ports = (ports[0], *open_ports)
        if not open_ports:
            return ()
        async with talks:
            return await talk(host, open_ports)
    finally:
        asked(host)


def is_absent(host: str, met: Mapping[str, Neighbour]) -> bool:
    """Return whether a host is on one of our own networks and nobody has answered for its address."""
    there = met.get(host)
    return there is not None and not there.mac


async def located(host: str, port: int) -> tuple[int, tuple[object, ...]]:
    """Return family and socket address of a host, IPv4 before IPv6.

    Raises:
        OSError: It has none, or nobody tells it in time.
    """
    name = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    with suppress(socket.gaierror):  # an address asks no name server, and no thread
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        return found[0][0], found[0][4]
    async with asyncio.timeout(5.0):
        told = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    family, _, _, _, address = min(told, key=lambda each: each[0] != socket.AF_INET)
    return family, address
