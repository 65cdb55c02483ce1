"""What devices of one kind took and refused in this run: the next one of the kind is asked more cleverly.

A device is sent two wrong logins at most. Where a site has five, each of twenty cameras of a kind would spend its two
on the same pair, and none would be opened: so the first of a kind goes ahead alone, and what it refused comes last for
the others.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from drivers.contract import Found
from drivers.logins import Login

#: Signs of a word that a device says of itself.
LONGEST = 200
_Mark = tuple[str, str, str]


@dataclass(slots=True)
class Experience:
    """What was learnt of devices by their kind: what they say they are before anybody logs in."""

    _words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _taken: Counter[_Mark] = field(default_factory=Counter, repr=False)
    _refused: Counter[_Mark] = field(default_factory=Counter, repr=False)
    _own: dict[str, set[_Mark]] = field(default_factory=dict, repr=False)
    _turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    def heard(self, found: Found, url: str = "") -> None:
        """Remember what a device says of itself; `url` is by what it is asked for, where that is another address."""
        self._words[url or found.url] = tuple(each[:LONGEST] for each in (found.model, found.name) if each)

    def words(self, url: str) -> tuple[str, ...]:
        """Return what the device at an address says of itself: its model, then its name; empty: nothing is known."""
        return self._words.get(url, ())

    def rank(self, url: str, login: Login) -> tuple[int, int]:
        """Return what to sort a login by: the likeliest to fit first."""
        mark = self._mark(url, login)
        return -int(self.fits(url, login)), self._refused[mark]

    def fits(self, url: str, login: Login) -> bool:
        """Return whether a device of the same kind took a login, and this one did not refuse it."""
        return self._mark(url, login) in self._hopes(url)

    def knows_better(self, url: str) -> bool:
        """Return whether others of its kind take a login that this device was not sent."""
        return bool(self._hopes(url))

    def learn(self, url: str, login: Login, *, fits: bool) -> None:
        """Remember what a device said to a login."""
        mark = self._mark(url, login)
        (self._taken if fits else self._refused)[mark] += 1
        if not fits:
            self._own.setdefault(url, set()).add(mark)

    @asynccontextmanager
    async def turn(self, url: str, logins: int) -> AsyncIterator[None]:
        """Let the devices of a kind go one by one while it is open which of several logins fits it."""
        kind = self._kind(url)
        if logins < 2 or not kind or self._knows(kind):
            yield
            return
        async with self._turns[kind]:
            yield

    def _hopes(self, url: str) -> set[_Mark]:
        kind = self._kind(url)
        taken = {mark for mark, count in self._taken.items() if kind and mark[0] == kind and count}
        return taken - self._own.get(url, set())

    def _knows(self, kind: str) -> bool:
        return bool(kind) and any(mark[0] == kind and count for mark, count in self._taken.items())

    def _kind(self, url: str) -> str:
        return next(iter(self.words(url)), "").casefold()

    def _mark(self, url: str, login: Login) -> _Mark:
        return self._kind(url), login.username, login.password
