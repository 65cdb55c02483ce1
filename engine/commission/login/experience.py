"""What devices of one kind took and refused in this run: the next one of the kind is asked more cleverly.

A device is sent two wrong logins at most. Where a site has five, each of twenty cameras of a kind would spend its two
on the same pair, and none would be opened: so the first of a kind goes ahead alone, and what it refused comes last for
the others.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
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
    _taken: set[_Mark] = field(default_factory=set, repr=False)
    _refused: defaultdict[_Mark, set[str]] = field(
        default_factory=lambda: defaultdict(set), repr=False
    )  # by whom
    _turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    def heard(self, found: Found, url: str = "") -> None:
        """Remember what a device says of itself; `url` is by what it is asked for, where that is another address."""
        self._words[url or found.url] = tuple(each[:LONGEST] for each in (found.model, found.name) if each)

    def words(self, url: str) -> tuple[str, ...]:
        """Return what the device at an address says of itself: its model, then its name; empty: nothing is known."""
        return self._words.get(url, ())

    def rank(self, url: str, login: Login) -> tuple[int, int]:
        """Return what to sort a login by: the likeliest to fit first."""
        return -int(self.fits(url, login)), len(self._refused[self._mark(url, login)])

    def fits(self, url: str, login: Login) -> bool:
        """Return whether a device of the same kind took a login, and this one did not refuse it."""
        return self._mark(url, login) in self._unsent(url)

    def knows_better(self, url: str) -> bool:
        """Return whether others of its kind take a login that this device was not sent."""
        return bool(self._unsent(url))

    def learn(self, url: str, login: Login, *, fits: bool) -> None:
        """Remember what a device said to a login."""
        mark = self._mark(url, login)
        if fits:
            self._taken.add(mark)
        else:
            self._refused[mark].add(url)

    @asynccontextmanager
    async def turn(self, url: str, logins: int) -> AsyncIterator[None]:
        """Let the devices of a kind go one by one while it is open which of several logins fits it."""
        kind = self._kind(url)
        if logins < 2 or not kind or self._taken_by(kind):
            yield
            return
        async with self._turns[kind]:
            yield

    def _unsent(self, url: str) -> set[_Mark]:
        """Return what others of its kind take, and this device did not refuse."""
        return {mark for mark in self._taken_by(self._kind(url)) if url not in self._refused[mark]}

    def _taken_by(self, kind: str) -> set[_Mark]:
        return {mark for mark in self._taken if kind and mark[0] == kind}

    def _kind(self, url: str) -> str:
        return next(iter(self.words(url)), "").casefold()

    def _mark(self, url: str, login: Login) -> _Mark:
        return self._kind(url), login.username, login.password
