"""The index: finds the patterns that an event could match, by (kind, label, zone, camera), and by its numbers.

What an event's kind, change, label, camera, zones and equal facts lead to is remembered (bounded). Where that is few,
one look-up finds the candidates. Where it is much, it leads to shelves, one per bucket, and each shelf is cut by the
numbers of the event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from rules.compiler.candidates.cut import FEW, Cut, needs_of
from rules.compiler.candidates.matcher import Bucket, Matcher
from rules.model import CameraId, Change, Event, Fact, Kind

if TYPE_CHECKING:
    from rules.compiler.ruleset import Rule

#: Looked-up events that are remembered at most; labels of signals come from devices and have no end.
REMEMBERED = 8192
#: Shelves that are put together where they are asked again: of an event that is within very many zones.
MANY_SHELVES = 8

#: A pattern that admits an event, and its rule.
Candidate = tuple["Rule", Matcher]
NONE: tuple[Candidate, ...] = ()
NO_CHANGES: frozenset[Change] = frozenset()


class Shelf:
    """Candidates of one bucket and change, in order, cut by the numbers of events."""

    __slots__ = ("_candidates", "_cut", "_equal")

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._candidates = candidates
        self._cut = Cut([needs_of(pattern.bounds) for _, pattern in candidates])
        self._equal = any(pattern.equal for _, pattern in candidates)

    def __len__(self) -> int:
        return len(self._candidates)

    @property
    def all(self) -> Sequence[Candidate]:
        """Everything on it."""
        return self._candidates

    def left(self, event: Event) -> list[Candidate]:
        """Return what admits an event and is left by its numbers."""
        candidates = self._candidates
        found = [candidates[place] for place in self._cut.left(event)]
        return [each for each in found if each[1].admits(event)] if self._equal else found


class Shelves:
    """The shelves of an event."""

    __slots__ = ("_shelves",)

    def __init__(self, shelves: Sequence[Shelf]) -> None:
        self._shelves = shelves

    def left(self, event: Event) -> Sequence[Candidate]:
        """Return what admits an event and is left by its numbers, in order, each once."""
        if len(self._shelves) == 1:
            return self._shelves[0].left(event)
        if len(self._shelves) > MANY_SHELVES:
            self._shelves = (Shelf(in_order(each for shelf in self._shelves for each in shelf.all)),)
            return self._shelves[0].left(event)
        return in_order(each for shelf in self._shelves for each in shelf.left(event))


def in_order(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Return candidates in the order in which they are asked, each once."""
    found = {(rule.order, pattern.rank): (rule, pattern) for rule, pattern in candidates}
    return tuple([found[place] for place in sorted(found)])


class ByFacts:
    """What events lead to that are alike but for their numbers and facts, by the facts that some rule wants equal."""

    __slots__ = ("_index", "_names", "_seen")

    def __init__(self, index: Index, names: Sequence[str]) -> None:
        self._index, self._names = index, names
        self._seen: dict[tuple[Fact | None, ...], tuple[Candidate, ...] | Shelves] = {}

    def left(self, event: Event) -> Sequence[Candidate]:
        """Return what admits an event and is left by its numbers, in order."""
        facts = event.facts
        look = tuple([facts.get(name) for name in self._names])
        found = self._seen.get(look)
        if found is None:
            self._index.make_room()
            found = self._seen[look] = self._index.look_up(event)
        return found.left(event) if isinstance(found, Shelves) else found


#: What is remembered of an event: the candidates, where they are few, or what finds them.
Found = tuple[Candidate, ...] | Shelves | ByFacts
#: By kind, change, label, camera, zones: names alone, whose hashes are known already.
Seen = dict[Kind, dict[Change, dict[str | None, dict[CameraId | None, dict[tuple[str, ...], Found]]]]]


class Index:
    """Where the patterns of rules are kept."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._shelves: dict[tuple[Bucket, Change], Shelf] = {}
        self._seen: Seen = {}
        self.remembered = 0

    @cached_property
    def whole(self) -> Mapping[Bucket, tuple[Candidate, ...]]:
        """Every pattern with its rule, by bucket; those of many rules are put on shelves at once."""
        index: dict[Bucket, list[Candidate]] = {}
        for rule in self._rules:
            for pattern in rule.patterns:
                for bucket in pattern.buckets():
                    index.setdefault(bucket, []).append((rule, pattern))
        return {bucket: tuple(found) for bucket, found in index.items()}

    def prepare(self) -> None:
        """Make everything now that holds up whoever comes first."""
        for bucket, found in self.whole.items():
            if len(found) > FEW:
                for change in Change:
                    self._shelf(bucket, change)
        _ = self.facts, self._asked

    @cached_property
    def facts(self) -> Mapping[Kind, tuple[str, ...]]:
        """Names of the facts by which rules of a kind are indexed."""
        named: dict[Kind, dict[str, None]] = {}
        for rule in self._rules:
            for pattern in rule.patterns:
                for name, _ in pattern.equal:
                    named.setdefault(pattern.kind, {})[name] = None
        return {kind: tuple(names) for kind, names in named.items()}

    @cached_property
    def _asked(self) -> Mapping[Kind, frozenset[Change]]:
        """The changes of each kind that some pattern is about."""
        asked: dict[Kind, frozenset[Change]] = {}
        for rule in self._rules:
            for pattern in rule.patterns:
                asked[pattern.kind] = asked.get(pattern.kind, NO_CHANGES) | pattern.changes
        return asked

    def candidates(self, event: Event) -> Sequence[Candidate]:
        """Return patterns that admit an event, in order: all of which `Matcher.holds` may be true, and few others."""
        try:
            alike = self._seen[event.kind][event.change]
            if not alike:  # no pattern is about such a change
                return NONE
            found = alike[event.label][event.camera][event.zones]
        except KeyError:
            found = self._remember(event)
        return found if type(found) is tuple else found.left(event)  # type: ignore[union-attr]

    def _remember(self, event: Event) -> Found:
        """Look an event up for the first time: what is alike (but for its numbers and facts) is found at once."""
        by_change = self._seen.setdefault(event.kind, {})
        if event.change not in self._asked.get(event.kind, NO_CHANGES):
            by_change[event.change] = {}
            return NONE
        self.make_room()
        found: Found = ByFacts(self, names) if (names := self.facts.get(event.kind)) else self.look_up(event)
        by_label = self._seen.setdefault(event.kind, {}).setdefault(event.change, {})
        by_label.setdefault(event.label, {}).setdefault(event.camera, {})[event.zones] = found
        return found

    def make_room(self) -> None:
        """Count one more event that is remembered; forget all where they are too many."""
        self.remembered += 1
        if self.remembered > REMEMBERED:
            self.remembered = 1
            self._seen.clear()

    def look_up(self, event: Event) -> tuple[Candidate, ...] | Shelves:
        """Return what admits an event: it, where it is little, or the shelves on which it stands."""
        whole = self.whole
        buckets = [bucket for bucket in _buckets(event) if bucket in whole]
        if sum(len(whole[bucket]) for bucket in buckets) > FEW:
            shelves = [self._shelf(bucket, event.change) for bucket in buckets]
            return Shelves([shelf for shelf in shelves if len(shelf)])
        return in_order(each for bucket in buckets for each in whole[bucket] if each[1].admits(event))

    def _shelf(self, bucket: Bucket, change: Change) -> Shelf:
        shelf = self._shelves.get((bucket, change))
        if shelf is None:
            found = [each for each in self.whole[bucket] if change in each[1].changes]
            shelf = self._shelves[bucket, change] = Shelf(in_order(found))
        return shelf


def _buckets(event: Event) -> Iterable[Bucket]:
    for label in {event.label, None}:
        for zone in {*event.zones, None}:
            for camera in {event.camera, None}:
                yield event.kind, label, zone, camera
