"""Asking the engine again and again, and never so often that it costs much."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

#: An answer that took a second is asked for again after so many seconds at the earliest: thousands of rules cost
#: the engine and the line at most a twentieth of their time.
PATIENCE: Final = 20.0


class Poll:
    """One question, asked for as long as its task lives.

    Args:
        ask: Asks once; must not raise what the engine or the line may do.
        every: Seconds between two questions at least.
        monotonic: Seconds that only grow.
    """

    def __init__(
        self, ask: Callable[[], Awaitable[None]], every: float, monotonic: Callable[[], float]
    ) -> None:
        self._ask, self._every, self._monotonic = ask, every, monotonic
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Ask at once: something has changed."""
        self._woken.set()

    async def run(self) -> None:
        """Ask for ever."""
        while True:
            self._woken.clear()
            began = self._monotonic()
            await self._ask()
            took = self._monotonic() - began
            with suppress(TimeoutError):
                async with asyncio.timeout(max(self._every, took * PATIENCE)):
                    await self._woken.wait()
