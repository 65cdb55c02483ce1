"""What rules remember between events: rows by (rule, key), found again by subject and by due time.

The judge persists the rows that a step moved in the transaction of the event, and applies them here
after the commit; `evaluator.step` itself never writes.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from math import inf
from types import MappingProxyType

from rules.model import Row, RowChange, RuleName

#: Version of what rows mean: it grows with each new state and each other shape of `Row.data`, so that an older program
#: does not take them for something else. A store with one that is not readable must not be read.
VERSION = 5
READABLE = frozenset({"3", "4", str(VERSION)})

#: A decision's life: `for` runs; told and not resolved; over, but `keep_firing_for` runs.
PENDING, FIRING, FADING = "pending", "firing", "fading"
#: A cooldown; what waits for an acknowledgement (without a timer: it has escalated, and still waits).
QUIET, WAITING = "quiet", "waiting"
#: What was acknowledged a moment ago: until its timer ends that can be taken back, and it waits again.
TAKEN = "taken"
#: A combination: what it gathered; a pattern that holds; one that held, within the time it counts.
GATHERING, HELD, WAS = "gathering", "held", "was"
#: Numbers over a time, and counters.
SAMPLED = "sampled"
#: Of `SILENCES` alone: a silence; what fires unheard because of one; the next change of shift.
SILENT, MUTED, SHIFT = "silent", "muted", "shift"

#: Under this name lies what is remembered of silences. No rule has it: a rule's name has no dot.
SILENCES = RuleName("matthan.silence")

#: Which key stands for the whole site.
SITE = "*"
#: First characters of keys of rows that are not a decision's life.
QUIET_MARK, WAITING_MARK, GATHERING_MARK, HELD_MARK, SAMPLES_MARK = "~", "!", "#", "+", "^"

#: (due, rank, rule, key): cooldowns end before what waits for them fires.
Timer = tuple[float, int, RuleName, str]
#: (whether somebody still needs it, since when it is there, key): rows are given up in this order.
Age = tuple[bool, float, str]
#: (rule, role of a pattern or `BARRED`, correlation).
Shelf = tuple[RuleName, int, object]
BARRED = -1
#: Behind every rank of a timer.
_LATER = 2
_NO_ROWS: Mapping[str, Row] = MappingProxyType({})


def timer(due: float, rule: RuleName, key: str) -> Timer:
    """Return the place of a timer in the order of firing."""
    return due, not key.startswith(QUIET_MARK), rule, key


def role_of(key: str) -> int:
    """Return the role of the pattern that a `HELD` row stands for, by its key."""
    return int(key[len(HELD_MARK) : key.index(":")])


def shelf(rule: RuleName, key: str, row: Row) -> Shelf | None:
    """Return where a row lies that is asked for without looking through all of its rule.

    What holds lies by pattern and correlation, for joins; what a veto keeps from firing lies together, for its end.
    """
    if key.startswith(HELD_MARK):
        return rule, role_of(key), row.data
    return (rule, BARRED, None) if row.state == PENDING and row.due is None else None


def follows(key: str, row: Row) -> bool:
    """Return whether a row stands for its subject and ends with it."""
    return key == row.subject or key.startswith(HELD_MARK)


def dispensable(key: str, row: Row) -> Age:
    """Return the place of a row in the order of giving up: first what was told and only waits for a person."""
    over = row.state == TAKEN or (row.state == WAITING and row.due is None)
    return not over, row.since, key


class Memory:
    """The rows of every rule. Written by `apply` alone.

    Attributes:
        followed: Which rows stand for a subject (``camera/subject``).
        soonest: Engine time of the next timer; infinity where there is none.
    """

    def __init__(self, rows: Iterable[tuple[RuleName, str, Row]] = ()) -> None:
        self._rules: dict[RuleName, dict[str, Row]] = {}
        self.followed: dict[str, dict[tuple[RuleName, str], None]] = {}
        self._shelves: dict[Shelf, list[str]] = {}
        self._timers: list[Timer] = []
        self._ages: dict[RuleName, list[Age]] = {}
        self.soonest = inf
        self._size = 0
        self.apply(RowChange(rule, key, row) for rule, key, row in rows)

    def __len__(self) -> int:
        return self._size

    def get(self, rule: RuleName, key: str) -> Row | None:
        """Return one row."""
        rows = self._rules.get(rule)
        return rows.get(key) if rows is not None else None

    def of_rule(self, rule: RuleName) -> Mapping[str, Row]:
        """Return a rule's rows by key."""
        return self._rules.get(rule, _NO_ROWS)

    def rules(self) -> Set[RuleName]:
        """Return the names of the rules that have rows."""
        return self._rules.keys()

    def of_subject(self, subject: str) -> Iterable[tuple[RuleName, str]]:
        """Return which rows stand for a subject (``camera/subject``)."""
        return self.followed.get(subject, ())

    def shelved(self, on: Shelf) -> Sequence[str]:
        """Return the keys of the rows of a shelf (see `shelf`), in order."""
        return self._shelves.get(on, ())

    def rows(self) -> Iterator[tuple[RuleName, str, Row]]:
        """Yield everything that is remembered: what is exported, and what `__init__` takes."""
        for rule, rows in self._rules.items():
            for key, row in rows.items():
                yield rule, key, row

    def next_due(self) -> float | None:
        """Return the engine time of the next timer."""
        return self.soonest if self._timers else None

    def due(self, engine: float) -> list[Timer]:
        """Return the timers up to an engine time, in the order of firing."""
        if self.soonest > engine:  # nearly always
            return []
        return self._timers[: bisect_left(self._timers, (engine, _LATER, RuleName(""), ""))]

    def by_age(self, rule: RuleName) -> Sequence[Age]:
        """Return a rule's rows in the order in which they are given up.

        It is kept from the first asking on: nearly no rule ever has too many.
        """
        ages = self._ages.get(rule)
        if ages is None:
            ages = self._ages[rule] = sorted(dispensable(*row) for row in self.of_rule(rule).items())
        return ages

    def apply(self, changes: Iterable[RowChange]) -> None:
        """Take over the changes of one step, after they are committed."""
        for change in changes:
            rule, key, row = change.rule, change.key, change.row
            self._drop(rule, key)
            if row is not None:
                self._keep(rule, key, row)
        self.soonest = self._timers[0][0] if self._timers else inf

    def _keep(self, rule: RuleName, key: str, row: Row) -> None:
        self._rules.setdefault(rule, {})[key] = row
        self._size += 1
        if follows(key, row):
            self.followed.setdefault(row.subject, {})[rule, key] = None
        if (on := shelf(rule, key, row)) is not None:
            insort(self._shelves.setdefault(on, []), key)
        if row.due is not None:
            insort(self._timers, timer(row.due, rule, key))
        if (ages := self._ages.get(rule)) is not None:
            insort(ages, dispensable(key, row))

    def _drop(self, rule: RuleName, key: str) -> None:
        rows = self._rules.get(rule)
        row = rows.pop(key, None) if rows else None
        if row is None:
            return
        self._size -= 1
        if (ages := self._ages.get(rule)) is not None:
            del ages[bisect_left(ages, dispensable(key, row))]
        if not rows:
            del self._rules[rule]
            self._ages.pop(rule, None)
        if follows(key, row):
            self._unfollow(rule, key, row.subject)
        if (on := shelf(rule, key, row)) is not None:
            self._unshelve(on, key)
        if row.due is not None:
            del self._timers[bisect_left(self._timers, timer(row.due, rule, key))]

    def _unfollow(self, rule: RuleName, key: str, subject: str) -> None:
        same = self.followed[subject]
        del same[rule, key]
        if not same:
            del self.followed[subject]

    def _unshelve(self, on: Shelf, key: str) -> None:
        keys = self._shelves[on]
        del keys[bisect_left(keys, key)]
        if not keys:
            del self._shelves[on]
