"""A blocking piece of work that is waited for to its end, whatever becomes of whoever waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def unbroken(work: Callable[[], T]) -> T:
    """Do blocking work in a thread; a cancellation is passed on when it is done, not before.

    What others wait for must not be left half done because one of them ran out of time.
    """
    running = asyncio.get_running_loop().run_in_executor(None, work)
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        running.exception()  # seen, whatever it is
        raise cancelled
    return running.result()
