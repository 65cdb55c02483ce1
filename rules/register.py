"""A named list with what is known of each entry: why it stands there, who put it there, until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from rules import plates
from rules.model import Event, Fact


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list.

    Attributes:
        until: The first moment (aware UTC) at which it no longer counts; None: it counts for ever.
    """

    value: Fact
    reason: str = ""
    who: str = ""
    until: datetime | None = None

    def told(self) -> str:
        """Return what a reason says of it."""
        return " · ".join(part for part in (self.reason, self.who) if part) or str(self.value)


@dataclass(frozen=True, slots=True)
class Register:
    """The entries of one list, found by their value; a plate also as devices read it, without dots and dashes."""

    name: str
    entries: Mapping[Fact, tuple[Entry, ...]]

    @classmethod
    def of(cls, name: str, entries: Iterable[Entry]) -> Register:
        """Return the entries of a list."""
        found: dict[Fact, tuple[Entry, ...]] = {}
        for entry in entries:
            value = _plain(entry.value)
            found[value] = (*found.get(value, ()), entry)
        return cls(name, found)

    def entry(self, value: Fact, wall: datetime) -> Entry | None:
        """Return the entry of a value that counts at a time (aware)."""
        found = self.entries.get(value, ())
        return next((each for each in found if each.until is None or wall < each.until), None)

    def holds(self, value: Fact, event: Event) -> bool:
        """Return whether a value stands there when an event was received."""
        return self.entry(value, event.received_at) is not None

    def told(self, value: Fact, event: Event) -> str:
        """Return what is known of the entry of a value; empty: it does not stand there."""
        entry = self.entry(value, event.received_at)
        return "" if entry is None else entry.told()


def _plain(value: Fact) -> Fact:
    """Return a licence plate as devices read it; anything else as it is."""
    bare = plates.plain(value) if isinstance(value, str) else ""
    return bare if plates.VIETNAMESE.fullmatch(bare) else value
