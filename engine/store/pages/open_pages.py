"""The pages of a database that a store has open: when they are moved there, and how they are looked at."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.store.pages.page_sums import PageSums, opened
from engine.store.pages.scrub import Scrub
from engine.store.pages.wal_index import WalIndex

#: Pages of the write-ahead log before it is folded into the database (4 MiB).
CHECKPOINT_PAGES = 1000


class OpenPages:
    """The pages of one open database.

    Attributes:
        writing: Held by whoever writes, or lets a checkpoint be made.
        scrub: The running look at them.
    """

    def __init__(self, path: Path, handle: int, kept: PageSums) -> None:
        self._path, self._kept = path, kept
        self._index: WalIndex | None = None
        self._folded = 0
        self.writing = asyncio.Lock()
        self.scrub = Scrub(path, handle, kept, self.writing)

    def begin(self) -> None:
        """Follow the log; SQLite has the database open."""
        self._index = WalIndex(self._path)

    def end(self) -> None:
        """Let go of the log; SQLite has closed the database."""
        if self._index is not None:
            self._index.close()

    def due(self) -> bool:
        """Return whether the log is to be folded into the database."""
        frames = self._index.frames() if self._index is not None else 0
        if frames < self._folded:  # filled anew
            self._folded = 0
        return frames - self._folded >= CHECKPOINT_PAGES

    # -- at the writer's thread ----------------------------------------------------------

    def fold(self, db: sqlite3.Connection) -> None:
        """Fold the log into the database, as far as nobody still reads what was before."""
        self._folded = self._index.frames() if self._index is not None else 0
        self._kept.fold(db)

    def make_room(self, db: sqlite3.Connection) -> None:
        """Fold all of the log into the database, and let it be filled anew."""
        self._kept.fold(db, "RESTART")

    def close(self, db: sqlite3.Connection) -> None:
        """Fold what is left; on return the database is to be closed."""
        self._kept.close(db)


@contextmanager
def open_pages(path: Path) -> Iterator[OpenPages]:
    """Hold a database's pages, from before SQLite opens it until after SQLite has closed it."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        pages = OpenPages(path, handle, opened(path))
        try:
            yield pages
        finally:
            pages.end()
    finally:
        os.close(handle)
