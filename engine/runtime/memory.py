"""The C library's heap kept small, and growth that does not end told.

glibc gives each thread a heap of its own (an arena, up to eight for each core), and gives back to the system only what
lies at an arena's end: threads that come and go, as streams do that are lost, leave more behind each time (+162 MB over
440 reconnects). One arena costs nothing here: pixels are worked on in buffers that live long. Elsewhere than with
glibc nothing is done.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

import psutil

from engine.runtime import log
from rules.model import Sentence

logger = log.get(__name__)
#: glibc's number of ``M_ARENA_MAX`` (malloc.h).
ARENA_MAX = -8
#: Seconds between two trims, each of which is a look at the size, too.
PERIOD = 60.0
#: Looks after which what is not used is let go.
EASE = 10
#: Looks of one step, steps that are compared, and MB that each must have grown by, and all together, to be told.
STEP, STEPS, EACH, ALL = 60, 6, 4.0, 100.0


def _libc() -> ctypes.CDLL | None:
    """Return glibc; None: this is another C library."""
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") else None


def bound() -> bool:
    """Let all threads share one heap from now on; return whether that could be had."""
    libc = _libc()
    bounded = libc is not None and libc.mallopt(ARENA_MAX, 1) == 1
    if not bounded:
        logger.debug("the heap stays as the C library makes it: this is not glibc")
    return bounded


def trim() -> bool:
    """Give back to the system what is free anywhere in the heap; return whether there was anything."""
    libc = _libc()
    return libc is not None and libc.malloc_trim(0) == 1


@dataclass(slots=True)
class Growth:
    """Whether a size grows on and on. Pure.

    What grows with work levels off; a leak does not. Steps of an hour are compared by their medians: each of the last
    six must lie above the one before.
    """

    _looks: list[float] = field(default_factory=list)
    _steps: deque[float] = field(default_factory=lambda: deque(maxlen=STEPS + 1))

    def look(self, size: float) -> None:
        """Take in a size in MB."""
        self._looks.append(size)
        if len(self._looks) >= STEP:
            self._steps.append(median(self._looks))
            self._looks.clear()

    @property
    def grown(self) -> float | None:
        """MB by which it has grown step by step; None: it does not."""
        steps = list(self._steps)
        if len(steps) <= STEPS:
            return None
        gains = [after - before for before, after in pairwise(steps)]
        return sum(gains) if min(gains) >= EACH and sum(gains) >= ALL else None


def _size() -> float:
    return float(psutil.Process().memory_info().rss) / (1 << 20)


@dataclass(slots=True)
class MemoryKeeping:
    """One process's; `run` is its one task.

    Args:
        size: Returns the process's resident MB.
        ease: Lets go of what has not been used since it was last called, in a thread.
    """

    size: Callable[[], float] = _size
    ease: Callable[[], None] = lambda: None
    growth: Growth = field(default_factory=Growth)
    _looks: int = 0
    _told: bool = False

    async def run(self) -> None:
        """Trim and look, until cancelled."""
        while True:
            await asyncio.sleep(PERIOD)
            await self.look()

    async def look(self) -> None:
        """Trim, and look at the size, once."""
        self._looks += 1
        if self._looks % EASE == 0:
            await asyncio.to_thread(self.ease)
        await asyncio.to_thread(trim)
        try:
            self.growth.look(self.size())
        except (OSError, psutil.Error):
            return
        grown = self.growth.grown
        if grown is not None and not self._told:
            logger.warning("memory grows on and on", megabytes=round(grown), hours=STEPS)
        self._told = grown is not None

    def problems(self) -> Iterator[Sentence]:
        """Yield that memory grows on and on."""
        if (grown := self.growth.grown) is not None:
            yield Sentence("engine.memory_grown", {"megabytes": round(grown), "hours": STEPS})
