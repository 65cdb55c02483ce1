"""Patterns and combinations that the grammar takes and that can never be: what is written contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from rules.document.scalars import value_at
from rules.document.source import Flaw, Gravity, Path
from rules.kinds.lookup import event_kind
from rules.kinds.object import PAST, ObjectPattern
from rules.kinds.pattern import Pattern
from rules.kinds.table import TABLE
from rules.language.correlation import Groups, keys_of, veto_keys
from rules.language.names import World
from rules.language.schema import RuleSpec, patterns
from rules.language.when import All, AnyOf, Count, NotStep, Sequence
from rules.linter.distinct_values import begins, different
from rules.model import Fact
from rules.topics import on_topic, wild

#: Keys under which a pattern names labels, and `any` stands for all of them.
_FILTERED = frozenset(each.keyword for each in TABLE if each.filters)
_WITH_ANY = {each.keyword: each for each in TABLE if each.any_is_offered}


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
    yield from _vetoed(spec)


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
        if isinstance(breaks, NotStep) and not isinstance(after, NotStep) and _covers(breaks.not_, after):
            yield _flaw(("when", "sequence", number, "not"), "not", "the step after it")


def _covers(broad: Pattern, narrow: Pattern) -> bool:
    """Return whether whatever matches one pattern matches another, as far as that is plain from what is written."""
    if type(broad) is not type(narrow):
        return False
    told = broad.model_dump(exclude_defaults=True, by_alias=True)
    other = narrow.model_dump(exclude_defaults=True, by_alias=True)
    return (
        all(_wider(key, value, other.get(key)) for key, value in told.items())
        and ({"change"} & other.keys() <= told.keys() or value_at(narrow, "change") == "began")
        and not ({"removed", "leaves"} & other.keys() - told.keys())
    )


def _wider(key: str, value: object, other: object) -> bool:
    kind = _WITH_ANY.get(key)
    if kind is not None and isinstance(value, list) and "any" in value:
        return not (kind.any_is_one and other != value)
    if isinstance(value, list) and isinstance(other, list):
        names = tuple(map(str, value))
        filtered = key in _FILTERED and any(map(wild, names))
        return all(each in names or (filtered and on_topic(names, str(each))) for each in map(str, other))
    return value == other


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
        if isinstance(step, NotStep) and any(_covers(step.not_, each) for each in needed):
            yield _flaw(("when", "all", index, "not"), "not", "all")


def _vetoed(spec: RuleSpec) -> Iterator[Flaw]:
    """Yield vetoes that come with the very events that would make a rule fire."""
    causes = _causes(spec.when)
    for index, unless in enumerate(spec.unless or ()):
        whole = set(veto_keys(spec.when, unless)) <= {"camera", "site"}
        if whole and causes and all(any(_covers(unless.happened, each) for each in some) for some in causes):
            yield _flaw(("unless", index, "happened"), "unless", "when")


def _causes(when: object) -> list[list[Pattern]]:
    """Return patterns of whose events a rule fires: in turn, in each row all match when it does."""
    match when:
        case Pattern():
            return [[when]]
        case AnyOf(any=steps):
            return [[each] for each in steps]
        case Sequence(sequence=[*_, Pattern() as last]):
            return [[last]]
        case All(all=steps):
            return [[each for each in steps if isinstance(each, Pattern)]]
        case Count(count=counted, above=int()):
            return [[counted]]
    return []


def _elsewhere(first: Pattern, later: Pattern) -> bool:
    return first.cameras != later.cameras or first.groups != later.groups


def _excludes(first: Pattern, later: Pattern, by: tuple[str, ...]) -> str:
    """Return the key in which two patterns of the same subject exclude each other; empty: in none."""
    if type(first) is not type(later):
        return ""
    kind = event_kind(first)
    same = "track" in by if "track" in kind.keys else by == ("zone",) or "camera" in by
    return kind.excludes(first, later) if same else ""
