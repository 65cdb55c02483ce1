"""Names that expressions ask for and the site does not have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from rules.compiler.build import negative
from rules.document.source import Flaw, Path
from rules.kinds.lookup import event_kind
from rules.kinds.pattern import Pattern
from rules.language.expressions.comparisons import comparisons, zones
from rules.language.expressions.expr import ExprError
from rules.language.names import ALWAYS, World, known_names, named, no_label, scope_of
from rules.language.schema import RuleSpec, patterns


def expressions_with_patterns(spec: RuleSpec) -> Iterator[tuple[Path, str, Sequence[Pattern]]]:
    """Yield every expression of a rule with its path and the patterns of which it is asked."""
    found = list(patterns(spec))
    if spec.if_ is not None:
        about = [each for role, (_, each) in enumerate(found) if not negative(spec.when, role)]
        yield ("if",), spec.if_, about
    for index, each in enumerate(spec.exceptions or ()):
        yield ("exceptions", index, "if"), each.if_, [each for _, each in found]
    if spec.until is not None:
        yield ("until",), spec.until, [each for _, each in found]
    for path, pattern in found:
        if pattern.if_ is not None:
            yield (*path, "if"), pattern.if_, [pattern]


def unknown_facts(spec: RuleSpec, world: World, groups: Mapping[str, Sequence[str]]) -> Iterator[Flaw]:
    """Yield what expressions name and the site does not have; one that does not compile is told elsewhere."""
    for path, text, about in expressions_with_patterns(spec):
        try:
            found = [*_zones(text, about, world, groups), *_compared(text, about, world)]
        except ExprError:
            continue
        yield from (flaw.under(*path) for flaw in found)


def _zones(
    text: str, about: Sequence[Pattern], world: World, groups: Mapping[str, Sequence[str]]
) -> Iterator[Flaw]:
    scopes = [scope_of(pattern, groups) for pattern in about]
    if world.zones is None or not all(map(world.knows, scopes)):
        return
    found = [known_names(scope, world.zones) for scope in scopes]
    known = frozenset().union(*(names for names in found if names is not None))
    for zone, at in zones(text) if None not in found else ():
        if zone not in known:
            yield replace(named("zone", zone, known), within=at)


def _compared(text: str, about: Sequence[Pattern], world: World) -> Iterator[Flaw]:
    for each in comparisons(text):
        known = _known(each.fact, about, world)
        for name, at in each.values if known is not None else ():
            if known is not None and isinstance(name, str) and not _among(name, each.sign, known[0]):
                yield replace(known[1](name), within=at)


def _among(name: str, sign: str, known: Collection[str]) -> bool:
    return any(fnmatchcase(each, name) for each in known) if sign == "like" else name in known


def _stranger(pattern: Pattern) -> bool:
    """Return whether an event may come of a camera that the site does not have."""
    return event_kind(pattern).stranger(pattern)


def _crosses(pattern: Pattern) -> bool:
    return "line" in event_kind(pattern).facts


def _known(
    fact: str, about: Sequence[Pattern], world: World
) -> tuple[Collection[str], Callable[[str], Flaw]] | None:
    """Return which names a fact can have, and the flaw of another one; None: nothing can be said."""
    sure = world.knows(None)
    cameras, lines = world.zones, world.lines
    if fact == "camera" and cameras is not None and sure:
        if not any(map(_stranger, about)):
            return cameras, lambda name: named("camera", name, cameras)
    elif fact == "label" and world.labels and all(event_kind(pattern).detected for pattern in about):
        labels = world.labels | ALWAYS
        return labels, lambda name: no_label(name, world)
    elif fact == "line" and lines is not None and sure and all(map(_crosses, about)):
        drawn = frozenset().union(*lines.values())
        return drawn, lambda name: named("line", name, drawn)
    return None
