"""A driver's own background tasks: named, owned by the open device, gone when it closes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any


class Nursery:
    """Starts tasks in a group that ends with the device."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task; an exception that it lets out ends the device's context."""
        task = self._group.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def cancel(self) -> None:
        """Cancel whatever still runs."""
        for task in self._tasks:
            task.cancel()


@asynccontextmanager
async def nursery() -> AsyncIterator[Nursery]:
    """Own tasks for as long as the context lasts.

    Unlike a bare task group it lets the body's exception out as it is, not in an ExceptionGroup: an open
    device's user expects the DriverError that it raised.
    """
    failure: Exception | None = None
    async with asyncio.TaskGroup() as group:
        tasks = Nursery(group)
        try:
            yield tasks
        except Exception as error:  # passed on below, unchanged
            failure = error
        finally:
            tasks.cancel()
    if failure is not None:
        raise failure
