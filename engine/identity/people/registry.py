"""Who is registered, and what they are granted: in memory, and durable.

Each change is kept by the store before it holds here; they come one after another. What somebody may is looked up here
whenever it is asked: nothing else remembers it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

from engine.errors import Because, Refusal, StoreError
from engine.identity.access import Ruling, Where, decide
from engine.identity.grant import Grant, Hours
from engine.identity.people import rows
from engine.identity.people.credential import (
    Random,
    Session,
    Token,
    short,
)
from engine.identity.people.person import Person
from engine.identity.people.shelf import Shelf, Step, T
from engine.identity.permission import ROLES, Permission, Role
from engine.identity.place import SITE, Extent, Groups, Place
from engine.runtime.clock import Clock
from engine.store.people import Change, Table
from engine.store.ports import People
from rules.model import Instant, Sentence

#: What one site has at most of each; whoever is added beyond it is refused.
PERSONS, GRANTS = 2000, 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lasts: in all, and without being used."""

    whole: timedelta = timedelta(hours=12)
    idle: timedelta = timedelta(minutes=60)


DEFAULT = Limits()


class Wrong(Refusal):
    """A name and a password that are not each other's (any more); which of them it is, is not said."""

    def __init__(self) -> None:
        super().__init__(Because.STRANGER, "access.wrong")


class Registry:
    """Persons and their grants; `engine.identity.people.book.Book` has what lets them in.

    Attributes:
        limits: How long sessions last.
    """

    def __init__(
        self,
        kept: People,
        clock: Clock,
        random: Random,
        *,
        zone: tzinfo,
        groups: Groups,
        limits: Limits = DEFAULT,
    ) -> None:
        self._kept, self._clock, self._random = kept, clock, random
        self._zone, self._groups, self.limits = zone, groups, limits
        self._persons = Shelf(Table.PERSON, rows.person_row, rows.person_of)
        self._grants = Shelf(Table.GRANT, rows.grant_row, rows.grant_of)
        self._tokens = Shelf(Table.TOKEN, rows.token_row, rows.token_of)
        self._sessions = Shelf(Table.SESSION, rows.session_row, rows.session_of)
        self._codes = Shelf(Table.CODE, rows.code_row, rows.code_of)
        self._shelves: tuple[Shelf[Any], ...] = (
            self._persons, self._grants, self._tokens, self._sessions, self._codes,
        )  # fmt: skip
        self._changing = asyncio.Lock()
        self._used: dict[str, float] = {}
        self._by_person: dict[str, list[Grant]] = {}  # what is found often, made anew after each change
        self._by_secret: dict[bytes, str] = {}

    async def read(self) -> None:
        """Take what the store has."""
        for shelf in self._shelves:
            shelf.fill(await self._kept.people(shelf.table))

    async def tries(self) -> Sequence[Sequence[Any]]:
        """Return what the store has of what was tried."""
        return await self._kept.people(Table.TRY)

    # -- looking --------------------------------------------------------------------------------

    @property
    def now(self) -> Instant:
        """Now, by both clocks."""
        return self._clock.now()

    @property
    def persons(self) -> Mapping[str, Person]:
        """Everybody, those who were removed as well."""
        return self._persons.items

    @property
    def sessions(self) -> Mapping[str, Session]:
        """Who has logged in."""
        return self._sessions.items

    @property
    def tokens(self) -> Mapping[str, Token]:
        """What programs may show."""
        return self._tokens.items

    @property
    def empty(self) -> bool:
        """Whether nobody is registered; somebody whose row cannot be read is, or damage would open the door."""
        there = any(person.removed is None for person in self.persons.values())
        return not there and not self._persons.unreadable

    def grants(self, person: str | None = None) -> list[Grant]:
        """Return grants; None: everybody's."""
        if person is None:
            return list(self._grants.items.values())
        if person not in self._by_person:
            own = [each for each in self._grants.items.values() if each.person == person]
            self._by_person[person] = own
        return self._by_person[person]

    def grant(self, id: str) -> Grant:
        """Return a grant.

        Raises:
            Refusal: ``access.no_grant``.
        """
        return known(self._grants, id, "access.no_grant")

    def person(self, id: str) -> Person:
        """Return a person who was not removed.

        Raises:
            Refusal: ``access.no_person``.
        """
        found = known(self._persons, id, "access.no_person")
        if found.removed is not None:
            raise Refusal(Because.UNKNOWN, "access.no_person", id=id)
        return found

    def local(self, user: str) -> Person | None:
        """Return the person who a user of this machine is."""
        return next((each for each in self.persons.values() if each.active and user in each.local), None)

    def unreadable(self) -> int:
        """Return how many rows mean nothing."""
        return sum(shelf.unreadable for shelf in self._shelves)

    def rule(self, person: str, permission: Permission, where: Where) -> Ruling:
        """Return whether a person may do something somewhere now."""
        known, at = self.persons.get(person), self.now
        if known is None or not known.active:
            return Ruling(missing=Sentence("access.disabled", {"who": person}))
        return decide(
            self.grants(person),
            permission,
            where,
            who=known.name or person,
            person=person,
            at=at,
            local=at.wall.astimezone(self._zone),
            groups=self._groups,
        )

    # -- persons --------------------------------------------------------------------------------

    async def add(
        self, id: str, name: str, *, by: str, local: Iterable[str] = (), grants: Sequence[Grant] = ()
    ) -> Person:
        """Register a person, with what they are granted.

        Raises:
            Refusal: ``access.taken``, ``access.local_taken``, ``access.many``: not as things are.
        """
        async with self._changing:
            person = Person(id, name, self.now.wall, by)
            await self._do(*self._added(person, local, grants))
            return self.persons[id]

    def _added(self, person: Person, local: Iterable[str], grants: Sequence[Grant]) -> Iterator[Step]:
        if person.id in self.persons:
            raise Refusal(Because.CONFLICT, "access.taken", id=person.id)
        self._room(self._persons, PERSONS)
        users = frozenset(local)
        self._free(users, person.id)
        yield self._persons.put(replace(person, local=users))
        yield from map(self._grants.put, grants)

    async def change(
        self,
        id: str,
        *,
        name: str | None = None,
        local: Iterable[str] | None = None,
        disabled: bool | None = None,
    ) -> Person:
        """Change what is given of a person; who is disabled is out at once.

        Raises:
            Refusal: ``access.no_person``, ``access.local_taken``, ``access.last_admin``.
        """
        async with self._changing:
            person = self.person(id)
            users = person.local if local is None else frozenset(local)
            self._free(users, id)
            off = (
                person.disabled
                if disabled is None
                else (person.disabled or self.now.wall)
                if disabled
                else None
            )
            after = replace(person, name=person.name if name is None else name, local=users, disabled=off)
            self._keeps_an_admin(persons={id: after})
            ended = self._out(id) if off is not None else ()
            await self._do(self._persons.put(after), *ended)
            return after

    async def remove(self, id: str) -> Person:
        """Remove a person with all that lets them in; the row stays, what they did names them.

        Raises:
            Refusal: ``access.no_person``, ``access.last_admin``.
        """
        async with self._changing:
            person = self.person(id)
            after = replace(person, removed=self.now.wall, password=None, local=frozenset())
            self._keeps_an_admin(persons={id: after})
            gone = [self._grants.drop(each.id) for each in self.grants(id)]
            tokens = [self._tokens.drop(each.id) for each in self.tokens.values() if each.person == id]
            await self._do(self._persons.put(after), *gone, *tokens, *self._out(id))
            return after

    async def set_password(self, id: str, phc: str, *, was: str | None = None) -> None:
        """Give a person another password, which ends their sessions.

        Args:
            was: The hash that whoever asks has shown to know; None: they do not have to.

        Raises:
            Refusal: ``access.no_person``.
            Wrong: It is not theirs any more.
        """
        async with self._changing:
            person = self.person(id) if was is None else self._shown(id, was)
            after = replace(person, password=phc, set_at=self.now.wall)
            await self._do(self._persons.put(after), *self._out(id))

    async def rehash(self, id: str, phc: str, *, was: str) -> None:
        """Keep the same password, hashed anew.

        Raises:
            Wrong: It is not theirs any more.
        """
        async with self._changing:
            await self._do(self._persons.put(replace(self._shown(id, was), password=phc)))

    def _shown(self, id: str, was: str) -> Person:
        """Return the person of whom a password was shown: looking at one takes long, and meanwhile things change."""
        person = self.persons.get(id)
        if person is None or not person.active or person.password != was:
            raise Wrong
        return person

    def _out(self, person: str) -> Iterator[Step]:
        """Yield what ends a person's sessions and codes."""
        yield from (self._sessions.drop(each.id) for each in self.sessions.values() if each.person == person)
        yield from (self._codes.drop(each.id) for each in self._codes.items.values() if each.person == person)

    def _free(self, users: frozenset[str], id: str) -> None:
        for user in users:
            other = self.local(user)
            if other is not None and other.id != id:
                raise Refusal(Because.CONFLICT, "access.local_taken", user=user, id=other.id)

    # -- grants ---------------------------------------------------------------------------------

    def granted(
        self,
        person: str,
        role: Role,
        place: Place = SITE,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        hours: Hours | None = None,
        by: str = "",
        why: str = "",
    ) -> Grant:
        """Return a new grant, which is not kept yet."""
        now = self.now
        over = None if until is None else now.engine + (until - now.wall).total_seconds()
        return Grant(short("g", self._random), person, role, place, since, until, hours, by, why, over)

    async def give(self, grant: Grant) -> Grant:
        """Keep a grant.

        Raises:
            Refusal: ``access.no_person``, ``access.many``.
        """
        async with self._changing:
            self.person(grant.person)
            self._room(self._grants, GRANTS)
            await self._do(self._grants.put(grant))
            return grant

    async def take(self, id: str) -> Grant:
        """Take a grant back; what it allowed ends.

        Raises:
            Refusal: ``access.no_grant``, ``access.last_admin``.
        """
        async with self._changing:
            grant = self.grant(id)
            self._keeps_an_admin(without=id)
            await self._do(self._grants.drop(id))
            return grant

    def _keeps_an_admin(self, *, persons: Mapping[str, Person] | None = None, without: str = "") -> None:
        """Refuse what would leave nobody who can let others in."""
        if self._admins(self.persons, "") and not self._admins({**self.persons, **(persons or {})}, without):
            raise Refusal(Because.CONFLICT, "access.last_admin")

    def _admins(self, persons: Mapping[str, Person], without: str) -> list[str]:
        return [
            each.person
            for each in self.grants()
            if each.id != without
            and _lasting_admin(each, self.now.wall)
            and each.person in persons
            and persons[each.person].able
        ]

    async def keep(self, changes: Sequence[Change]) -> None:
        """Keep changes of what hangs on the book and is no part of it: tries.

        Raises:
            Refusal: ``access.not_kept``.
        """
        await self._do(also=changes)

    def _room(self, shelf: Shelf[Any], most: int) -> None:
        if len(shelf.items) >= most:
            raise Refusal(Because.CONFLICT, "access.many", most=most)

    async def _do(self, *steps: Step, also: Sequence[Change] = ()) -> None:
        """Keep changes, then let them hold here.

        Raises:
            Refusal: ``access.not_kept``: the disk is full. Nothing has changed.
        """
        try:
            await self._kept.keep_people([*(each.change for each in steps), *also])
        except StoreError as error:
            raise Refusal(Because.BUSY, "access.not_kept") from error
        except asyncio.CancelledError:  # whoever asked is gone; the store writes it all the same
            self._follow(steps)
            raise
        self._follow(steps)

    def _follow(self, steps: Iterable[Step]) -> None:
        for each in steps:
            each.follow()
        self._by_person.clear()
        self._by_secret.clear()


def known(shelf: Shelf[T], id: str, code: str) -> T:
    """Return a thing by its id.

    Raises:
        Refusal: There is none.
    """
    if id not in shelf.items:
        raise Refusal(Because.UNKNOWN, code, id=id)
    return shelf.items[id]


def _lasting_admin(grant: Grant, now: datetime) -> bool:
    """Return whether a grant lets somebody let others in, from now on, at any time and for good."""
    begun = grant.since is None or grant.since <= now
    whole = grant.place.extent is Extent.SITE and grant.until is None and grant.hours is None
    return begun and whole and Permission.ACCESS in ROLES[grant.role]
