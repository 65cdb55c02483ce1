"""How long events, decisions and pictures are kept; what went is told as an event of the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from engine.actions.album import Album
from engine.draft import Draft
from engine.runtime import log
from engine.runtime.clock import Clock
from engine.runtime.supervisor import Supervisor
from engine.store.journal import journal
from engine.store.ports import Retained

logger = log.get(__name__)
#: Seconds between two looks for what is older than it is kept.
PERIOD = 3600.0


class Retention:
    """Deletes what is old; `run` is its one task.

    Args:
        keep: How long anything is kept.
        offer: Hands what went to the judge, as events.
    """

    def __init__(
        self,
        store: Retained,
        album: Album,
        clock: Clock,
        keep: timedelta,
        offer: Callable[[Draft], Awaitable[None]],
    ) -> None:
        self._store, self._album, self._clock = store, album, clock
        self._keep, self._offer = keep, offer

    async def run(self, supervisor: Supervisor) -> None:
        """Look now and then, for ever; a failure is reported, and the next look comes all the same."""
        while True:
            await supervisor.run("prune.once", self.prune)
            await asyncio.sleep(PERIOD)

    async def prune(self) -> None:
        """Delete what is old by now, and tell what went."""
        before = self._clock.now().wall - self._keep
        rows = await self._store.prune(before)
        days = await self._album.prune(before.date(), self._keep.total_seconds())
        if rows or days:
            logger.info(
                "forgot what is old", rows=rows, days_of_pictures=days, older_than_days=self._keep.days
            )
        for draft in await journal(self._store, self._clock.now().wall):
            await self._offer(draft)
