"""Patterns and combinations that the grammar takes and that can never be: what is written contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from rules.document.scalars import said
from rules.document.source import Flaw, Gravity, Path
from rules.geometry import turned
from rules.language.correlation import Groups, keys_of
from rules.language.names import World
from rules.language.patterns import CameraPattern, CrowdPattern, MotionPattern, ObjectPattern, Pattern, Way
from rules.language.schema import RuleSpec
from rules.language.when import All, Count, NotStep, Sequence, parts
from rules.linter.distinct_values import begins, different
from rules.model import Fact

#: Keys of an object that need a past: what is first seen, or has just moved, has none.
_PAST = ("dwell", "stops", "left")


def vain(spec: RuleSpec, world: World | None, groups: Groups) -> Iterator[Flaw]:
    """Yield what of a rule can never be, as warnings; `world`: what the site has, None where that is not known."""
    for path, pattern in parts(spec.when):
        yield from (flaw.under("when", *path) for flaw in _pattern(pattern))
    match spec.when:
        case Count() as count:
            yield from _count(count, world or World(), groups)
            if count.window == "tumbling" and spec.hold and spec.hold >= count.within:
                yield _flaw(("for",), "for", f"window: tumbling, within: {count.within:g}s")
        case Sequence() as sequence:
            yield from _sequence(sequence)
        case All(within=None) as together:
            yield from _together(together)


def _flaw(path: Path, part: str, other: str) -> Flaw:
    values: dict[str, Fact] = {"part": part, "other": other}
    return Flaw(path, "problem.unreachable_if", values, "", Gravity.WARNING, on_key=isinstance(path[-1], str))


def _pattern(pattern: Pattern) -> Iterator[Flaw]:
    for key in ("score", "share", "speed", "kmh"):
        bounds = said(pattern, key)
        if bounds is not None and bounds.below == 0:
            yield _flaw((key, "below"), "below: 0", f"{key} ≥ 0")
    share = pattern.share if isinstance(pattern, MotionPattern) and pattern.motion == "stopped" else None
    if share is not None and share.above:
        yield _flaw(("share", "above"), f"above: {share.above:g}", "motion: stopped")
    if isinstance(pattern, ObjectPattern):
        yield from _object(pattern)


def _object(pattern: ObjectPattern) -> Iterator[Flaw]:
    began = "change: began" if pattern.change == "began" else "starts: true" if pattern.starts else ""
    for key in _PAST:
        if began and getattr(pattern, key) and not (key == "dwell" and pattern.starts):
            yield _flaw((key,), key, began)
    if pattern.starts is False:
        yield _flaw(("starts",), "starts: false", "starts: true")
    if pattern.heading and isinstance(pattern.wrong_way, Way):
        width = (pattern.heading.to - pattern.heading.from_) % 360 / 2
        middle, against = pattern.heading.from_ + width, pattern.wrong_way.way + 180
        if turned(middle % 360, against % 360) > width + pattern.wrong_way.tolerance:
            yield _flaw(("wrong_way",), "wrong_way", "heading")


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
    for key in _PAST if begins(count) else ():
        if said(count.count, key):
            yield _flaw(("when", "count", key), key, "distinct: none")
    lasts = isinstance(count.count, ObjectPattern) and not count.count.momentary and distinct in ("", "track")
    once = isinstance(count.count, ObjectPattern) and count.count.change is not None
    if count.above is not None and "track" in by and distinct != "track" and (lasts or once):
        yield _flaw(path, f"above: {count.above}", "by: track")


def _always(count: Count, distinct: str, most: int) -> dict[str, Fact]:
    return {"part": f"below: {count.below}", "other": f"distinct: {distinct} (≤ {most})"}


def _sequence(sequence: Sequence) -> Iterator[Flaw]:
    steps = [(index, step) for index, step in enumerate(sequence.sequence) if not isinstance(step, NotStep)]
    if "track" in keys_of(sequence):
        for place, (index, step) in enumerate(steps):
            change = said(step, "change")
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
        and ({"change"} & other.keys() <= told.keys() or said(narrow, "change") == "began")
        and not ({"removed", "leaves"} & other.keys() - told.keys())
    )


def _wider(key: str, value: object, other: object) -> bool:
    if key in ("object", "crowd", "plate") and isinstance(value, list) and "any" in value:
        return not (key == "crowd" and other != value)
    if isinstance(value, list) and isinstance(other, list):
        return set(map(str, other)) <= set(map(str, value))
    return value == other


def _together(together: All) -> Iterator[Flaw]:
    """Yield patterns of one subject that exclude each other: it is never both at the same time."""
    one = [(index, each) for index, each in enumerate(together.all)]
    for index, later in one:
        for _, first in one[:index]:
            if (word := _excludes(first, later, keys_of(together))) and not _elsewhere(first, later):
                yield _flaw(("when", "all", index, word), word, word)
                return


def _elsewhere(first: Pattern, later: Pattern) -> bool:
    return first.cameras != later.cameras or first.groups != later.groups


def _excludes(first: Pattern, later: Pattern, by: tuple[str, ...]) -> str:
    """Return the key in which two patterns of the same subject exclude each other; empty: in none."""
    one = by in (("camera",), ("zone",)) or "camera" in by
    if isinstance(first, MotionPattern) and isinstance(later, MotionPattern) and one:
        return "motion" if first.motion != later.motion else _bounds(first, later, "share")
    if isinstance(first, CameraPattern) and isinstance(later, CameraPattern) and one:
        apart = set(first.camera).isdisjoint(later.camera) and not _beside(first) and not _beside(later)
        return "camera" if apart else ""
    if isinstance(first, CrowdPattern) and isinstance(later, CrowdPattern) and one:
        same = (
            first.zone == later.zone
            and first.crowd == later.crowd
            and len(first.zone) == len(first.crowd) == 1
        )
        low, high = (
            max(first.above or 0, later.above or 0),
            [b for b in (first.below, later.below) if b is not None],
        )
        return ("below" if later.below else "above") if same and high and low >= min(high) else ""
    if isinstance(first, ObjectPattern) and isinstance(later, ObjectPattern) and "track" in by:
        apart = "any" not in (*first.object, *later.object) and set(first.object).isdisjoint(later.object)
        return "object" if apart else _bounds(first, later, "score") or _bounds(first, later, "speed")
    return ""


def _beside(pattern: CameraPattern) -> bool:
    return bool({"deaf", "blind", "clock", "noisy"} & set(pattern.camera))


def _bounds(first: Pattern, later: Pattern, key: str) -> str:
    both = [each for each in (said(first, key), said(later, key)) if each is not None]
    lows = [each.above for each in both if each.above is not None]
    highs = [each.below for each in both if each.below is not None]
    return key if len(both) == 2 and lows and highs and max(lows) >= min(highs) else ""
