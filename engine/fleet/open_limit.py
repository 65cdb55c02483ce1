"""How many devices are opened at once: fifty at a start must not starve each other, nor wait for dead ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

#: Devices that are opened at once, and seconds after which one that takes longer holds no place any more: opening
#: takes a live one some tenths of a second of work, and a dead one only time.
MOST, LONGEST = 8, 0.5


class OpenLimit:
    """Places for opening. A place comes free when its device is open, has failed, or takes too long to be at work."""

    def __init__(self, most: int = MOST, longest: float = LONGEST) -> None:
        self._places, self._longest = asyncio.Semaphore(most), longest

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold a place for the time of the context, or for as long as a place may be held."""
        await self._places.acquire()
        held = [self._places]

        def give_back() -> None:
            while held:
                held.pop().release()

        longest = asyncio.get_running_loop().call_later(self._longest, give_back)
        try:
            yield
        finally:
            longest.cancel()
            give_back()
