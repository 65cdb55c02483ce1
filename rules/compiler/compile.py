"""Rule files to rules: every problem in every file at once, names checked against the site's world."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType

from pydantic import BaseModel

from rules.compiler import build
from rules.compiler.counters import counting, tallied, timeless
from rules.compiler.definitions import Definitions
from rules.compiler.edition import edition_of
from rules.compiler.if_condition import If
from rules.compiler.macros import macro_flaws
from rules.compiler.opening import opened
from rules.compiler.part import ELSEWHERE, Part
from rules.compiler.requires import newer, too_new
from rules.compiler.ruleset import Matcher, Rule, RuleSet
from rules.compiler.site_needs import needs
from rules.compiler.suspension import Named, suspensions, unknown_hours, unknown_names
from rules.compiler.telling import (
    hours_of,
    inhibitors,
    routed,
    unknown_chosen,
    unknown_receivers,
)
from rules.compiler.uncollected import uncollected
from rules.compiler.unknown_facts import unknown_facts
from rules.document import suggestions
from rules.document.errors import RuleError
from rules.document.source import Flaw, Gravity, Path, Problem
from rules.document.validation import flaws, nearest
from rules.kinds.pattern import Pattern, zones_of
from rules.language import correlation, texts
from rules.language.actions import Call
from rules.language.clock_patterns import ClockPattern
from rules.language.expressions.comparisons import Constants
from rules.language.expressions.expr import ExprError, Expression, compile_expression
from rules.language.names import (
    World,
    calls,
    cycles,
    expressions,
    named,
    unknown,
    unknown_cameras,
    unknown_rules,
)
from rules.language.schema import Counter, Duty, RuleSpec, Title, patterns
from rules.language.templates import Resolved, resolve, shared
from rules.language.when import from_nothing, parts
from rules.model import Fact, RuleName, Severity

__all__ = [
    "Checked",
    "ParamsCheck",
    "World",
    "WrittenRule",
    "check_rules",
    "compile_rules",
    "examine",
    "once",
    "params_check",
]

#: Checks an action's parameters as a rule gives them; returns what is wrong, paths from the parameters.
ParamsCheck = Callable[[Mapping[str, object]], Sequence[Flaw]]


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """A rule with the file that it is written in, and what was made of it (None: it is not enabled)."""

    spec: RuleSpec
    resolved: Resolved
    number: int
    rule: Rule | None

    def locate(self, flaw: Flaw) -> Problem:
        """Return a flaw within the rule with its place."""
        return self.resolved.locate(flaw.under("rules", self.number))


@dataclass(frozen=True, slots=True)
class Checked:
    """What `examine` finds.

    Attributes:
        rules: Those that are enabled and without an error.
        problems: Of every file, warnings included.
        written: Rules without an error, in order, those that are not enabled included.
        constants: Named values, lists and groups.
        world: What the rules may name; None: not known.
        counters: By name, as they are written.
    """

    rules: RuleSet
    problems: tuple[Problem, ...]
    written: tuple[WrittenRule, ...]
    constants: Constants
    world: World | None = None
    counters: Mapping[str, Counter] = field(default_factory=dict)


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
    found = examine(files, world)
    if any(problem.severity is Gravity.ERROR for problem in found.problems):
        raise RuleError(found.problems)
    return found.rules


def check_rules(files: Sequence[tuple[str, str]], world: World | None) -> tuple[RuleSet, list[Problem]]:
    """Return the rules that could be compiled, and every problem including warnings (see `examine`)."""
    found = examine(files, world)
    return found.rules, list(found.problems)


def examine(files: Sequence[tuple[str, str]], world: World | None) -> Checked:
    """Return all that can be told of rule files.

    What is wrong in one place hides nothing elsewhere, and nothing is told that only follows from it. Without
    a world names are not checked.
    """
    with uncollected():
        return _check(files, world)


def _check(files: Sequence[tuple[str, str]], world: World | None) -> Checked:
    documents = [opened(text, source) for source, text in files]
    known = shared(documents)
    least = world.version if world is not None else ""
    parts = [Part.of(resolve(document, known)) for document in documents if not too_new(document, least)]
    named, whole = all(part.named_whole for part in parts), all(part.whole for part in parts)
    site = _Site.of([part.read.value for part in parts if part.read.value is not None], world, whole)
    problems: list[Problem] = []
    for part in parts:
        found = [*part.problems(named), *site.take(part)]
        problems += sorted(found, key=lambda problem: (problem.line, problem.column))
    problems += site.cycles()
    problems += site.after(parts)
    problems += [newer(document, least) for document in documents if too_new(document, least)]
    broken = any(each.code.startswith("problem.") and each.key.startswith("counters") for each in problems)
    tallies = () if broken else site.tallies()
    problems = list(once(_telling(problems)))
    warnings = tuple(problem for problem in problems if problem.severity is Gravity.WARNING)
    constants = Constants(site.names.values, site.names.lists, site.names.groups)
    disabled = frozenset(each.spec.name for each in site.written if each.rule is None)
    rules = RuleSet(tuple(site.rules), warnings, site.rota(), tallies, disabled)
    return Checked(rules, tuple(problems), tuple(site.written), constants, world, site.counters)


def _telling(problems: Sequence[Problem]) -> Iterator[Problem]:
    """Yield problems, without how a text is composed where something else is wrong with it."""
    wrong = {(each.source, each.line, each.column) for each in problems if each.code != "problem.decomposed"}
    for each in problems:
        if each.code != "problem.decomposed" or (each.source, each.line, each.column) not in wrong:
            yield each


def once(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield problems, what a template says wrong once and not for each of its rules."""
    told: set[object] = set()
    for problem in problems:
        place = problem.source, problem.line, problem.column, problem.code, *problem.values.items()
        if place not in told:
            told.add(place)
            yield problem


@dataclass
class _Site(Definitions):
    """What all files of a site define together, and the rules that were made of them."""

    rules: list[Rule] = field(default_factory=list)
    written: list[WrittenRule] = field(default_factory=list)
    _first: dict[tuple[str, str], tuple[Resolved, Path]] = field(default_factory=dict)
    _specs: dict[str, WrittenRule] = field(default_factory=dict)
    _expressions: dict[tuple[str, frozenset[object]], Expression] = field(default_factory=dict)

    def tallies(self) -> tuple[Rule, ...]:
        """Return what keeps the counters; asked when every rule is made, by those who ask them."""
        asked = [each for made in self._expressions.values() for each in made.tallied]
        longest = {
            name: max([0.0, *(each.seconds for each in asked if each.counter == name)])
            for name in self.counters
        }
        made = (
            (name, each, self._rule(counting(each), number - len(self.counters)))
            for number, (name, each) in enumerate(self.counters.items())
        )
        return tuple(tallied(rule, name, each, longest[name]) for name, each, rule in made)

    def _counter_flaws(self, part: Part) -> Iterator[Flaw]:
        """Yield what is wrong with what counters count."""
        for name, each in part.read.value.counters.items() if part.read.value is not None else ():
            for flaw in self._flaws(counting(each)):
                yield replace(flaw, path=("counters", name, "count", *flaw.path[1:]))

    def after(self, parts: Iterable[Part]) -> Iterator[Problem]:
        """Yield what is wrong beside the rules: names that maintenance gives, shifts and what they do."""
        known = self._silenceable()
        for part in parts:
            file = part.read.value
            for name, each in file.maintenance.items() if file is not None else ():
                path: Path = ("maintenance", name)
                flaws = [*unknown_hours(each, self.schedules, *path), *unknown_names(each, path, known)]
                yield from map(part.resolved.locate, flaws if self.whole else ())
            yield from map(part.resolved.locate, self._counter_flaws(part))
            yield from map(part.resolved.locate, self._reuse_flaws(part, known))
            yield from map(part.resolved.locate, self._telling_flaws(part, known) if self.whole else ())
            if file is not None and file.duty is not None:
                yield from self._duty(part, file.duty)

    def _reuse_flaws(self, part: Part, known: Mapping[str, Collection[str] | None]) -> Iterator[Flaw]:
        """Yield what is wrong with macros, and rules that overrides and switches name and nobody wrote."""
        file = part.read.value
        if file is None:
            return
        for name, text in file.macros.items():
            yield from macro_flaws(name, text, self.names)
        for index, chosen in enumerate(file.disable if self.whole else ()):
            yield from unknown_chosen(chosen, known, "disable", index)
        for name in file.overrides if self.whole else ():
            if name not in (known["rules"] or ()):
                yield named("rule", name, known["rules"] or (), "overrides", name, on_key=True)

    def _telling_flaws(self, part: Part, known: Mapping[str, Collection[str] | None]) -> Iterator[Flaw]:
        """Yield what receivers, routes and inhibitions name and nobody has."""
        file = part.read.value
        if file is None:
            return
        actions = self.world.actions if self.world is not None else None
        for name, receiver in file.receivers.items():
            yield from hours_of(receiver, self.schedules, "receivers", name)
            for index, call in enumerate(receiver.do if actions is not None else ()):
                yield from _action(call, ("receivers", name, "do", index), actions or {})
        yield from routed(file, self.telling.receivers, known)

    def _silenceable(self) -> Mapping[str, Collection[str] | None]:
        """Return what may be silenced, by the key that names it; None: not known."""
        zones = self.world.zones if self.world is not None else None
        return {
            "rules": {name for section, name in self._first if section == "rules"},
            "tags": {tag for each in self._specs.values() for tag in each.spec.tags or ()},
            "cameras": None if zones is None else zones.keys(),
            "groups": self.names.groups.keys(),
            "zones": None if zones is None else {zone for each in zones.values() for zone in each},
        }

    def _duty(self, part: Part, duty: Duty) -> Iterator[Problem]:
        found, _ = self._first.setdefault(("duty", ""), (part.resolved, ("duty",)))
        if found is not part.resolved:
            first = found.locate(Flaw(("duty",), "problem.duplicate_name"))
            values: dict[str, Fact] = {"name": "duty", "source": first.source, "line": first.line}
            yield part.resolved.locate(Flaw(("duty",), "problem.duplicate_name", values))
        if self.world is not None and self.world.actions is not None:
            for index, call in enumerate(duty.do):
                yield from map(part.resolved.locate, _action(call, ("duty", "do", index), self.world.actions))

    def take(self, part: Part) -> Iterator[Problem]:
        """Check and compile the rules of one file; yield what is wrong with their names."""
        yield from self._twice(part)
        if part.read.value is not None and self.world is not None:
            yield from map(part.resolved.locate, unknown_cameras(part.read.value.groups, self.world))
        mistaken = {flaw.path[1] for flaw in (*part.read.flaws, *part.resolved.flaws) if len(flaw.path) > 1}
        for number, spec in part.read.numbered("rules", part.read.value.rules if part.read.value else ()):
            flaws = [flaw.under("rules", number) for flaw in self._flaws(spec)]
            told = (flaw for flaw in flaws if self.whole or flaw.code not in ELSEWHERE)
            yield from map(part.resolved.locate, (flaw for flaw in told if not part.follows(flaw)))
            broken = number in mistaken or any(flaw.severity is Gravity.ERROR for flaw in flaws)
            rule = None
            if spec.enabled and not broken and not self.off(spec):
                rule = self._rule(spec, len(self.rules))
                self.rules.append(rule)
            written = WrittenRule(spec, part.resolved, number, rule)
            self._specs.setdefault(spec.name, written)
            if not broken:
                self.written.append(written)

    def cycles(self) -> Iterator[Problem]:
        """Yield rules that wait for the decision of no rule, or for each other's in a ring."""
        specs = {name: each.spec for name, each in self._specs.items()}
        known = {name for section, name in self._first if section == "rules"}
        for name, flaw in unknown_rules(specs, known) if self.whole else ():
            yield self._specs[name].locate(flaw)
        for name, ring in cycles(specs):
            values: dict[str, Fact] = {"ring": " → ".join(ring)}
            yield self._specs[name].locate(Flaw(("when",), "problem.decision_ring", values))

    def _twice(self, part: Part) -> Iterator[Problem]:
        """Yield names that mean something already, in this file or another."""
        named: list[tuple[str, str, Path]] = [
            ("duplicate_rule", name, ("rules", number, "name")) for number, name in part.named()
        ]
        for section in (
            "vars",
            "lists",
            "counters",
            "groups",
            "schedules",
            "maintenance",
            "receivers",
            "templates",
        ):
            inside = part.data.get(section)
            names = inside if isinstance(inside, dict) else ()
            named += [("duplicate_name", name, (section, name)) for name in names]
        for code, name, path in named:
            found, there = self._first.setdefault((str(path[0]), name), (part.resolved, path))
            if there is not path:
                first = found.locate(Flaw(there, f"problem.{code}"))
                values: dict[str, Fact] = {"name": name, "source": first.source, "line": first.line}
                yield part.resolved.locate(Flaw(path, f"problem.{code}", values))

    # -- what is wrong with one rule ---------------------------------------------------------

    def _flaws(self, spec: RuleSpec) -> Iterator[Flaw]:
        yield from self._expression_flaws(spec)
        yield from texts.flaws_of(spec)
        yield from self._time_flaws(spec)
        yield from correlation.flaws(spec, self.names.groups)
        if self.world is not None:
            yield from unknown(spec, self.world, self.names.groups)
            yield from unknown_facts(spec, self.world, self.names.groups)
            yield from self._action_flaws(spec)

    def _expression_flaws(self, spec: RuleSpec) -> Iterator[Flaw]:
        for path, text, role in expressions(spec):
            try:
                made = self._expression(text, spec, role)
                yield from timeless(spec, made, path)
            except ExprError as error:
                at = error.values.get("at", 1)
                within = at - 1 if isinstance(at, int) else 0
                guess = error.suggestion or suggestions.expression(text)
                yield Flaw(path, error.code, error.values, guess, within=within)

    def _expression(self, text: str, spec: RuleSpec, role: int) -> Expression:
        """Return the compiled expression of a pattern (-1: of the whole rule); the same is compiled once."""
        steps = build.steps_before(spec.when, role)
        look = text, frozenset(steps.items())
        made = self._expressions.get(look)
        if made is None:
            names = replace(self.names, steps=steps) if steps else self.names
            made = self._expressions[look] = compile_expression(text, names)
        return made

    def _time_flaws(self, spec: RuleSpec) -> Iterator[Flaw]:
        for key, names in (("during", spec.during), ("not_during", spec.not_during)):
            for index, name in enumerate(names or ()):
                if name not in self.schedules:
                    guess = nearest(name, self.schedules)
                    yield Flaw((key, index), "problem.unknown_schedule", {"name": name}, guess)
        yield from unknown_receivers(spec.tell or (), self.telling.receivers, "tell")
        for index, step in enumerate(spec.escalate or ()):
            yield from unknown_receivers(step.tell or (), self.telling.receivers, "escalate", index, "tell")
        for index, each in enumerate(spec.suspend or ()):
            yield from unknown_hours(each, self.schedules, "suspend", index)
        if self.world is not None:
            known = bool(self.almanac.holidays or self.almanac.feasts)
            yield from needs(spec, self.world, self.schedules, holidays=known)

    def _action_flaws(self, spec: RuleSpec) -> Iterator[Flaw]:
        assert self.world is not None  # noqa: S101 - the caller looked
        known = self.world.actions
        if known is None:
            return
        for path, call in calls(spec):
            yield from _action(call, path, known)

    # -- one rule ------------------------------------------------------------------------------

    def _rule(self, spec: RuleSpec, order: int) -> Rule:
        when = spec.when
        found = parts(when)
        matchers = tuple([self._matcher(spec, each, role) for role, (_, each) in enumerate(patterns(spec))])
        if len(matchers) > 1:
            matchers = tuple(replace(each, rank=build.rank(when, each.role)) for each in matchers)
        lasting = build.lasting(when) or spec.auto_clear is not None or spec.until is not None
        return Rule(
            name=RuleName(spec.name),
            order=order,
            patterns=matchers,
            trigger=build.trigger(when, matchers, self.almanac, self._keys(when, found)),
            hours=self.applies(spec),
            lasting=lasting,
            hold=spec.hold or 0.0,
            cooldown=spec.cooldown.time if spec.cooldown else 0.0,
            per=spec.cooldown.per if spec.cooldown else "camera",
            linger=spec.keep_firing_for or 0.0,
            clear=spec.auto_clear or 0.0,
            limit=spec.limit,
            severity=Severity(spec.severity),
            title=_text(spec.title) or {"vi": spec.name, "en": spec.name},
            message=_text(spec.message) or _NO_TEXT,
            dedup=spec.dedup or "",
            what_to_do=_text(spec.what_to_do) or {},
            names=texts.names_of(spec),
            actions=self.calls(spec.do),
            tiers=tuple([self.tier(each) for each in spec.escalate or ()]),
            receivers=tuple(self.receivers_of(spec)),
            ended=(_text(spec.resolved.message) if spec.resolved else None) or _NO_TEXT,
            resolution=self.calls(spec.resolved.do) if spec.resolved else (),
            inhibitors=inhibitors(spec, self.specs, self.telling.inhibit, self.names.groups),
            dry_run=spec.dry_run,
            edition=edition_of(spec, self.names, self.schedules),
            almanac=self.almanac,
            tags=build.shared(frozenset(spec.tags or ())),
            vetoes=build.vetoes(spec),
            until=None if spec.until is None else self._expression(spec.until, spec, -1),
            guard=self._guard(spec),
            suspensions=suspensions(
                spec, self.maintenance, Named(self.almanac, self.schedules, self.names.groups)
            ),
        )

    def _matcher(self, spec: RuleSpec, pattern: Pattern, role: int) -> Matcher:
        cameras = None
        if pattern.cameras is not None or pattern.groups is not None:
            grouped = (camera for name in pattern.groups or () for camera in self.names.groups.get(name, ()))
            cameras = dict.fromkeys([*(pattern.cameras or ()), *grouped])
        # What must not happen breaks a rule however it looks: a worse look at it is no proof that it did not.
        negative, still = build.negative(spec.when, role), spec.suspend_while_ptz_moves
        whole = None if negative else spec.if_
        told = ((whole, -1), (pattern.if_, role))
        written = [self._expression(text, spec, asked) for text, asked in told if text is not None]
        exempt = (
            []
            if negative
            else [self._expression(f"not ({each.if_})", spec, -1) for each in spec.exceptions or ()]
        )
        return build.matcher(
            pattern, role, cameras, written, still=still, negative=negative, exceptions=exempt
        )

    def _guard(self, spec: RuleSpec) -> If | None:
        """Return what must hold when a time of day has come."""
        exempt = [f"not ({each.if_})" for each in spec.exceptions or ()]
        own = [f"({spec.if_})" if exempt else spec.if_] if spec.if_ is not None else []
        parts = [*own, *exempt]
        clock = isinstance(spec.when, ClockPattern) and parts
        return If(self._expression(" and ".join(parts), spec, -1)) if clock else None

    def _keys(self, when: object, found: Sequence[tuple[Path, Pattern]]) -> tuple[str, ...]:
        """Return what an absence misses apart, where it counts from nothing."""
        if not from_nothing(when):
            return ()
        by, pattern = set(correlation.keys_of(when)), found[0][1]
        if by == {"site"}:
            return ("*",)
        grouped = [camera for name in pattern.groups or () for camera in self.names.groups.get(name, ())]
        cameras = list(dict.fromkeys([*(pattern.cameras or ()), *grouped]))
        zones: list[str] = zones_of(pattern) or []
        if not cameras and self.world is not None and self.world.zones is not None:
            has = self.world.zones
            cameras = [name for name in has if not zones or not has[name].isdisjoint(zones)]
        if "zone" in by:
            return tuple(f"{camera}/zone:{zone}" for camera in cameras for zone in zones)
        return tuple(cameras)


#: Of every rule that says nothing of its own.
_NO_TEXT: Mapping[str, str] = MappingProxyType({})


def _text(written: Title | None) -> Mapping[str, str] | None:
    return None if written is None else {"vi": written.vi, "en": written.en}


def _action(call: Call, path: Path, known: Mapping[str, ParamsCheck]) -> Iterator[Flaw]:
    check = known.get(call.name)
    if check is None:
        guess = nearest(call.name, sorted(known))
        values: dict[str, Fact] = {"action": call.name, "known": ", ".join(sorted(known))}
        yield Flaw(path, "problem.unknown_action", values, guess, on_key=True)
    else:
        yield from (flaw.under(*path, call.name) for flaw in check(call.params))
