"""Whether what a rule asks of an event can all hold at once, in any of the ways in which its expressions may hold.

An expression that compiles may still be silent for ever: ``hour > 22 and hour < 5``, ``payload == 'x'`` of an
object, ``not known(score)`` of a person. Each way is followed to its first contradiction; where every way has one,
the first is told, at its character. What cannot be told is taken as possible.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil

from rules.compiler.build import negative
from rules.document.scalars import value_at
from rules.document.source import Flaw, Gravity, Path
from rules.kinds.fact_types import ZONES
from rules.kinds.lookup import event_kind
from rules.kinds.pattern import Pattern, zones_of
from rules.kinds.value_ranges import Domain, Interval, Known, intersection, is_empty, narrowed, shown
from rules.language.expressions import intervals
from rules.language.expressions.branches import MOST, NAMED, Literal, branches
from rules.language.expressions.comparisons import Constants, NodeReader, called
from rules.language.expressions.expr import SINCE, ExprError
from rules.language.expressions.remembered import OVER_TIME
from rules.language.names import World
from rules.language.schema import RuleSpec, patterns
from rules.language.when import All, AnyOf, Count, is_moment, parts
from rules.language.when import Sequence as Steps
from rules.linter.covering import covers
from rules.linter.distinct_values import begins
from rules.linter.possible_facts import Possible, possible
from rules.model import Fact

#: A part of an expression, and where that stands in the rule.
_Placed = tuple[Path, Literal]
_Asked = tuple[Path, str]
_WHOLE: Path = ("if",)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around a rule.

    Attributes:
        world: What the site has; None: not known.
        constants: Named values, lists, groups.
        severities: Of every rule, by its name.
        counters: What each counter counts, by its name.
        hours: What is left of hour and weekday at the hours of the rule.
    """

    world: World | None
    constants: Constants
    severities: Mapping[str, str]
    counters: Mapping[str, Pattern]
    hours: Mapping[str, Known]


def unreachable(spec: RuleSpec, site: Surroundings) -> Iterator[Flaw]:
    """Yield why expressions of a rule never hold, as warnings."""
    roles = range(len(patterns(spec)))
    counted = [_counted(spec.when, pattern) for _, pattern in patterns(spec)]
    about, seen = (
        [possible(pattern, site.constants, site.severities, site.world) for pattern in each]
        for each in (counted, [pattern for _, pattern in patterns(spec)])
    )

    def flaw_of(role: int, hours: Mapping[str, Known], asked: Sequence[_Asked]) -> Flaw | None:
        reader = NodeReader("", site.constants)
        meeting = _Meeting(role, about, seen, hours, _within(spec), site.counters, reader)
        return meeting.contradiction(asked, site.constants)

    either = isinstance(spec.when, AnyOf)
    for role in roles:
        alone = either or negative(spec.when, role)
        flaw = flaw_of(role, _timed(spec, role, site.hours), _own(spec, role) if alone else _all(spec, role))
        if flaw is not None:
            yield flaw
            return
    if either or isinstance(spec.when, All):  # one of them, be it the last to begin, must hold when it fires
        held = [role for role in roles if not negative(spec.when, role)]
        found = [flaw_of(role, site.hours, _all(spec, role)) for role in held]
        if None not in found:
            yield from filter(None, found[:1])


def _own(spec: RuleSpec, role: int) -> list[_Asked]:
    """Return the expression of a pattern, with its place."""
    path, pattern = patterns(spec)[role]
    return [((*path, "if"), pattern.if_)] if pattern.if_ is not None else []


def _all(spec: RuleSpec, role: int) -> list[_Asked]:
    """Return the expressions that are asked of a pattern's events."""
    whole: list[_Asked] = [(_WHOLE, spec.if_)] if spec.if_ is not None else []
    return _own(spec, role) + ([] if negative(spec.when, role) else whole)


def _timed(spec: RuleSpec, role: int, hours: Mapping[str, Known]) -> Mapping[str, Known]:
    """Return the hours of a rule where they are asked of the event that makes it fire, or of one just before it."""
    when = spec.when
    if role >= len(parts(when)):
        return {}
    last = isinstance(when, Steps) and role == len(when.sequence) - 1 and not negative(when, role)
    many = isinstance(when, Count) and when.above is not None
    if isinstance(when, (Pattern, AnyOf)) or last or many:
        return hours
    if isinstance(when, Steps) and not negative(when, role):
        return _before(hours, when.within)
    if not isinstance(when, All) or negative(when, role):
        return {}
    _, pattern = patterns(spec)[role]
    if is_moment(pattern) or "track" in event_kind(pattern).keys:
        return _before(hours, when.within or 1.0)  # of objects it is told every few seconds how they are
    return {}


def _before(hours: Mapping[str, Known], within: float) -> Mapping[str, Known]:
    """Return the hours of what came at most so many seconds before."""
    whole, words = hours.get("hour", (None, ""))
    if not isinstance(whole, frozenset) or within > 12 * 3600:
        return {}
    back = range(ceil(within / 3600) + 1)
    return {"hour": (frozenset((int(hour) - less) % 24 for hour in whole for less in back), words)}


def _counted(when: object, pattern: Pattern) -> Pattern:
    """Return a pattern as it is counted."""
    first = isinstance(when, Count) and begins(when)
    return pattern.model_copy(update={"change": "began"}) if first else pattern


def _within(spec: RuleSpec) -> float | None:
    return spec.when.within if isinstance(spec.when, Steps) else None


@dataclass(slots=True)
class _Meeting:
    """One pattern and what is asked of it besides.

    Attributes:
        about: All patterns of the rule.
        seen: The same as they are written: a count remembers numbers of more than it counts.
    """

    role: int
    about: Sequence[Possible]
    seen: Sequence[Possible]
    hours: Mapping[str, Known]
    within: float | None
    counters: Mapping[str, Pattern]
    reader: NodeReader

    @property
    def _own(self) -> Possible:
        return self.about[self.role]

    def contradiction(self, asked: Sequence[_Asked], constants: Constants) -> Flaw | None:
        """Return the contradiction of the first way where every way has one; None where any may be."""
        ways: list[list[tuple[_Placed, ...]]] = []
        for path, text in asked:
            try:
                found = branches(text, constants)
            except ExprError:
                return None  # told elsewhere
            if found is None:
                return None
            ways.append([tuple((path, literal) for literal in branch) for branch in found])
        if not ways or _product(map(len, ways)) > MOST:
            return None
        flaws = [self._way([each for branch in chosen for each in branch]) for chosen in product(*ways)]
        if not flaws:  # it is false as it stands
            path, text = next(each for each, way in zip(asked, ways, strict=True) if not way)
            return Flaw(path, "problem.never_reckoned", {"part": text}, "", Gravity.WARNING)
        return None if None in flaws else flaws[0]

    def _way(self, literals: Sequence[_Placed]) -> Flaw | None:
        here = {fact for _, each in literals if each.holds for fact in each.here}
        holding = {each.text for _, each in literals if each.holds}
        left: dict[str, Known] = {}
        for path, literal in literals:
            flaw = self._lacking(literal) or self._absent(literal, here) or self._denied(literal, holding)
            flaw = flaw or self._narrowed(literal, here, left)
            if flaw is not None:
                return flaw.under(*path)
        return self._elsewhere(literals)

    # -- one part --------------------------------------------------------------------------------

    def _of(self, fact: str) -> tuple[Possible, str]:
        """Return whose fact it is, and its name there."""
        step, _, name = fact.partition(":")
        if step.isdigit():
            return self.about[int(step) - 1], name
        return self._own, fact

    def _surely(self, fact: str) -> bool:
        whose, name = self._of(fact)
        return name == SINCE or whose.surely(name)

    def _known(self, fact: str) -> Known:
        if fact in self.hours:
            return self.hours[fact]
        whose, name = self._of(fact)
        if name == SINCE:
            return Interval(0, self.within if self.within is not None else float("inf")), ""
        return whose.of(name.partition("(")[0] if name.startswith("dwell_in(") else name)

    def _lacking(self, literal: Literal) -> Flaw | None:
        for fact in literal.needs if literal.holds else ():
            whose, name = self._of(fact)
            if name != SINCE and not whose.has(name) and not (whose is not self._own and whose.open):
                kind = event_kind(whose.pattern).keyword
                values: dict[str, Fact] = {"part": literal.text, "fact": name.strip(":."), "kind": kind}
                guess = name.removeprefix(NAMED) if whose.has(name.removeprefix(NAMED)) else ""
                return Flaw((), "problem.never_has", values, guess, Gravity.WARNING, within=literal.at)
        return None

    def _absent(self, literal: Literal, here: set[str]) -> Flaw | None:
        """Return that something must not be known that always is."""
        if literal.sign != "unknown":
            return None
        if self._surely(literal.subject) or literal.subject in here:
            return _flaw(literal, literal.subject)
        return None

    @staticmethod
    def _denied(literal: Literal, holding: set[str]) -> Flaw | None:
        """Return that the very same words must hold elsewhere."""
        return _flaw(literal, literal.text) if not literal.holds and literal.text in holding else None

    def _narrowed(self, literal: Literal, here: set[str], left: dict[str, Known]) -> Flaw | None:
        if not literal.sign or literal.sign in ("known", "unknown"):
            return None
        if not literal.holds and not all(self._surely(fact) or fact in here for fact in literal.needs):
            return None  # it may be denied because nothing is known
        if literal.sums is not None:
            return self._reckoned(literal, literal.sums, here, left)
        key = self._own.name(literal.subject)
        before, words = left.get(key) or self._known(literal.subject)
        if literal.other:
            return self._paired(literal, before)
        after = narrowed(before, literal.sign, literal.values)
        if is_empty(after):
            return _flaw(literal, words) if words else _out_of_reach(literal, before)
        if after != before:
            left[key] = after, _told(literal)
        return None

    def _reckoned(
        self,
        literal: Literal,
        sums: tuple[ast.expr, ast.expr],
        here: set[str],
        left: Mapping[str, Known],
    ) -> Flaw | None:
        """Return that what is reckoned never comes so far."""

        def known(node: ast.expr) -> Interval | Fact | None:
            if isinstance(node, ast.Call) and called(node) in OVER_TIME:
                return self._over_time(called(node), node.args[0], here, left)
            if isinstance(node, ast.Call) and called(node) == "counted":
                return self._counted(node)
            fact = self.reader.fact(node)
            if fact is None or not isinstance(node, ast.Name):
                return self.reader.constant(node)
            return _spanned((left.get(self._own.name(fact)) or self._known(fact))[0])

        if intervals.reachable(sums[0], literal.sign, sums[1], known):
            return None
        return Flaw(
            (), "problem.never_reckoned", {"part": _told(literal)}, "", Gravity.WARNING, within=literal.at
        )

    def _counted(self, node: ast.Call) -> Interval:
        """Return how often a counter can have counted: it counts before rules are asked, so this event is among them.

        Over a time (a second argument) it is kept in pieces, and the piece may be thought older than it is.
        """
        name = self.reader.constant(node.args[0]) if len(node.args) == 1 else None
        counter = self.counters.get(name) if isinstance(name, str) else None
        return Interval(1 if counter is not None and covers(counter, self._own.pattern) else 0)

    def _over_time(
        self, function: str, node: ast.expr, here: set[str], left: Mapping[str, Known]
    ) -> Interval | None:
        """Return what a number over a time can be: only what a pattern of its rule lets through is remembered."""
        fact = self.reader.fact(node)
        if fact is None or not isinstance(node, ast.Name):
            return None
        alike = [each for each in self.seen if type(each.pattern) is type(self._own.pattern)]
        every = intervals.hull(_spanned(each.of(fact)[0]) or Interval() for each in alike)
        now = left.get(self._own.name(fact)) or self._known(fact)
        there = self._surely(fact) or fact in here
        own = _spanned(now[0]) if there else None
        return intervals.over_time(function, own or Interval(), every)

    def _paired(self, literal: Literal, one: object) -> Flaw | None:
        """Return that two facts can never be the same, or never differ."""
        first, words = self._known(literal.subject)
        second, others = self._known(literal.other)
        if literal.sign == "==" and is_empty(intersection(first, second)):
            return _flaw(literal, words or others)
        alone = isinstance(first, frozenset) and len(first) == 1 and first == second
        return _flaw(literal, words or others) if literal.sign == "!=" and alone else None

    # -- zones -----------------------------------------------------------------------------------

    def _elsewhere(self, literals: Sequence[_Placed]) -> Flaw | None:
        """Return that something must stand where it is never told to stand, or must not where it always stands.

        What has left a zone may stand in it all the same: between two pictures it went and came back.
        """
        pattern = self._own.pattern
        named = zones_of(pattern) or []
        asked = [(path, each, *each.subject.partition(":")[::2]) for path, each in literals]
        barred = {zone for _, each, name, zone in asked if name == "in_zone" and not each.holds}
        alone = ZONES in event_kind(pattern).always
        for path, each, name, zone in asked:
            beyond = each.holds and alone and name in ("in_zone", "entered", "left") and zone not in named
            nowhere = name == "in_zone" and not each.holds and zone in named and barred.issuperset(named)
            if beyond or nowhere:
                return _flaw(each, f"{_placing(pattern)}: {', '.join(named)}").under(*path)
        return None


def _placing(pattern: Pattern) -> str:
    """Return the key that names the zones in one of which an event must be."""
    return next((key for key in ("zone", "inside", "enters") if value_at(pattern, key)), "zone")


def _spanned(domain: Domain) -> Interval | None:
    """Return the least and the most of numbers, also of those that are told one by one; None: any."""
    if isinstance(domain, Interval):
        return domain
    numbers = (
        [each for each in domain if isinstance(each, (int, float))] if isinstance(domain, frozenset) else []
    )
    return Interval(min(numbers), max(numbers)) if numbers else None


def _flaw(literal: Literal, other: str) -> Flaw:
    values: dict[str, Fact] = {"part": _told(literal), "other": other}
    return Flaw((), "problem.unreachable_if", values, "", Gravity.WARNING, within=literal.at)


def _out_of_reach(literal: Literal, domain: Domain) -> Flaw:
    values: dict[str, Fact] = {"part": _told(literal), "fact": literal.subject, "range": shown(domain)}
    return Flaw((), "problem.never_true", values, "", Gravity.WARNING, within=literal.at)


def _told(literal: Literal) -> str:
    return literal.text if literal.holds else f"not {literal.text}"


def _product(numbers: Iterator[int]) -> int:
    whole = 1
    for each in numbers:
        whole *= each
    return whole
