"""Bounded edges between tasks and threads, each with its counter."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """A slot of one between a camera's thread and the loop: the newest wins, `dropped` counts.

    `put` may be called from any thread; `take` by one task of `loop`.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._fresh = asyncio.Event()
        self._value: T | None = None
        self.dropped = 0

    def put(self, value: T) -> None:
        """Replace whatever has not been taken yet; never waits."""
        with self._lock:
            waiting, self._value = self._value is not None, value
            self.dropped += waiting
        if not waiting:
            try:
                self._loop.call_soon_threadsafe(self._fresh.set)
            except RuntimeError:  # the loop has closed: the process is ending
                return

    async def take(self) -> T:
        """Wait for the newest value."""
        while True:
            await self._fresh.wait()
            self._fresh.clear()
            with self._lock:
                value, self._value = self._value, None
            if value is not None:
                return value


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
        """Forget a client."""
        self._boxes.discard(box)

    def __len__(self) -> int:
        return len(self._boxes)
