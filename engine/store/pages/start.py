"""The pages of a database before a store opens it: compared with their sums, then noted as they are to be. Blocking."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from engine.runtime import log
from engine.store.pages import notes
from engine.store.pages.compare import NAMED, compare, owners, told
from engine.store.pages.page_sums import PageSums, made
from engine.store.pages.sums import Sums, Why, stamp
from engine.store.pages.verify import STAMPED_UP_TO, of, stamped
from engine.store.wal import PAGE_SIZE, Log

_log = log.get(__name__)


class PagesAtStart:
    """The pages of one database, from before it is opened until a store has it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: PageSums | None = None
        self._why = Why.FIRST
        self._stamp = 0
        self._looked = 0

    def complaint(self, log: Log, late: Callable[[], bool]) -> str | None:
        """Return which pages are not as they were written, None where none is found.

        Args:
            log: What the write-ahead log holds.
            late: Says when to stop looking.
        """
        handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            wrong = self._wrong(handle, log, late) if os.fstat(handle).st_size else []
        finally:
            os.close(handle)
        if not wrong:
            return None
        owned = owners(self._path, wrong[:NAMED], late)
        return f"not as they were written: pages {told(owned, len(wrong))}"

    def _wrong(self, handle: int, log: Log, late: Callable[[], bool]) -> list[int]:
        first = log.pages.get(1) or os.pread(handle, STAMPED_UP_TO, 0)
        sums, why = of(self._path, stamped(first))
        if sums is None or why is not None:
            self._why = why or Why.DAMAGED
            return []
        if not sums.size:
            self._why = sums.why or Why.FIRST
            return []
        wrong, self._looked = compare(handle, sums, log.pages, late)
        if wrong and sums.open and not self._path.with_name(self._path.name + "-wal").exists():
            self._why = Why.FOREIGN
            return []
        self._kept = PageSums(self._path, sums)
        return wrong

    def forget(self) -> None:
        """Let there be no sums: the file is another one from now on, or nothing is known of it."""
        self._kept, self._looked = None, 0
        notes.sums_file(self._path).unlink(missing_ok=True)

    @contextmanager
    def folding(self, db: sqlite3.Connection) -> Iterator[None]:
        """Let a connection write, the only one there is: what it wrote is noted, and moved, before it closes."""
        try:
            yield
        except BaseException:
            if self._kept is not None:  # closing it moves what an earlier run has left in the log
                self._fold(self._kept, db)
            raise
        number = self._stamp or stamp(int.from_bytes(uuid4().bytes[-2:], "big"))
        kept = self._kept or self._nothing(number)
        if not self._stamp:
            self._stamp = number
            kept.stamp(db, number)
        self._fold(kept, db)

    def _nothing(self, number: int) -> PageSums:
        """Note that there are no sums, and why; a start that is cut short does not forget it."""
        kept = PageSums(self._path, Sums(PAGE_SIZE, stamps={number}, why=self._why))
        kept.write()
        kept.unkept = ""  # nothing is to be noted yet
        return kept

    def _fold(self, kept: PageSums, db: sqlite3.Connection) -> None:
        try:
            kept.fold(db)
        except (sqlite3.Error, OSError) as error:  # a full disk: the log stays, and is moved later
            _log.warning("store.checkpoint_failed", error=str(error))

    def finish(self, late: Callable[[], bool]) -> None:
        """Leave sums beside a database that is sound and that nobody has open."""
        if self._kept is None:
            self._kept = made(self._path, _page_size(self._path), self._stamp, self._why, late)
            note = _log.info if self._why is Why.FIRST else _log.warning
            note("store.sums_made", path=str(self._path), why=str(self._why), pages=self._kept.sums.size)
        else:
            sums = self._kept.sums
            sums.stamps, sums.why = {self._stamp}, None if sums.whole else sums.why
            if self._looked < len(sums.known):
                _log.info("store.pages_not_all_read", compared=self._looked, pages=sums.size)
        self._kept.sums.open = True
        self._kept.write()


def _page_size(path: Path) -> int:
    with path.open("rb") as file:
        size = int.from_bytes(file.read(18)[16:18], "big")
    return 65536 if size == 1 else size
