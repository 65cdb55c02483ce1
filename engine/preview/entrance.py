"""People at the preview's door: they log in as at the API, and their sessions are the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from engine.errors import Refusal
from engine.identity.caller import Caller
from engine.identity.callers import Callers
from engine.identity.entry.porter import Porter
from engine.identity.record import Auditor, Deed
from engine.web.refusals import refused


class SessionEntrance:
    """Implements `engine.preview.visitor.Entrance`.

    Args:
        porter: Lets people in, counts who tries, and records it.
        callers: Says who shows a session.
        auditor: Keeps that somebody left.
    """

    def __init__(self, porter: Porter, callers: Callers, auditor: Auditor) -> None:
        self._porter, self._callers, self._auditor = porter, callers, auditor

    def caller(self, secret: str, address: str) -> Caller | None:
        """Return who shows a session's secret; using it keeps it from idling."""
        found = self._callers.session(secret)
        return found and replace(found, address=address)

    async def login(self, name: str, password: str, address: str) -> str:
        """Begin a session and return its secret."""
        with _told():
            return (await self._porter.login(name, password, address)).secret

    async def logout(self, secret: str, address: str) -> None:
        """End a session; one that has ended already stays so."""
        caller = self.caller(secret, address)
        if caller is None:
            return
        with _told():
            await self._porter.book.end_session(caller.means)
        await self._auditor.record(caller.record(Deed.LOGOUT))

    async def setup(self, code: str, name: str, password: str, address: str) -> str:
        """Take a one-time code, set a password, and log in with it."""
        with _told():
            person = await self._porter.setup(code, password, address, name=name)
            return (await self._porter.login(person.id, password, address)).secret


@contextmanager
def _told() -> Iterator[None]:
    """Let a person be told in HTTP's words why they were not let in."""
    try:
        yield
    except Refusal as error:
        raise refused(error) from None
