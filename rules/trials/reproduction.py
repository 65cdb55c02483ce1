"""Whether a recorded trial comes out as life did, and what rules remembered that it does not tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from rules.compiler.ruleset import Rule, RuleSet
from rules.memory import WAS, Memory
from rules.model import Decision, Kind, Phase, Row, RuleName

#: A decision that comes this much earlier or later is the same: two clocks are never quite alike.
SAME = timedelta(seconds=0.25)
#: A timer that is set this much earlier or later is the same (seconds).
NEAR = 0.01
_What = tuple[str, Phase, str | None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was decided live, and in the trial.

    Attributes:
        same: The pairs of what is the same.
        gone: Only live; `new`: only in the trial.
    """

    same: tuple[tuple[Decision, Decision], ...] = ()
    gone: tuple[Decision, ...] = ()
    new: tuple[Decision, ...] = ()

    def __bool__(self) -> bool:
        return not (self.gone or self.new)

    @property
    def told(self) -> list[Decision]:
        """What was decided live, in order; what the trial decides too with its moment there."""
        return sorted([*(again for _, again in self.same), *self.gone], key=lambda made: made.at)


def compared(live: Iterable[Decision], again: Sequence[Decision]) -> Comparison:
    """Return how decisions compare: one is the same by its rule, phase, camera and moment. Keys may hold plates."""
    left: dict[_What, list[Decision]] = {}
    for each in again:
        left.setdefault(_what(each), []).append(each)
    same: list[tuple[Decision, Decision]] = []
    gone: list[Decision] = []
    for made in live:
        found = _nearest(made, left.get(_what(made), []))
        if found is None:
            gone.append(made)
        else:
            left[_what(made)].remove(found)
            same.append((made, found))
    new = sorted((each for rest in left.values() for each in rest), key=lambda each: each.at)
    return Comparison(tuple(same), tuple(gone), tuple(new))


def _nearest(made: Decision, again: Sequence[Decision]) -> Decision | None:
    """Return the one at its moment; decisions come in order, so that one is among the first that are left."""
    near = takewhile(lambda each: each.at <= made.at + SAME, again)
    alike = (each for each in near if each.at >= made.at - SAME)
    return min(alike, key=lambda each: abs(each.at - made.at), default=None)


def _what(made: Decision) -> _What:
    return made.rule, made.phase, made.camera


def remembered(memory: Memory, rules: Iterable[str]) -> dict[str, datetime]:
    """Return since when rules have remembered the oldest of what they remember, by name."""
    wanted = frozenset(rules)
    found: dict[str, datetime] = {}
    for rule, _, row in memory.rows():
        if rule in wanted:
            found[rule] = min(row.since_wall, found.get(rule, row.since_wall))
    return found


def unlike(live: Memory, again: Memory, rules: Iterable[str]) -> list[str]:
    """Return the rules that remember something else: a state, what was gathered, or when its time is over."""
    return [
        rule
        for rule in sorted(rules)
        if not _alike(live.of_rule(RuleName(rule)), again.of_rule(RuleName(rule)))
    ]


def _alike(live: Mapping[str, Row], again: Mapping[str, Row]) -> bool:
    return live.keys() == again.keys() and all(_same(row, again[key]) for key, row in live.items())


def _same(live: Row, again: Row) -> bool:
    if (live.state, live.data, live.due is None) != (again.state, again.data, again.due is None):
        return False
    times = [(live.due or 0.0, again.due or 0.0)]
    if live.state == WAS:  # how long ago that was decides whether it counts
        times.append((live.since, again.since))
    return all(abs(was - now) < NEAR for was, now in times)


def needed(rules: RuleSet, wanted: Iterable[str]) -> frozenset[str]:
    """Return rules with those whose decisions they wait for, and so on."""
    found: set[str] = set()
    ahead = [name for name in wanted if name in rules.named]
    while ahead:
        if (name := ahead.pop()) not in found:
            found.add(name)
            ahead += _heard(rules.named[RuleName(name)], rules)
    return frozenset(found)


def _heard(rule: Rule, rules: RuleSet) -> list[str]:
    labels = (each.labels or () for each in rule.patterns if each.kind is Kind.DECISION)
    return [name for each in labels for name in each if name in rules.named]
