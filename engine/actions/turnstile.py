"""Places at one target: so many at a time, the most urgent first, one kept for what is critical."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from itertools import count

from engine.severity import RANK

#: Rank of a severity that is not known: after all others.
_LAST = len(RANK)


class Turnstile:
    """Lets so many in at once; whoever waits goes in by severity, then in the order of coming.

    Args:
        places: For everything.
        kept: Further ones, for what is critical only: a target that is slow must not keep an alarm waiting.
    """

    def __init__(self, places: int, kept: int = 1) -> None:
        self._places, self._kept = places, kept
        self._inside = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._number = count()

    @asynccontextmanager
    async def place(self, severity: str) -> AsyncIterator[None]:
        """Hold a place for as long as the context lasts; waits for one."""
        rank = RANK.get(severity, _LAST)
        if self._waiting or not self._free(rank):
            await self._wait(rank)
        else:
            self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
            self._call()

    def _free(self, rank: int) -> bool:
        return self._inside < self._places + (self._kept if rank == 0 else 0)

    async def _wait(self, rank: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (rank, next(self._number), turn))
        self._call()
        try:
            await turn
        except asyncio.CancelledError:
            if (
                turn.done() and not turn.cancelled()
            ):  # it had been called at the same moment: its place is free
                self._inside -= 1
                self._call()
            raise

    def _call(self) -> None:
        """Call in whoever is next, as far as there is room."""
        while self._waiting:
            rank, _, turn = self._waiting[0]
            if not turn.done() and not self._free(rank):
                return
            heappop(self._waiting)
            if not turn.done():  # else it gave up waiting
                self._inside += 1
                turn.set_result(None)
