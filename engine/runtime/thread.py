"""One blocking job in a thread of its own, awaited and stoppable."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from engine.runtime import log

logger = log.get(__name__)


async def in_thread(name: str, work: Callable[[], None], stop: Callable[[], None], deadline: float) -> None:
    """Run `work` in a named thread until it returns; on cancellation call `stop` and wait for it.

    The default executor is not used: its few threads would be shared, and one dead camera could keep
    all of them. The thread is a daemon, so that a call that never returns cannot hold the process.

    Args:
        name: The thread's name, e.g. ``camera[gate].video``.
        work: Blocks; its exception is raised here.
        stop: Makes `work` return soon; called from the loop's thread, must not block.
        deadline: Seconds to wait for `work` after `stop`; a thread that hangs is named in the log.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: Exception | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def body() -> None:
        error: Exception | None = None
        try:
            work()
        except BaseException as caught:  # handed over whole: the awaiting task decides
            error = _portable(caught)
        try:
            loop.call_soon_threadsafe(settle, error)
        except RuntimeError:  # the loop has closed: nobody waits any more
            return

    threading.Thread(target=body, name=name, daemon=True).start()
    try:
        await asyncio.shield(done)
    except asyncio.CancelledError:
        try:
            stop()
        except Exception:  # a plug-in's; we are stopping all the same
            logger.exception("cannot be stopped", thread=name)
        finished, _ = await asyncio.wait([done], timeout=deadline)
        if not finished:
            logger.error("thread hangs", thread=name, deadline=deadline)
        elif not done.cancelled():
            done.exception()  # retrieved: we are stopping, its end is no news
        raise


def _portable(caught: BaseException) -> Exception:
    """Return what a future can carry (not StopIteration) and a loop survives (not SystemExit)."""
    if isinstance(caught, Exception) and not isinstance(caught, StopIteration):
        return caught
    told = RuntimeError(f"{type(caught).__name__}: {caught}")
    told.__cause__ = caught
    return told
