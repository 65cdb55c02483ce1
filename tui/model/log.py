"""The log that the UI holds: events and decisions in one order, bounded, filtered, read page by page."""

from __future__ import annotations

from bisect import insort
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal

from engine.api import wire

Entry = wire.Event | wire.Decision
Stream = Literal["events", "decisions"]

#: Entries kept at most; beyond it the oldest goes (the engine's store still has it).
LIMIT: Final = 5_000
#: Decisions whose deliveries are remembered.
DELIVERIES: Final = 500
#: An object that is still there says so about once a second: news for rules, noise for people.
REPEATED: Final = "goes_on"


def entry_key(entry: Entry) -> str:
    """Return what identifies an entry among both kinds."""
    return f"{entry.type}:{entry.id}"


class EventLog:
    """Events and decisions, kept in time order.

    Attributes:
        dropped: Entries that went because the log was full.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._entries: dict[str, Entry] = {}
        self._order: list[tuple[datetime, str]] = []
        self._oldest: dict[Stream, wire.Event | wire.Decision] = {}
        self._complete: set[Stream] = set()
        self._deliveries: OrderedDict[str, dict[int, wire.Delivery]] = OrderedDict()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._order)

    def reset(self, events: Iterable[wire.Event], decisions: Iterable[wire.Decision]) -> None:
        """Begin again with what a `State` carries."""
        self._entries.clear()
        self._order.clear()
        self._oldest.clear()
        self._complete.clear()
        for event in events:
            self.add(event)
        for decision in decisions:
            self.add(decision)

    def add(self, entry: Entry) -> bool:
        """Keep an entry; return whether the log looks different now."""
        self._extend(entry)
        key = entry_key(entry)
        if key in self._entries or (isinstance(entry, wire.Event) and entry.change == REPEATED):
            return False
        self._entries[key] = entry
        insort(self._order, (entry.at, key))
        if len(self._order) > self._limit:
            _, oldest = self._order.pop(0)
            del self._entries[oldest]
            self.dropped += 1
        return True

    def replace(self, decision: wire.Decision) -> None:
        """Keep what is now known of a decision that the log holds."""
        if entry_key(decision) in self._entries:
            self._entries[entry_key(decision)] = decision

    def add_delivery(self, delivery: wire.Delivery) -> None:
        """Remember what became of an action."""
        told = self._deliveries.setdefault(delivery.decision, {})
        told[delivery.id] = delivery
        if len(self._deliveries) > DELIVERIES:
            self._deliveries.popitem(last=False)

    def deliveries(self, decision: str) -> Sequence[wire.Delivery]:
        """Return the last word on each action of a decision."""
        return tuple(self._deliveries.get(decision, {}).values())

    def get(self, key: str) -> Entry | None:
        """Return an entry by its key, None when it is gone."""
        return self._entries.get(key)

    def newest_first(self) -> Iterable[Entry]:
        """Yield every entry, newest first."""
        return (self._entries[key] for _, key in reversed(self._order))

    def next_page(self) -> Stream | None:
        """Return which stream to read older entries of; None when there is nothing older to show.

        The stream that reaches back less far comes first, so that both grow back together.
        """
        open_streams: list[Stream] = [s for s in ("events", "decisions") if s not in self._complete]
        if not open_streams or len(self._order) >= self._limit:
            return None
        unread = [stream for stream in open_streams if stream not in self._oldest]
        if unread:
            return unread[0]
        nearest: Stream = max(open_streams, key=self._reach)
        return nearest

    def before_event(self) -> int | None:
        """Return the lowest event number seen, the `before` of the next page."""
        oldest = self._oldest.get("events")
        return oldest.seq if isinstance(oldest, wire.Event) else None

    def before_decision(self) -> str | None:
        """Return the oldest decision's id, the `before` of the next page."""
        oldest = self._oldest.get("decisions")
        return oldest.id if oldest is not None else None

    def add_page(self, stream: Stream, entries: Sequence[Entry]) -> int:
        """Keep a page of older entries (empty: there are none); return how many are new to the log."""
        if not entries:
            self._complete.add(stream)
        return sum(self.add(entry) for entry in entries)

    def _reach(self, stream: Stream) -> datetime:
        return self._oldest[stream].at

    def _extend(self, entry: Entry) -> None:
        stream: Stream = "events" if isinstance(entry, wire.Event) else "decisions"
        oldest = self._oldest.get(stream)
        if oldest is None or _precedes(entry, oldest):
            self._oldest[stream] = entry


def _precedes(entry: Entry, other: Entry) -> bool:
    if isinstance(entry, wire.Event) and isinstance(other, wire.Event):
        return entry.seq < other.seq  # an event's time is the device's, its number is the engine's
    return entry.at < other.at
