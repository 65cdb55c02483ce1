"""Keeps the page sums of an open database true: what a checkpoint is about to move is noted before it does. Blocking.

A database's pages change in one way alone: a checkpoint moves frames of the write-ahead log there. So that no other
one happens, SQLite's own checkpoints are switched off for the writer (``wal_autocheckpoint = 0``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import Literal
from zlib import crc32

from engine.errors import StoreCorrupt
from engine.runtime import log
from engine.store.pages import notes
from engine.store.pages.compare import PIECE, WORD, differing, sums_of
from engine.store.pages.sums import Kind, Note, Sums, Why
from engine.store.pages.tail import Gain, Tail
from engine.store.rescue.wal import PAGE_SIZE

_log = log.get(__name__)


class PageSums:
    """The page sums of one database.

    Attributes:
        sums: As they are by now.
        unkept: What the disk said when it did not take a note; None: all are kept.
    """

    def __init__(self, path: Path, sums: Sums) -> None:
        self._path, self.sums = path, sums
        self._tail = Tail(path.with_name(path.name + "-wal"))
        self._older: dict[int, set[int | None]] = {}  # what a page may still be; None: not there yet
        self._moving = False  # what was noted as expected is not, or not all of it, in the database
        self.unkept: str | None = None
        # A task that looked may have gone while its thread still notes what it saw: notes are written one at a time.
        self._noting = RLock()

    # -- checkpoints ---------------------------------------------------------------------

    def fold(self, db: sqlite3.Connection, how: Literal["PASSIVE", "RESTART"] = "PASSIVE") -> bool:
        """Move what is committed into the database; return whether that was all of it.

        Args:
            db: The writer, outside of a transaction; nobody else may write meanwhile.

        Raises:
            StoreCorrupt: The log is not as it was written.
            sqlite3.Error: It could not be moved; that changes nothing.
        """
        with self._noting:
            return self._folded(db, how)

    def _folded(self, db: sqlite3.Connection, how: str) -> bool:
        gain = self._tail.gain()
        if gain.sums:
            self._expect(gain)
        busy, frames, moved = db.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
        if frames > gain.frames and (gain := self._tail.gain()).sums:  # another program has written meanwhile
            self._expect(gain)
        if frames > gain.frames:
            raise StoreCorrupt(
                f"the write-ahead log of {self._path} is damaged: {gain.frames} of {frames} frames"
            )
        if busy or frames != moved:
            return False
        self._older.clear()
        self._moving = False
        with suppress(OSError):  # a note that spares work
            self._note(Note(Kind.MOVED, words=(*(gain.salts or ()), gain.frames)), durable=False)
        return True

    def catch_up(self) -> None:
        """Note what is committed, without moving it; nobody may write meanwhile."""
        with self._noting:
            if (gain := self._tail.gain()).sums:
                self._expect(gain)

    def _expect(self, gain: Gain) -> None:
        known, pages, self._moving = self.sums.known, list(gain.sums), True
        if self.sums.whole:
            for page in range(len(known) + 1, gain.size + 1):
                self._older[page] = {None, crc32(bytes(self.sums.page_size))}
        for page, summed in gain.sums.items():
            if page <= len(known) and known[page - 1] != summed:
                self._older.setdefault(page, set()).add(known[page - 1])
        if not self._vouch(Note(Kind.EXPECT, gain.size, words=[*pages, *gain.sums.values()])):
            self.sums.size = gain.size

    def _vouch(self, note: Note) -> bool:
        """Note something; where the disk does not take it, vouch for nothing, and return that it did not."""
        try:
            self._note(note)
        except OSError as error:
            self.drop(error.strerror or str(error))
            return False
        return True

    def _note(self, note: Note, *, durable: bool = True) -> None:
        with self._noting:
            self._written(note, durable)

    def _written(self, note: Note, durable: bool) -> None:
        room = self.unkept is not None or notes.append(self._path, [note], durable=durable)
        self.sums.apply(note)
        if not room:
            notes.write(self._path, self.sums)

    def drop(self, reason: str) -> None:
        """Vouch for nothing any more: a sum that could not be noted would be a false one at the next start."""
        if self.unkept is None:
            _log.error("store.sums_not_kept", path=str(self._path), reason=reason)
        self.unkept, self.sums.why = reason, Why.UNKEPT
        del self.sums.known[:]
        self._older.clear()
        with suppress(OSError):
            notes.sums_file(self._path).unlink(missing_ok=True)

    # -- beginning and end ----------------------------------------------------------------

    def stamp(self, db: sqlite3.Connection, number: int) -> None:
        """Let a database say of itself which sums are its own."""
        if not self._vouch(Note(Kind.STAMP, value=number)):
            self.sums.stamps = {number}
        signed = number - (1 << 32) if number >> 31 else number
        db.execute(f"PRAGMA application_id = {signed}")

    def write(self) -> None:
        """Write all of them anew; where the disk says no, nothing is vouched for."""
        try:
            notes.write(self._path, self.sums)
        except OSError as error:
            self.drop(error.strerror or str(error))
        else:
            self.unkept = None

    def begin_anew(self, length: int) -> None:
        """Begin anew after the disk had no room; of no page anything is known.

        Args:
            length: Bytes of the database file.
        """
        with self._noting, suppress(OSError):
            self.sums.size = length // self.sums.page_size
            notes.write(self._path, self.sums)
            self.unkept = None

    def close(self, db: sqlite3.Connection) -> None:
        """Move what is left, and note that the database was closed in order."""
        if self.fold(db):  # else another program reads: the next start moves it
            self._vouch(Note(Kind.CLOSED))

    # -- looking ---------------------------------------------------------------------------

    def wrong(self, handle: int, first: int, count: int = PIECE) -> Iterator[int]:
        """Yield the pages of a range that are not what they should be; no checkpoint may go on meanwhile."""
        for page in differing(handle, self.sums, first, count):
            if next(sums_of(handle, self.sums.page_size, page, 1), None) not in self._older.get(page, ()):
                yield page

    def make(self, handle: int, count: int = PIECE) -> bool:
        """Take in the sums of the next pages of which nothing is known; return whether there are any.

        No checkpoint may go on meanwhile.
        """
        with self._noting:
            if self._moving:
                return not self.sums.whole  # of an unknown page it is not known which content it will have
            return self._made(handle, count)

    def _made(self, handle: int, count: int) -> bool:
        first = len(self.sums.known) + 1
        found = sums_of(handle, self.sums.page_size, first, min(count, self.sums.size - first + 1))
        words = [summed & WORD for summed in found]  # one that cannot be read is found to be wrong later
        if not words:
            return False
        self._vouch(Note(Kind.MADE, value=first, words=words))
        return True


def opened(path: Path) -> PageSums:
    """Return the page sums that `engine.store.pages.start` has left; where the disk had no room, there are none."""
    try:
        sums = notes.read(path)
    except (OSError, notes.SumsDamaged) as error:
        _log.error("store.sums_not_kept", path=str(path), reason=str(error))
        sums = None
    kept = PageSums(path, sums or Sums(PAGE_SIZE, open=True))
    if sums is None:
        kept.drop("?")
    return kept


def made(path: Path, page_size: int, number: int, why: Why, late: Callable[[], bool]) -> PageSums:
    """Return the page sums of a database that has none, made of what is there as far as time allows.

    Args:
        number: The stamp that it has.
    """
    with path.open("rb") as file:
        size = path.stat().st_size // page_size
        kept = PageSums(path, Sums(page_size, size=size, stamps={number}, why=why))
        while len(kept.sums.known) < size and not late():
            first = len(kept.sums.known) + 1
            found = sums_of(file.fileno(), page_size, first, min(PIECE, size - first + 1))
            kept.sums.known.extend(summed & WORD for summed in found)
    kept.write()
    return kept
