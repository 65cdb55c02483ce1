"""Heads are written: at start, every day, when somebody asks, and at the end. One task."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from engine.errors import StoreError
from engine.runtime import log
from engine.runtime.clock import Clock
from engine.runtime.supervisor import Supervisor
from engine.seal import instant
from engine.seal.chain import Place
from engine.seal.fault import SealFault
from engine.seal.head_file import HeadFile, Mark
from engine.seal.heads import Head, Why
from engine.seal.keys import KeyFolder
from rules.model import Sentence

logger = log.get(__name__)
#: Seconds between two looks at whether a day has passed, and between two tries where it could not be written.
PERIOD = 600.0
DAY = timedelta(days=1)
#: A start so soon after the last head writes none: an engine that starts over and over must not fill a disk.
SOON = timedelta(minutes=1)
#: Seconds until a folder that does not answer is a problem; the end of the engine waits for it no longer.
DEADLINE = 30.0
#: Where the store notes how far the file of heads has come, and since when.
MARK, WRITTEN = "heads", "heads_at"
#: Where whoever restores a database notes in it that this was done, until a head has said so.
RESTORED = "restored"


class Chained(Protocol):
    """The store, as far as heads ask."""

    async def chained(self) -> tuple[str, Place, int]:
        """Return the database's name, where the chain ends, and how many links there are."""
        ...

    async def recall(self, key: str) -> str | None:
        """Return a value that was remembered."""
        ...

    async def remember(self, key: str, value: str) -> None:
        """Keep a value."""
        ...


class HeadKeeping:
    """Writes heads; `run` is its one task.

    Args:
        restored: Whether the store is another than at the last run: salvaged. That it was restored it says itself.
        audit: Tells where the audit log's chain ends, where it is one of its own.
    """

    def __init__(
        self,
        site: str,
        keys: KeyFolder,
        file: HeadFile,
        store: Chained,
        clock: Clock,
        *,
        restored: bool = False,
        audit: Callable[[], Awaitable[Place | None]] | None = None,
    ) -> None:
        self._site, self._keys, self._file, self._store, self._clock = site, keys, file, store, clock
        self._first, self._audit = Why.RESTORED if restored else Why.START, audit
        self._writing = asyncio.Lock()
        self._trouble: Sentence | None = None

    def problems(self) -> Iterable[Sentence]:
        """Yield what a person must see to."""
        return () if self._trouble is None else (self._trouble,)

    async def run(self, supervisor: Supervisor) -> None:
        """Write a head now, and one whenever a day has passed; for ever."""
        await supervisor.run("heads.first", self._start)
        while True:
            await asyncio.sleep(PERIOD)
            await supervisor.run("heads.daily", self._daily)

    async def write(self, why: Why) -> Mark | None:
        """Write a head; None: it could not be, which stands as a problem from now on."""
        async with self._writing:
            try:
                async with asyncio.timeout(DEADLINE):
                    mark = await self._write(why)
            except (SealFault, StoreError, TimeoutError) as error:
                self._now(_sentence(error))
                return None
        self._now(None)
        return mark

    async def _start(self) -> None:
        last = await self._last()
        if await self._store.recall(RESTORED):
            self._first = Why.RESTORED
        if self._first is Why.RESTORED or last is None or not timedelta() <= self._now_wall() - last < SOON:
            written = await self.write(self._first)
            if written and self._first is Why.RESTORED:
                await self._store.remember(RESTORED, "")
        else:
            await self._look()

    async def _daily(self) -> None:
        """Write where a day has passed, where the clock was set back, or where the last try failed."""
        last = await self._last()
        if self._trouble or last is None or not timedelta() <= self._now_wall() - last < DAY:
            await self.write(Why.DAILY)
        else:
            await self._look()

    async def _look(self) -> None:
        """Look whether heads could be written: a disk that has gone is a problem now, not when a day is over."""
        try:
            async with self._writing, asyncio.timeout(DEADLINE):
                known = Mark.read(await self._store.recall(MARK))
                await asyncio.to_thread(self._file.look, known)
        except (SealFault, StoreError, TimeoutError) as error:
            self._now(_sentence(error))

    async def _write(self, why: Why) -> Mark:
        at = self._now_wall()
        store, place, count = await self._store.chained()
        audit = None if self._audit is None else await self._audit()
        head = Head(store, self._site, place, count, at, why, audit)
        known = Mark.read(await self._store.recall(MARK))
        mark = await asyncio.to_thread(self._add, head, known)
        await self._store.remember(MARK, mark.written())
        await self._store.remember(WRITTEN, instant.written(at))
        return mark

    def _add(self, head: Head, known: Mark | None) -> Mark:
        """Sign with the key that is in use by now: a command may have exchanged it."""
        keys = self._keys.opened(head.at)
        for said in keys.news:
            logger.warning(said.code, **said.values)
        return self._file.add(head, keys, known)

    async def _last(self) -> datetime | None:
        try:
            return instant.read(await self._store.recall(WRITTEN))
        except ValueError:
            return None

    def _now_wall(self) -> datetime:
        return self._clock.now().wall.astimezone(UTC)

    def _now(self, trouble: Sentence | None) -> None:
        if trouble is not None and trouble != self._trouble:
            logger.error(trouble.code, **trouble.values)
        self._trouble = trouble


def _sentence(error: SealFault | StoreError | TimeoutError) -> Sentence:
    if isinstance(error, SealFault):
        return Sentence(error.code, error.values)
    return Sentence("seal.no_head", {"detail": str(error) or f"{DEADLINE:.0f} s"})
