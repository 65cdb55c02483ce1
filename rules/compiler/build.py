"""From the grammar to what the evaluator works with: patterns to matchers, `when` to a trigger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

from rules.compiler.if_condition import If
from rules.compiler.ruleset import (
    EACH,
    Absence,
    Counting,
    Matcher,
    Ordered,
    TimesOfDay,
    Together,
    Trigger,
    Veto,
)
from rules.document.scalars import value_at
from rules.kinds.conditions import Flag, Moment, Score, Zone
from rules.kinds.lookup import OF_KIND, TEXTS, event_kind
from rules.kinds.object import GONE
from rules.kinds.pattern import Pattern, zones_of
from rules.kinds.record import Demands, EventKind
from rules.language.clock_patterns import AtPattern, EveryPattern
from rules.language.correlation import keys_of, veto_keys
from rules.language.expressions.expr import EarlierStep, Expression, Reader
from rules.language.expressions.known_facts import facts_of_step
from rules.language.schema import RuleSpec
from rules.language.when import Absent, All, AnyOf, Count, NotStep, Sequence, is_moment, parts
from rules.model import CameraId, Change
from rules.schedule import Almanac
from rules.topics import wild


@lru_cache(maxsize=4096)
def shared(names: frozenset[str]) -> frozenset[str]:
    """Return a set of names that is the same for whoever has the same ones: each is 216 bytes, of each pattern four."""
    return names


def matcher(
    pattern: Pattern,
    role: int,
    cameras: Iterable[str] | None,
    expressions: Iterable[Expression],
    *,
    still: bool,
    negative: bool = False,
    exceptions: Iterable[Expression] = (),
) -> Matcher:
    """Return a pattern as the index and the evaluator know it.

    Args:
        pattern: As it is written.
        role: Its place among the patterns of its rule.
        cameras: Ids on which it looks, groups included; None: all.
        expressions: What must hold besides.
        still: Whether it matches nothing while the PTZ head moves.
        exceptions: What must hold besides, and is named by no reason.
        negative: Whether it must not happen: then whom nobody could look for any more may have gone, too.
    """
    kind, demands = event_kind(pattern), _demands(pattern)
    ifs = [*map(If, expressions), *(If(each, exception=True) for each in exceptions)]
    alone = [each for each in ifs if not (each.expression.linked or each.expression.remembers)]
    if still:
        demands.tested.append(Flag("ptz_moving", wanted=False))
    if negative:
        demands.tested = [Moment(Change.ENDED) if each == GONE else each for each in demands.tested]
    zones, left = zones_of(pattern), value_at(pattern, "leaves")
    matcher = Matcher(
        kind=kind.kind,
        changes=kind.changes(pattern),
        subject=kind.subject,
        labels=_labels(kind, pattern),
        zones=None if zones is None else shared(frozenset(zones)),
        cameras=None if cameras is None else cast("frozenset[CameraId]", shared(frozenset(cameras))),
        conditions=(*demands.tested, *demands.indexed, *ifs),
        rest=tuple([condition.test for condition in (*demands.tested, *alone)]),
        lasting=not is_moment(pattern),
        role=role,
        equal=tuple(demands.equal),
        linked=tuple([each for each in ifs if each.expression.linked]),
        recalls=tuple([each for each in ifs if each.expression.remembers]),
        left=frozenset(left) if left else None,
    )
    for each in ifs:
        matcher = _narrowed(matcher, each.expression, kind.label_fact)
    return matcher


def _narrowed(matcher: Matcher, expression: Expression, label_fact: str) -> Matcher:
    """Return a matcher that the index finds by the equalities of an expression too.

    Args:
        label_fact: By what other name an expression names the label, which the index knows better than facts.
    """
    for name, values in (part.equal for part in expression.conjuncts if part.equal is not None):
        texts = frozenset(str(value) for value in values)
        if name == "camera":
            cameras = frozenset(map(CameraId, texts))
            both = cameras if matcher.cameras is None else matcher.cameras & cameras
            matcher = replace(matcher, cameras=both)
        elif name in ("label", label_fact):
            matcher = replace(matcher, labels=texts if matcher.labels is None else matcher.labels & texts)
        elif name in TEXTS and not label_fact:
            matcher = replace(matcher, equal=(*matcher.equal, (name, values)))
    return matcher


def _labels(kind: EventKind, pattern: Pattern) -> frozenset[str] | None:
    """Return the labels that a pattern admits; None: any, or those that a condition looks at."""
    names = kind.names(pattern)
    if names is None or kind.every(names) or (kind.filters and any(map(wild, names))):
        return None
    return shared(frozenset(names))


def _demands(pattern: Pattern) -> Demands:
    """Return equal facts, the conditions that the index decides, and those that are left to test."""
    demands = Demands()
    if bounds := value_at(pattern, "score") or value_at(pattern, "share"):
        demands.tested.append(Score(bounds.above, bounds.below))
    if zones := value_at(pattern, "zone") or value_at(pattern, "inside"):
        demands.indexed.append(Zone(shared(frozenset(zones))))
    event_kind(pattern).demands(pattern, demands)
    return demands


# -- triggers ----------------------------------------------------------------------------------


def trigger(when: Any, matchers: tuple[Matcher, ...], almanac: Almanac, keys: tuple[str, ...]) -> Trigger:
    """Return how the patterns of a `when` belong together; `keys`: what an absence misses beforehand."""
    if isinstance(when, Pattern):
        return EACH
    by = keys_of(when)
    match when:
        case AtPattern() | EveryPattern():
            return TimesOfDay(when.edges(), when.numbers(), almanac, when.on_gap == "hold", when.rules())
        case Sequence():
            return _ordered(when, by, matchers)
        case All(within=within):
            return Together(within, by, when.groups(), when.barred())
        case Count():
            return _counting(when, by, matchers[0], keys)
        case Absent(for_=time, after=after):
            return Absence(time, by, after is not None, when.on_gap == "hold", keys, when.within_hours)
    return EACH


def _counting(when: Count, by: tuple[str, ...], pattern: Matcher, keys: tuple[str, ...]) -> Counting:
    distinct = when.distinct or (
        "track" if pattern.lasting and "track" in OF_KIND[pattern.kind].keys else "none"
    )
    few = when.below is not None
    return Counting(
        size=when.below or when.above or 0,
        within=when.within,
        by=by,
        distinct="" if distinct == "none" else distinct,
        tumbling=when.window == "tumbling",
        few=few,
        hold_on_gap=few and when.on_gap == "hold",
        keys=keys,
    )


def _ordered(when: Sequence, by: tuple[str, ...], matchers: tuple[Matcher, ...]) -> Ordered:
    steps = tuple(role for role, step in enumerate(when.sequence) if not isinstance(step, NotStep))
    breaks: dict[int, int] = {}
    for role, step in enumerate(when.sequence):
        if isinstance(step, NotStep):
            breaks[sum(1 for positive in steps if positive < role) - 1] = role
    waits = isinstance(when.sequence[-1], NotStep)
    return Ordered(when.within, by, steps, breaks, waits, when.on_gap == "hold", _asked(matchers))


def _asked(matchers: tuple[Matcher, ...]) -> tuple[tuple[int, str, Reader], ...]:
    """Return which facts of which steps (by role) later steps ask for, with their readers."""
    linked = (each.expression for one in matchers for each in one.linked if isinstance(each, If))
    links = {link[:2]: link[2] for expression in linked for link in expression.linked}
    return tuple((step - 1, name, read) for (step, name), read in links.items())


def steps_before(when: Any, role: int) -> Mapping[int, EarlierStep]:
    """Return the steps of a sequence, counted from 1 as they are written, that a later one may ask about."""
    if not isinstance(when, Sequence):
        return {}
    steps = enumerate(when.sequence[: max(0, role)], start=1)
    return {number: _step(step) for number, step in steps if not isinstance(step, NotStep)}


def _step(pattern: Pattern) -> EarlierStep:
    kind = event_kind(pattern)
    return EarlierStep(facts_of_step(kind), open=kind.open or bool(kind.further))


def vetoes(spec: RuleSpec) -> tuple[Veto, ...]:
    """Return what keeps a rule from firing; its roles come after those of `when`."""
    first = len(parts(spec.when))
    return tuple(
        Veto(first + index, each.within or 0.0, veto_keys(spec.when, each))
        for index, each in enumerate(spec.unless or ())
    )


def negative(when: Any, role: int) -> bool:
    """Return whether a pattern is one that must not happen, or must not hold, where others do."""
    if role >= len(parts(when)):
        return True
    if isinstance(when, Sequence):
        return isinstance(when.sequence[role], NotStep)
    if isinstance(when, All):
        return role in when.barred()
    return isinstance(when, Absent) and when.after is not None and role == 0


def rank(when: Any, role: int) -> int:
    """Return where a pattern is asked among those of its rule: what breaks first, then the last step first."""
    if role >= len(parts(when)):
        return -2000 - role
    if isinstance(when, Sequence):
        return -role - (1000 if negative(when, role) else 0)
    return role


def lasting(when: Any) -> bool:
    """Return whether what a `when` tells lasts."""
    if isinstance(when, AnyOf):
        return any(not is_moment(step) for step in when.any)
    return not is_moment(when) and not (isinstance(when, Absent) and when.after is not None)


__all__ = ["lasting", "matcher", "parts", "rank", "trigger"]
