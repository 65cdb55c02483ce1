"""A chain walked from its beginning to its end, and every place at which it does not hold. Pure.

Nothing is held in memory but the place where it is: a log of ten million entries is walked as one of ten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import chain as behind
from itertools import pairwise
from typing import NamedTuple

from engine.seal.chain import Link, Place


class Row(NamedTuple):
    """An entry of the log as it is stored now.

    Attributes:
        digest: Of its columns; None: one holds what no program of ours writes there.
        columns: Those that are digested.
    """

    seq: int
    kind: str
    digest: bytes | None
    at: object
    camera: object
    columns: tuple[object, ...]


class Flaw(StrEnum):
    """What is wrong at a place."""

    ALTERED = "altered"  #: the row is not what was stored
    MISSING = "missing"  #: the row is gone, its link is there
    UNLINKED = "unlinked"  #: the row has no link: it was put in, or its link was taken out
    LINK_ALTERED = "link_altered"  #: its link was changed; the row is what was stored, or nobody knows
    CUT_OUT = "cut_out"  #: links, and rows with them, are gone between this one and the one before
    REMADE = "remade"  #: it does not follow the one before, between which nothing can have been
    CUT = "cut"  #: the chain ends before what is noted as its end
    BEYOND = "beyond"  #: the chain goes on beyond what is noted as its end
    OTHER_END = "other_end"  #: its end is not what is noted


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something is wrong.

    Attributes:
        seq: At which entry; `last`: to which, where more in a row are missing.
        row: What is stored there.
        digest: What its link says of it.
        before: The last entry before it that is there, for when it was; `since`: its number.
    """

    flaw: Flaw
    seq: int
    last: int
    row: Row | None = None
    digest: bytes | None = None
    before: Row | None = None
    since: int = 0


#: Told of the value of each link, by its entry.
Tell = Callable[[int, bytes], None]


def walk(rows: Iterable[Row], links: Iterable[Link], start: Place, head: Place, tell: Tell) -> Iterator[Spot]:
    """Yield every place that does not hold.

    Args:
        rows: Every row of the log, in order.
        links: Every link, in order.
        start: Where the chain begins; rows up to there are not looked at.
        head: Where it is noted to end.
    """
    return _Walk(iter(rows), start, head, tell).walked(links)


class _Walk:
    def __init__(self, rows: Iterator[Row], start: Place, head: Place, tell: Tell) -> None:
        self._rows = (each for each in rows if each.seq > start.seq)
        self._row, self._last = next(self._rows, None), None
        self._place, self._head, self._tell = start, head, tell
        self._missing: Spot | None = None

    _last: Row | None

    def walked(self, links: Iterable[Link]) -> Iterator[Spot]:
        for link, following in pairwise(behind(links, (None,))):
            if link is not None:
                yield from self._at(link, self._head.value if following is None else following.previous)
        yield from self._flush(None)
        yield from self._end()
        while self._row is not None:
            yield self._unlinked(self._row)

    def _at(self, link: Link, wanted: bytes) -> Iterator[Spot]:
        """Hold one link against the row, the link before, and what the one after says of it."""
        while self._row is not None and self._row.seq < link.seq:
            yield from self._flush(None)
            yield self._unlinked(self._row)
        row = self._row if self._row is not None and self._row.seq == link.seq else None
        value, whole = _value(link, self._place.value, wanted, row)
        found = [] if whole else [self._flaw(Flaw.LINK_ALTERED, link, row)]
        if whole and link.previous != self._place.value:
            gap = link.seq > self._place.seq + 1
            found.append(self._flaw(Flaw.CUT_OUT if gap else Flaw.REMADE, link, row))
        if row is None:
            yield from found
            yield from self._flush(self._flaw(Flaw.MISSING, link, None))
        else:
            yield from self._flush(None)
            yield from found
            if row.digest != link.digest and whole:
                yield self._flaw(Flaw.ALTERED, link, row)
            self._last, self._row = row, next(self._rows, None)
        self._place = Place(link.seq, value)
        self._tell(link.seq, value)

    def _flaw(self, flaw: Flaw, link: Link, row: Row | None) -> Spot:
        since = self._place.seq
        return Spot(flaw, link.seq, link.seq, row, link.digest, self._last, since)

    def _unlinked(self, row: Row) -> Spot:
        self._last, self._row = row, next(self._rows, None)
        return Spot(Flaw.UNLINKED, row.seq, row.seq, row, None, self._last)

    def _flush(self, missing: Spot | None) -> Iterator[Spot]:
        """Put what is missing in a row together; tell of it when something is there again."""
        held = self._missing
        if held is not None and missing is not None and missing.seq == held.last + 1:
            self._missing = Spot(Flaw.MISSING, held.seq, missing.last, None, None, held.before, held.since)
            return
        self._missing = missing
        if held is not None:
            yield held

    def _end(self) -> Iterator[Spot]:
        at, head = self._place, self._head
        if at == head:
            return
        flaw = Flaw.CUT if at.seq < head.seq else Flaw.BEYOND if at.seq > head.seq else Flaw.OTHER_END
        yield Spot(flaw, min(at.seq, head.seq) + 1, max(at.seq, head.seq), None, None, self._last, at.seq)


def _value(link: Link, before: bytes, wanted: bytes, row: Row | None) -> tuple[bytes, bool]:
    """Return a link's value, and whether it is as it was written.

    Where the one after does not name it, it may be this one that was changed: then what it was made of gives what the
    one after names.
    """
    value = link.value
    if value == wanted:
        return value, True
    digest = link.digest if row is None or row.digest is None else row.digest
    for previous, digested in ((before, link.digest), (link.previous, digest), (before, digest)):
        if sha256(previous + digested).digest() == wanted:
            return wanted, False
    return value, True
