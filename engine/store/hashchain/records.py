"""The chain of what people did, walked by itself: numbers, what each says of the one before, what is told. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from engine.seal.chain import GENESIS, Place
from engine.store.hashchain.walk import Row


class RecordFlaw(StrEnum):
    """What is wrong with a record."""

    MISSING = "missing"  #: numbers are left out
    NUMBER = "number"  #: a number stands again, or goes back
    UNCHAINED = "unchained"  #: it does not name the one before as it is stored
    TOLD = "told"  #: what is told of it is not what was stored
    EMPTIED = "emptied"  #: what is told of it is gone, and no deletion says so
    CUT = "cut"  #: the chain ends before what is noted as its end, or goes on beyond it


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Where something is wrong: at which record, or from which to which."""

    flaw: RecordFlaw
    nth: int
    last: int
    seq: int
    row: Row | None = None


class Records:
    """Records as they come by, in the order of the log.

    Args:
        gone: Says whether a deletion tells of what was told of a record, by its `seq` and time.
        tell: Told of the digest of each record, by its number.

    Attributes:
        count: Records so far; `emptied`: of which what was told is gone as it should be.
        place: The last one's number and digest.
    """

    def __init__(self, gone: Callable[[int, object], bool], tell: Callable[[int, bytes], None]) -> None:
        self._gone, self._tell = gone, tell
        self.place = Place(0, GENESIS)
        self.count = self.emptied = 0

    def look(self, row: Row, body: object) -> Iterator[RecordPlace]:
        """Yield what is wrong with the next one."""
        nth, payload, previous = row.columns[2], row.columns[7], row.columns[8]
        number = nth if isinstance(nth, int) else 0
        due = self.place.seq + 1
        if number > due:
            yield RecordPlace(RecordFlaw.MISSING, due, number - 1, row.seq, row)
        elif number < due:
            yield RecordPlace(RecordFlaw.NUMBER, number, number, row.seq, row)
        elif _text(previous) != self.place.value.hex():
            yield RecordPlace(RecordFlaw.UNCHAINED, number, number, row.seq, row)
        yield from self._told(row, number, payload, body)
        self.count += 1
        self.place = Place(max(number, self.place.seq), row.digest or GENESIS)
        self._tell(number, row.digest or GENESIS)

    def _told(self, row: Row, number: int, payload: object, body: object) -> Iterator[RecordPlace]:
        if body is None:
            self.emptied += 1
            if not self._gone(row.seq, row.at):
                yield RecordPlace(RecordFlaw.EMPTIED, number, number, row.seq, row)
        elif not isinstance(body, bytes) or sha256(body).hexdigest() != _text(payload):
            yield RecordPlace(RecordFlaw.TOLD, number, number, row.seq, row)

    def end(self, noted: Place) -> Iterator[RecordPlace]:
        """Yield what is wrong with the end."""
        if self.place != noted and (self.count or noted.seq):
            first, last = sorted((self.place.seq, noted.seq))
            yield RecordPlace(RecordFlaw.CUT, first + 1, max(last, first + 1), 0)


def _text(value: object) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
