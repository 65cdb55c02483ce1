"""Who somebody is, and what they may: logging in and out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from engine.api.resources import sessions as wire
from engine.errors import Because, Refusal
from engine.identity.access import Reach
from engine.identity.caller import Caller, Principal
from engine.identity.entry.porter import Porter
from engine.identity.people.credential import Session
from engine.identity.permission import OPEN, Permission


class SessionService:
    """Implements `engine.api.resources.sessions.SessionPort`."""

    def __init__(self, porter: Porter) -> None:
        self._porter, self._book = porter, porter.book

    async def login(self, caller: Caller, asked: wire.Login) -> wire.LoggedIn:
        """Let somebody in."""
        let_in = await self._porter.login(asked.name, asked.password.get_secret_value(), counted(caller))
        return wire.LoggedIn(
            id=let_in.session.id,
            secret=let_in.secret,
            person=let_in.person.id,
            name=let_in.person.name,
            until=self._book.ends(let_in.session),
        )

    async def logout(self, caller: Caller) -> None:
        """End the caller's session."""
        if caller.principal is not Principal.SESSION:
            raise Refusal(Because.CONFLICT, "access.no_session_shown")
        await self._book.end_session(caller.means)

    async def setup(self, caller: Caller, asked: wire.Setup) -> wire.SetUp:
        """Let whoever shows a code choose a password."""
        person = await self._porter.setup(
            asked.code.get_secret_value(),
            asked.password.get_secret_value(),
            counted(caller),
            name=asked.name,
            title=asked.title,
        )
        return wire.SetUp(person=person.id, name=person.name)

    async def change_password(self, caller: Caller, asked: wire.PasswordChange) -> None:
        """Change the caller's own password; a token may not, it is no person's hand."""
        person = self._book.persons.get(caller.user)
        if person is None or person.password is None or caller.principal is Principal.TOKEN:
            raise Refusal(Because.CONFLICT, "access.no_password")
        await self._porter.change_password(
            person.id, asked.old.get_secret_value(), asked.new.get_secret_value(), counted(caller)
        )

    def me(self, caller: Caller) -> wire.Me:
        """Return who the caller is."""
        return wire.Me(
            principal=caller.principal.value,
            user=caller.user,
            name=caller.name,
            means=caller.means,
            address=caller.address,
            until=self._until(caller),
            may=tuple(_may(caller)),
        )

    def _until(self, caller: Caller) -> datetime | None:
        session, token = self._book.sessions.get(caller.means), self._book.tokens.get(caller.means)
        if session is not None:
            return self._book.ends(session)
        return None if token is None else token.until

    def sessions(self, caller: Caller) -> list[wire.SessionInfo]:
        """Return who is logged in."""
        found = [each for each in self._book.sessions.values() if not self._book.over(each)]
        return [self._told(each, caller) for each in sorted(found, key=lambda each: each.made)]

    async def end(self, caller: Caller, session: str) -> None:
        """End a session."""
        await self._book.end_session(session)

    def _told(self, session: Session, caller: Caller) -> wire.SessionInfo:
        return wire.SessionInfo(
            id=session.id,
            person=session.person,
            address=session.address,
            made=session.made,
            used=session.used,
            until=self._book.ends(session),
            current=session.id == caller.means,
        )


def counted(caller: Caller) -> str:
    """Return by what a caller's tries are counted: the address, of users of this machine each one's own."""
    return caller.address if caller.address != "unix" else f"unix:{caller.means or caller.user}"


def _may(caller: Caller) -> Iterator[wire.May]:
    for permission in Permission:
        if permission in OPEN:
            continue
        whole = caller.rights.rule(permission, Reach.SITE)
        ruling = whole or caller.rights.rule(permission, Reach.ANYWHERE)
        if ruling:
            yield wire.May(
                permission=permission, everywhere=bool(whole), basis=ruling.basis, until=ruling.until
            )
