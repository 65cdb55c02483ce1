"""The bounded queue between everything that sees and the one that judges.

Producers are tasks of the loop and camera threads; the one consumer is the judge. Whoever finds it full
waits: an event is given up only after a thread has waited as long as it may, and then it is counted.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable

from engine.draft import AuditDraft, Draft
from rules.model import Instant

#: Drafts waiting at most.
SIZE = 1000
#: Seconds a producer waits before this counts as an overload.
PATIENCE = 1.0

#: A draft and when it arrived.
Arrival = tuple[Draft | AuditDraft, Instant]


class Intake:
    """Drafts on their way to the judge. Made inside the running loop.

    Attributes:
        overloads: Times that a producer waited longer than `PATIENCE`.
        overload_at: Engine time of the last such wait, None when there was none.
        dropped: Drafts given up by threads that had waited as long as they may.
    """

    def __init__(self, now: Callable[[], Instant], size: int = SIZE, patience: float = PATIENCE) -> None:
        self._now, self._size, self._patience = now, size, patience
        self._loop = asyncio.get_running_loop()
        self._items: deque[Arrival] = deque()
        self._room = threading.Condition()
        self._fresh, self._space = asyncio.Event(), asyncio.Event()
        self.overloads = 0
        self.overload_at: float | None = None
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def size(self) -> int:
        """How many drafts may wait."""
        return self._size

    def lag(self) -> float:
        """Return for how many seconds the oldest draft has waited; 0 where none waits."""
        with self._room:
            return self._now().engine - self._items[0][1].engine if self._items else 0.0

    async def put(self, draft: Draft | AuditDraft) -> None:
        """Hand in a draft; waits for room as long as it takes."""
        arrival = (draft, self._now())
        if self._put(arrival):
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._put_when_room(arrival)
        except TimeoutError:
            self._overloaded(arrival[1])
            await self._put_when_room(arrival)

    async def _put_when_room(self, arrival: Arrival) -> None:
        while not self._put(arrival):
            self._space.clear()
            await self._space.wait()

    def _put(self, arrival: Arrival) -> bool:
        with self._room:
            return self._append(arrival)

    def _append(self, arrival: Arrival) -> bool:
        if not self._has_room():
            return False
        self._items.append(arrival)
        self._tell(self._fresh)
        return True

    def put_from_thread(self, drafts: Iterable[Draft], timeout: float) -> None:
        """Hand in drafts from a camera's thread, each waiting for room at most `timeout` seconds.

        What then does not fit is dropped and counted.
        """
        now = self._now()
        with self._room:
            left = [draft for draft in drafts if not self._append_in_time((draft, now), timeout)]
            self.dropped += len(left)

    def _append_in_time(self, arrival: Arrival, timeout: float) -> bool:
        """Append, waiting for room; the lock is held."""
        if self._append(arrival):
            return True
        if not self._room.wait_for(self._has_room, min(timeout, self._patience)):
            self._overloaded(arrival[1])
            self._room.wait_for(self._has_room, max(0.0, timeout - self._patience))
        return self._append(arrival)

    def _has_room(self) -> bool:
        return len(self._items) < self._size

    def _overloaded(self, now: Instant) -> None:
        self.overloads += 1
        self.overload_at = now.engine

    async def take(self, most: int, timeout: float | None) -> list[Arrival]:
        """Wait for drafts, at most `timeout` seconds; return up to `most`, oldest first."""
        if not self._items:
            self._fresh.clear()
            if not self._items:  # a thread may have put between the two looks
                try:
                    async with asyncio.timeout(timeout):
                        await self._fresh.wait()
                except TimeoutError:
                    return []
        with self._room:
            taken = [self._items.popleft() for _ in range(min(most, len(self._items)))]
            self._room.notify_all()
        self._space.set()
        return taken

    def _tell(self, event: asyncio.Event) -> None:
        """Set an event of the loop, from whichever thread; the lock is held."""
        if len(self._items) > 1:
            return  # told already, and not taken yet
        try:
            self._loop.call_soon_threadsafe(event.set)
        except RuntimeError:  # the loop has closed: the process is ending
            return
