"""Counters as rules that nobody wrote, and what a time of day may ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b

from rules.compiler.ruleset import COUNTER, Rule, Tally
from rules.document.source import Flaw, Path
from rules.language.clock_patterns import ClockPattern
from rules.language.expressions.expr import Expression
from rules.language.schema import Counter, RuleSpec
from rules.model import EMPTY, Change, Event, EventId, Fact, Kind, RuleName

#: What a time of day knows besides counters.
CLOCK_FACTS = frozenset({"hour", "minute", "weekday", "holiday", "dark"})


def clock_event(rule: Rule, wall: datetime, facts: Mapping[str, Fact] = EMPTY) -> Event:
    """Return what a time of day (aware UTC) is asked as: an event of nothing but the time, and what counters say."""
    nobody = EventId("")
    return Event(nobody, "", 0, Kind.CLOCK, Change.NOTED, None, wall, wall, subject=rule.name, facts=facts)


def tallied(made: Rule, name: str, counter: Counter, longest: float) -> Rule:
    """Return the rule that keeps a counter.

    Args:
        made: What it counts, as a rule.
        longest: Seconds of the longest time over which it is asked.
    """
    tally = Tally(made.almanac, longest, counter.since)
    told = f"{made.edition} {counter.since} {longest:g}"
    edition = blake2b(told.encode(), digest_size=6).hexdigest()
    return replace(made, name=RuleName(f"{COUNTER}{name}"), trigger=tally, edition=edition)


def timeless(spec: RuleSpec, expression: Expression, path: Path) -> Iterator[Flaw]:
    """Yield what a time of day is asked and cannot know."""
    if not isinstance(spec.when, ClockPattern):
        return
    for name in (name for part in expression.conjuncts for name, _ in part.facts):
        if name not in CLOCK_FACTS and not name.startswith("counted("):
            yield Flaw(path, "problem.if_at", {"name": name}, within=max(0, expression.text.find(name)))
            return


def counting(counter: Counter) -> RuleSpec:
    """Return what a counter counts, as a rule."""
    return RuleSpec.model_validate({"name": "counter", "when": counter.count})
