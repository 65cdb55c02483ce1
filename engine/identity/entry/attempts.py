"""Tries to get in, counted before they are looked at and kept before they are answered: a restart forgives nothing."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any
from zlib import crc32

from engine.errors import Because, Refusal
from engine.identity.entry.lockout import ADDRESSES, FAMILIAR, Tries, Try, place_of, recent, wait
from engine.runtime.clock import Clock
from engine.store.people import Change, Table

#: Names that nobody has, and addresses, of which tries are counted one by one; more share some counters.
MOST_NAMES, MOST_ADDRESSES, COUNTERS = 1024, 4096, 256
DAY = 86_400.0
USER, ADDRESS, BEARER, KNOWN = "user", "address", "bearer", "known"
#: As whom the bearer of the site's shared token is familiar: no person's name has a blank.
SHARED = "shared token"
Keep = Callable[[Sequence[Change]], Awaitable[None]]


class Locked(Refusal):
    """Too many tries: `seconds` until another is looked at."""

    def __init__(self, seconds: float) -> None:
        whole, minutes = ceil(seconds), max(1, ceil(seconds / 60))
        super().__init__(Because.OFTEN, "access.locked", seconds=whole, minutes=minutes)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that was counted: against what, and when."""

    subjects: tuple[str, ...]
    made: Try
    kind: str = ADDRESS
    known: str = ""
    place: str = ""


class Attempts:
    """Counts tries against names and addresses.

    Attributes:
        wrong: Tries since the start that did not succeed, by their kind.
        refused: Tries since the start that were not looked at.
        unreadable: Rows that mean nothing; they are left out.
    """

    def __init__(self, keep: Keep, clock: Clock) -> None:
        self._keep, self._clock = keep, clock
        self._tries: dict[str, Tries] = {}
        self._known: dict[str, dict[str, float]] = {}
        self.unreadable = self.refused = 0
        self.wrong = Counter[str]()

    def recall(self, rows: Iterable[Sequence[Any]]) -> None:
        """Take what earlier runs counted."""
        for subject, told, _ in rows:
            try:
                self._take(subject, json.loads(told))
            except (ValueError, TypeError, AttributeError):
                self.unreadable += 1

    def _take(self, subject: str, told: Any) -> None:
        if subject.startswith(f"{KNOWN}:"):
            self._known[subject] = {str(place): float(at) for place, at in told}
        else:
            self._tries[subject] = tuple(Try(float(at), bool(familiar)) for at, familiar in told)

    @property
    def _now(self) -> float:
        return self._clock.now().engine

    async def begin(
        self, name: str | None, address: str, *, known: bool = False, kind: str = ADDRESS
    ) -> Attempt:
        """Count a try, durably; whoever succeeds takes it back.

        Args:
            name: Whom somebody says to be; None: nobody in particular.
            address: Where they are.
            known: There is somebody of that name.
            kind: Passwords and codes are counted apart from what programs show.

        Raises:
            Locked: Too many: this one is not looked at.
        """
        place, now = place_of(address), self._now
        user = None if name is None else _user(name, known)
        familiar = user is not None and self._familiar(f"{KNOWN}:{user}", place, now)
        subjects = [self._counter(kind, place, MOST_ADDRESSES, now)]
        if user is not None:
            subjects.append(f"{USER}:{user}" if known else self._counter(USER, user, MOST_NAMES, now))
        seconds = max(wait(self._of(subject, now), now, familiar) for subject in subjects)
        if seconds > 0:
            self.refused += 1
            raise Locked(seconds)
        attempt = Attempt(
            tuple(subjects), Try(now, familiar), kind, f"{KNOWN}:{user}" if user and known else "", place
        )
        for subject in subjects:
            self._tries[subject] = (*self._of(subject, now), attempt.made)
        self.wrong[kind] += 1
        await self._keep([self._row(subject) for subject in subjects])
        return attempt

    def hold(self, name: str, address: str, kind: str = BEARER) -> None:
        """Look whether a try would be looked at now, without counting one.

        Raises:
            Locked: It would not.
        """
        place, now = place_of(address), self._now
        familiar = self._familiar(f"{KNOWN}:{name}", place, now)
        seconds = wait(self._of(self._counter(kind, place, MOST_ADDRESSES, now), now), now, familiar)
        if seconds > 0:
            self.refused += 1
            raise Locked(seconds)

    async def welcome(self, name: str, address: str) -> None:
        """Remember that an address is familiar; durable once a day, not each time."""
        known, place = f"{KNOWN}:{name}", place_of(address)
        if self._now - self._known.get(known, {}).get(place, -DAY) >= DAY:
            await self._keep(self._befriend(known, place))

    def succeeded(self, attempt: Attempt) -> list[Change]:
        """Take a try back, and remember who is familiar with whom; return what is to be kept of that."""
        self.wrong[attempt.kind] -= 1
        for subject in attempt.subjects:
            left = list(self._tries.get(subject, ()))
            if attempt.made in left:
                left.remove(attempt.made)
            self._tries[subject] = tuple(left)
        changes = [self._row(subject) for subject in attempt.subjects]
        return [*changes, *self._befriend(attempt.known, attempt.place)] if attempt.known else changes

    def locked(self) -> list[str]:
        """Return what is locked now for strangers: ``user:an``, ``address:203.0.113.5``."""
        now = self._now
        return [subject for subject in self._tries if wait(self._of(subject, now), now, False) > 0]

    async def sweep(self) -> None:
        """Forget what counts no more."""
        now = self._now
        old = [subject for subject in self._tries if not self._of(subject, now)]
        for subject in old:
            del self._tries[subject]
        strange = [user for user, places in self._known.items() if not _fresh(places, now)]
        for user in strange:
            del self._known[user]
        await self._keep([Change(Table.TRY, (each,), gone=True) for each in (*old, *strange)])

    def _of(self, subject: str, now: float) -> Tries:
        return recent(self._tries.get(subject, ()), now)

    def _familiar(self, user: str, place: str, now: float) -> bool:
        return place in _fresh(self._known.get(user, {}), now)

    def _befriend(self, known: str, place: str) -> list[Change]:
        places = {**self._known.get(known, {}), place: self._now}
        newest = sorted(places.items(), key=lambda each: each[1])[-ADDRESSES:]
        self._known[known] = dict(newest)
        return [Change(Table.TRY, (known, json.dumps(newest), self._now))]

    def _counter(self, kind: str, of: str, most: int, now: float) -> str:
        """Return what counts: one's own counter while there is room for it, else one that several share."""
        subject = f"{kind}:{of}"
        if subject in self._tries:
            return subject
        if sum(each.startswith(f"{kind}:") for each in self._tries) < most:
            return subject
        return f"{kind}:+{crc32(of.encode()) % COUNTERS}"

    def _row(self, subject: str) -> Change:
        tries = self._tries[subject]
        if not tries:
            return Change(Table.TRY, (subject,), gone=True)
        told = json.dumps([[each.at, each.familiar] for each in tries])
        return Change(Table.TRY, (subject, told, tries[-1].at))


def _fresh(places: dict[str, float], now: float) -> dict[str, float]:
    return {place: at for place, at in places.items() if now - at < FAMILIAR}


def _user(name: str, known: bool) -> str:
    """Return a name as it is counted; of nobody's not itself, it may be a password that went into the wrong field."""
    return name if known else "?" + hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]
