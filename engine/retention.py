"""How long events, decisions, pictures and what is told of deeds are kept; what went is told as an event of the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

from engine.actions.album import Album
from engine.draft import Draft
from engine.identity.record import AuditRecord, Deed
from engine.runtime import log
from engine.runtime.clock import Clock
from engine.runtime.supervisor import Supervisor
from engine.store.journal import journal
from engine.store.ports import Retained
from rules.model import Fact

logger = log.get(__name__)
#: Seconds between two looks for what is older than it is kept, and for deletions that the log does not tell of yet.
PERIOD, TELLING = 3600.0, 60.0
#: What the engine does by itself is recorded as.
ENGINE = "engine"


class Recording(Protocol):
    """Who keeps records."""

    async def enter(self, record: AuditRecord) -> bool:
        """Keep a record of now; return whether it is durable."""
        ...


class Retention:
    """Deletes what is old; `run` is its one task.

    Args:
        keep: How long anything is kept; `keep_audit`: how long what is told of deeds is.
        offer: Hands what went to the judge, as events.
        audit: Keeps a record of what is to be taken from records, before it is.
    """

    def __init__(
        self,
        store: Retained,
        album: Album,
        clock: Clock,
        keep: timedelta,
        offer: Callable[[Draft], Awaitable[None]],
        *,
        keep_audit: timedelta,
        audit: Recording,
    ) -> None:
        self._store, self._album, self._clock = store, album, clock
        self._keep, self._keep_audit = keep, keep_audit
        self._offer, self._audit = offer, audit

    async def run(self, supervisor: Supervisor) -> None:
        """Look now and then, for ever; a failure is reported, and the next look comes all the same."""
        while True:
            await supervisor.run("prune.once", self.prune)
            for _ in range(round(PERIOD / TELLING)):
                await asyncio.sleep(TELLING)
                await supervisor.run("prune.tell", self.tell)

    async def prune(self) -> None:
        """Delete what is old by now, and tell what went."""
        now = self._clock.now().wall
        before = now - self._keep
        rows = await self._store.prune(before)
        days = await self._album.prune(before.date(), self._keep.total_seconds())
        told = await self._prune_records(now - self._keep_audit)
        if rows or days or told:
            logger.info(
                "forgot what is old",
                rows=rows, days_of_pictures=days, older_than_days=self._keep.days, told_of_deeds=told,
            )  # fmt: skip
        await self.tell()

    async def tell(self) -> None:
        """Tell what went and is not yet an event of the log: only what the log tells went as it should."""
        for draft in await journal(self._store, self._clock.now().wall):
            await self._offer(draft)

    async def _prune_records(self, before: datetime) -> int:
        """Forget what is told of old deeds. That is recorded first: else nobody could tell it from tampering."""
        crowded = await self._store.crowding_records()
        why, edge = ("room", crowded) if crowded is not None and crowded > before else ("age", before)
        rows, upto = await self._store.ageing_records(edge)
        if not rows:
            return 0
        about: dict[str, Fact] = {
            "what": "audit",
            "why": why,
            "rows": rows,
            "last": upto,
            "before": edge.isoformat(),
        }
        record = AuditRecord(Deed.DELETE, principal=ENGINE, basis=ENGINE, about=about)
        if not await self._audit.enter(record):
            return 0  # later
        return await self._store.prune_records(edge, upto, why)
