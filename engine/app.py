"""The engine's life: it is made, runs until it is told to stop, and stops in the reverse order."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack

from engine import text
from engine.config.configuration import Configuration
from engine.config.state_paths import state_paths
from engine.errors import EngineError, UpgradeRefused
from engine.runtime import log, memory
from engine.runtime.clock import SystemClock
from engine.runtime.parts import Parts
from engine.runtime.systemd import notify
from engine.seal.heads import Why
from engine.site import Site
from engine.store.db import open_store
from engine.web.listening import Closed

logger = log.get(__name__)


def _nobody(_: str) -> None:
    """Show nobody anything."""


async def serve(configuration: Configuration, tell: Callable[[str], object] = _nobody) -> int:
    """Run the engine until SIGTERM or SIGINT; SIGHUP reloads rules and cameras. Return the exit code.

    Args:
        tell: Shows a person what is in no log.
    """
    memory.bound()
    stop, reload = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    # From a terminal it means that the terminal is gone, and an engine that nobody sees must not stay.
    loop.add_signal_handler(signal.SIGHUP, (stop if sys.stderr.isatty() else reload).set)
    failed = False
    try:
        await run(configuration, stop, reload, tell)
    except* (EngineError, OSError) as group:
        failed = True
        for error in _leaves(group):
            logger.error("the engine cannot go on", reason=_reason(error, configuration.settings.language))
    return int(failed)


def _reason(error: BaseException, language: text.Language) -> str:
    """Return why the engine ends: in the site's language where it has a sentence."""
    if isinstance(error, (Closed, UpgradeRefused)):
        return text.render(error.said.code, error.said.values, language)
    return str(error)


async def run(
    configuration: Configuration,
    stop: asyncio.Event,
    reload: asyncio.Event | None = None,
    tell: Callable[[str], object] = _nobody,
) -> None:
    """Run the engine until `stop` is set; whenever `reload` is, read rules and cameras again.

    Args:
        tell: Shows a person what is in no log: the code of who will be the first admin.

    Raises:
        ExceptionGroup: The store, the judge or the API could not go on.
    """
    settings = configuration.settings
    where = state_paths(settings)
    where.prepare()
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(
            open_store(where.database, quota_mb=settings.store.quota_mb, clock=clock)
        )
        resume = await store.load()
        clock.resume(resume.mark)
        if clock.bridged:
            await store.bridge(clock.bridged)
        site = Site(configuration, where, clock, store, resume, asked=reload or asyncio.Event())
        stack.callback(site.close)
        await site.service.recall()
        await site.porter.recall()
        await site.live(configuration.rules)
        async with asyncio.TaskGroup() as group, AsyncExitStack() as doors:
            parts = Parts(group)
            site.start(parts)
            await site.open_doors(doors)
            logger.info("running", site=settings.site, cameras=len(site.cameras), socket=str(where.socket))
            await site.greet(tell)
            notify("READY=1")
            await stop.wait()
            site.stopping = True
            notify("STOPPING=1")
            logger.info("stopping")
            await doors.aclose()
            await site.porter.sweep(all=True)
            await site.retention.tell()
            await site.auditor.finish()
            await site.judge.settle()
            await parts.stop()
        await site.heads.write(Why.END)
        await store.close_cleanly(site.judge.left_off())
    logger.info("stopped")


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
