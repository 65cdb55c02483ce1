"""Lets people in: a name and a password, or a code that works once. Tries are counted, and told in the records."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import tzinfo

from engine.errors import Because, Refusal
from engine.identity.caller import Principal
from engine.identity.entry.attempts import SHARED, Attempts, Locked
from engine.identity.entry.bursts import Bursts
from engine.identity.entry.password_rules import flaw
from engine.identity.entry.passwords import Passwords
from engine.identity.people.book import Book
from engine.identity.people.credential import Code, Purpose, Random, Session
from engine.identity.people.person import Person, written
from engine.identity.people.registry import DEFAULT, Limits, Wrong
from engine.identity.place import Groups
from engine.identity.record import Auditor, AuditRecord, Deed, Outcome
from engine.runtime import log
from engine.runtime.clock import Clock
from engine.store.ports import People
from rules.model import Sentence

logger = log.get(__name__)
#: Seconds between two looks at what is over.
LOOK = 30.0


@dataclass(frozen=True, slots=True)
class Welcome:
    """Somebody who has got in."""

    person: Person
    session: Session
    secret: str


class Porter:
    """Lets people in.

    Attributes:
        book: Who there is.
        attempts: What was tried.
    """

    def __init__(
        self,
        book: Book,
        attempts: Attempts,
        passwords: Passwords,
        auditor: Auditor,
        clock: Clock,
        *,
        context: Iterable[str] = (),
    ) -> None:
        self.book, self.attempts, self._passwords = book, attempts, passwords
        self._auditor, self._bursts = auditor, Bursts(clock)
        self._context = tuple(context)

    @classmethod
    def of(
        cls,
        kept: People,
        clock: Clock,
        random: Random,
        auditor: Auditor,
        *,
        zone: tzinfo,
        groups: Groups,
        limits: Limits = DEFAULT,
        context: Iterable[str] = (),
        passwords: Passwords | None = None,
    ) -> Porter:
        """Return who lets people in of whom a store knows; nobody is known before `recall`.

        Args:
            random: Of a system's kind: secrets are made of it.
            zone: In which hours of grants are meant.
            groups: Returns the cameras of a group.
            context: Words that whoever guesses a password knows.
        """
        book = Book(kept, clock, random, zone=zone, groups=groups, limits=limits)
        attempts = Attempts(book.keep, clock)
        return cls(book, attempts, passwords or Passwords(random), auditor, clock, context=context)

    async def recall(self) -> None:
        """Take what the store has: people, and what was tried."""
        await self.book.read()
        self.attempts.recall(await self.book.tries())

    # -- getting in -----------------------------------------------------------------------------

    async def login(self, name: str, password: str, address: str) -> Welcome:
        """Let somebody in who knows a name and its password.

        Raises:
            Wrong: They do not, or there is nobody of that name, or they may not get in.
            Refusal: ``access.locked``, ``access.busy``, ``access.not_kept``.
        """
        self._auditor.check()
        person = self._person(name)
        try:
            attempt = await self.attempts.begin(
                person.id if person else name, address, known=person is not None
            )
        except Locked as locked:
            await self._failed(Deed.LOGIN, person, address, locked.code)
            raise
        phc = None if person is None or not person.active else person.password
        same = await self._passwords.match(password, phc, familiar=attempt.made.familiar)
        if not same or person is None or phc is None:
            await self._failed(Deed.LOGIN, person, address, "access.wrong")
            raise Wrong
        try:
            phc = await self._renew(person, password, phc)
            also = self.attempts.succeeded(attempt)
            session, secret = await self.book.open_session(person.id, address, also, by=phc)
        except Wrong:  # it was theirs when it was looked at
            await self._failed(Deed.LOGIN, person, address, "access.wrong")
            raise
        await self._told(Deed.LOGIN, person, address, session.id, Principal.SESSION)
        return Welcome(person, session, secret)

    async def _renew(self, person: Person, password: str, phc: str) -> str:
        """Make a hash anew that was made at another cost; return the one that holds."""
        if not self._passwords.stale(phc):
            return phc
        anew = await self._passwords.make(password)
        await self.book.rehash(person.id, anew, was=phc)
        return anew

    def _person(self, name: str) -> Person | None:
        id = written(name)
        found = self.book.persons.get(id) if id is not None else None
        return found if found is not None and found.removed is None else None

    # -- choosing a password --------------------------------------------------------------------

    async def setup(
        self, shown: str, password: str, address: str, *, name: str = "", title: str = ""
    ) -> Person:
        """Let whoever shows a code choose a password; the first of a site becomes its admin.

        Args:
            shown: The code.
            name: Of the first person; `title`: their name for people.

        Raises:
            Refusal: ``access.no_code``, ``access.first_name``, ``access.taken``, ``access.locked``,
                ``access.password_short``, ``.password_long``, ``.password_guessed``: nothing has changed.
        """
        self._auditor.check()
        try:
            attempt = await self.attempts.begin(None, address)
            code = self.book.code(shown)
        except Refusal as refused:
            await self._failed(Deed.LOGIN, None, address, refused.code)
            raise
        also = self.attempts.succeeded(attempt)
        first = self._first(code, name, title)
        person = first or self.book.person(code.person or "")
        phc = await self._hash(password, person)
        made = await self.book.redeem(code, phc, first, also)
        await self._told(Deed.ACCESS, made, address, code.id, Principal.NEWCOMER, purpose=code.purpose.value)
        return made

    def _first(self, code: Code, name: str, title: str) -> Person | None:
        """Return the person whom a site's first code is to make."""
        if code.purpose is not Purpose.FIRST:
            return None
        id = written(name)
        if id is None:
            raise Refusal(Because.INVALID, "access.first_name")
        return Person(id, title or id, self.book.now.wall, id)

    async def change_password(self, person: str, old: str, new: str, address: str) -> None:
        """Give a person who knows their password another one; their sessions end.

        Raises:
            Wrong: They do not know it.
            Refusal: As `setup`.
        """
        known = self.book.person(person)
        attempt = await self.attempts.begin(person, address, known=True)
        if not await self._passwords.match(old, known.password):
            await self._failed(Deed.ACCESS, known, address, "access.wrong")
            raise Wrong
        await self.book.keep(self.attempts.succeeded(attempt))
        await self.book.set_password(person, await self._hash(new, known), was=known.password)
        await self._told(Deed.ACCESS, known, address, "", Principal.SESSION, changed="password")

    async def _hash(self, password: str, person: Person) -> str:
        context = (*self._context, person.id, person.name, *person.name.split())
        wrong = await asyncio.to_thread(flaw, password, context)
        if wrong is not None:
            raise Refusal(Because.INVALID, wrong.code, **wrong.values)
        return await self._passwords.make(password)

    # -- programs -------------------------------------------------------------------------------

    async def shared(self, right: bool, address: str) -> bool:
        """Return whether the site's shared token opens: not where too many wrong ones were shown.

        Raises:
            Locked: So many were shown that this one is not looked at.
        """
        try:
            self.attempts.hold(SHARED, address)
        except Locked as locked:
            await self._failed(Deed.LOGIN, None, address, locked.code)
            raise
        if right:
            with suppress(Refusal):  # a full disk costs the memory of who is familiar, and nobody the way in
                await self.attempts.welcome(SHARED, address)
        return right

    async def wrong_bearer(self, address: str, kind: str) -> None:
        """Count a secret that opens nothing.

        Raises:
            Locked: So many were shown that this one was not looked at.
        """
        try:
            await self.attempts.begin(None, address, kind=kind)
        except Locked as locked:
            await self._failed(Deed.LOGIN, None, address, locked.code)
            raise
        await self._failed(Deed.LOGIN, None, address, "api.unauthorized")

    # -- in the background ----------------------------------------------------------------------

    async def run(self) -> None:
        """End what is over and tell of it, for ever."""
        while True:
            await asyncio.sleep(LOOK)
            await self.sweep()

    async def sweep(self, *, all: bool = False) -> None:
        """End sessions and codes that are over, forget tries that count no more, and tell of floods of them."""
        try:
            for session in await self.book.sweep():
                person = self.book.persons.get(session.person)
                await self._told(Deed.SESSION_ENDED, person, session.address, session.id, Principal.SESSION)
            await self.attempts.sweep()
        except (
            Refusal
        ) as refused:  # the disk is full, which is told already; what is over is over all the same
            logger.warning("people not kept", reason=str(refused))
        for record in self._bursts.over(all=all):
            await self._auditor.record(record)

    def problems(self) -> Iterator[Sentence]:
        """Yield what a person should know about who gets in."""
        if unreadable := self.book.unreadable() + self.attempts.unreadable:
            yield Sentence("access.unreadable", {"count": unreadable})
        if times := self._bursts.lately():
            yield Sentence("access.attacked", {"times": times, "locked": len(self.attempts.locked())})

    async def first_code(self) -> str | None:
        """Return a code for the first person, in place of any before; None: there is somebody, or no room."""
        try:
            if self.book.empty:
                return (await self.book.make_code(Purpose.FIRST))[1]
            await self.book.no_codes()
        except Refusal as refused:  # a full disk, which is told; whoever may come in without it does so
            logger.warning("no code for a first admin", reason=str(refused))
        return None

    async def _told(
        self, deed: Deed, person: Person | None, address: str, means: str, by: Principal, **about: str
    ) -> None:
        who, name = (person.id, person.name) if person else ("", "")
        record = AuditRecord(
            deed, who=who, name=name, principal=by.value, means=means, address=address, about=about
        )
        await self._auditor.record(record)

    async def _failed(self, deed: Deed, person: Person | None, address: str, code: str) -> None:
        """Tell of a failure; of a flood of them the first, and how many there were when it is over."""
        who, name = (person.id, person.name) if person else ("", "")
        record = AuditRecord(deed, Outcome.FAILED, who=who, name=name, address=address, code=code)
        if self._bursts.first(record):
            await self._auditor.record(record)
