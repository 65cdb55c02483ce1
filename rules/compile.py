"""Rule files to rules: every problem in every file at once, names checked against the site's world."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from rules import reasons
from rules.errors import RuleError
from rules.flaws import flaws, nearest, validate
from rules.model import ActionCall, CameraId, Change, Fact, Kind, RuleName, Severity
from rules.ruleset import Condition, Hours, Rule, RuleSet
from rules.schema import (
    Call,
    CameraPattern,
    EnginePattern,
    MotionPattern,
    ObjectPattern,
    OperatorPattern,
    Range,
    RuleFile,
    RuleSpec,
    SignalPattern,
    When,
)
from rules.source import Document, Flaw, Gravity, Problem, parse

#: Checks an action's parameters as a rule gives them; returns what is wrong, paths from the parameters.
ParamsCheck = Callable[[Mapping[str, object]], Sequence[Flaw]]
_ON = frozenset({Change.BEGAN, Change.GOES_ON})
_OFF = frozenset({Change.ENDED})
_ANY_LABEL = "any"


@dataclass(frozen=True, slots=True)
class World:
    """What a site has, as far as rules may name it.

    Attributes:
        zones: Zone names by camera id; None: not known, nothing is said about cameras and zones.
        labels: What the detector can tell; empty: not known, nothing is said about labels.
        actions: Parameter check by action name, see `params_check`; None: not known, nothing is said.
        timezone: In which hours are meant.
    """

    zones: Mapping[str, frozenset[str]] | None = None
    labels: frozenset[str] = frozenset()
    actions: Mapping[str, ParamsCheck] | None = None
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Ho_Chi_Minh"))


def params_check(model: type[BaseModel]) -> ParamsCheck:
    """Return the check of an action whose parameters are a pydantic model."""
    return partial(flaws, model)


def compile_rules(files: Sequence[tuple[str, str]], world: World) -> RuleSet:
    """Compile rule files.

    Args:
        files: Name (as problems show it) and YAML text of each.
        world: What the rules may name.

    Returns:
        The rules that are enabled, with warnings.

    Raises:
        RuleError: With every problem of every file.
    """
    rules, problems = check_rules(files, world)
    if any(problem.severity is Gravity.ERROR for problem in problems):
        raise RuleError(problems)
    return rules


def check_rules(files: Sequence[tuple[str, str]], world: World | None) -> tuple[RuleSet, list[Problem]]:
    """Return the rules that could be compiled, and every problem including warnings.

    Without a world (the site's own configuration is broken) names are not checked.
    """
    zone = world.timezone if world else ZoneInfo("UTC")
    rules: list[Rule] = []
    problems: list[Problem] = []
    named: dict[str, Problem] = {}
    for source, text in files:
        document = parse(text, source)
        file, found = validate(RuleFile, document)
        for index, spec in enumerate(file.rules if file else ()):
            found += (document.locate(flaw.under("rules", index)) for flaw in _names(spec, world))
            found += _twice(spec, index, document, named)
            if spec.enabled:
                rules.append(_rule(spec, len(rules), zone))
        problems += sorted(found, key=lambda problem: (problem.line, problem.column))
    warnings = tuple(problem for problem in problems if problem.severity is Gravity.WARNING)
    return RuleSet(tuple(rules), warnings), problems


def _twice(spec: RuleSpec, index: int, document: Document, named: dict[str, Problem]) -> Iterator[Problem]:
    here = document.locate(Flaw(("rules", index, "name"), "problem.duplicate_rule"))
    first = named.setdefault(spec.name, here)
    if first is not here:
        values: dict[str, Fact] = {"name": spec.name, "source": first.source, "line": first.line}
        yield document.locate(Flaw(("rules", index, "name"), "problem.duplicate_rule", values))


# -- names -------------------------------------------------------------------------------------


def _names(spec: RuleSpec, world: World | None) -> Iterator[Flaw]:
    if world is None:
        return
    if world.zones is not None:
        yield from _places(spec, world.zones)
    if isinstance(spec.when, ObjectPattern) and world.labels:
        yield from _labels(spec.when.object, world.labels)
    for index, call in enumerate(spec.do if world.actions is not None else ()):
        yield from _action(call, index, world.actions or {})


def _places(spec: RuleSpec, known: Mapping[str, frozenset[str]]) -> Iterator[Flaw]:
    when = spec.when
    for index, camera in enumerate(when.cameras or ()):
        if camera not in known:
            yield _unknown("camera", camera, known, "when", "cameras", index)
    scope = [known[camera] for camera in when.cameras or known if camera in known]
    if isinstance(when, (ObjectPattern, MotionPattern)) and (scope or not when.cameras):
        yield from _zones(when.zone or (), frozenset().union(*scope))
    for index, call in enumerate(spec.do):
        target = call.params.get("camera")  # an action's parameter of this name names a camera
        if isinstance(target, str) and target not in known:
            yield _unknown("camera", target, known, "do", index, call.name, "camera")


def _zones(wanted: Iterable[str], known: frozenset[str]) -> Iterator[Flaw]:
    for index, name in enumerate(wanted):
        if name not in known:
            yield _unknown("zone", name, known, "when", "zone", index)


def _labels(wanted: Iterable[str], known: frozenset[str]) -> Iterator[Flaw]:
    usable = known | {_ANY_LABEL, "moving"}
    for index, name in enumerate(wanted):
        if name not in usable:
            path = ("when", "object", index)
            suggestion = nearest(name, sorted(usable))
            yield Flaw(path, "problem.unknown_label", {"label": name}, suggestion, Gravity.WARNING)


def _action(call: Call, index: int, known: Mapping[str, ParamsCheck]) -> Iterator[Flaw]:
    check = known.get(call.name)
    if check is None:
        yield _unknown("action", call.name, known, "do", index, on_key=True)
    else:
        yield from (flaw.under("do", index, call.name) for flaw in check(call.params))


def _unknown(what: str, name: str, known: Iterable[str], *path: str | int, on_key: bool = False) -> Flaw:
    suggestion = nearest(name, sorted(known))
    return Flaw(path, f"problem.unknown_{what}", {what: name}, suggestion, on_key=on_key)


# -- rules -------------------------------------------------------------------------------------


def _rule(spec: RuleSpec, order: int, zone: ZoneInfo) -> Rule:
    kind, changes, labels = _subject(spec.when)
    conditions, rest = _conditions(spec.when)
    zones = getattr(spec.when, "zone", None)
    cameras = spec.when.cameras
    moment = isinstance(spec.when, ObjectPattern) and spec.when.change is not None
    title = spec.title
    return Rule(
        name=RuleName(spec.name),
        order=order,
        kind=kind,
        changes=changes,
        subject=reasons.SUBJECT[kind],
        labels=None if labels is None or _ANY_LABEL in labels else frozenset(labels),
        zones=None if zones is None else frozenset(zones),
        cameras=None if cameras is None else frozenset(map(CameraId, cameras)),
        conditions=conditions,
        rest=rest,
        hours=_hours(spec, zone),
        lasting=not moment and kind not in (Kind.ENGINE, Kind.OPERATOR),
        hold=spec.hold or 0.0,
        cooldown=spec.cooldown.time if spec.cooldown else 0.0,
        per=spec.cooldown.per if spec.cooldown else "camera",
        severity=Severity(spec.severity),
        title=MappingProxyType(
            {"vi": title.vi, "en": title.en} if title else {"vi": spec.name, "en": spec.name}
        ),
        actions=tuple(ActionCall(call.name, MappingProxyType(dict(call.params))) for call in spec.do),
    )


def _subject(when: When) -> tuple[Kind, frozenset[Change], Sequence[str] | None]:
    """Return kind, changes and labels (None: any) that a pattern admits."""
    everything = frozenset(Change)
    match when:
        case ObjectPattern(object=labels, change=change):
            return Kind.OBJECT, frozenset({Change(change)}) if change else _ON, labels
        case MotionPattern(motion=motion):
            return Kind.MOTION, _ON if motion == "started" else _OFF, None
        case SignalPattern(signal=labels, state=state):
            return Kind.SIGNAL, _ON | {Change.NOTED} if state else _OFF, labels
        case CameraPattern(camera=labels):
            return Kind.CAMERA, everything, labels
        case EnginePattern(engine=labels):
            return Kind.ENGINE, everything, labels
        case OperatorPattern(operator=labels):
            return Kind.OPERATOR, everything, labels


def _conditions(when: When) -> tuple[tuple[Condition, ...], tuple[Callable[..., bool], ...]]:
    """Return every condition in the order of the reason, and the tests that the index does not decide."""
    numbers = _range(getattr(when, "score", None) or getattr(when, "share", None))
    indexed = []
    if zones := getattr(when, "zone", None):
        indexed.append(reasons.zone(frozenset(zones)))
    if change := getattr(when, "change", None):
        indexed.append(reasons.moment(Change(change)))
    return (*numbers, *indexed), tuple(condition.test for condition in numbers)


def _range(bounds: Range | None) -> tuple[Condition, ...]:
    return () if bounds is None else (reasons.score(bounds.above, bounds.below),)


def _hours(spec: RuleSpec, zone: ZoneInfo) -> Hours | None:
    between = tuple(hours.window() for hours in spec.between or ())
    free = tuple(hours.window() for hours in spec.not_between or ())
    return Hours(zone, between, free) if between or free else None
