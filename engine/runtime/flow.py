"""Bounded edges between tasks, each with its counter."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """A bounded queue per client: the oldest goes when full, and the reader is told how many.

    Single loop only.
    """

    def __init__(self, size: int) -> None:
        self._items: deque[T] = deque(maxlen=size)
        self._fresh = asyncio.Event()
        self.missed = 0
        self.dropped = 0

    def put(self, item: T) -> None:
        """Append; drops the oldest when full."""
        if len(self._items) == self._items.maxlen:
            self.missed += 1
            self.dropped += 1
        self._items.append(item)
        self._fresh.set()

    async def take(self) -> tuple[int, T]:
        """Wait for an item; return how many were lost just before it, and the item."""
        while not self._items:
            self._fresh.clear()
            await self._fresh.wait()
        missed, self.missed = self.missed, 0
        return missed, self._items.popleft()

    def __len__(self) -> int:
        return len(self._items)

    def clear(self) -> int:
        """Forget everything that waits; return how many, those lost before included."""
        missed, self.missed = self.missed + len(self._items), 0
        self._items.clear()
        return missed


class Hub(Generic[T]):
    """One publisher, many clients, each behind a `Mailbox`; a slow client slows nobody."""

    def __init__(self, size: int = 256) -> None:
        self._size = size
        self._boxes: set[Mailbox[T]] = set()
        self._dropped_by_gone = 0

    @property
    def dropped(self) -> int:
        """How many items clients were too slow for, those that have left included."""
        return self._dropped_by_gone + sum(box.dropped for box in self._boxes)

    @property
    def waiting(self) -> int:
        """How many items wait for the slowest client."""
        return max(map(len, self._boxes), default=0)

    @property
    def size(self) -> int:
        """How many items may wait for each client."""
        return self._size

    def publish(self, item: T) -> None:
        """Give an item to every client; never waits."""
        for box in self._boxes:
            box.put(item)

    def join(self) -> Mailbox[T]:
        """Return a new client's mailbox."""
        box: Mailbox[T] = Mailbox(self._size)
        self._boxes.add(box)
        return box

    def leave(self, box: Mailbox[T]) -> None:
        """Forget a client; asked again it does nothing."""
        if box in self._boxes:
            self._boxes.remove(box)
            self._dropped_by_gone += box.dropped

    def __len__(self) -> int:
        return len(self._boxes)
