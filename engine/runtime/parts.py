"""The engine's tasks, started in order and stopped in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from engine.runtime import log

logger = log.get(__name__)
#: Seconds a part of the engine gets to stop before it is named as hanging.
DEADLINE = 10.0


@dataclass(frozen=True, slots=True)
class Part:
    """A running part of the engine: what it is called, and its task."""

    name: str
    task: asyncio.Task[None]


class Parts:
    """The engine's tasks in the order they were started."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._parts: list[Part] = []

    def start(self, name: str, child: Callable[[], Awaitable[None]]) -> None:
        """Start a part; an exception from it ends the engine."""

        async def run() -> None:
            await child()

        self._parts.append(Part(name, self._group.create_task(run(), name=name)))

    async def stop(self) -> None:
        """Stop every part in reverse order; whatever does not stop in time is named."""
        while self._parts:
            kind = self._parts[-1].name.partition("[")[0]
            alike = [part for part in self._parts if part.name.partition("[")[0] == kind]
            self._parts = [part for part in self._parts if part not in alike]
            for part in alike:
                part.task.cancel()
            _, hanging = await asyncio.wait([part.task for part in alike], timeout=DEADLINE)
            for task in hanging:
                logger.error("does not stop", part=task.get_name(), deadline=DEADLINE)
