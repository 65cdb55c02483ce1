"""How what is looked for is found: block by block, newest first, by AND, OR and NOT of sets of places. Blocking."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from engine.store import codec
from engine.store.search import bits
from engine.store.search.block import Block
from engine.store.search.index_file import IndexFile, WordsTable
from engine.store.search.sought import Sought, Words

_BOTH = frozenset({"is:event", "is:decision"})


@dataclass(frozen=True, slots=True)
class Step:
    """One block that was looked through.

    Attributes:
        number: Of the block: what is younger was looked through before.
        found: Numbers of the log, greatest first.
    """

    number: int
    found: Iterator[int]


def match_of(words: Sequence[Words]) -> str:
    """Return what FTS5 is asked for texts with all of these."""
    return " AND ".join(f'"{" ".join(each.tokens)}"{"" if each.whole else " *"}' for each in words)


class Finding:
    """One look through an index, downwards.

    Args:
        before: Only numbers of the log below this; `low`: the first block that may be looked at.
    """

    def __init__(self, sought: Sought, before: int, low: int = 0) -> None:
        self._sought, self._before, self._low = sought, before, low
        self._since = None if sought.since is None else codec.micros(sought.since)
        self._until = None if sought.until is None else codec.micros(sought.until)
        every = sought.every if any(each <= _BOTH for each in sought.every) else (_BOTH, *sought.every)
        self._single = [next(iter(each)) for each in every if len(each) == 1]
        self._several = [each for each in every if len(each) != 1]

    def below(self, number: int) -> Finding:
        """Return the same look, at blocks below one alone."""
        return Finding(self._sought, min(self._before, number << bits.SHIFT), self._low)

    def in_block(self, block: Block, told: WordsTable) -> Step:
        """Look through a block that is not yet kept."""
        found = self._edge(block.number) & bits.bits_of(block.times)
        for term in self._single:
            found &= block.bits(term)
        for each in self._several:
            found &= _any(block.bits(term) for term in each)
        for term in self._sought.never:
            found &= ~block.bits(term)
        if found and (self._since is not None or self._until is not None):
            found &= block.within(self._since, self._until)
        return self._step(block.number, self._told(found, block.number, told), told)

    def in_file(self, index: IndexFile) -> Iterator[Step]:
        """Look through the blocks of a file, newest first."""
        several = [_numbers(index, each) for each in self._several]
        if not all(several):
            return
        never = _numbers(index, self._sought.never)
        for number, whole, found in self._blocks(index):
            for each in several:
                found = found and found & _any(index.bits(number, term) for term in each)
            for term in never if found else ():
                found &= ~index.bits(number, term)
            if found and not whole:
                found &= index.within(number, self._since, self._until)
            yield self._step(number, found, index.words)

    def _blocks(self, index: IndexFile) -> Iterator[tuple[int, bool, int]]:
        """Yield blocks with the places that have every single term, and all words."""
        singles = [index.term(each) for each in self._single]
        terms = [each for each in singles if each is not None]
        high = bits.block_of(self._before - 1)
        if len(terms) < len(singles) or high < self._low:
            return
        if not self._sought.words:
            for number, whole, found in index.having(terms, self._low, high, self._since, self._until):
                yield number, whole, found & self._edge(number)
            return
        for number, found in self._worded(index.words):
            for _, whole, has in index.having(terms, number, number, self._since, self._until):
                yield number, whole, found & has

    def _worded(self, told: WordsTable) -> Iterator[tuple[int, int]]:
        """Yield the blocks with texts that have all words, and their places."""
        found = told.having(match_of(self._sought.words), self._low << bits.SHIFT, self._before)
        for number, seqs in groupby(found, key=bits.block_of):
            yield number, bits.bits_of(seq & bits.SIZE - 1 for seq in seqs)

    def _told(self, found: int, number: int, told: WordsTable) -> int:
        """Return which of a block's places have all words."""
        if not found or not self._sought.words:
            return found
        return found & _having(told, match_of(self._sought.words), number)

    def _step(self, number: int, found: int, told: WordsTable) -> Step:
        for each in self._sought.without if found else ():
            found &= ~_having(told, match_of([each]), number)
        return Step(number, ((number << bits.SHIFT) + place for place in bits.places(found)))

    def _edge(self, number: int) -> int:
        """Return the places of a block that are below where it is looked from."""
        if bits.block_of(self._before) > number:
            return bits.ALL
        return bits.below(self._before & bits.SIZE - 1) if bits.block_of(self._before) == number else 0


def _having(told: WordsTable, match: str, number: int) -> int:
    seqs = told.having(match, number << bits.SHIFT, (number + 1) << bits.SHIFT)
    return bits.bits_of(seq & bits.SIZE - 1 for seq in seqs)


def _numbers(index: IndexFile, terms: frozenset[str]) -> list[int]:
    return [each for each in map(index.term, terms) if each is not None]


def _any(sets: Iterator[int]) -> int:
    found = 0
    for each in sets:
        found |= each
    return found


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what was found.

    Attributes:
        seqs: Numbers of the log, greatest first.
        next: Where to go on looking, as `before`; None: everything was looked through.
        waits: What is older is not yet in the index.
        behind: Nor is what is newest.
    """

    seqs: Sequence[int]
    next: int | None = None
    waits: bool = False
    behind: bool = False


def page(steps: Iterator[Step], limit: int, low: int, late: Callable[[], bool]) -> Found:
    """Return as many as are wanted, or as far as there is time; at least one block is looked through.

    Args:
        low: The first block that was to be looked at; 0: there is nothing older.
    """
    found: list[int] = []
    for step in steps:
        for seq in step.found:
            if len(found) == limit:
                return Found(found, found[-1])
            found.append(seq)
        if late():
            return Found(found, step.number << bits.SHIFT)
    return Found(found, low << bits.SHIFT if low else None, waits=low > 0)


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of the log is in the index.

    Attributes:
        done: Blocks; of `all`.
        since: What is younger is all in it (UTC); None: all is, or nothing yet.
        words: Whether texts can be searched here.
    """

    done: int
    all: int
    since: datetime | None
    words: bool

    @property
    def share(self) -> float:
        """Part of the log that is in the index, 0..1; 1 is all of it."""
        return 1.0 if self.done >= self.all else min(self.done / self.all, 0.999)
