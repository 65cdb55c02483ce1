"""What trials have exercised: rules that fired, conditions that were seen to hold, branches that were taken.

A branch is an outcome: each condition holds or fails; what counts towards `for:` is broken off; a cooldown
keeps a rule quiet; it fires, is resolved, escalates.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from rules.compiler.ruleset import Matcher, Rule, RuleSet
from rules.evaluator.evaluator import subject_key
from rules.explain.criteria import Criterion, criteria
from rules.memory import FIRING, PENDING, QUIET
from rules.model import Event, Instant, Kind, Phase, RuleName, Step

#: What a branch is about, and which way it went.
Branch = tuple[RuleName, str, str]
Measure = Literal["rules", "conditions", "branches"]
MEASURES: tuple[Measure, ...] = ("rules", "conditions", "branches")
_HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    taken: int
    total: int

    @property
    def percent(self) -> float:
        """0..100; of nothing, all is covered."""
        return 100.0 * self.taken / self.total if self.total else 100.0


class Coverage:
    """Watches trials of one rule set; see `rules.explain.playback.Watch`."""

    def __init__(self, rules: RuleSet, only: Collection[str] | None = None) -> None:
        """Count for the rules of these names; None: for all."""
        self._rules = [rule for rule in rules.rules if only is None or rule.name in only]
        self._taken: set[Branch] = set()
        self._states: dict[tuple[RuleName, str], str] = {}
        by_kind: dict[Kind, list[tuple[Rule, Matcher, tuple[tuple[str, Criterion], ...]]]] = {}
        for rule in self._rules:
            for pattern in rule.patterns:
                named = tuple((_name(rule, pattern, facet), facet) for facet in criteria(pattern))
                by_kind.setdefault(pattern.kind, []).append((rule, pattern, named))
        self._by_kind: Mapping[Kind, list[tuple[Rule, Matcher, tuple[tuple[str, Criterion], ...]]]] = by_kind

    def watch(self, event: Event | None, now: Instant, done: Step) -> None:
        """Note what one step exercised."""
        if event is not None:
            for rule, _, named in self._by_kind.get(event.kind, ()):
                self._conditions(rule, named, event, now)
        fired: set[tuple[RuleName, str]] = set()
        for made in done.decisions:
            self._taken.add((made.rule, "decision", str(made.phase)))
            if made.phase is Phase.FIRING:
                fired.add((made.rule, made.key))
        for change in done.changes:
            where = change.rule, change.key
            before = self._states.get(where)
            if change.row is None:
                self._states.pop(where, None)
                if before == PENDING and where not in fired:
                    self._taken.add((change.rule, "for", "broken off"))
            else:
                self._states[where] = change.row.state

    def _conditions(
        self, rule: Rule, named: Iterable[tuple[str, Criterion]], event: Event, now: Instant
    ) -> None:
        every = True
        other = any(facet.kind == "change" and not facet.test(event) for _, facet in named)
        for name, facet in named:
            if other and facet.kind != "change":
                continue  # what is gone is in no zone: that says nothing of the zone
            held = facet.test(event)
            every = every and held
            self._taken.add((rule.name, name, "holds" if held else "fails"))
        if not every:  # hours are asked of what matches
            return
        if rule.hours is not None:
            timely = rule.hours.hold(now.wall)
            self._taken.add((rule.name, _HOURS, "holds" if timely else "fails"))
            every = timely
        quiet = any(name == rule.name and state == QUIET for (name, _), state in self._states.items())
        told = self._states.get((rule.name, subject_key(event))) == FIRING  # what fires keeps itself quiet
        if every and quiet and not told:
            self._taken.add((rule.name, "cooldown", "keeps quiet"))

    def share(self, measure: Measure) -> Share:
        """Return how much of a measure is covered."""
        wanted = self._wanted(measure)
        return Share(len(wanted & self._taken), len(wanted))

    def missing(self) -> list[Branch]:
        """Return every branch that was not taken, in the order of the rules."""
        every = [branch for rule in self._rules for branch in _branches(rule)]
        return [branch for branch in dict.fromkeys(every) if branch not in self._taken]

    def _wanted(self, measure: Measure) -> set[Branch]:
        every = {branch for rule in self._rules for branch in _branches(rule)}
        if measure == "rules":
            return {branch for branch in every if branch[2] == str(Phase.FIRING)}
        return {branch for branch in every if branch[2] == "holds"} if measure == "conditions" else every


def _name(rule: Rule, pattern: Matcher, facet: Criterion) -> str:
    return facet.name if len(rule.patterns) == 1 else f"{pattern.role + 1}: {facet.name}"


def _branches(rule: Rule) -> Iterator[Branch]:
    yield rule.name, "decision", str(Phase.FIRING)
    for pattern in rule.patterns:
        for facet in (
            criteria(pattern) if pattern.kind is not Kind.DECISION else ()
        ):  # no event: nobody sees it
            for way in ("holds", "fails"):
                yield rule.name, _name(rule, pattern, facet), way
    if rule.hours is not None and rule.patterns:
        yield rule.name, _HOURS, "holds"
        yield rule.name, _HOURS, "fails"
    if rule.hold and rule.lasting:
        yield rule.name, "for", "broken off"
    if rule.cooldown:
        yield rule.name, "cooldown", "keeps quiet"
    if rule.lasting:
        yield rule.name, "decision", str(Phase.RESOLVED)
    if rule.escalate:
        yield rule.name, "decision", str(Phase.ESCALATED)
    if any(each.id.startswith("rule:") for each in rule.suspensions):
        yield rule.name, "decision", str(Phase.SILENCED)
