"""One block of the log while it is gathered: what is kept of it when it is complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.store.search import bits
from engine.store.search.entries import BUCKET, Entry

#: Bucket (microseconds // BUCKET), scope, camera, name.
Key = tuple[int, str, str, str]


@dataclass(slots=True)
class Block:
    """A block of the log, as far as it was read.

    Attributes:
        number: Which; see `bits.block_of`.
        times: Of each place that has an entry, in microseconds.
        told: The texts, by number of the log.
        last: The last event in it, number and id; by it a block knows its own log again.
    """

    number: int
    times: dict[int, int] = field(default_factory=dict)
    told: list[tuple[int, str]] = field(default_factory=list)
    counts: Counter[Key] = field(default_factory=Counter)
    worst: dict[Key, int] = field(default_factory=dict)
    last: tuple[int, str] = (0, "")
    _places: dict[str, list[int]] = field(default_factory=dict)
    _bits: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, entries: Iterable[Entry]) -> None:
        """Take entries of this block; none twice."""
        base, places = self.number << bits.SHIFT, self._places
        for entry in entries:
            place = entry.seq - base
            self.times[place] = entry.at
            for term in entry.terms:
                if (held := places.get(term)) is None:
                    held = places[term] = []
                held.append(place)
            if entry.told:
                self.told.append((entry.seq, entry.told))
            if entry.id and entry.seq > self.last[0]:
                self.last = entry.seq, entry.id
            self._count(entry)

    def _count(self, entry: Entry) -> None:
        bucket = entry.at // BUCKET
        for each in entry.counts:
            key = bucket, each.scope, each.camera, each.name
            self.counts[key] += 1
            if each.rank < self.worst.get(key, 3):
                self.worst[key] = each.rank

    def terms(self) -> Iterable[str]:
        """Return every term that an entry has."""
        return self._places.keys()

    def bits(self, term: str) -> int:
        """Return the places that have a term."""
        held = self._places.get(term, ())
        known = self._bits.get(term, (0, 0))
        if known[0] != len(held):
            known = self._bits[term] = len(held), bits.bits_of(held)
        return known[1]

    def within(self, since: int | None, until: int | None) -> int:
        """Return the places with a time from `since` to before `until`."""
        first, last = since if since is not None else -(1 << 62), until if until is not None else 1 << 62
        return bits.bits_of(place for place, at in self.times.items() if first <= at < last)
