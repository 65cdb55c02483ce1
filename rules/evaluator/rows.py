"""The rows of one step: memory as it is, with what has moved beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from heapq import heappop, heappush, merge
from types import MappingProxyType

from rules.compiler.ruleset import Rule
from rules.memory import BARRED, Memory, Shelf, dispensable, follows, shelf, timer
from rules.model import Row, RowChange, RuleName

_NONE: Mapping[str, Row | None] = MappingProxyType({})


def nobody(rule: Rule, key: str, row: Row) -> None:
    """Hear that a row was given up, where nobody else does."""


class Rows:
    """Reads memory, collects changes; memory itself is not written.

    Attributes:
        evicted: The rule of everything that was given up because there was too much of it.
        gave_up: Told of each row of them.
    """

    __slots__ = ("_grown", "_heap", "_memory", "_moved", "_of_rule", "_until", "evicted", "gave_up")

    def __init__(self, memory: Memory, until: float) -> None:
        self._memory, self._until = memory, until
        self._moved: dict[tuple[RuleName, str], Row | None] = {}
        self._of_rule: dict[RuleName, dict[str, Row | None]] = {}  # the same, found by rule
        self._grown: dict[RuleName, int] = {}
        self._heap = memory.due(until)  # in order: a heap already
        self.evicted: list[RuleName] = []
        self.gave_up: Callable[[Rule, str, Row], None] = nobody

    def get(self, rule: RuleName, key: str) -> Row | None:
        """Return a row as it is now."""
        if self._moved and (moved := self._of_rule.get(rule)) is not None and key in moved:
            return moved[key]
        return self._memory.get(rule, key)

    def put(self, rule: Rule, key: str, row: Row) -> None:
        """Set a row (of the rule's own edition); one of the rule is given up where it has too many."""
        name = rule.name
        if self.get(name, key) is None:
            grown = self._grown.get(name, 0)
            if len(self._memory.of_rule(name)) + grown >= rule.limit:  # what a rule has room for is no less
                self._make_room(rule)
            self._grown[name] = self._grown.get(name, 0) + 1
        self._move(name, key, row)
        if row.due is not None and row.due <= self._until:
            heappush(self._heap, timer(row.due, rule.name, key))

    def drop(self, rule: RuleName, key: str) -> None:
        """Delete a row."""
        if self.get(rule, key) is not None:
            self._move(rule, key, None)
            self._grown[rule] = self._grown.get(rule, 0) - 1

    def _move(self, rule: RuleName, key: str, row: Row | None) -> None:
        self._moved[rule, key] = row
        if (moved := self._of_rule.get(rule)) is not None:
            moved[key] = row
        else:
            self._of_rule[rule] = {key: row}

    def any(self, rule: RuleName) -> bool:
        """Return whether a rule may have rows; those that this step dropped count too."""
        return rule in self._of_rule or bool(self._memory.of_rule(rule))

    def of(self, rule: RuleName, mark: str = "") -> list[tuple[str, Row]]:
        """Return a rule's rows whose keys begin with a mark, by key: how memory was filled must not show."""
        found = {key: row for key, row in self._memory.of_rule(rule).items() if key.startswith(mark)}
        for key, row in self._of_rule.get(rule, _NONE).items():
            if row is None:
                found.pop(key, None)
            elif key.startswith(mark):
                found[key] = row
        return sorted(found.items())

    def joined(self, rule: RuleName, role: int, *corrs: str) -> Iterator[tuple[str, Row]]:
        """Yield a rule's `HELD_MARK` rows of one pattern and some correlations, by key."""
        return self._lying(rule, *((rule, role, corr) for corr in corrs))

    def barred(self, rule: RuleName) -> list[tuple[str, Row]]:
        """Return a rule's rows that a veto keeps from firing as long as it holds, by key."""
        return list(self._lying(rule, (rule, BARRED, None)))

    def _lying(self, rule: RuleName, *on: Shelf) -> Iterator[tuple[str, Row]]:
        """Yield rows in order; mostly one asks for the first: thousands that lie behind it cost nothing."""
        moved, known = self._of_rule.get(rule, _NONE), self._memory.of_rule(rule)
        fresh = sorted(key for key, row in moved.items() if row and shelf(rule, key, row) in on)
        still = self._memory.shelved(on[0]) if len(on) == 1 else merge(*map(self._memory.shelved, on))
        unmoved = (key for key in still if key not in moved)
        for key in merge(unmoved, fresh) if fresh else unmoved:
            yield key, moved.get(key) or known[key]

    def of_subject(self, subject: str) -> list[tuple[RuleName, str]]:
        """Return which rows stand for a subject, those of this step included."""
        if not self._moved:
            return list(self._memory.of_subject(subject))
        found = dict.fromkeys(self._memory.of_subject(subject))
        for (rule, key), row in self._moved.items():
            if row is not None and row.subject == subject and follows(key, row):
                found[rule, key] = None
        return list(found)

    def ripe(self) -> Iterator[tuple[RuleName, str, Row, float]]:
        """Yield every row that is due, in the order of timers; also those that become due meanwhile."""
        while self._heap:
            due, _, rule, key = heappop(self._heap)
            row = self.get(rule, key)
            if row is not None and row.due == due:  # else it moved since
                yield rule, key, row, due

    def changes(self) -> tuple[RowChange, ...]:
        """Return what moved."""
        changes = []
        for (rule, key), row in self._moved.items():
            before = self._memory.get(rule, key)
            if row is not before and (row is None or before is None or row != before):
                changes.append(RowChange(rule, key, row))
        return tuple(changes)

    def _make_room(self, rule: Rule) -> None:
        if len(self._memory.of_rule(rule.name)) + self._grown.get(rule.name, 0) < rule.room:
            return
        key = self._oldest(rule.name)
        if key is not None and (row := self.get(rule.name, key)) is not None:
            self._move(rule.name, key, None)
            self._grown[rule.name] = self._grown.get(rule.name, 0) - 1
            self.evicted.append(rule.name)
            self.gave_up(rule, key, row)

    def _oldest(self, rule: RuleName) -> str | None:
        """Return the key of what is given up first: the oldest of what has not moved, or of what has."""
        moved = self._of_rule.get(rule, _NONE)
        ages = [dispensable(key, row) for key, row in moved.items() if row is not None]
        for age in self._memory.by_age(rule):
            if age[2] not in moved:
                ages.append(age)
                break
        return min(ages)[2] if ages else None
