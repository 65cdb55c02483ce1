"""The facts that a rule reads, each with the place where it is written, and an event without it.

Labels, cameras, hours and the like are not among them: no event lacks them. Nor is what a rule reads of another
rule's decision, which the evaluator makes and nobody tells.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from rules.compiler.build import negative
from rules.compiler.compile import WrittenRule
from rules.compiler.if_condition import If
from rules.compiler.ruleset import Matcher
from rules.document.scalars import value_at
from rules.document.source import Path
from rules.kinds.fact_types import BOX, DWELL
from rules.kinds.lookup import OF_KIND, event_kind
from rules.kinds.pattern import Pattern
from rules.language.expressions.comparisons import called, parsed
from rules.language.expressions.known_facts import ALWAYS
from rules.language.schema import patterns
from rules.model import Event, Fact, Kind

#: Names of expressions that no event lacks.
_THERE = ALWAYS | {"camera", "label", "rule"}
Without = Callable[[Event], Event]


@dataclass(frozen=True, slots=True)
class FactRead:
    """A fact that is read at one place of a rule.

    Attributes:
        path: To the place, from the rule; `within`: characters into its text, where that is an expression.
        name: As it is written, e.g. ``score``, ``number('cm')``.
        kinds: Of which events.
        without: Returns an event without the fact.
    """

    path: Path
    name: str
    kinds: frozenset[Kind]
    without: Without
    within: int = 0

    @property
    def on_key(self) -> bool:
        """Whether it is a key that reads it."""
        return self.path[-1] != "if"


def reads(written: WrittenRule) -> Iterator[FactRead]:
    """Yield the facts that a rule which is judged reads, each once per place."""
    found: dict[tuple[Path, str], FactRead] = {}
    for read in _all(written):
        place = read.path, read.name
        before = found.get(place)
        found[place] = read if before is None else replace(read, kinds=read.kinds | before.kinds)
    yield from found.values()


def _all(written: WrittenRule) -> Iterator[FactRead]:
    rule = written.rule
    for role, (path, pattern) in enumerate(patterns(written.spec)):
        if rule is not None and event_kind(pattern).shorthand is not None:
            yield from _of_keys(pattern, path)
            yield from _of_expressions(written, role, path, pattern, rule.patterns[role])


def _of_keys(pattern: Pattern, path: Path) -> Iterator[FactRead]:
    kind = event_kind(pattern)
    for key, facts in kind.asks.items():
        if value_at(pattern, key):
            yield FactRead((*path, key), facts[0], frozenset({kind.kind}), _lacking(facts))


def _of_expressions(
    written: WrittenRule, role: int, path: Path, pattern: Pattern, matcher: Matcher
) -> Iterator[FactRead]:
    spec = written.spec
    places: list[Path] = [("if",)] if spec.if_ is not None and not negative(spec.when, role) else []
    places += [(*path, "if")] if pattern.if_ is not None else []
    steps = [event_kind(step).kind for _, step in patterns(spec)]
    made = [each.expression for each in matcher.conditions if isinstance(each, If)]
    for place, expression in zip(places, made, strict=True):
        for name in (name for part in expression.conjuncts for name, _ in part.facts):
            step, without = _called(name)
            if without is not None:
                kind = steps[step - 1] if step else event_kind(pattern).kind
                yield FactRead(place, name, frozenset({kind}), without, max(0, expression.text.find(name)))


def _called(name: str) -> tuple[int, Without | None]:
    """Return of which earlier step an expression reads something by a name (0: of none), and how an event loses it.

    None: no event lacks it, or it is not clear what it is.
    """
    node = parsed(name)
    match called(node), getattr(node, "args", ()):
        case "", _:
            return 0, _lacking((name,)) if isinstance(node, ast.Name) and name not in _THERE else None
        case "in_zone", [ast.Constant(value=str(zone))]:
            return 0, lambda event: replace(event, zones=tuple(each for each in event.zones if each != zone))
        case ("entered" | "left") as passed, [ast.Constant(value=str(zone))]:
            return 0, lambda event: replace(event, facts=_unpassed(event.facts, passed, zone))
        case "dwell_in", [ast.Constant(value=str(zone))]:
            return 0, _lacking((f"{DWELL}{zone}",))
        case "earlier", [ast.Constant(value=int(step)), ast.Constant(value=str(word))]:
            return step, None if word in _THERE else _lacking((word,))
        case _, [ast.Constant(value=str(word))]:
            return 0, None if word in _THERE else _lacking((word,))
    return 0, None


def _unpassed(facts: Mapping[str, Fact], fact: str, zone: str) -> dict[str, Fact]:
    """Return facts without a zone among those that were entered or left."""
    zones = [each for each in str(facts.get(fact, "")).split() if each != zone]
    rest = {name: value for name, value in facts.items() if name != fact}
    return rest | {fact: " ".join(zones)} if zones else rest


def _lacking(facts: tuple[str, ...]) -> Without:
    def without(event: Event) -> Event:
        for fact in facts:
            event = _without(event, fact)
        return event

    return without


def _without(event: Event, fact: str) -> Event:
    """Return an event without a fact, wherever it carries that."""
    facts = {name: value for name, value in event.facts.items() if not _stands_for(name, fact)}
    event = replace(event, facts=facts)
    kind = OF_KIND[event.kind]
    if kind.alias(fact) == "score":
        return replace(event, score=None)
    if fact == kind.label_fact:
        return replace(event, label=None)
    return replace(event, box=None) if fact in BOX else event


def _stands_for(name: str, fact: str) -> bool:
    if fact == "dwell":
        return name == "age" or name.startswith(DWELL)
    return name == fact
