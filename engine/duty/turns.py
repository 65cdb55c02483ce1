"""One at a time for each key: whoever comes for the same one waits, whoever comes for another does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from engine.errors import Because, Refusal


class Turns:
    """Locks by key; one that nobody holds or waits for is forgotten.

    Args:
        most: Who may hold one or wait for one at once.
    """

    def __init__(self, most: int) -> None:
        self._most, self._asked = most, 0
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    def __len__(self) -> int:
        return len(self._locks)

    @asynccontextmanager
    async def of(self, key: str) -> AsyncIterator[None]:
        """Hold a key's lock.

        Raises:
            Refusal: ``act.busy``: too many hold or wait.
        """
        if self._asked >= self._most:
            raise Refusal(Because.BUSY, "act.busy", most=self._most)
        lock, asked = self._locks.get(key, (asyncio.Lock(), 0))
        self._count(key, lock, asked + 1, 1)
        try:
            async with lock:
                yield
        finally:
            self._count(key, lock, self._locks[key][1] - 1, -1)

    def _count(self, key: str, lock: asyncio.Lock, asked: int, more: int) -> None:
        self._asked += more
        self._locks[key] = lock, asked
        if not asked:
            del self._locks[key]
