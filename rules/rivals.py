"""Rules that get in each other's way: one makes another needless, or both do the same for the same thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rules.patterns import Pattern
from rules.schema import RuleSpec

#: Rules that one is compared with at most, within one bucket.
MOST_NEIGHBOURS = 200
_ANY = "*"
_SUBJECTS = frozenset(
    {"object", "crowd", "motion", "plate", "signal", "camera", "mqtt", "engine", "operator", "decision"}
)
#: Fields of a pattern that are sets of names: fewer is narrower, none is all.
_SETS = _SUBJECTS - {"motion"} | {
    "cameras", "groups", "zone", "inside", "enters", "leaves", "crosses", "payload",
}  # fmt: skip


def rivals(specs: Sequence[RuleSpec]) -> Iterator[tuple[int, int, str]]:
    """Yield the number of a rule, that of its rival, and ``shadowed`` or ``overlap``; each rule once."""
    simple = [(number, spec.when) for number, spec in enumerate(specs) if isinstance(spec.when, Pattern)]
    buckets: dict[tuple[str, ...], list[int]] = {}
    for number, pattern in simple:
        for bucket in _buckets(pattern):
            buckets.setdefault(bucket, []).append(number)
    for number, pattern in simple:
        near = {other for bucket in _reached(pattern) for other in buckets.get(bucket, ())[:MOST_NEIGHBOURS]}
        for other in sorted(near - {number}):
            if code := _rivalry(specs, number, other):
                yield number, other, code
                break


def _rivalry(specs: Sequence[RuleSpec], number: int, other: int) -> str:
    spec, rival = specs[number], specs[other]
    if type(spec.when) is not type(rival.when):
        return ""
    if _covers(rival, spec) and (other < number or not _covers(spec, rival)):
        return "shadowed"
    return "overlap" if other < number and not _covers(spec, rival) and _overlap(rival, spec) else ""


def _labels(pattern: Pattern) -> Sequence[str]:
    """Return what a pattern is about, by its first key."""
    key = next(iter(type(pattern).model_fields.keys() - Pattern.model_fields.keys() & _SUBJECTS), "")
    value = getattr(pattern, key, None)
    values = value if isinstance(value, list) else [str(value)]
    return [_ANY] if "any" in values else [str(each) for each in values]


def _buckets(pattern: Pattern) -> Iterator[tuple[str, ...]]:
    kind = type(pattern).__name__
    for label in _labels(pattern):
        for camera in pattern.cameras or (_ANY,):
            yield kind, label, camera


def _reached(pattern: Pattern) -> Iterator[tuple[str, ...]]:
    kind = type(pattern).__name__
    for label in {*_labels(pattern), _ANY}:
        for camera in {*(pattern.cameras or ()), _ANY}:
            yield kind, label, camera


def _covers(wide: RuleSpec, narrow: RuleSpec) -> bool:
    """Return whether all that one rule does, another does as well, earlier or at the same time."""
    if not isinstance(wide.when, Pattern) or not isinstance(narrow.when, Pattern):
        return False
    same_when = all(
        _wider(name, getattr(wide.when, name), getattr(narrow.when, name))
        for name in type(wide.when).model_fields
    )
    hours = ("between", "not_between", "during", "not_during")
    timely = all(getattr(wide, name) in (None, getattr(narrow, name)) for name in hours)
    does = [call for call in narrow.do if call not in wide.do]
    return (
        same_when
        and timely
        and wide.if_ in (None, narrow.if_)
        and (wide.hold or 0.0) <= (narrow.hold or 0.0)
        and (wide.cooldown is None or wide.cooldown == narrow.cooldown)
        and not does
        and wide.severity == narrow.severity
        and wide.escalate == narrow.escalate
    )


def _wider(name: str, wide: object, narrow: object) -> bool:
    if wide is None or wide == narrow:
        return True
    if name in _SETS and isinstance(wide, list):
        return "any" in wide or (isinstance(narrow, list) and set(wide) >= set(narrow))
    low, high = getattr(wide, "above", ...), getattr(wide, "below", ...)
    if low is ... or high is ... or narrow is None:
        return False
    inner_low, inner_high = getattr(narrow, "above", None), getattr(narrow, "below", None)
    return (low is None or (inner_low is not None and inner_low >= low)) and (
        high is None or (inner_high is not None and inner_high <= high)
    )


def _overlap(one: RuleSpec, other: RuleSpec) -> bool:
    """Return whether two rules do the same for what may be the same thing."""
    if (
        not isinstance(one.when, Pattern)
        or not one.do
        or one.do != other.do
        or one.severity != other.severity
    ):
        return False
    names = [name for name in type(one.when).model_fields if name in _SETS]
    meet = all(_meet(getattr(one.when, name), getattr(other.when, name)) for name in names)
    rest = [name for name in type(one.when).model_fields if name not in _SETS]
    alike = all(_both_or_none(getattr(one.when, name), getattr(other.when, name)) for name in rest)
    hours: Mapping[str, object] = {name: getattr(one, name) for name in ("between", "not_between", "during")}
    same_time = all(value == getattr(other, name) for name, value in hours.items())
    return meet and alike and same_time and one.if_ == other.if_


def _meet(one: object, other: object) -> bool:
    if one is None or other is None:
        return one is other or not isinstance(one, list) or not isinstance(other, list)
    if not isinstance(one, list) or not isinstance(other, list):
        return one == other
    return "any" in one or "any" in other or not set(one).isdisjoint(other)


def _both_or_none(one: object, other: object) -> bool:
    """Return whether a narrowing that is no set of names may be the same in both: given in both, or in none."""
    return (one is None) == (other is None) and not (isinstance(one, (str, bool)) and one != other)
