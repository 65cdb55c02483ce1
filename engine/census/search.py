"""One look at the networks: every driver asked at the same time, their answers bounded, what went wrong collected."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from drivers.contract import Driver, Found, Scope
from drivers.kit.knocking import Knock, Knocker, located
from drivers.kit.neighbours import Neighbour, neighbours
from engine.census.merge import merge
from engine.census.place import Place, place_of
from engine.census.sighting import Sighting
from engine.fleet import inventory
from rules.model import Sentence

#: Answers that are kept, and of one address: a recorder of 64 channels answers for each, nobody has a thousand.
MOST, OF_ONE = 4096, 64


@dataclass(slots=True)
class Search:
    """A look at the networks; what has been found so far can be had at any moment.

    Attributes:
        found: What has answered so far.
        troubles: By driver what kept others from being found.
        left_out: Answers beyond `MOST`, or `OF_ONE` of one address.
        elsewhere: Addresses that answered a sweep and were not among those asked: what they are is left out.
        done: By driver how many hosts its sweep has finished with.
        changed: Called whenever one of these has changed.
    """

    drivers: Sequence[Driver]
    changed: Callable[[Search], None] = lambda _: None
    found: list[Found] = field(default_factory=list)
    troubles: dict[str, Sentence] = field(default_factory=dict)
    left_out: int = 0
    elsewhere: dict[str, None] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    _seen: set[tuple[str, str, str]] = field(default_factory=set)
    _of: Counter[str] = field(default_factory=Counter)

    async def run(self, scope: Scope, wait: float) -> None:
        """Ask every driver at the same time; returns when all are done."""
        async with asyncio.TaskGroup() as group:
            for driver in self.drivers:
                group.create_task(self._ask(driver, scope, wait), name=f"discover {driver.name}")

    async def look_for(self, urls: Iterable[tuple[str, str]], knocker: Knocker | None = None) -> None:
        """Knock where known cameras should be and nobody has answered: not every camera answers a probe.

        Args:
            urls: Driver and address of each.
        """
        knocker = knocker or Knocker()
        there = {place_of(each.url) for each in self.found}
        there |= {Place(each.address, place_of(each.url).port) for each in self.found}
        wanted = {url: driver for driver, url in urls if place_of(url).host and place_of(url) not in there}
        told = await asyncio.gather(*(knocker.knock(*place_of(url)) for url in wanted))
        for (url, driver), knock in zip(wanted.items(), told, strict=True):
            if knock is Knock.OPEN:
                host = place_of(url).host
                self._take(Found(driver, url, "", (await addresses([host])).get(host, host)))

    async def sightings(self) -> tuple[Sighting, ...]:
        """Return what has been found so far, each device once."""
        met = await asyncio.to_thread(neighbours)
        return self.merged(met)

    def merged(self, met: Mapping[str, Neighbour]) -> tuple[Sighting, ...]:
        """Return the same, where the neighbour table is known."""
        return merge(self.found, met)

    @property
    def heard(self) -> int:
        """How many addresses have answered."""
        return len(self._of)

    @property
    def swept(self) -> int:
        """How many hosts every driver that sweeps is done with."""
        sweeping = [each.name for each in self.drivers if getattr(each, "sweeps", False)]
        return min((self.done.get(name, 0) for name in sweeping), default=0)

    async def _ask(self, driver: Driver, scope: Scope, wait: float) -> None:
        scope = replace(scope, asked=lambda _: self._asked(driver.name))
        only = frozenset(scope.hosts) if scope.sweep and not scope.interfaces else frozenset[str]()
        async for found in inventory.probe(scope, wait, (driver,), self.troubles.__setitem__):
            if (
                only and found.address not in only and ":" not in found.address
            ):  # one of IPv6 has many spellings
                self._ignore(found.address)
            else:
                self._take(found)

    def _ignore(self, address: str) -> None:
        """Leave out who answers from an address that nobody named: it would be taken into a site unasked."""
        if len(self.elsewhere) < MOST:
            self.elsewhere[address] = None

    def _take(self, found: Found) -> None:
        key = (found.driver, found.identity, found.url)
        if key in self._seen:
            return
        if len(self.found) >= MOST or self._of[found.address] >= OF_ONE:
            self.left_out += 1
            return
        self._seen.add(key)
        self._of[found.address] += 1
        self.found.append(found)
        self.changed(self)

    def _asked(self, driver: str) -> None:
        self.done[driver] = self.done.get(driver, 0) + 1
        self.changed(self)


async def addresses(hosts: Iterable[str]) -> dict[str, str]:
    """Return the address of each host that has one, by the host as it is written."""
    wanted = list(dict.fromkeys(host for host in hosts if host))

    async def one(host: str) -> str:
        with suppress(ValueError):
            ip_address(host)
            return host  # with its zone, which a look-up would take away
        with suppress(OSError, ValueError, TimeoutError):
            return str((await located(host, 0))[1][0])
        return host

    return dict(zip(wanted, await asyncio.gather(*map(one, wanted)), strict=True))
