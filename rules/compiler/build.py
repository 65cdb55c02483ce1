"""From the grammar to what the evaluator works with: patterns to matchers, `when` to a trigger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from rules.compiler import reasons
from rules.compiler.conditions import (
    Condition,
    Direction,
    Dwell,
    Flag,
    If,
    Lasts,
    Moment,
    Number,
    OneOf,
    Passing,
    Removed,
    Score,
    Topics,
    Zone,
)
from rules.compiler.ruleset import EACH, Absence, Alarm, Counting, Matcher, Ordered, Together, Trigger
from rules.document.scalars import said
from rules.language.correlation import keys_of, wild, zones_of
from rules.language.expr import Expression, Reader, Step
from rules.language.kinds import ALWAYS, CARRIED, DECIDER, DWELL, KINDS, ZONES
from rules.language.patterns import (
    AtPattern,
    CameraPattern,
    CrowdPattern,
    DecisionPattern,
    EnginePattern,
    EveryPattern,
    MotionPattern,
    MqttPattern,
    ObjectPattern,
    OperatorPattern,
    Pattern,
    PlatePattern,
    SignalPattern,
    Way,
)
from rules.language.when import Absent, All, AnyOf, Count, NotStep, Sequence, is_moment, parts
from rules.model import CONDITIONS, CameraId, Change, Fact, Kind
from rules.schedule import Almanac

_ON = frozenset({Change.BEGAN, Change.GOES_ON})
_OFF = frozenset({Change.ENDED})
_NOW = frozenset({Change.NOTED, Change.BEGAN})
_ALL = frozenset(Change)
_ANY_LABEL = "any"
#: Facts of expressions that are equalities the index knows, by the kind that has another place for them.
_INDEXED = ("line", "direction", "payload", "preset", "severity", "plate")
#: Patterns of what names its facts as it likes.
_NAMED = (SignalPattern, MqttPattern, OperatorPattern, EnginePattern)
#: What is carried and is no fact by itself: asked by functions, in a zone.
_NO_FACTS = frozenset({ZONES, DWELL, DECIDER})
_Equal = tuple[str, frozenset[Fact]]


def matcher(
    pattern: Pattern,
    role: int,
    cameras: Iterable[str] | None,
    expressions: Iterable[Expression],
    *,
    still: bool,
) -> Matcher:
    """Return a pattern as the index and the evaluator know it.

    Args:
        pattern: As it is written.
        role: Its place among the patterns of its rule.
        cameras: Ids on which it looks, groups included; None: all.
        expressions: What must hold besides.
        still: Whether it matches nothing while the PTZ head moves.
    """
    kind, changes, labels = _subject(pattern)
    equal, indexed, tested = _conditions(pattern)
    ifs = [If(expression) for expression in expressions]
    alone = [each for each in ifs if not each.expression.linked]
    if still:
        tested.append(Flag("ptz_moving", wanted=False))
    zones = zones_of(pattern)
    made = Matcher(
        kind=kind,
        changes=changes,
        subject=reasons.SUBJECT[kind],
        labels=None
        if labels is None or (_ANY_LABEL in labels and kind is not Kind.CROWD)
        else frozenset(labels),
        zones=None if zones is None else frozenset(zones),
        cameras=None if cameras is None else frozenset(map(CameraId, cameras)),
        conditions=(*tested, *indexed, *ifs),
        rest=tuple([condition.test for condition in (*tested, *alone)]),
        lasting=not is_moment(pattern),
        role=role,
        equal=tuple(equal),
        linked=tuple([each for each in ifs if each.expression.linked]),
        left=frozenset(pattern.leaves) if isinstance(pattern, ObjectPattern) and pattern.leaves else None,
    )
    for each in ifs:
        made = _narrowed(made, each.expression)
    return made


def _narrowed(made: Matcher, expression: Expression) -> Matcher:
    """Return a matcher that the index finds by the equalities of an expression too."""
    for name, values in (part.equal for part in expression.conjuncts if part.equal is not None):
        texts = frozenset(str(value) for value in values)
        if name == "camera":
            cameras = frozenset(map(CameraId, texts))
            made = replace(made, cameras=cameras if made.cameras is None else made.cameras & cameras)
        elif name == "label" or (name == "plate" and made.kind is Kind.PLATE):
            made = replace(made, labels=texts if made.labels is None else made.labels & texts)
        elif name in _INDEXED and made.kind is not Kind.PLATE:
            made = replace(made, equal=(*made.equal, (name, values)))
    return made


def _subject(pattern: Pattern) -> tuple[Kind, frozenset[Change], Iterable[str] | None]:
    """Return kind, changes and labels (None: any) that a pattern admits."""
    match pattern:
        case ObjectPattern(object=labels, change=change):
            ends = pattern.removed or pattern.leaves
            changes = frozenset({Change(change)}) if change else _ALL if ends else _ON
            return Kind.OBJECT, changes, labels
        case CrowdPattern(crowd=labels, below=below):
            return Kind.CROWD, _ON if below is None else _ALL, labels
        case MotionPattern(motion=motion):
            return Kind.MOTION, _ON if motion == "started" else _OFF, None
        case PlatePattern(plate=labels):
            return Kind.PLATE, _NOW, labels
        case SignalPattern(signal=labels, state=state):
            return Kind.SIGNAL, _ON | {Change.NOTED} if state else _OFF, labels
        case CameraPattern(camera=labels):
            return Kind.CAMERA, _ALL, labels
        case MqttPattern(mqtt=topics):
            return Kind.MQTT, _ALL, None if any(map(wild, topics)) else topics
        case EnginePattern(engine=labels):
            return Kind.ENGINE, _ALL, labels
        case OperatorPattern(operator=labels):
            return Kind.OPERATOR, _ALL, labels
        case DecisionPattern(decision=labels, phase=phase):
            return Kind.DECISION, _ON | {Change.NOTED} if phase == "firing" else _OFF, labels
    raise TypeError(f"no such pattern: {type(pattern).__name__}")


def _conditions(pattern: Pattern) -> tuple[list[_Equal], list[Condition], list[Condition]]:
    """Return equal facts, the conditions that the index decides, and those that are left to test."""
    equal: list[_Equal] = []
    indexed: list[Condition] = []
    tested: list[Condition] = []
    if bounds := said(pattern, "score") or said(pattern, "share"):
        tested.append(Score(bounds.above, bounds.below))
    if isinstance(pattern, CrowdPattern):
        tested.append(Number("count", "count", pattern.above, pattern.below))
    if isinstance(pattern, CameraPattern) and not CONDITIONS.isdisjoint(pattern.camera):
        tested.append(Lasts(CONDITIONS))
    if isinstance(pattern, MqttPattern):
        _message(pattern, equal, tested)
    zones = pattern.zone or pattern.inside if isinstance(pattern, ObjectPattern) else zones_of(pattern)
    if zones:
        indexed.append(Zone(frozenset(zones)))
    if isinstance(pattern, ObjectPattern):
        _object(pattern, zones or [], equal, indexed, tested)
    return equal, indexed, tested


def _object(
    pattern: ObjectPattern,
    zones: list[str],
    equal: list[_Equal],
    indexed: list[Condition],
    tested: list[Condition],
) -> None:
    if pattern.change:
        indexed.append(Moment(Change(pattern.change)))
    lines, direction = _crossing(pattern)
    if lines:
        told = OneOf("line", "line", frozenset(lines))
        equal.append((told.fact, told.wanted))
        indexed.append(told)
    if direction:
        fact = "direction" if direction in ("in", "out") else "side"
        equal.append((fact, frozenset({direction})))
        indexed.append(OneOf(fact, fact, frozenset({direction})))
    if pattern.preset:
        equal.append(("preset", frozenset({pattern.preset})))
        indexed.append(OneOf("preset", "preset", frozenset({pattern.preset})))
    tested += _movement(pattern, zones)


def _crossing(pattern: ObjectPattern) -> tuple[list[str], str | None]:
    if isinstance(pattern.wrong_way, str):
        return [pattern.wrong_way], "out"
    return pattern.crosses or [], pattern.direction


def _movement(pattern: ObjectPattern, zones: list[str]) -> list[Condition]:
    found: list[Condition] = []
    if pattern.enters:
        found.append(Passing("entered", frozenset(pattern.enters)))
    if pattern.leaves:
        found.append(Passing("left", frozenset(pattern.leaves)))
    if pattern.dwell:
        found.append(Dwell(tuple(zones), pattern.dwell))
    if pattern.stops:
        found.append(Number("still", "still", above=pattern.stops))
    if pattern.starts:
        found.append(Flag("started", wanted=True, code="starts"))
    if pattern.left:
        found += [Number("still", "still", above=pattern.left), Number("alone", "alone", above=pattern.left)]
    if pattern.removed:
        found.append(Removed(pattern.removed))
    for name in ("speed", "kmh"):
        if bounds := getattr(pattern, name):
            found.append(Number(name, name, bounds.above, bounds.below))
    return found + _directions(pattern)


def _directions(pattern: ObjectPattern) -> list[Condition]:
    found: list[Condition] = []
    if pattern.heading:
        width = (pattern.heading.to - pattern.heading.from_) % 360
        found.append(Direction((pattern.heading.from_ + width / 2) % 360, width / 2))
    if isinstance(pattern.wrong_way, Way):
        found.append(Direction((pattern.wrong_way.way + 180) % 360, pattern.wrong_way.tolerance))
    return found


def _message(pattern: MqttPattern, equal: list[_Equal], tested: list[Condition]) -> None:
    if any(map(wild, pattern.mqtt)):
        tested.append(Topics(tuple(pattern.mqtt)))
    if pattern.payload:
        told = OneOf("payload", "payload", frozenset(pattern.payload))
        equal.append((told.fact, told.wanted))
        tested.append(told)


# -- triggers ----------------------------------------------------------------------------------


def trigger(when: Any, matchers: tuple[Matcher, ...], almanac: Almanac, keys: tuple[str, ...]) -> Trigger:
    """Return how the patterns of a `when` belong together; `keys`: what an absence misses beforehand."""
    if isinstance(when, Pattern):
        return EACH
    by = keys_of(when)
    match when:
        case AtPattern() | EveryPattern():
            return Alarm(when.edges(), when.numbers(), almanac, when.on_gap == "hold")
        case Sequence():
            return _ordered(when, by, matchers)
        case All(all=steps, within=within):
            return Together(within, by, len(steps))
        case Count():
            return _counting(when, by, matchers[0], keys)
        case Absent(for_=time, after=after):
            return Absence(time, by, after is not None, when.on_gap == "hold", keys)
    return EACH


def _counting(when: Count, by: tuple[str, ...], pattern: Matcher, keys: tuple[str, ...]) -> Counting:
    distinct = when.distinct or ("track" if pattern.kind is Kind.OBJECT and pattern.lasting else "none")
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


def steps_before(when: Any, role: int) -> Mapping[int, Step]:
    """Return the steps of a sequence, counted from 1 as they are written, that a later one may ask about."""
    if not isinstance(when, Sequence):
        return {}
    steps = enumerate(when.sequence[: max(0, role)], start=1)
    return {number: _step(step) for number, step in steps if not isinstance(step, NotStep)}


def _step(pattern: Pattern) -> Step:
    carried = (ALWAYS | CARRIED[KINDS[type(pattern)]]) - _NO_FACTS
    return Step(carried, open=isinstance(pattern, _NAMED))


def negative(when: Any, role: int) -> bool:
    """Return whether a pattern is one that must not happen for what another one began."""
    if isinstance(when, Sequence):
        return isinstance(when.sequence[role], NotStep)
    return isinstance(when, Absent) and when.after is not None and role == 0


def rank(when: Any, role: int) -> int:
    """Return where a pattern is asked among those of its rule: what breaks first, then the last step first."""
    if isinstance(when, Sequence):
        return -role - (1000 if negative(when, role) else 0)
    return role


def lasting(when: Any) -> bool:
    """Return whether what a `when` tells lasts."""
    if isinstance(when, AnyOf):
        return any(not is_moment(step) for step in when.any)
    return not is_moment(when) and not (isinstance(when, Absent) and when.after is not None)


__all__ = ["lasting", "matcher", "parts", "rank", "trigger", "wild"]
