"""What each rule costs: visits, processor time and what it remembers, measured on recorded events.

Each rule judges by itself the events that reach it, so that its time is its own; what all events cost
without any rule is taken off.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rules.compiler.ruleset import RuleSet
from rules.evaluator.evaluator import subject_key
from rules.explain.playback import Arrival, Playback
from rules.memory import Memory
from rules.model import RuleName


@dataclass(frozen=True, slots=True)
class RuleCost:
    """One rule's cost.

    Attributes:
        visits: Events that the index brought to it.
        seconds: Processor time that it took for the events that concern it.
        rows: What it remembered at most; `bytes_`: how much that is, about.
        fired: How often it fired.
    """

    rule: RuleName
    visits: int
    seconds: float
    rows: int
    bytes_: int
    fired: int


def rule_costs(
    rules: RuleSet,
    arrivals: Sequence[Arrival],
    clock: Callable[[], float],
    progress: Callable[[int], None] = lambda _: None,
) -> list[RuleCost]:
    """Return every rule's cost, the dearest first.

    Args:
        clock: Processor time in seconds, e.g. `time.process_time`.
        progress: Told of the number of rules that are measured.
    """
    visits, concerned = _visits(rules, arrivals)
    found = []
    for count, rule in enumerate(rules.rules, start=1):
        progress(count)
        chosen = [arrivals[index] for index in concerned[rule.name]]
        base, _ = _timed(RuleSet(()), chosen, clock)
        spent, seen = _timed(RuleSet((rule,)), chosen, clock)
        seconds = max(0.0, spent - base)
        found.append(RuleCost(rule.name, visits[rule.name], seconds, seen.rows, seen.bytes_, seen.fired))
    return sorted(found, key=lambda toll: (-toll.seconds, -toll.visits, toll.rule))


def _visits(
    rules: RuleSet, arrivals: Sequence[Arrival]
) -> tuple[dict[RuleName, int], dict[RuleName, list[int]]]:
    """Return how often each rule is visited, and the events that concern it: those, and what ends what they began."""
    visits = {rule.name: 0 for rule in rules.rules}
    concerned: dict[RuleName, list[int]] = {rule.name: [] for rule in rules.rules}
    followers: dict[str, set[RuleName]] = {}
    for index, arrival in enumerate(arrivals):
        subject = subject_key(arrival.event)
        names = {rule.name for rule, _ in rules.candidates(arrival.event)}
        for name in names:
            visits[name] += 1
        followed = followers.setdefault(subject, set())
        followed |= names
        for name in followed:
            concerned[name].append(index)
    return visits, concerned


@dataclass(slots=True)
class _Seen:
    """What a rule showed while it was timed."""

    rows: int = 0
    bytes_: int = 0
    fired: int = 0


def _timed(rules: RuleSet, arrivals: Iterable[Arrival], clock: Callable[[], float]) -> tuple[float, _Seen]:
    play, seen = Playback(rules, Memory()), _Seen()
    started = clock()
    for arrival in arrivals:
        seen.fired += sum(made.phase == "firing" for made in play.see(arrival))
        seen.rows = max(seen.rows, len(play.memory))
    spent = clock() - started
    seen.bytes_ = sum(_size(key, row) for _, key, row in play.memory.rows())
    return spent, seen


def _size(key: str, row: object) -> int:
    """Return about how many bytes a row takes: itself, its key, and what it gathered as text."""
    return sys.getsizeof(key) + sys.getsizeof(row) + len(repr(row))
