"""What lasts only as long as it is allowed: a stream, a live picture."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

#: Seconds between two looks at whether something is still allowed.
LOOK = 1.0


class NoLonger(Exception):
    """It was allowed, and is not any more."""


@asynccontextmanager
async def lasting(allowed: Callable[[], object], every: float = LOOK) -> AsyncIterator[None]:
    """Run what stands in the context for as long as it is allowed.

    Args:
        allowed: Looked at again and again; cheap.
        every: Seconds between two looks.

    Raises:
        NoLonger: It is not allowed any more.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(None) as limit:
            look = _Look(allowed, every, limit, loop)
            look()
            try:
                yield
            finally:
                look.stop()
    except TimeoutError:
        if not limit.expired():
            raise
        raise NoLonger from None


class _Look:
    """Looks again and again; ends the time of what is not allowed any more."""

    def __init__(
        self,
        allowed: Callable[[], object],
        every: float,
        limit: asyncio.Timeout,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._allowed, self._every, self._limit, self._loop = allowed, every, limit, loop
        self._next: asyncio.TimerHandle | None = None

    def __call__(self) -> None:
        if self._allowed():
            self._next = self._loop.call_later(self._every, self)
        else:
            self._limit.reschedule(self._loop.time())

    def stop(self) -> None:
        """Look no more."""
        if self._next is not None:
            self._next.cancel()
