"""Looking for cameras that are known by their hardware alone: one sweep of the networks that a person named."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from drivers import registry
from drivers.contract import Login, Scope
from engine.census.identify import Identifier
from engine.census.search import Search
from engine.census.sighting import Sighting
from engine.census.subnet import hosts_of
from engine.commission.login.keys import may_try
from engine.errors import Because, Refusal
from engine.fleet.inventory import installed_drivers
from engine.fleet.login_guard import LoginBooks

#: Seconds that answers of one round are waited for.
WAIT = 2.0


@dataclass(slots=True)
class HardwareSearch:
    """Who answers there; asked once, whoever needs it.

    Attributes:
        logins: What may be tried at devices whom nobody knows: one each, and never one that could lock an account.
    """

    subnets: Sequence[str]
    logins: Sequence[Login]
    books: LoginBooks
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _found: Sequence[Sighting] | None = None

    async def __call__(self) -> Sequence[Sighting]:
        """Return them.

        Raises:
            Refusal: What was named is no network.
        """
        async with self._turn:
            if self._found is None:
                self._found = await self._look()
        return self._found

    async def _look(self) -> Sequence[Sighting]:
        hosts = hosts_of(self.subnets)
        if hosts.troubles:
            first = hosts.troubles[0]
            raise Refusal(Because.INVALID, first.code, **first.values)
        search = Search(installed_drivers())
        await search.run(Scope(hosts=hosts.hosts, sweep=True), WAIT)
        identifier = Identifier(registry.load, self.books.of)
        found = await identifier.all(await search.sightings(), self._for)
        return [each.sighting for each in found]

    def _for(self, sighting: Sighting) -> Sequence[Login]:
        book = self.books.of(sighting.url)
        proven = [each for each in self.logins if book.proven(each)]
        return [each for each in (proven or self.logins)[:1] if may_try(book, each)]
