"""What somebody may as of now, by what they have shown: looked up in the book each time it is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from engine.identity.access import Ruling, Where, reaches
from engine.identity.people.book import Book
from engine.identity.people.credential import Session, Token
from engine.identity.permission import ROLES, Permission, Role
from engine.identity.place import Groups, Place
from rules.model import Sentence

_STRANGER = Sentence("access.stranger")


@dataclass(frozen=True, slots=True)
class PersonRights:
    """A person's own, all of them."""

    book: Book
    person: str

    def rule(self, permission: Permission, where: Where) -> Ruling:
        """Return what their grants say."""
        return self.book.rule(self.person, permission, where)


@dataclass(frozen=True, slots=True)
class SessionRights:
    """A person's own, as long as they are logged in."""

    book: Book
    session: Session

    def rule(self, permission: Permission, where: Where) -> Ruling:
        """Return what their grants say, up to the session's end."""
        if self.book.over(self.session):
            return Ruling(missing=Sentence("access.session_over"))
        return _until(self.book.rule(self.session.person, permission, where), self.book.ends(self.session))


@dataclass(frozen=True, slots=True)
class TokenRights:
    """A person's, or less: what a token is narrowed to, up to its end."""

    book: Book
    token: Token
    groups: Groups

    def rule(self, permission: Permission, where: Where) -> Ruling:
        """Return what both the person's grants and the token say."""
        token = self.token
        if token.id not in self.book.tokens or token.over(self.book.now):
            return Ruling(missing=Sentence("access.token_over"))
        if token.role is not None and permission not in ROLES[token.role]:
            return Ruling(missing=_narrow(token, permission))
        if token.place is not None and not reaches(token.place, where, self.groups):
            return Ruling(missing=_narrow(token, permission))
        return _until(self.book.rule(token.person, permission, where), token.until)


@dataclass(frozen=True, slots=True)
class RoleRights:
    """A role at the whole site, for as long as something holds: of whoever is no person.

    Attributes:
        basis: What allows it, for the records.
        holds: Whether it still does; `otherwise`: what is said where it does not.
    """

    role: Role
    who: str
    basis: str
    holds: Callable[[], bool] = lambda: True
    otherwise: Sentence = _STRANGER

    def rule(self, permission: Permission, where: Where) -> Ruling:
        """Return what the role allows."""
        if not self.holds():
            return Ruling(missing=self.otherwise)
        if permission in ROLES[self.role]:
            return Ruling(basis=self.basis)
        told = {"who": self.who, "permission": permission.value, "role": self.role.value}
        return Ruling(missing=Sentence("access.only_role", told))


def _narrow(token: Token, permission: Permission) -> Sentence:
    told = {"id": token.id, "permission": permission.value, "role": token.role or "-"}
    return Sentence("access.token_narrow", {**told, "place": _placed(token.place)})


def _placed(place: Place | None) -> str:
    return "-" if place is None else str(place)


def _until(ruling: Ruling, end: datetime) -> Ruling:
    if ruling.missing is not None:
        return ruling
    return Ruling(ruling.grant, ruling.basis, until=end if ruling.until is None else min(ruling.until, end))
