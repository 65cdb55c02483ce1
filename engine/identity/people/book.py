"""The book of people: who there is, what they are granted, and what lets them in. All in memory, and all durable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from engine.errors import Because, Refusal
from engine.identity.people.credential import (
    MOST_TOKEN_DAYS,
    TOKEN,
    Code,
    Purpose,
    Session,
    Token,
    code_digest,
    code_secret,
    digest,
    session_secret,
    short,
    token_secret,
)
from engine.identity.people.person import Person
from engine.identity.people.registry import Registry, known
from engine.identity.permission import Role
from engine.identity.place import Place
from engine.store.people import Change

#: What one site has at most of each; of sessions one person, whose oldest ends.
TOKENS, SESSIONS = 1000, 16
#: Seconds within which using something again is the same use.
EACH = 1.0


class Book(Registry):
    """Persons, their grants, sessions, tokens and codes."""

    # -- looking --------------------------------------------------------------------------------

    def shown(self, secret: str) -> Session | None:
        """Return the session of a secret, None where there is none (any more)."""
        if not self._by_secret:
            self._by_secret = {each.secret: each.id for each in self.sessions.values()}
        found = self.sessions.get(self._by_secret.get(digest(secret), ""))
        return None if found is None or self.over(found) else found

    def over(self, session: Session) -> bool:
        """Return whether a session has ended, or is unknown."""
        current = self.sessions.get(session.id)
        return current is None or current.over(self.now, self.limits.whole, self.limits.idle)

    def ends(self, session: Session) -> datetime:
        """Return when a session ends at the latest."""
        return session.made + self.limits.whole

    def token(self, secret: str) -> Token | None:
        """Return the token of a secret, None where there is none (any more)."""
        found = self.tokens.get(secret.removeprefix(TOKEN).partition("_")[0])
        if found is None or found.secret != digest(secret) or found.over(self.now):
            return None
        return found

    def code(self, code: str) -> Code:
        """Return the code that somebody shows.

        Raises:
            Refusal: ``access.no_code``.
        """
        known = code_digest(code)
        for each in self._codes.items.values():
            if each.secret == known and not each.over(self.now):
                return each
        raise Refusal(Because.UNKNOWN, "access.no_code")

    # -- what lets people in --------------------------------------------------------------------

    async def open_session(
        self, person: str, address: str, also: Sequence[Change] = (), *, by: str | None = None
    ) -> tuple[Session, str]:
        """Open a session; return it with its secret, which is kept nowhere. The oldest of too many ends.

        Args:
            by: The hash of the password that was shown; None: none had to be.

        Raises:
            Refusal: ``access.no_person``.
            Wrong: That is not theirs any more.
        """
        async with self._changing:
            if by is None:
                self.person(person)
            else:
                self._shown(person, by)
            secret, now = session_secret(self._random), self.now
            session = Session(
                short("s", self._random),
                digest(secret),
                person,
                address,
                now.wall,
                now.engine,
                now.wall,
                now.engine,
            )
            own = sorted(
                (each for each in self.sessions.values() if each.person == person), key=lambda each: each.made
            )
            over = [self._sessions.drop(each.id) for each in own[: max(0, len(own) - SESSIONS + 1)]]
            await self._do(*over, self._sessions.put(session), also=also)
            return session, secret

    async def end_session(self, id: str) -> Session:
        """End a session.

        Raises:
            Refusal: ``access.no_session``.
        """
        async with self._changing:
            session = known(self._sessions, id, "access.no_session")
            await self._do(self._sessions.drop(id))
            return session

    async def make_token(
        self,
        person: str,
        purpose: str,
        days: int,
        *,
        by: str,
        role: Role | None = None,
        place: Place | None = None,
    ) -> tuple[Token, str]:
        """Make a token; return it with its secret, which is kept nowhere.

        Raises:
            Refusal: ``access.no_person``, ``access.many``, ``access.days``.
        """
        if not 1 <= days <= MOST_TOKEN_DAYS:
            raise Refusal(Because.INVALID, "access.days", most=MOST_TOKEN_DAYS)
        async with self._changing:
            self.person(person)
            self._room(self._tokens, TOKENS)
            id, now = short("t", self._random), self.now
            secret, until = token_secret(id, self._random), now.wall + timedelta(days=days)
            token = Token(id, digest(secret), person, purpose, now.wall, until, now.engine, by, role, place)
            await self._do(self._tokens.put(token))
            return token, secret

    async def end_token(self, id: str) -> Token:
        """Revoke a token.

        Raises:
            Refusal: ``access.no_token``.
        """
        async with self._changing:
            token = known(self._tokens, id, "access.no_token")
            await self._do(self._tokens.drop(id))
            return token

    async def make_code(self, purpose: Purpose, person: str | None = None) -> tuple[Code, str]:
        """Make a code in place of earlier ones of the same person; return it with what is to be shown.

        Raises:
            Refusal: ``access.no_person``.
        """
        async with self._changing:
            if person is not None:
                self.person(person)
            secret, now = code_secret(self._random), self.now
            code = Code(short("c", self._random), code_digest(secret), purpose, now.wall, now.engine, person)
            earlier = [each for each in self._codes.items.values() if each.person == person]
            await self._do(*(self._codes.drop(each.id) for each in earlier), self._codes.put(code))
            return code, secret

    async def redeem(
        self, code: Code, phc: str, first: Person | None = None, also: Sequence[Change] = ()
    ) -> Person:
        """Use a code up: its person has that password from now on; the first person becomes an admin of the site.

        Raises:
            Refusal: ``access.no_code``: it was used meanwhile. ``access.taken``: the name is.
        """
        async with self._changing:
            if code.id not in self._codes.items or (code.person is None and not self.empty):
                raise Refusal(Because.UNKNOWN, "access.no_code")
            now = self.now.wall
            if code.person is not None:
                person = replace(self.person(code.person), password=phc, set_at=now)
                await self._do(self._persons.put(person), *self._out(person.id), also=also)
                return person
            if first is None:
                raise Refusal(Because.INVALID, "access.first_name")
            person = replace(first, password=phc, set_at=now)
            grant = self.granted(person.id, Role.ADMIN, by=person.id)
            steps = self._added(person, (), (grant,))
            await self._do(*steps, self._codes.drop(code.id), also=also)
            return person

    async def no_codes(self) -> None:
        """Let no code work any more that was for who is not registered yet."""
        async with self._changing:
            first = [each for each in self._codes.items.values() if each.purpose is Purpose.FIRST]
            await self._do(*(self._codes.drop(each.id) for each in first))

    # -- time -----------------------------------------------------------------------------------

    def use(self, shown: Session | Token) -> None:
        """Note that a session or a token was used now; kept with the next `sweep`."""
        now = self.now
        if now.engine - self._used.get(shown.id, -EACH) < EACH:
            return
        self._used[shown.id] = now.engine
        if shown.id in self.sessions:
            current = self.sessions[shown.id]
            self._sessions.items[shown.id] = replace(current, used=now.wall, used_at=now.engine)
        elif shown.id in self.tokens:
            self._tokens.items[shown.id] = replace(self.tokens[shown.id], used=now.wall)

    async def sweep(self) -> list[Session]:
        """Keep when what was used last, and end what is over; return the sessions that ended by themselves."""
        async with self._changing:
            used, self._used = self._used, {}
            over = [each for each in self.sessions.values() if self.over(each)]
            codes = [each.id for each in self._codes.items.values() if each.over(self.now)]
            await self._do(
                *(self._sessions.put(self.sessions[id]) for id in used if id in self.sessions),
                *(self._tokens.put(self.tokens[id]) for id in used if id in self.tokens),
                *(self._sessions.drop(each.id) for each in over),
                *map(self._codes.drop, codes),
            )
            return over
