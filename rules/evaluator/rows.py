"""The rows of one step: memory as it is, with what has moved beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush

from rules.compiler.ruleset import Rule
from rules.memory import TAKEN, WAITING, Memory, follows, timer
from rules.model import Row, RowChange, RuleName


def _nobody(rule: Rule, key: str, row: Row) -> None:
    """Hear that a row was given up, where nobody else does."""


class Rows:
    """Reads memory, collects changes; memory itself is not written.

    Attributes:
        evicted: The rule of everything that was given up because there was too much of it.
        gave_up: Told of each row of them.
    """

    def __init__(self, memory: Memory, until: float) -> None:
        self._memory, self._until = memory, until
        self._moved: dict[tuple[RuleName, str], Row | None] = {}
        self._grown: dict[RuleName, int] = {}
        self._heap = memory.due(until)  # in order: a heap already
        self.evicted: list[RuleName] = []
        self.gave_up: Callable[[Rule, str, Row], None] = _nobody

    def get(self, rule: RuleName, key: str) -> Row | None:
        """Return a row as it is now."""
        if (rule, key) in self._moved:
            return self._moved[rule, key]
        return self._memory.get(rule, key)

    def put(self, rule: Rule, key: str, row: Row) -> None:
        """Set a row (of the rule's own edition); one of the rule is given up where it has too many."""
        if self.get(rule.name, key) is None:
            self._make_room(rule)
            self._grown[rule.name] = self._grown.get(rule.name, 0) + 1
        self._moved[rule.name, key] = row
        if row.due is not None and row.due <= self._until:
            heappush(self._heap, timer(row.due, rule.name, key))

    def drop(self, rule: RuleName, key: str) -> None:
        """Delete a row."""
        if self.get(rule, key) is not None:
            self._moved[rule, key] = None
            self._grown[rule] = self._grown.get(rule, 0) - 1

    def of(self, rule: RuleName, mark: str = "") -> list[tuple[str, Row]]:
        """Return a rule's rows whose keys begin with a mark, by key: how memory was filled must not show."""
        found = {key: row for key, row in self._memory.of_rule(rule).items() if key.startswith(mark)}
        for (name, key), row in self._moved.items():
            if name == rule and key.startswith(mark):
                if row is None:
                    found.pop(key, None)
                else:
                    found[key] = row
        return sorted(found.items())

    def of_subject(self, subject: str) -> list[tuple[RuleName, str]]:
        """Return which rows stand for a subject, those of this step included."""
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
        moved = [
            RowChange(rule, key, row)
            for (rule, key), row in self._moved.items()
            if row != self._memory.get(rule, key)
        ]
        return tuple(moved)

    def _make_room(self, rule: Rule) -> None:
        if len(self._memory.of_rule(rule.name)) + self._grown.get(rule.name, 0) < rule.room:
            return
        rows = self.of(rule.name)
        if rows:
            key, row = min(rows, key=_dispensable)
            self.drop(rule.name, key)
            self.evicted.append(rule.name)
            self.gave_up(rule, key, row)


def _dispensable(entry: tuple[str, Row]) -> tuple[bool, float, str]:
    """Return the order in which rows are given up: first what was told and only waits for a person."""
    key, row = entry
    over = row.state == TAKEN or (row.state == WAITING and row.due is None)
    return not over, row.since, key
