"""People, grants and tokens as clients see them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, tzinfo

from engine.api import present
from engine.api.resources import people as wire
from engine.api.resources.tokens import NewToken, TokenInfo, TokenMade
from engine.errors import Because, Refusal
from engine.identity.access import Reach
from engine.identity.caller import Caller, Principal
from engine.identity.grant import Grant, Hours
from engine.identity.people.book import Book
from engine.identity.people.credential import CODE_LIFE, Purpose, Token
from engine.identity.people.person import Person
from engine.identity.permission import ROLES, Permission, Role
from engine.identity.place import Extent, Place
from engine.identity.rights import PersonRights


@dataclass(frozen=True, slots=True)
class Places:
    """What places there are: returns the ids of cameras, and the names of groups."""

    cameras: Callable[[], Collection[str]]
    groups: Callable[[], Collection[str]]

    def check(self, place: Place) -> None:
        """Refuse a place that is not there, which would be a grant of nothing.

        Raises:
            Refusal: ``access.no_place``.
        """
        known = {Extent.CAMERA: self.cameras, Extent.GROUP: self.groups}.get(place.extent)
        if known is not None and place.name not in known():
            some = ", ".join(sorted(known())[:10])
            raise Refusal(Because.INVALID, "access.no_place", place=str(place), known=some or "-")


class PeopleService:
    """Implements `engine.api.resources.people.PeoplePort` and `engine.api.resources.tokens.TokenPort`."""

    def __init__(self, book: Book, places: Places, zone: tzinfo) -> None:
        self._book, self._places, self._zone = book, places, zone

    # -- persons --------------------------------------------------------------------------------

    def people(self, caller: Caller, removed: bool) -> list[wire.PersonInfo]:
        """Return who is registered."""
        found = [each for each in self._book.persons.values() if removed or each.removed is None]
        return [self._person(each) for each in sorted(found, key=lambda each: each.id)]

    async def add(self, caller: Caller, asked: wire.NewPerson) -> wire.CodeMade:
        """Register a person."""
        grants = []
        if asked.role is not None:
            grants.append(self._grant(caller, asked.id, asked.role, asked.place))
        await self._book.add(
            asked.id, asked.name or asked.id, by=caller.user, local=asked.local, grants=grants
        )
        return await self._code(Purpose.SETUP, asked.id)

    async def change(self, caller: Caller, person: str, asked: wire.PersonChange) -> wire.PersonInfo:
        """Change what is given of a person."""
        if asked.local is not None or asked.disabled is False:
            self._not_above(caller, person)
        changed = await self._book.change(person, name=asked.name, local=asked.local, disabled=asked.disabled)
        return self._person(changed)

    async def remove(self, caller: Caller, person: str) -> wire.PersonInfo:
        """Remove a person."""
        return self._person(await self._book.remove(person))

    async def reset(self, caller: Caller, person: str) -> wire.CodeMade:
        """Make a code for a new password."""
        self._not_above(caller, person)
        return await self._code(Purpose.RESET, person)

    async def _code(self, purpose: Purpose, person: str) -> wire.CodeMade:
        code, shown = await self._book.make_code(purpose, person)
        return wire.CodeMade(person=person, code=shown, until=code.made + CODE_LIFE)

    # -- grants ---------------------------------------------------------------------------------

    async def give(self, caller: Caller, asked: wire.NewGrant) -> wire.Grant:
        """Give a grant."""
        if asked.until is not None and asked.until <= (asked.since or self._book.now.wall):
            raise Refusal(Because.INVALID, "access.never")
        self._book.person(asked.person)
        hours = None if asked.hours is None else _hours(asked.hours)
        grant = self._grant(
            caller, asked.person, asked.role, asked.place, asked.since, asked.until, hours, asked.why
        )
        return self._told(await self._book.give(grant))

    async def take(self, caller: Caller, grant: str) -> wire.Grant:
        """Take a grant back."""
        return self._told(await self._book.take(grant))

    def explain(self, caller: Caller, asked: wire.Explain) -> wire.Explained:
        """Say why somebody may something, or what is missing."""
        person = self._book.local(asked.person) or self._book.person(asked.person)
        if asked.camera is not None:
            self._places.check(Place(Extent.CAMERA, asked.camera))
        where = Reach.SITE if asked.camera is None else asked.camera
        ruling = self._book.rule(person.id, asked.permission, where)
        return wire.Explained(
            allowed=bool(ruling),
            person=person.id,
            permission=asked.permission,
            place="site" if asked.camera is None else f"camera:{asked.camera}",
            grant=None if ruling.grant is None else self._told(ruling.grant),
            basis=ruling.basis,
            until=ruling.until,
            missing=None if ruling.missing is None else present.sentence(ruling.missing),
        )

    def _grant(
        self,
        caller: Caller,
        person: str,
        role: Role,
        place: str,
        since: datetime | None = None,
        until: datetime | None = None,
        hours: Hours | None = None,
        why: str = "",
    ) -> Grant:
        """Return a grant that a caller may give."""
        where = Place.read(place)
        self._places.check(where)
        _within(caller, role)
        self._no_longer(caller, until)
        return self._book.granted(
            person, role, where, since=since, until=until, hours=hours, by=caller.user, why=why or caller.why
        )

    def _not_above(self, caller: Caller, person: str) -> None:
        """Refuse to open a way in as somebody who may what whoever asks may not, or for longer.

        Raises:
            Refusal: ``access.beyond``, ``access.longer``.
        """
        for grant in self._book.grants(person):
            _within(caller, grant.role)
            self._no_longer(caller, grant.until)

    def _no_longer(self, caller: Caller, until: datetime | None) -> None:
        """Refuse to give for longer than whoever gives it has it; a session's own end is none of that.

        Raises:
            Refusal: ``access.longer``.
        """
        rights = (
            PersonRights(self._book, caller.user) if caller.principal is Principal.SESSION else caller.rights
        )
        end = rights.rule(Permission.ACCESS, Reach.SITE).until
        if end is not None and (until is None or until > end):
            local = end.astimezone(self._zone)
            raise Refusal(Because.INVALID, "access.longer", until=f"{local:%Y-%m-%d %H:%M}")

    # -- tokens ---------------------------------------------------------------------------------

    def tokens(self, caller: Caller) -> list[TokenInfo]:
        """Return all tokens."""
        return [self._token(each) for each in self._book.tokens.values()]

    async def make_token(self, caller: Caller, asked: NewToken) -> TokenMade:
        """Make a token."""
        place = None if asked.place is None else Place.read(asked.place)
        if place is not None:
            self._places.check(place)
        self._not_above(caller, asked.person)
        token, secret = await self._book.make_token(
            asked.person, asked.purpose, asked.days, by=caller.user, role=asked.role, place=place
        )
        return TokenMade(token=self._token(token), secret=secret)

    async def revoke_token(self, caller: Caller, token: str) -> TokenInfo:
        """Revoke a token."""
        return self._token(await self._book.end_token(token))

    # -- as clients see it ----------------------------------------------------------------------

    def _person(self, person: Person) -> wire.PersonInfo:
        return wire.PersonInfo(
            id=person.id,
            name=person.name,
            local=tuple(sorted(person.local)),
            made=person.made,
            by=person.by,
            password=person.password is not None,
            disabled=person.disabled,
            removed=person.removed,
            grants=tuple(map(self._told, self._book.grants(person.id))),
        )

    def _told(self, grant: Grant) -> wire.Grant:
        at, hours = self._book.now, grant.hours
        return wire.Grant(
            id=grant.id,
            person=grant.person,
            role=grant.role,
            place=str(grant.place),
            since=grant.since,
            until=grant.until,
            hours=None
            if hours is None
            else wire.Hours(begin=hours.begin, end=hours.end, days=tuple(hours.days)),
            by=grant.by,
            why=grant.why,
            holds=grant.holds(at, at.wall.astimezone(self._zone)),
        )

    def _token(self, token: Token) -> TokenInfo:
        return TokenInfo(
            id=token.id,
            person=token.person,
            purpose=token.purpose,
            made=token.made,
            until=token.until,
            by=token.by,
            role=token.role,
            place=None if token.place is None else str(token.place),
            used=token.used,
            over=token.over(self._book.now),
        )


def _hours(asked: wire.Hours) -> Hours:
    return Hours(asked.begin, asked.end, frozenset(asked.days))


def _within(caller: Caller, role: Role) -> None:
    """Refuse what whoever gives it may not do themselves.

    Raises:
        Refusal: ``access.beyond``.
    """
    beyond = sorted(each.value for each in ROLES[role] if not caller.may(each))
    if beyond:
        raise Refusal(Because.INVALID, "access.beyond", role=role.value, permissions=", ".join(beyond))
