"""Guards one way into a device: no more wrong logins are sent than it bears.

Cameras lock accounts after a few wrong logins. Every login that was not let in yet goes through the device's
`LoginBook`; once let in, calls are free until one is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from drivers.contract import Login
from drivers.errors import Refused
from drivers.logins import SOON, Attempt, Busy, LoginBook

T = TypeVar("T")


class LoginGuard:
    """Knows how a login was met; closes after a refusal on one never let in, else after two in a row.

    Args:
        book: What the device has said to logins, shared by all that knock at it.
        host: What errors name.
    """

    def __init__(self, book: LoginBook, login: Login | None, host: str) -> None:
        self._book, self._login, self._host = book, login, host
        self.trusted = False  # the last call was let in
        self._refusal: Refused | None = None

    async def through(self, call: Callable[[], Awaitable[T]], seconds: float) -> T:
        """Make a call with which the login is at stake, and note how it ends.

        Args:
            seconds: How long to wait while other parts try their logins.

        Raises:
            Refused: Without any call, once the guard is closed or the book holds logins back.
            Busy: Others were trying theirs all that time.
        """
        if self._refusal is not None:
            raise Refused(self._refusal.code, **self._refusal.values)
        if self._login is None:
            return await call()
        if self.trusted and not self._book.doubted():
            return await self._again(self._login, call)
        return await self._first(self._login, call, seconds)

    def reopen(self) -> None:
        """Let one more call out after a refusal, because it will say something else."""
        self._refusal = None

    def shut(self, refusal: Refused) -> None:
        """Let no more calls out: what they would say is not known to be right any more."""
        self._refusal = refusal

    async def _first(self, login: Login, call: Callable[[], Awaitable[T]], seconds: float) -> T:
        attempt = await self._place(login, seconds)
        try:
            result = await call()
        except Refused as error:
            if error.counts:
                attempt.wrong()
                self._refusal = error
            raise
        else:
            attempt.right()
            self.trusted = True
            return result
        finally:
            attempt.dropped()

    async def _again(self, login: Login, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await call()
        except Refused as error:
            if error.counts:
                self.trusted = False
                self._book.wrong(login)
            raise

    async def _place(self, login: Login, seconds: float) -> Attempt:
        """Wait for one of the book's places."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            try:
                return self._book.begin(login, self._host)
            except Busy:
                if asyncio.get_running_loop().time() >= deadline:
                    raise
            await asyncio.sleep(SOON)
