"""What this process holds: what conformance counts before and after."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import TypeAlias

import psutil

#: Open file descriptors; names of threads; names of tasks.
Possessions: TypeAlias = tuple[int, frozenset[str], frozenset[str]]

#: No descriptor, no thread, no task.
NOTHING: tuple[int, list[str], list[str]] = (0, [], [])


def possessions() -> Possessions:
    """Return open file descriptors, and the names of threads and tasks; asyncio's own pool aside."""
    gc.collect()
    threads = frozenset(t.name for t in threading.enumerate() if not t.name.startswith("asyncio_"))
    return psutil.Process().num_fds(), threads, frozenset(task.get_name() for task in asyncio.all_tasks())


async def left_over(before: Possessions, patience: float) -> tuple[int, list[str], list[str]]:
    """Return what is held beyond what was: nothing, or after a while whatever it is; sockets close late."""
    for _ in range(int(patience / 0.05)):
        fds, threads, tasks = possessions()
        more = max(0, fds - before[0]), sorted(threads - before[1]), sorted(tasks - before[2])
        if more == NOTHING:
            break
        await asyncio.sleep(0.05)
    return more
