"""Patterns and combinations that the grammar takes and that can never be: what is written contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from rules.document.scalars import value_at
from rules.document.source import Flaw, Gravity, Path
from rules.kinds.lookup import event_kind
from rules.kinds.object import PAST, ObjectPattern
from rules.kinds.pattern import Pattern
from rules.language.correlation import Groups, keys_of
from rules.language.names import World
from rules.language.schema import RuleSpec, patterns
from rules.language.when import All, Count, NotStep, Sequence
from rules.linter.covering import covers
from rules.linter.distinct_values import begins, different
from rules.model import Fact


def contradictions(spec: RuleSpec, world: World | None, groups: Groups) -> Iterator[Flaw]:
    """Yield what of a rule can never be, as warnings; `world`: what the site has, None where that is not known."""
    for path, pattern in patterns(spec):
        yield from (flaw.under(*path) for flaw in _pattern(pattern))
    match spec.when:
        case Count() as count:
            yield from _count(count, world or World(), groups)
            if count.window == "tumbling" and spec.hold and spec.hold >= count.within:
                yield _flaw(("for",), "for", f"window: tumbling, within: {count.within:g}s")
        case Sequence() as sequence:
            yield from _sequence(sequence)
        case All() as together:
            yield from _barred(together)
            yield from _together(together) if together.within is None else ()


def _flaw(path: Path, part: str, other: str) -> Flaw:
    values: dict[str, Fact] = {"part": part, "other": other}
    return Flaw(path, "problem.unreachable_if", values, "", Gravity.WARNING, on_key=isinstance(path[-1], str))


def _pattern(pattern: Pattern) -> Iterator[Flaw]:
    for key in ("score", "share", "speed", "kmh"):
        bounds = value_at(pattern, key)
        if bounds is not None and bounds.below == 0:
            yield _flaw((key, "below"), "below: 0", f"{key} ≥ 0")
    for path, part, other in event_kind(pattern).contradictions(pattern):
        yield _flaw(path, part, other)


def _count(count: Count, world: World, groups: Groups) -> Iterator[Flaw]:
    distinct, by = count.distinct or "", keys_of(count)
    path: Path = ("when", "distinct") if count.distinct else ("when", "above")
    most = different(count, by, world, groups)
    if most is not None and count.above is not None and count.above > most:
        yield _flaw(("when", "above"), f"above: {count.above}", f"distinct: {distinct} (≤ {most})")
    if most is not None and count.below is not None and count.below > most:
        yield Flaw(
            ("when", "below"),
            "problem.always_true",
            _always(count, distinct, most),
            "",
            Gravity.WARNING,
            on_key=True,
        )
    for key in PAST if begins(count) else ():
        if value_at(count.count, key):
            yield _flaw(("when", "count", key), key, "distinct: none")
    lasts = isinstance(count.count, ObjectPattern) and not count.count.momentary and distinct in ("", "track")
    once = isinstance(count.count, ObjectPattern) and count.count.change in ("began", "ended")
    if count.above is not None and "track" in by and distinct != "track" and (lasts or once):
        yield _flaw(path, f"above: {count.above}", "by: track")


def _always(count: Count, distinct: str, most: int) -> dict[str, Fact]:
    return {"part": f"below: {count.below}", "other": f"distinct: {distinct} (≤ {most})"}


def _sequence(sequence: Sequence) -> Iterator[Flaw]:
    steps = [(index, step) for index, step in enumerate(sequence.sequence) if not isinstance(step, NotStep)]
    if "track" in keys_of(sequence):
        for place, (index, step) in enumerate(steps):
            change = value_at(step, "change")
            if change == "began" and place > 0:
                yield _flaw(("when", "sequence", index, "change"), "change: began", "by: track")
            if change == "ended" and place < len(steps) - 1:
                yield _flaw(("when", "sequence", index, "change"), "change: ended", "by: track")
    for number, (breaks, after) in enumerate(pairwise(sequence.sequence)):
        if isinstance(breaks, NotStep) and not isinstance(after, NotStep) and covers(breaks.not_, after):
            yield _flaw(("when", "sequence", number, "not"), "not", "the step after it")


def _together(together: All) -> Iterator[Flaw]:
    """Yield patterns of one subject that exclude each other: it is never both at the same time."""
    one = [(index, each) for index, each in enumerate(together.all) if isinstance(each, Pattern)]
    for place, (index, later) in enumerate(one):
        for _, first in one[:place]:
            if (word := _excludes(first, later, keys_of(together))) and not _elsewhere(first, later):
                yield _flaw(("when", "all", index, word), word, word)
                return


def _barred(together: All) -> Iterator[Flaw]:
    """Yield what must not hold beside something that it covers."""
    needed = [step for step in together.all if isinstance(step, Pattern)]
    for index, step in enumerate(together.all):
        if isinstance(step, NotStep) and any(covers(step.not_, each) for each in needed):
            yield _flaw(("when", "all", index, "not"), "not", "all")


def _elsewhere(first: Pattern, later: Pattern) -> bool:
    return first.cameras != later.cameras or first.groups != later.groups


def _excludes(first: Pattern, later: Pattern, by: tuple[str, ...]) -> str:
    """Return the key in which two patterns of the same subject exclude each other; empty: in none."""
    if type(first) is not type(later):
        return ""
    kind = event_kind(first)
    same = "track" in by if "track" in kind.keys else by == ("zone",) or "camera" in by
    return kind.excludes(first, later) if same else ""
