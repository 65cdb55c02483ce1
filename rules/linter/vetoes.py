"""Vetoes that come with the very events that would make a rule fire: such a rule never does.

Of each way in which it may fire the events are looked at that were surely there when it does, late enough to count.
Where one of them is always what must not have happened, the rule is silent for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import inf

from rules.document.source import Flaw, Gravity
from rules.kinds.decision import DecisionPattern
from rules.kinds.lookup import event_kind
from rules.kinds.pattern import Pattern
from rules.language.correlation import keys_of, veto_keys
from rules.language.schema import RuleSpec
from rules.language.when import All, AnyOf, Count, Sequence, Unless, is_moment
from rules.linter.covering import covers
from rules.model import Change

#: One way in which a rule fires: patterns that events matched which still count for a veto.
_Way = list[Pattern]


def vetoed(spec: RuleSpec, others: Mapping[str, RuleSpec]) -> Iterator[Flaw]:
    """Yield vetoes that always come with what they shall stop; `others`: every rule by its name."""
    for index, unless in enumerate(spec.unless or ()):
        if _always(spec, unless, others):
            values = {"part": "unless", "other": "when"}
            path = ("unless", index, "happened")
            yield Flaw(path, "problem.unreachable_if", values, "", Gravity.WARNING, on_key=True)


def _always(spec: RuleSpec, unless: Unless, others: Mapping[str, RuleSpec]) -> bool:
    keys, within = set(veto_keys(spec.when, unless)), unless.within or 0.0
    if not keys <= {"camera", "site"} or not (within or _goes_on(unless.happened)):
        return False
    ways = _ways(spec, within, same_camera="camera" in keys)
    return bool(ways) and all(any(_comes_with(unless.happened, each, others) for each in way) for way in ways)


def _ways(spec: RuleSpec, within: float, *, same_camera: bool) -> list[_Way]:
    """Return the ways in which a rule fires, now or when a veto ends; none where that cannot be told.

    Args:
        within: For how many seconds what happened counts.
        same_camera: What happened at another camera does not count.
    """
    when, lasts = spec.when, _lasts(spec)
    outlasts = not lasts or within > lasts
    match when:
        case Pattern() if outlasts:
            return [[when]]
        case AnyOf(any=steps) if outlasts:
            return [[each] for each in steps]
        case Sequence() if outlasts:
            return _in_order(when, within, same_camera=same_camera)
        case All(all=steps) if _near(when, same_camera) and _outlasts(when, within, lasts):
            return [_patterns(steps)]
        case Count(count=counted, above=int()) if within > max(lasts, when.within):
            return [[counted]]
    return []


def _in_order(when: Sequence, within: float, *, same_camera: bool) -> list[_Way]:
    early = _patterns(when.sequence) if _near(when, same_camera) and within >= when.within else []
    if isinstance(when.sequence[-1], Pattern):
        return [[*early, when.sequence[-1]]]
    return [early] if within > when.within else []  # it fires when the time for what must not come is over


def _patterns(steps: Iterable[object]) -> _Way:
    return [each for each in steps if isinstance(each, Pattern)]


def _outlasts(when: All, within: float, lasts: float) -> bool:
    """Return whether a veto ends after what holds together does; both end at once where no time is given."""
    return within > max(lasts, when.within or 0.0) or (when.within is None and not lasts)


def _goes_on(pattern: Pattern) -> bool:
    """Return whether whatever matches lasts until its end is told: a signal that is told once holds no time."""
    return not is_moment(pattern) and Change.NOTED not in event_kind(pattern).changes(pattern)


def _near(when: Sequence | All, same_camera: bool) -> bool:
    """Return whether all of a combination comes from where its last event does, or that does not matter."""
    return not same_camera or "camera" in keys_of(when)


def _lasts(spec: RuleSpec) -> float:
    """Return for how many seconds a moment goes on: a veto that ends before lets it fire then."""
    return inf if spec.until is not None else max(spec.auto_clear or 0.0, spec.keep_firing_for or 0.0)


def _comes_with(happened: Pattern, cause: Pattern, others: Mapping[str, RuleSpec]) -> bool:
    """Return whether something surely happens with a cause, or with what a decision stands on."""
    if covers(happened, cause):
        return True
    if not isinstance(cause, DecisionPattern) or cause.phase != "firing":
        return False
    return all(name in others and _beneath(happened, others[name]) for name in cause.decision)


def _beneath(happened: Pattern, base: RuleSpec) -> bool:
    """Return whether a rule fires while something surely holds: one that waits may go on where nobody looks."""
    if base.hold or base.cooldown or base.unless or not isinstance(base.when, Pattern):
        return False
    return not is_moment(base.when) and covers(happened, base.when)
