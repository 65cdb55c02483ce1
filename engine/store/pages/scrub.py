"""Looks at a database's pages while it is used, a few at a time: one that is not as it was written is told."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

from engine.runtime import log
from engine.store import witness
from engine.store.pages.compare import PIECE, owners, told
from engine.store.pages.page_sums import PageSums
from engine.store.pages.sums import Why
from rules.model import Sentence

_log = log.get(__name__)
#: Seconds between two looks (1 MiB each: 2 GiB are seen in six hours); in the first round, which sees what the start
#: had no time for; and while the sums are still being made.
CALM, FIRST, HURRY = 10.0, 0.5, 0.1
#: Told in a page's place where the write-ahead log is damaged.
LOG = {0: "write-ahead log"}

_ANEW = {
    Why.GONE: Sentence("store.sums_gone"),
    Why.DAMAGED: Sentence("store.sums_damaged"),
    Why.OTHER: Sentence("store.sums_other"),
    Why.FOREIGN: Sentence("store.sums_foreign"),
}


class Scrub:
    """The running look at one database's pages.

    Args:
        path: The database.
        handle: Of it, open for reading. It was opened before SQLite opened the file, and is closed after SQLite has
            closed it: whoever closes a file gives up all locks that its process has on it.
        kept: Its page sums.
        writing: Held while pages change.

    Attributes:
        wrong: Pages that are not as they were written, and what they belong to. One stays told until the next start:
            that SQLite wrote it anew does not say that what it read was right.
        rounds: How often all pages were looked at.
    """

    def __init__(self, path: Path, handle: int, kept: PageSums, writing: asyncio.Lock) -> None:
        self._path, self._handle, self._kept, self._writing = path, handle, kept, writing
        self._next = 1
        self.wrong: dict[int, str] = {}
        self.rounds = 0

    async def run(self) -> None:
        """Look for ever."""
        while True:
            if self._kept.unkept is not None:
                pause = CALM
            elif not self._kept.sums.whole:
                pause = HURRY
            else:
                pause = CALM if self.rounds else FIRST
            await asyncio.sleep(pause)
            await self.step()

    async def step(self) -> None:
        """Look at the next pages; where nothing is known of them, note what they are."""
        if self._kept.unkept is not None or not self._kept.sums.whole:
            async with self._writing:
                await asyncio.to_thread(self._make)
            return
        size, first = self._kept.sums.size, self._next
        suspects = await asyncio.to_thread(self._differing, first)
        if suspects:  # or a checkpoint was just moving them: looked at again while none can
            async with self._writing:
                suspects = await asyncio.to_thread(self._still_differing, first)
        if new := [page for page in suspects if page not in self.wrong]:
            await self._tell(new)
        self._next = first + PIECE
        if self._next > size:
            self._next = 1
            self.rounds += 1

    def _differing(self, first: int) -> list[int]:
        size = self._kept.sums.page_size
        # From the disk: what the system remembers of it says nothing about it.
        os.posix_fadvise(self._handle, (first - 1) * size, PIECE * size, os.POSIX_FADV_DONTNEED)
        return [*self._kept.wrong(self._handle, first)]

    def _still_differing(self, first: int) -> list[int]:
        self._kept.catch_up()  # another program may have made a checkpoint
        return self._differing(first)

    def _make(self) -> None:
        if self._kept.unkept is not None:
            self._kept.begin_anew(os.fstat(self._handle).st_size)
        elif not self._kept.make(self._handle):
            _log.info("store.sums_complete", path=str(self._path), pages=self._kept.sums.size)

    async def _tell(self, pages: list[int]) -> None:
        time = asyncio.get_running_loop().time
        late = time() + CALM
        found = await asyncio.to_thread(owners, self._path, pages, lambda: time() > late)
        self.wrong |= found
        _log.error("store.page_wrong", path=str(self._path), pages=told(found, len(found)))
        why = f"not as they were written: pages {told(self.wrong, len(self.wrong))}"
        await asyncio.to_thread(witness.suspect, self._path, why)

    def log_is_damaged(self) -> None:
        """Tell that the write-ahead log is not as it was written: so are pages that came of it."""
        self.wrong |= LOG

    def problems(self) -> Iterator[Sentence]:
        """Yield what a person should know."""
        if self.wrong:
            count = len(self.wrong)
            yield Sentence("store.page_wrong", {"count": count, "pages": told(self.wrong, count)})
        why = self._kept.sums.why
        if why is Why.UNKEPT:
            yield Sentence("store.sums_unkept", {"detail": self._kept.unkept or ""})
        elif why in _ANEW:
            yield _ANEW[why]
