"""Rule files to rules: every problem in every file at once, names checked against the site's world."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from hashlib import blake2b
from types import MappingProxyType
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from rules import build, texts
from rules.errors import RuleError
from rules.expr import ExprError, Expression, Names, compile_expression
from rules.facts import timely
from rules.flaws import flaws, nearest, validate
from rules.model import ActionCall, Fact, RuleName, Severity
from rules.names import World, rings, unknown, unknown_rules
from rules.patterns import Absent, Pattern, parts
from rules.reuse import Resolved, resolve, shared
from rules.ruleset import Hours, Matcher, Rule, RuleSet
from rules.schedule import Almanac, Window
from rules.schema import Call, RuleFile, RuleSpec
from rules.source import Flaw, Gravity, Path, Problem, parse

__all__ = ["ParamsCheck", "World", "check_rules", "compile_rules", "params_check"]

#: Checks an action's parameters as a rule gives them; returns what is wrong, paths from the parameters.
ParamsCheck = Callable[[Mapping[str, object]], Sequence[Flaw]]
#: Keys of a rule that do not change what it remembers.
_COSMETIC = {"title", "message", "do", "escalate", "severity", "enabled", "dry_run", "dedup", "name", "limit"}


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
    with _uncollected():
        return _check(files, world)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Hold the garbage collector: nearly all that loading makes stays, and a quarter of the time went into looking."""
    held = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if held:
            gc.enable()


def _check(files: Sequence[tuple[str, str]], world: World | None) -> tuple[RuleSet, list[Problem]]:
    documents = [parse(text, source) for source, text in files]
    known = shared(documents)
    read: list[tuple[Resolved, RuleFile | None, list[Problem]]] = []
    for document in documents:
        resolved = resolve(document, known)
        file, found = validate(RuleFile, resolved)
        found += map(resolved.locate, resolved.flaws)
        read.append((resolved, file, found))
    site = _Site.of([file for _, file, _ in read if file is not None], world)
    problems: list[Problem] = []
    for resolved, file, found in read:
        if file is not None:
            site.take(resolved, file, found)
        problems += sorted(found, key=lambda problem: (problem.line, problem.column))
    problems += site.rings()
    warnings = tuple(problem for problem in problems if problem.severity is Gravity.WARNING)
    return RuleSet(tuple(site.rules), warnings), problems


@dataclass
class _Site:
    """What all files of a site define together, and the rules that were made of them."""

    world: World | None
    names: Names
    almanac: Almanac
    schedules: Mapping[str, tuple[Window, ...]]
    rules: list[Rule] = field(default_factory=list)
    _first: dict[tuple[str, str], tuple[Resolved, Flaw]] = field(default_factory=dict)
    _written: dict[str, tuple[RuleSpec, Resolved, int]] = field(default_factory=dict)
    _expressions: dict[str, Expression] = field(default_factory=dict)
    _hours: dict[Hours, Hours] = field(default_factory=dict)
    _actions: dict[tuple[object, ...], tuple[ActionCall, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Sequence[RuleFile], world: World | None) -> _Site:
        groups: dict[str, Sequence[str]] = dict(world.groups) if world else {}
        values: dict[str, Fact] = {}
        lists: dict[str, Sequence[Fact]] = {}
        schedules: dict[str, tuple[Window, ...]] = {}
        holidays: set[date] = set(world.holidays) if world else set()
        for file in files:
            groups = {**file.groups, **groups}
            values = {**file.vars, **values}
            lists = {**file.lists, **lists}
            schedules = {**{name: each.windows() for name, each in file.schedules.items()}, **schedules}
            holidays |= set(file.holidays)
        zone = world.timezone if world else ZoneInfo("UTC")
        almanac = Almanac(zone, frozenset(holidays), world.location if world else None)
        names = Names(timely(almanac), values, lists, groups)
        return cls(world, names, almanac, schedules)

    def take(self, resolved: Resolved, file: RuleFile, found: list[Problem]) -> None:
        """Check and compile the rules of one file."""
        found += self._twice(resolved, file)
        for index, spec in enumerate(file.rules):
            told = [flaw.under("rules", index) for flaw in self._flaws(spec)]
            found += map(resolved.locate, told)
            broken = any(flaw.severity is Gravity.ERROR for flaw in told)
            self._written.setdefault(spec.name, (spec, resolved, index))
            if spec.enabled and not broken:
                self.rules.append(self._rule(spec, len(self.rules)))

    def rings(self) -> Iterator[Problem]:
        """Yield rules that wait for the decision of no rule, or for each other's in a ring."""
        specs = {name: spec for name, (spec, _, _) in self._written.items()}
        for name, flaw in unknown_rules(specs):
            _, resolved, index = self._written[name]
            yield resolved.locate(flaw.under("rules", index))
        for name, ring in rings(specs):
            _, resolved, index = self._written[name]
            values: dict[str, Fact] = {"ring": " → ".join(ring)}
            yield resolved.locate(Flaw(("rules", index, "when"), "problem.decision_ring", values))

    def _twice(self, resolved: Resolved, file: RuleFile) -> Iterator[Problem]:
        """Yield names that mean something already, in this file or another."""
        named: list[tuple[str, str, Path]] = [
            ("duplicate_rule", spec.name, ("rules", index, "name")) for index, spec in enumerate(file.rules)
        ]
        for section in ("vars", "lists", "groups", "schedules", "templates"):
            named += [("duplicate_name", name, (section, name)) for name in getattr(file, section)]
        for code, name, path in named:
            section = str(path[0])
            here = resolved, Flaw(path, f"problem.{code}")
            found, flaw = self._first.setdefault((section, name), here)
            if flaw is not here[1]:
                first = found.locate(flaw)
                values: dict[str, Fact] = {"name": name, "source": first.source, "line": first.line}
                yield resolved.locate(Flaw(path, f"problem.{code}", values))

    # -- what is wrong with one rule ---------------------------------------------------------

    def _flaws(self, spec: RuleSpec) -> Iterator[Flaw]:
        yield from self._expression_flaws(spec)
        yield from texts.flaws_of(spec)
        yield from self._time_flaws(spec)
        if self.world is not None:
            yield from unknown(spec, self.world, self.names.groups)
            yield from self._action_flaws(spec)

    def _expression_flaws(self, spec: RuleSpec) -> Iterator[Flaw]:
        written: list[tuple[Path, str | None]] = [(("if",), spec.if_)]
        written += [(("when", *path, "if"), pattern.if_) for path, pattern in parts(spec.when)]
        for path, text in written:
            if text is not None:
                try:
                    self._expression(text)
                except ExprError as error:
                    yield Flaw(path, error.code, error.values, error.suggestion)

    def _expression(self, text: str) -> Expression:
        """Return a compiled expression; the same text is compiled once."""
        made = self._expressions.get(text)
        if made is None:
            made = self._expressions[text] = compile_expression(text, self.names)
        return made

    def _time_flaws(self, spec: RuleSpec) -> Iterator[Flaw]:
        for key in ("during", "not_during"):
            for index, name in enumerate(getattr(spec, key) or ()):
                if name not in self.schedules:
                    guess = nearest(name, self.schedules)
                    yield Flaw((key, index), "problem.unknown_schedule", {"name": name}, guess)
        if self.world is not None and self.world.location is None:
            yield from texts.sun_flaws(spec)

    def _action_flaws(self, spec: RuleSpec) -> Iterator[Flaw]:
        assert self.world is not None  # noqa: S101 - the caller looked
        known = self.world.actions
        if known is None:
            return
        calls = [(("do", index), call) for index, call in enumerate(spec.do)]
        more = spec.escalate.do if spec.escalate else ()
        escalated: list[tuple[Path, Call]] = [
            (("escalate", "do", index), call) for index, call in enumerate(more)
        ]
        for path, call in [*calls, *escalated]:
            yield from _action(call, path, known)

    # -- one rule ------------------------------------------------------------------------------

    def _rule(self, spec: RuleSpec, order: int) -> Rule:
        when = spec.when
        found = list(parts(when))
        matchers = tuple(self._matcher(spec, pattern, role) for role, (_, pattern) in enumerate(found))
        matchers = tuple(
            replace(each, rank=build.rank(when, each.role)) if len(matchers) > 1 else each
            for each in matchers
        )
        lasting = build.lasting(when) or spec.auto_clear is not None
        escalate = spec.escalate
        return Rule(
            name=RuleName(spec.name),
            order=order,
            patterns=matchers,
            trigger=build.trigger(when, matchers, self.almanac, self._keys(when, found)),
            hours=self._applies(spec),
            lasting=lasting,
            hold=spec.hold or 0.0,
            cooldown=spec.cooldown.time if spec.cooldown else 0.0,
            per=spec.cooldown.per if spec.cooldown else "camera",
            linger=spec.keep_firing_for or 0.0,
            clear=spec.auto_clear or 0.0,
            limit=spec.limit,
            severity=Severity(spec.severity),
            title=_text(spec.title) or {"vi": spec.name, "en": spec.name},
            message=_text(spec.message) or {},
            dedup=spec.dedup or "",
            names=texts.names_of(spec),
            actions=self._calls(spec.do),
            escalate=escalate.after if escalate else 0.0,
            escalation=self._calls(escalate.do) if escalate else (),
            dry_run=spec.dry_run,
            edition=self._edition(spec),
            almanac=self.almanac,
        )

    def _matcher(self, spec: RuleSpec, pattern: Pattern, role: int) -> Matcher:
        cameras = None
        if pattern.cameras is not None or pattern.groups is not None:
            grouped = (camera for name in pattern.groups or () for camera in self.names.groups.get(name, ()))
            cameras = dict.fromkeys([*(pattern.cameras or ()), *grouped])
        written = [self._expression(text) for text in (spec.if_, pattern.if_) if text is not None]
        return build.matcher(pattern, role, cameras, written, still=spec.suspend_while_ptz_moves)

    def _keys(self, when: object, found: list[tuple[Path, Pattern]]) -> tuple[str, ...]:
        """Return what an absence misses apart, where it counts from nothing."""
        if not isinstance(when, Absent) or when.after is not None:
            return ()
        by, pattern = set(when.by or ["camera"]), found[0][1]
        if by == {"site"}:
            return ("*",)
        grouped = [camera for name in pattern.groups or () for camera in self.names.groups.get(name, ())]
        cameras = list(dict.fromkeys([*(pattern.cameras or ()), *grouped]))
        zones: list[str] = build.zones_of(pattern) or []
        if not cameras and self.world is not None and self.world.zones is not None:
            has = self.world.zones
            cameras = [name for name in has if not zones or not has[name].isdisjoint(zones)]
        if "zone" in by:
            return tuple(f"{camera}/zone:{zone}" for camera in cameras for zone in zones)
        return tuple(cameras)

    def _applies(self, spec: RuleSpec) -> Hours | None:
        between = tuple(hours.window() for hours in spec.between or ())
        free = [hours.window() for hours in spec.not_between or ()]
        free += [window for name in spec.not_during or () for window in self.schedules[name]]
        during = tuple(window for name in spec.during or () for window in self.schedules[name])
        if not (between or free or during):
            return None
        made = Hours(self.almanac, between, tuple(free), during)
        return self._hours.setdefault(made, made)

    def _calls(self, written: Sequence[Call]) -> tuple[ActionCall, ...]:
        """Return the actions; rules that ask for the same share them."""
        look = tuple((call.name, *sorted(call.params.items())) for call in written)
        if look not in self._actions:
            made = (ActionCall(call.name, MappingProxyType(dict(call.params))) for call in written)
            self._actions[look] = tuple(made)
        return self._actions[look]

    def _edition(self, spec: RuleSpec) -> str:
        """Return what changes with everything that a rule's rows depend on."""
        told = spec.model_dump_json(exclude=_COSMETIC, exclude_defaults=True)
        if '"if' in told or '"groups":[' in told or "during" in told:
            lists = (self.names.values, self.names.lists, self.names.groups, self.schedules)
            told += repr(lists)
        return blake2b(told.encode(), digest_size=6).hexdigest()


def _text(written: BaseModel | None) -> Mapping[str, str] | None:
    return None if written is None else {"vi": getattr(written, "vi"), "en": getattr(written, "en")}  # noqa: B009


def _action(call: Call, path: Path, known: Mapping[str, ParamsCheck]) -> Iterator[Flaw]:
    check = known.get(call.name)
    if check is None:
        guess = nearest(call.name, sorted(known))
        yield Flaw(path, "problem.unknown_action", {"action": call.name}, guess, on_key=True)
    else:
        yield from (flaw.under(*path, call.name) for flaw in check(call.params))
