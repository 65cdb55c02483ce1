"""Things of one kind by their id, and the steps by which they change: on the disk first, then here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from engine.runtime import log
from engine.store.people import Change, Row, Table

logger = log.get(__name__)


class Named(Protocol):
    """What has an id."""

    @property
    def id(self) -> str:
        """It."""
        ...


T = TypeVar("T", bound=Named)


@dataclass(frozen=True, slots=True)
class Step:
    """A change of a row, and what follows here once it is durable."""

    change: Change
    follow: Callable[[], object]


class Shelf(Generic[T]):
    """Things of one table.

    Attributes:
        items: By their id.
        unreadable: Rows that mean nothing; they are left out.
    """

    def __init__(self, table: Table, row: Callable[[T], Row], of: Callable[[Sequence[Any]], T]) -> None:
        self.table, self._row, self._of = table, row, of
        self.items: dict[str, T] = {}
        self.unreadable = 0

    def fill(self, rows: Iterable[Sequence[Any]]) -> None:
        """Take what is kept."""
        for row in rows:
            try:
                found = self._of(row)
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
                self.unreadable += 1
                logger.error("people.unreadable", table=self.table.value)
            else:
                self.items[found.id] = found

    def put(self, item: T) -> Step:
        """Return the step by which something is kept, or is otherwise than before."""
        return Step(Change(self.table, self._row(item)), lambda: self.items.__setitem__(item.id, item))

    def drop(self, id: str) -> Step:
        """Return the step by which something goes."""
        return Step(Change(self.table, (id,), gone=True), lambda: self.items.pop(id, None))
