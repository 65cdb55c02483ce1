"""Looks back over the log: an index follows it in the background, and answers meanwhile.

The log is written at thousands of entries a second, so the index is no part of its transactions. What is newest is held
in memory, a block of 16,384 numbers at most; a complete one goes into a file. An index that lags says so.
"""

from __future__ import annotations

import asyncio
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from threading import Lock, RLock
from typing import Final

from engine.errors import StoreBusy, StoreError, StoreFull
from engine.runtime import log
from engine.store import codec
from engine.store.faults import translated
from engine.store.search import bits
from engine.store.search.block import Key
from engine.store.search.finding import Finding, Found, Progress, page
from engine.store.search.index_file import IndexFile, forget_index, index_path
from engine.store.search.indexing import Indexing
from engine.store.search.sought import Sought
from rules.model import Sentence

_log = log.get(__name__)
#: Seconds between two looks at what is new; rests while an index is made, in times of what its last step took: so a
#: quarter of a core is used at most.
LOOK, REST = 1.0, 3.0
#: Seconds that one page may look for; what is found by then is answered, with where to go on.
PATIENCE: Final = 0.03
#: Pieces of what is new that are taken before a page is answered.
FRESH: Final = 6
END: Final = 1 << 62
_BROKEN = (sqlite3.Error, zlib.error, OSError)


class NotReady(StoreError):
    """There is no index now: the engine has just begun, or the file of the index cannot be kept."""


class NoWords(StoreError):
    """Texts cannot be searched here: this SQLite was made without FTS5."""


class Search:
    """Looks back over the log of one database. `run` keeps the index; all else may be called meanwhile.

    Args:
        monotonic: Seconds that only grow.

    Attributes:
        trouble: Why there is no index; empty: there is one, or will be.
    """

    def __init__(self, database: Path, monotonic: Callable[[], float]) -> None:
        self._database, self._monotonic = database, monotonic
        self._indexing: Indexing | None = None
        self._reader: IndexFile | None = None
        self._answering = Lock()  # one page at a time
        self._looking = (
            RLock()
        )  # a look is never cut off by closing: a thread goes on when its task is cancelled
        self._closed = False
        self.trouble = ""

    async def run(self) -> None:
        """Follow the log for ever. Where there can be no index, that is a standing problem, and tried again."""
        self._closed = False
        try:
            while True:
                began = self._monotonic()
                more = await asyncio.to_thread(self.look)
                await asyncio.sleep(REST * (self._monotonic() - began) if more else LOOK)
        finally:
            await asyncio.to_thread(self.close)

    def problems(self) -> Iterator[Sentence]:
        """Yield what a person should know of it."""
        if self.trouble:
            yield Sentence("search.broken", {"path": str(index_path(self._database)), "reason": self.trouble})
        elif self._indexing is not None and not self._indexing.index.able:
            yield Sentence("search.no_words", {})

    # -- keeping -------------------------------------------------------------------------

    def look(self) -> bool:
        """Do one piece of what is to be done for the index; return whether there is more. Blocking."""
        with self._looking:
            if self._closed:
                return False
            try:
                if self._indexing is None:
                    self._begin()
                    return True
                more = self._indexing.look()
            except _BROKEN as error:
                self._fail(error)
                return False
            self.trouble = ""
            return more

    def _begin(self) -> None:
        indexing = Indexing(self._database)
        self._reader = IndexFile(index_path(self._database), readonly=True)
        self._indexing = indexing
        if indexing.missing:
            _log.info("search.builds", blocks=len(indexing.missing), there=len(indexing.kept))

    def _fail(self, error: Exception) -> None:
        """Say what is the matter, once; what is damaged is made anew with the next look, if there is room for it."""
        reason = str(error) or type(error).__name__
        if reason != self.trouble:
            _log.warning("search.broken", path=str(index_path(self._database)), error=repr(error))
        self._let_go()
        if not _for_now(error, self._database):
            with suppress(OSError):
                forget_index(self._database)
        self.trouble = reason

    def close(self) -> None:
        """Close the index, once a look that is on its way is done. Blocking."""
        with self._looking:
            self._closed = True
            self._let_go()

    def _let_go(self) -> None:
        with self._answering:
            for each in (self._reader, self._indexing):
                if each is not None:
                    each.close()
            self._reader = self._indexing = None

    # -- answering -----------------------------------------------------------------------

    async def find(self, sought: Sought, before: int | None = None, limit: int = 100) -> Found:
        """Return the numbers of entries that are looked for, greatest first, below one.

        Raises:
            NotReady: There is no index now.
            NoWords: Words are looked for, and cannot be.
        """
        return await asyncio.to_thread(self._find, sought, END if before is None else before, limit)

    async def counts(self, scope: str, first: int, last: int) -> Mapping[Key, tuple[int, int]]:
        """Return what was counted of a scope in buckets (`entries.BUCKET`) from one to another: number, worst rank.

        Raises:
            NotReady: There is no index now.
        """
        return await asyncio.to_thread(self._counts, scope, first, last)

    async def terms(self, field: str) -> frozenset[str]:
        """Return every term of a field that an entry has, or had.

        Raises:
            NotReady: There is no index now.
        """
        return await asyncio.to_thread(self._terms, field)

    async def progress(self) -> Progress:
        """Return how far the index is.

        Raises:
            NotReady: There is no index now.
        """
        return await asyncio.to_thread(self._progress)

    def _find(self, sought: Sought, before: int, limit: int) -> Found:
        end = self._monotonic() + PATIENCE
        with self._answering:
            indexing, reader = self._ready()
            if (sought.words or sought.without) and not indexing.index.able:
                raise NoWords
            try:
                fresh = indexing.follow(FRESH)
                low = indexing.floor(before)
                finding = Finding(sought, before, low)
                young = indexing.steps(finding, before)
                older = finding.below(indexing.young.first()).in_file(reader)
                found = page(chain(young, older), limit, low, lambda: self._monotonic() > end)
            except _BROKEN as error:
                raise NotReady(str(error)) from error
        if found.next is not None and found.next > before:
            found = Found(found.seqs, before, found.waits)
        return found if fresh else Found(found.seqs, found.next, found.waits, behind=True)

    def _counts(self, scope: str, first: int, last: int) -> Mapping[Key, tuple[int, int]]:
        with self._answering:
            indexing, reader = self._ready()
            try:
                indexing.follow(FRESH)
                young = indexing.counts(scope, first, last)
                found = {key: (n, worst) for key, n, worst in reader.counts(scope, first, last)}
            except _BROKEN as error:
                raise NotReady(str(error)) from error
        for key, n, worst in young:
            had, rank = found.get(key, (0, 3))
            found[key] = had + n, min(rank, worst)
        return found

    def _terms(self, field: str) -> frozenset[str]:
        with self._answering:
            indexing, reader = self._ready()
            try:
                indexing.follow(FRESH)
                return frozenset((*reader.terms(field), *indexing.terms(field)))
            except _BROKEN as error:
                raise NotReady(str(error)) from error

    def _progress(self) -> Progress:
        with self._answering:
            indexing, _ = self._ready()
            with indexing.lock:
                kept, missing = len(indexing.kept), len(indexing.missing)
                first = max(indexing.missing, default=-1) + 1
            since = indexing.source.time_from(first << bits.SHIFT) if missing else None
        return Progress(
            kept, kept + missing, None if since is None else codec.moment(since), indexing.index.able
        )

    def _ready(self) -> tuple[Indexing, IndexFile]:
        if self._indexing is None or self._reader is None:
            raise NotReady(self.trouble)
        return self._indexing, self._reader


def _for_now(error: Exception, database: Path) -> bool:
    """Return whether an error is of the disk or of another program, and nothing is damaged."""
    if isinstance(error, sqlite3.Error):
        return isinstance(translated(error, database), (StoreFull, StoreBusy))
    return isinstance(error, OSError)
