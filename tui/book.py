"""The log that the UI holds: events and decisions in one order, bounded, filtered, read page by page."""

from __future__ import annotations

from bisect import insort
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from engine.api import wire
from tui.texts import fold

Entry = wire.Event | wire.Decision
Stream = Literal["events", "decisions"]

#: Entries kept at most; beyond it the oldest goes (the engine's store still has it).
LIMIT: Final = 5_000
#: Decisions whose deliveries are remembered.
DELIVERIES: Final = 500
#: An object that is still there says so about once a second: news for rules, noise for people.
REPEATED: Final = "goes_on"


def key_of(entry: Entry) -> str:
    """Return what identifies an entry among both kinds."""
    return f"{entry.type}:{entry.id}"


class Book:
    """Events and decisions, kept in time order.

    Attributes:
        dropped: Entries that went because the book was full.
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
        key = key_of(entry)
        if key in self._entries or (isinstance(entry, wire.Event) and entry.change == REPEATED):
            return False
        self._entries[key] = entry
        insort(self._order, (entry.at, key))
        if len(self._order) > self._limit:
            _, oldest = self._order.pop(0)
            del self._entries[oldest]
            self.dropped += 1
        return True

    def acknowledge(self, event: wire.Event) -> bool:
        """Note in its decision what an event acknowledges or takes back; return whether it reads otherwise."""
        made = self._entries.get(f"decision:{event.facts.get('decision', '')}")
        told = event.label if event.kind == "operator" else ""
        if told not in ("acknowledge", "unacknowledge") or not isinstance(made, wire.Decision):
            return False
        if told == "unacknowledge":
            self.revise(made.model_copy(update={"acknowledged": None}))
            return True
        if made.acknowledged is not None:
            return False
        by, note = str(event.facts.get("by", "")), str(event.facts.get("note", ""))
        who = wire.Acknowledgement(by=by, at=event.received_at or event.at, note=note)
        self.revise(made.model_copy(update={"acknowledged": who}))
        return True

    def revise(self, decision: wire.Decision) -> None:
        """Keep what is now known of a decision that the log holds."""
        if key_of(decision) in self._entries:
            self._entries[key_of(decision)] = decision

    def deliver(self, delivery: wire.Delivery) -> None:
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

    def newest(self) -> Iterable[Entry]:
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

    def page(self, stream: Stream, entries: Sequence[Entry]) -> int:
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


@dataclass(frozen=True, slots=True)
class Query:
    """What the log is filtered by; every word must match. Diacritics and case do not count.

    Attributes:
        fields: Values that a named field must contain (``camera``, ``kind``, ``rule``, ``severity``).
        words: Words that the entry's text must contain.
        decisions: Only decisions.
    """

    fields: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = ()
    decisions: bool = False

    FIELDS = ("camera", "kind", "rule", "severity", "label", "zone")

    @classmethod
    def parse(cls, text: str, *, decisions: bool = False) -> Query:
        """Read ``camera:gate kind:object free words``."""
        fields: list[tuple[str, str]] = []
        words: list[str] = []
        for token in fold(text).split():
            name, colon, value = token.partition(":")
            if colon and name in cls.FIELDS:
                fields.append((name, value))
            else:
                words.append(token)
        return cls(tuple(fields), tuple(words), decisions)

    def matches(self, entry: Entry, camera_name: str, sentence: str) -> bool:
        """Return whether an entry, shown as `sentence`, is wanted."""
        if self.decisions and not isinstance(entry, wire.Decision):
            return False
        if not self.fields and not self.words:
            return True
        told = _facts(entry, camera_name)
        if not all(value in fold(told.get(name, "")) for name, value in self.fields):
            return False
        text = fold(" ".join((sentence, *told.values())))
        return all(word in text for word in self.words)


def _facts(entry: Entry, camera_name: str) -> dict[str, str]:
    camera = f"{entry.camera or ''} {camera_name}"
    if isinstance(entry, wire.Decision):
        return {"camera": camera, "kind": "decision", "rule": entry.rule, "severity": entry.severity}
    zones = " ".join(entry.zones)
    return {"camera": camera, "kind": entry.kind, "label": entry.label or "", "zone": zones}
