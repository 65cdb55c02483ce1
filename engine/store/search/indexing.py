"""Keeps the index up with the log: what is new, then what is missing, then what was forgotten. Blocking."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, RLock
from typing import Final

from engine.store.search import bits
from engine.store.search.block import Block, Key
from engine.store.search.entries import BUCKET
from engine.store.search.finding import Finding, Step
from engine.store.search.index_file import IndexFile, Stale, WordsTable, forget_index, index_path
from engine.store.search.source import Source

#: Entries taken at once: what is looked for meanwhile waits so long at most (about 10 ms).
PIECE: Final = 1024
#: Complete blocks held in memory at most while their file cannot be written; beyond it they are read again later.
HELD: Final = 4
#: Looks between two at what the log has forgotten; and such looks between two squeezings.
FORGET: Final = 60
SQUEEZE: Final = 60


@dataclass(slots=True)
class Held:
    """A block in memory, with its texts."""

    block: Block
    told: WordsTable


@dataclass(slots=True)
class Young:
    """The youngest blocks, in memory; the last one grows.

    Attributes:
        upto: What the log has up to here is in them, or older.
    """

    able: bool
    upto: int
    blocks: list[Held] = field(default_factory=list)

    def open(self, number: int) -> Held:
        """Return the block that grows, a new one where it is another."""
        if not self.blocks or self.blocks[-1].block.number != number:
            self.blocks.append(Held(Block(number), WordsTable.in_memory(able=self.able)))
        return self.blocks[-1]

    def first(self) -> int:
        """Return the first block that is here."""
        return self.blocks[0].block.number if self.blocks else bits.block_of(self.upto + 1)


class Indexing:
    """The index of one database while it is kept.

    Args:
        database: Its file.

    Raises:
        sqlite3.Error: It cannot be read, or the index cannot be written. So may every method.
    """

    def __init__(self, database: Path) -> None:
        self.source = Source(database)
        try:
            self.index = _opened(index_path(database), self.source)
        except BaseException:
            self.source.close()
            raise
        number = bits.block_of(self.source.top())
        self.lock = Lock()  #: over what is in memory
        self._following = RLock()  # one follows at a time
        self.young = Young(self.index.able, (number << bits.SHIFT) - 1)
        self.kept = {row[0] for row in self.index.blocks()}
        self.missing = self.source.blocks(number) - self.kept
        self._looks, self._oldest, self._gone = 0, -1, False

    def look(self) -> bool:
        """Do one piece of what is to be done; return whether there is more."""
        if not self.follow(1) or self._keep_complete():
            return True
        if self._build():
            return True
        if self._looks % FORGET == 0:
            self._forget()
        if self._gone and self._looks % (FORGET * SQUEEZE) == 0:
            self.index.squeeze()
            self._gone = False
        self._looks += 1
        return False

    def follow(self, pieces: int) -> bool:
        """Take what is new, so many pieces at most; return whether that was all."""
        with self._following:
            top = self.source.top()
            for _ in range(pieces):
                if self.young.upto >= top:
                    return True
                self._take(top)
            return self.young.upto >= top

    def _take(self, top: int) -> None:
        found, end = self.source.read(self.young.upto, top, PIECE)
        with self.lock:
            at = 0
            while at < len(found):
                number = bits.block_of(found[at].seq)
                until = next(
                    (i for i in range(at, len(found)) if bits.block_of(found[i].seq) != number), len(found)
                )
                held, fresh = self.young.open(number), found[at:until]
                held.block.add(fresh)
                held.told.add([(each.seq, each.told) for each in fresh if each.told])
                at = until
            self.young.upto = end
            for gone in self.young.blocks[: -1 - HELD]:
                self.missing.add(gone.block.number)
            self.young.blocks = self.young.blocks[-1 - HELD :]

    def _keep_complete(self) -> bool:
        """Write the oldest complete block; return whether there was one."""
        with self.lock:
            if len(self.young.blocks) < 2:
                return False
            oldest = self.young.blocks[0]
        self.index.keep(oldest.block)
        with self.lock:
            self.kept.add(oldest.block.number)
            if self.young.blocks and self.young.blocks[0] is oldest:
                del self.young.blocks[0]
        return True

    def _build(self) -> bool:
        """Make the newest block that is missing; return whether there was one."""
        number = max(self.missing, default=None)
        if number is None:
            return False
        self.index.keep(self.source.block(number, PIECE))
        with self.lock:
            self.missing.discard(number)
            self.kept.add(number)
        return True

    def _forget(self) -> None:
        """Take out what the log has forgotten since the last look."""
        oldest = self.source.oldest()
        seq = max(self.source.top(), self.young.upto) + 1 if oldest is None else oldest.seq
        if seq == self._oldest:
            return
        for number, entries, _, _ in self.index.blocks():
            if number <= bits.block_of(seq) and self.source.left(number) != entries:
                self.index.keep(self.source.block(number, PIECE), count=False)
                self._gone = True
        if oldest is not None:
            self.index.forget_counts(min([oldest.at, *self._earliest()]) // BUCKET)
        self._read_again(seq)
        self._oldest = seq

    def _earliest(self) -> list[int]:
        """Return the earliest times of what is left: where the clock was set back that is not the oldest entry's."""
        with self.lock:
            young = [min(held.block.times.values()) for held in self.young.blocks if held.block.times]
        return [*young, *self.index.earliest()]

    def _read_again(self, oldest: int) -> None:
        """Read what is in memory again where some of it has gone."""
        with self._following, self.lock:
            first = self.young.first()
            if self.young.blocks and bits.block_of(oldest) >= first and oldest > first << bits.SHIFT:
                self.young.blocks.clear()
                self.young.upto = (first << bits.SHIFT) - 1

    def steps(self, finding: Finding, before: int) -> list[Step]:
        """Look through what is in memory."""
        with self.lock:
            held = [each for each in reversed(self.young.blocks) if each.block.number << bits.SHIFT < before]
            return [finding.in_block(each.block, each.told) for each in held]

    def counts(self, scope: str, first: int, last: int) -> list[tuple[Key, int, int]]:
        """Return what is in memory of a scope's counts in the buckets from one to another: key, number, worst."""
        with self.lock:
            return [
                (key, n, held.block.worst.get(key, 3))
                for held in self.young.blocks
                for key, n in held.block.counts.items()
                if key[1] == scope and first <= key[0] <= last
            ]

    def terms(self, field: str) -> list[str]:
        """Return the terms of a field in memory."""
        with self.lock:
            blocks = [held.block for held in self.young.blocks]
            return [each for block in blocks for each in block.terms() if each.startswith(f"{field}:")]

    def floor(self, before: int) -> int:
        """Return the first block that may be looked at downwards from a number; below it one is missing. 0: none is."""
        with self.lock:
            high = min(bits.block_of(before - 1), self.young.first())
            return max((each for each in self.missing if each <= high), default=-1) + 1

    def close(self) -> None:
        """Close everything."""
        self.source.close()
        self.index.close()
        with self.lock:
            for held in self.young.blocks:
                held.told.close()


def _opened(path: Path, source: Source) -> IndexFile:
    """Return the index of a database; one that is of another, or of another time, or damaged is made anew."""
    with suppress(sqlite3.DatabaseError):
        index = IndexFile(path, store=source.name())
        try:
            _match(index, source)
        except BaseException:
            index.close()
            raise
        return index
    forget_index(path.with_suffix(""))
    return IndexFile(path, store=source.name())


def _match(index: IndexFile, source: Source) -> None:
    """Look whether each block is of this very log: a restored database has other entries at the same numbers.

    Raises:
        Stale: It is not.
    """
    oldest, top = source.oldest(), bits.block_of(source.top())
    for number, _, seq, id_ in index.blocks():
        there = source.id_of(seq) if seq else id_
        gone = there is None and (oldest is None or seq < oldest.seq)
        if number >= top or (there != id_ and not gone):
            raise Stale
