"""What a rule needs of its site besides names: where the sun stands, which days are holidays, how wide a picture is."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rules.compiler.unknown_facts import expressions_with_patterns
from rules.document.source import Flaw, Gravity, Path
from rules.kinds.object import ObjectPattern
from rules.kinds.pattern import Pattern
from rules.language.clock_patterns import AtPattern, ClockPattern
from rules.language.expressions.comparisons import NodeReader, parsed
from rules.language.expressions.expr import ExprError
from rules.language.hours import Hours
from rules.language.names import World, scope_of
from rules.language.schema import RuleSpec, patterns
from rules.schedule import DAYS, SunTime, Window

_HOLIDAY = DAYS[7]


def needs(
    spec: RuleSpec, world: World, schedules: Mapping[str, Sequence[Window]], *, holidays: bool
) -> Iterator[Flaw]:
    """Yield what a rule needs and its site does not have.

    Args:
        spec: The rule.
        world: What the site has.
        schedules: Named hours.
        holidays: Whether any holiday is known, of the site or of a rule file.
    """
    if world.location is None and "location" not in world.vague:
        yield from _sun(spec, schedules)
    if not holidays and "holidays" not in world.vague:
        yield from _holidays(spec, schedules)
    if world.scaled is not None and world.knows(None):
        yield from _scale(spec, world.scaled, world.groups)


def _warning(path: Path, code: str, at: int = 0) -> Flaw:
    return Flaw(path, f"problem.{code}", severity=Gravity.WARNING, within=at)


def _sun(spec: RuleSpec, schedules: Mapping[str, Sequence[Window]]) -> Iterator[Flaw]:
    for key, index, hours in _written(spec):
        if isinstance(hours.from_, SunTime) or isinstance(hours.to, SunTime):
            yield Flaw((key, index), "problem.no_location")
    if isinstance(spec.when, AtPattern):
        suns = (index for index, edge in enumerate(spec.when.at) if isinstance(edge, SunTime))
        yield from (Flaw(("when", "at", index), "problem.no_location") for index in suns)
    for path, name in _named(spec):
        if any(
            isinstance(edge, SunTime) for each in schedules.get(name, ()) for edge in (each.start, each.end)
        ):
            yield _warning(path, "no_location")
    yield from _asked(spec, "dark", "no_location")


def _holidays(spec: RuleSpec, schedules: Mapping[str, Sequence[Window]]) -> Iterator[Flaw]:
    """Yield hours and days of holidays alone, and expressions that ask for them."""
    for key, index, hours in _written(spec):
        if hours.days == [_HOLIDAY]:
            yield _warning((key, index), "no_holidays")
    if isinstance(spec.when, ClockPattern) and spec.when.days == [_HOLIDAY]:
        yield _warning(("when", "days"), "no_holidays")
    for path, name in _named(spec):
        if any(each.days == {DAYS.index(_HOLIDAY)} for each in schedules.get(name, ())):
            yield _warning(path, "no_holidays")
    yield from _asked(spec, _HOLIDAY, "no_holidays")


def _scale(spec: RuleSpec, scaled: frozenset[str], groups: Mapping[str, Sequence[str]]) -> Iterator[Flaw]:
    """Yield speeds in km/h on cameras of which none says how wide its picture is."""

    def known(pattern: Pattern) -> bool:
        scope = scope_of(pattern, groups)
        return bool(scaled) if scope is None else not scaled.isdisjoint(scope)

    for path, pattern in patterns(spec):
        if isinstance(pattern, ObjectPattern) and pattern.kmh and not known(pattern):
            yield replace(_warning((*path, "kmh"), "no_scale"), on_key=True)
    for path, at, about in _places(spec, "kmh"):
        if about and not any(map(known, about)) and all(isinstance(each, ObjectPattern) for each in about):
            yield _warning(path, "no_scale", at)


def _written(spec: RuleSpec) -> Iterator[tuple[str, int, Hours]]:
    for key, written in (("between", spec.between), ("not_between", spec.not_between)):
        yield from ((key, index, hours) for index, hours in enumerate(written or ()))


def _named(spec: RuleSpec) -> Iterator[tuple[Path, str]]:
    for key, names in (("during", spec.during), ("not_during", spec.not_during)):
        yield from (((key, index), name) for index, name in enumerate(names or ()))


def _asked(spec: RuleSpec, fact: str, code: str) -> Iterator[Flaw]:
    yield from (_warning(path, code, at) for path, at, _ in _places(spec, fact))


def _places(spec: RuleSpec, fact: str) -> Iterator[tuple[Path, int, Sequence[Pattern]]]:
    """Yield the expressions that ask for a fact, where in them they first do, and of which patterns."""
    for path, text, about in expressions_with_patterns(spec):
        if fact not in text:
            continue
        try:
            found = (
                node for node in ast.walk(parsed(text)) if isinstance(node, ast.Name) and node.id == fact
            )
        except ExprError:
            continue  # told elsewhere
        if (first := next(found, None)) is not None:
            yield path, NodeReader(text).at(first), about
