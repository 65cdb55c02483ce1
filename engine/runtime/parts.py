"""The engine's tasks, started in order and stopped in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

from engine.runtime import log

logger = log.get(__name__)
#: Seconds a part of the engine gets to stop before it is named as hanging.
DEADLINE = 10.0


async def stop(tasks: Collection[asyncio.Task[None]]) -> None:
    """Stop these at the same time; whatever does not stop in time is named and left behind."""
    for task in tasks:
        task.cancel()
    if tasks:
        _, hanging = await asyncio.wait(tasks, timeout=DEADLINE)
        for task in hanging:
            logger.error("does not stop", part=task.get_name(), deadline=DEADLINE)


class Parts:
    """The engine's tasks in the order they were started."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, name: str, child: Callable[[], Awaitable[None]]) -> None:
        """Start a part; an exception from it ends the engine."""

        async def run() -> None:
            await child()

        self._tasks.append(self._group.create_task(run(), name=name))

    async def stop(self) -> None:
        """Stop every part, one after the other, in reverse order."""
        while self._tasks:
            await stop([self._tasks.pop()])
