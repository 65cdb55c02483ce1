"""Who asks, by what they show: the one place where callers are made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from engine.identity.access import NEWCOMER, STRANGER, Unlimited
from engine.identity.caller import Caller, Principal, unix_user
from engine.identity.entry.attempts import SHARED
from engine.identity.people.book import Book
from engine.identity.people.credential import SESSION, TOKEN
from engine.identity.people.person import Person
from engine.identity.permission import Role
from engine.identity.place import Groups
from engine.identity.rights import PersonRights, RoleRights, SessionRights, TokenRights
from rules.model import Sentence

#: What allows something to members of the socket's group.
GROUP = "group"
#: Users of this machine whom a problem names.
NAMED = 5


class Callers:
    """Makes callers.

    Args:
        book: Who there is.
        groups: Cameras of a group.
        shared: What the bearer of the site's shared token is.
    """

    def __init__(self, book: Book, groups: Groups, shared: Role = Role.OFFICER) -> None:
        self.book = book
        self._groups, self._shared = groups, shared
        self._members = set[str]()

    def local(self, user: str, *, owner: bool) -> Caller:
        """Return a user of this machine: the engine's own and root are not kept from anything.

        A member of the socket's group who is no person is an officer of the site while nobody is registered.
        """
        person = self.book.local(user)
        if owner:
            return self._person(
                person, Caller(Principal.LOCAL_USER, unix_user(user), Unlimited(), means=user)
            )
        if person is not None:
            rights = PersonRights(self.book, person.id)
            return self._person(person, Caller(Principal.LOCAL_USER, user, rights, means=user))
        if self.book.empty and len(self._members) < NAMED:
            self._members.add(user)
        stranger = Sentence("access.stranger_local", {"user": user})
        member = RoleRights(Role.OFFICER, user, GROUP, lambda: self.book.empty, stranger)
        return Caller(Principal.LOCAL_USER, unix_user(user), member, means=user)

    def bearer(self, secret: str) -> Caller | None:
        """Return who shows a session's secret or a token, None where it is none (any more)."""
        if secret.startswith(SESSION):
            return self.session(secret)
        return self.token(secret) if secret.startswith(TOKEN) else None

    def session(self, secret: str) -> Caller | None:
        """Return who shows a session's secret; it is used by that."""
        session = self.book.shown(secret)
        if session is None:
            return None
        self.book.use(session)
        caller = Caller(
            Principal.SESSION, session.person, SessionRights(self.book, session), means=session.id
        )
        return self._person(self.book.persons.get(session.person), caller)

    def token(self, secret: str) -> Caller | None:
        """Return who shows a token; it is used by that."""
        token = self.book.token(secret)
        if token is None:
            return None
        self.book.use(token)
        rights = TokenRights(self.book, token, self._groups)
        caller = Caller(Principal.TOKEN, token.person, rights, means=token.id)
        return self._person(self.book.persons.get(token.person), caller)

    def certificate(self, name: str) -> Caller:
        """Return who shows a certificate of a name that was verified: the person of that name, or a stranger."""
        person = self.book.persons.get(name)
        if person is None or not person.active:
            return Caller(Principal.CERTIFICATE, "", STRANGER, means=name)
        rights = PersonRights(self.book, person.id)
        return self._person(person, Caller(Principal.CERTIFICATE, person.id, rights, means=name))

    def shared(self) -> Caller:
        """Return whoever shows the site's shared token: nobody knows who that is."""
        return Caller(Principal.TOKEN, "", RoleRights(self._shared, SHARED, SHARED), means=SHARED)

    def newcomer(self) -> Caller:
        """Return somebody who has shown nothing yet."""
        return Caller(Principal.NEWCOMER, rights=NEWCOMER)

    def problems(self) -> Iterator[Sentence]:
        """Yield what a person should know: that users of this machine came in whom nobody has registered."""
        if self._members and self.book.empty:
            yield Sentence("access.group", {"users": ", ".join(sorted(self._members))})

    @staticmethod
    def _person(person: Person | None, caller: Caller) -> Caller:
        """Return a caller with the person behind them, where there is one."""
        return caller if person is None else replace(caller, user=person.id, name=person.name or person.id)
