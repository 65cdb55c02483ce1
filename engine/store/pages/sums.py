"""What each page of a database should be: its checksums, as they were noted. Pure.

A note is a few words; notes are applied in the order in which they were written, so that a file of notes
(`engine.store.pages.notes`) says the same again.
"""

from __future__ import annotations

from array import array
from binascii import crc_hqx
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from zlib import crc32

#: Of an array: unsigned words of 32 bits.
WORDS = "I"


class Kind(IntEnum):
    """What a note says."""

    BASE = 1  #: where the file begins: value: the stamp, size: pages, words: the sums of the first pages
    STAMP = 2  #: value: the stamp that the database is about to have
    EXPECT = (
        3  #: size: pages, words: numbers of pages, then their sums: what a checkpoint is about to move there
    )
    MOVED = 4  #: words: salts and frames of the log up to which everything is in the database
    MADE = 5  #: value: the first page, words: sums that were made of what is there
    OPEN = 6  #: a store has the database open
    CLOSED = 7  #: it was closed in order: all of it is in the database
    ANEW = 8  #: value: why all sums were made anew, see `Why`


class Why(StrEnum):
    """Why all sums had to be made anew: what had changed before is not noticed."""

    FIRST = "first"  #: there were none yet
    GONE = "gone"  #: there were some
    DAMAGED = "damaged"
    OTHER = "other"  #: they are of another database, or of another time of this one
    FOREIGN = "foreign"  #: another program has moved the log into the database
    UNKEPT = "unkept"  #: the disk had no room for them


@dataclass(frozen=True, slots=True)
class Note:
    """One note, see `Kind`."""

    kind: Kind
    size: int = 0
    value: int = 0
    words: Sequence[int] = ()


@dataclass(slots=True)
class Sums:
    """The checksums of a database's pages.

    Attributes:
        page_size: Bytes of a page.
        known: The CRC-32 of the first pages; of those behind them nothing is known yet.
        size: Pages of the file.
        stamps: One of these the database says of itself.
        open: Whether a store has, or had when it was killed, the database open.
        moved: Salts and frames of the log up to which everything is in the database.
        why: Why they were made anew in this run; None: they were not.
    """

    page_size: int
    known: array[int] = field(default_factory=lambda: array(WORDS))
    size: int = 0
    stamps: set[int] = field(default_factory=set)
    open: bool = False
    moved: tuple[int, ...] = ()
    why: Why | None = None

    @property
    def whole(self) -> bool:
        """Whether the sum of every page is known."""
        return len(self.known) >= self.size

    def apply(self, note: Note) -> None:
        """Take a note in."""
        kind, words = note.kind, note.words
        if kind is Kind.BASE:
            self.known, self.size, self.stamps = array(WORDS, words), note.size, {note.value}
        elif kind is Kind.STAMP:
            self.stamps.add(note.value)
        elif kind is Kind.EXPECT:
            half = len(words) // 2
            self._expect(note.size, words[:half], words[half:])
        elif kind is Kind.MOVED:
            self.moved = tuple(words)
        elif kind is Kind.MADE and note.value == len(self.known) + 1:
            self.known.extend(words)
        elif kind is Kind.ANEW:
            self.why = tuple(Why)[note.value]
        elif kind in (Kind.OPEN, Kind.CLOSED):
            self.open = kind is Kind.OPEN

    def _expect(self, size: int, pages: Sequence[int], sums: Sequence[int]) -> None:
        if self.whole and size > len(
            self.known
        ):  # what is never written of what the file grows by, is zeroes
            nothing = crc32(bytes(self.page_size))
            self.known.extend([nothing] * (size - len(self.known)))
        del self.known[size:]
        self.size = size
        known = len(self.known)
        for page, summed in zip(pages, sums, strict=True):
            if page <= known:
                self.known[page - 1] = summed

    def base(self) -> list[Note]:
        """Return the notes that say all of it."""
        said = [Note(Kind.BASE, self.size, max(self.stamps, default=0), self.known)]
        said += [Note(Kind.ANEW, value=tuple(Why).index(self.why))] if self.why else []
        return [*said, Note(Kind.MOVED, words=self.moved), Note(Kind.OPEN if self.open else Kind.CLOSED)]


def stamp(seed: int) -> int:
    """Return a stamp of 16 bits that are not all zero: no flipped bit makes another one, or none, of it."""
    seed = seed & 0xFFFF or 1
    return seed << 16 | crc_hqx(seed.to_bytes(2, "big"), 0xFFFF)


def is_stamp(number: int) -> bool:
    """Return whether a number is a stamp."""
    return bool(number >> 16) and stamp(number >> 16) == number
