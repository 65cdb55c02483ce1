"""Few things, many takers: fair turns.

Who has been without for longest goes first: each taker is served in its turn, however often the others ask. What is
urgent goes before what is not, unless that has been turned away too often: nobody waits for ever. A thing that
comes back is handed to the one taker whose turn it is; nobody else wakes.
"""

from __future__ import annotations

import threading
from bisect import insort
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Thing = TypeVar("Thing")
#: Refusals in a row after which a taker is as urgent as any.
PATIENCE = 3


@dataclass(slots=True, order=True)
class _Waiting(Generic[Thing]):
    """Somebody who waits: by its rank, the least first."""

    rank: tuple[int, int, int]
    handed: Thing | None = field(default=None, compare=False)
    called: threading.Event = field(default_factory=threading.Event, compare=False)


class FairTurns(Generic[Thing]):
    """Hands things out; every method may be called from any thread.

    Attributes:
        asked: How often each taker asked (counter); `refused`: how often in vain.
    """

    def __init__(self, things: Iterable[Thing]) -> None:
        self._free = list(things)
        self._lock = threading.Lock()
        self._queue: list[_Waiting[Thing]] = []
        self._served: dict[str, int] = {}
        self._vain: Counter[str] = Counter()
        self._turn = 0
        self._closed = False
        self.asked: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def take(self, taker: str, priority: int, wait: float) -> Thing | None:
        """Return a thing when it is the taker's turn; None: that did not come within `wait` seconds."""
        with self._lock:
            self.asked[taker] += 1
            if self._free:  # then nobody waits
                self._serve(taker)
                return self._free.pop()
            waiting = None if self._closed else self._enqueue(taker, priority)
        if waiting is not None:
            waiting.called.wait(wait)
        with self._lock:
            return self._handed(taker, waiting)

    def give_back(self, thing: Thing) -> None:
        """Hand a thing that was taken to whose turn it is."""
        with self._lock:
            if self._queue:
                first = self._queue.pop(0)
                first.handed = thing
                first.called.set()
            elif not self._closed:
                self._free.append(thing)

    def spare(self) -> Thing | None:
        """Return a thing that nobody has or wants now; None: there is none. It is to be given back soon."""
        with self._lock:
            return self._free.pop() if self._free else None

    def close(self) -> None:
        """Turn everyone away, now and later."""
        with self._lock:
            self._closed = True
            self._free.clear()
            for waiting in self._queue:
                waiting.called.set()
            self._queue.clear()

    def _enqueue(self, taker: str, priority: int) -> _Waiting[Thing]:
        self._turn += 1
        urgency = max(priority, 1) if self._vain[taker] >= PATIENCE else priority
        waiting = _Waiting[Thing]((-urgency, self._served.get(taker, 0), self._turn))
        insort(self._queue, waiting)
        return waiting

    def _handed(self, taker: str, waiting: _Waiting[Thing] | None) -> Thing | None:
        """Return what somebody was handed, also at the last moment, or note that it was nothing."""
        if waiting is not None and waiting.handed is not None:
            self._serve(taker)
            return waiting.handed
        if waiting in self._queue:
            self._queue.remove(waiting)
        self._vain[taker] += 1
        self.refused[taker] += 1
        return None

    def _serve(self, taker: str) -> None:
        self._turn += 1
        self._served[taker] = self._turn
        self._vain[taker] = 0
