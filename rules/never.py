"""Expressions that compile and yet never hold: words that never come, numbers out of reach, parts at odds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from rules import hints
from rules.asked import asked
from rules.build import wild
from rules.carried import KINDS, SAID, has
from rules.combinations import AnyOf, parts
from rules.combinations import Sequence as Steps
from rules.domains import (
    ALWAYS,
    SEEN,
    Comparison,
    Constants,
    Domain,
    Span,
    comparisons,
    empty,
    lacking,
    passing,
    shown,
)
from rules.expr import SINCE, ExprError
from rules.fields import said
from rules.flaws import nearest
from rules.model import Fact
from rules.names import scope_of
from rules.patterns import (
    PATTERNS,
    CrowdPattern,
    DecisionPattern,
    EnginePattern,
    MotionPattern,
    ObjectPattern,
    Pattern,
    PlatePattern,
)
from rules.schema import RuleSpec
from rules.source import Flaw, Gravity, Path

_OF_PICTURES = (ObjectPattern, CrowdPattern, MotionPattern)
_SEVERITIES: Domain = frozenset({"info", "warning", "critical"})
_SEPARATORS = re.compile(r"[\s._-]")
#: What is left of what a fact can be, and the words that left it so.
_Left = dict[str, tuple[Domain, str]]


def never(spec: RuleSpec, constants: Constants) -> Iterator[Flaw]:
    """Yield why expressions of a rule never hold, as warnings."""
    together: _Left = {}
    single = isinstance(spec.when, Pattern)
    for path, text, about in asked(spec):
        try:
            found = list(comparisons(text, constants))
        except ExprError:
            continue  # told elsewhere
        yield from (flaw.under(*path) for flaw in _lacking(spec, text, about, path == ("if",)))
        yield from (flaw.under(*path) for flaw in _passing(text, about))
        domains = _domains(spec, about)
        for each in found:
            yield from (flaw.under(*path) for flaw in _one(each, domains.get(each.fact), about))
        left = together if single else {}
        if single or path != ("if",) or len(about) == 1:
            left.update({key: each for key, each in _written(about[0], constants).items() if key not in left})
        yield from _excluded(found, domains, left, path)


def _domains(spec: RuleSpec, about: Sequence[Pattern]) -> Mapping[str, Domain]:
    """Return what facts can be, of all that an expression is asked of."""
    known = dict(SEEN if all(isinstance(pattern, _OF_PICTURES) for pattern in about) else ALWAYS)
    if all(isinstance(pattern, DecisionPattern) for pattern in about):
        known["severity"] = _SEVERITIES
    if isinstance(spec.when, Steps):
        known[SINCE] = Span(0, spec.when.within)
    return known


# -- what never comes ------------------------------------------------------------------------------


def _lacking(spec: RuleSpec, text: str, about: Sequence[Pattern], whole: bool) -> Iterator[Flaw]:
    """Yield what an expression needs and what it is asked of never has, be it one pattern, unless any will do."""
    found = [(pattern, lacking(text, lambda fact, of=pattern: not has(of, fact))) for pattern in about]  # type: ignore[misc]
    dead = [(pattern, why) for pattern, why in found if why is not None]
    if not dead or (whole and isinstance(spec.when, AnyOf) and len(dead) < len(found)):
        return
    pattern, (fact, part, at) = dead[0]
    values: dict[str, Fact] = {"part": part, "fact": fact.rstrip(":"), "kind": str(KINDS[type(pattern)])}
    yield Flaw((), "problem.never_has", values, "", Gravity.WARNING, within=at)


def _passing(text: str, about: Sequence[Pattern]) -> Iterator[Flaw]:
    """Yield that something must stand where it has just left, or where it is never told to stand."""
    stands, entered, left = passing(text)
    for pattern in about:
        ends = isinstance(pattern, ObjectPattern) and (pattern.change or pattern.leaves or pattern.removed)
        named = said(pattern, "zone") or said(pattern, "inside") or ()
        here = stands | (frozenset(named) if len(named) == 1 else frozenset())
        both = (left & entered) | (frozenset() if ends else left & here)
        if isinstance(pattern, CrowdPattern):
            both |= stands - frozenset(pattern.zone)
        for zone in sorted(both)[:1]:
            values: dict[str, Fact] = {"part": f"{zone}", "other": f"in_zone, zone: {zone}"}
            yield Flaw((), "problem.unreachable_if", values, "", Gravity.WARNING)
            return


def unsaid(spec: RuleSpec) -> Iterator[Flaw]:
    """Yield what the engine never says of itself."""
    for path, pattern in parts(spec.when):
        for index, name in enumerate(pattern.engine if isinstance(pattern, EnginePattern) else ()):
            if name not in SAID:
                values: dict[str, Fact] = {"name": name, "known": ", ".join(SAID)}
                where: Path = ("when", *path, "engine", index)
                yield Flaw(where, "problem.unknown_engine", values, nearest(name, SAID), Gravity.WARNING)


# -- one comparison --------------------------------------------------------------------------------


def _one(each: Comparison, domain: Domain, about: Sequence[Pattern]) -> Iterator[Flaw]:
    if each.fact == "plate" and about and all(isinstance(pattern, PlatePattern) for pattern in about):
        yield from _plates(each)
    if isinstance(domain, frozenset) and all(isinstance(value, str) for value in domain):
        yield from _words(each, sorted(map(str, domain), key=_in_order))
    elif each.sign not in ("!=", "not in") and domain is not None and empty(each.narrow(domain)):
        yield _out_of_reach(each, domain)


def _in_order(word: str) -> int:
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "info", "warning", "critical")
    return days.index(word) if word in days else 0


def _words(each: Comparison, known: Sequence[str]) -> Iterator[Flaw]:
    for word, at in each.values if each.sign != "like" else ():
        if word not in known:
            values: dict[str, Fact] = {"known": ", ".join(known)}
            yield Flaw((), "problem.choice", values, nearest(word, known), Gravity.WARNING, within=at)


def _out_of_reach(each: Comparison, domain: Domain) -> Flaw:
    value = each.values[0][0] if each.values else ""
    unit = isinstance(domain, Span) and domain.high == 1 and isinstance(value, (int, float)) and value > 1
    guess = hints.number(value, 1) if unit else ""
    values: dict[str, Fact] = {"part": each.text, "fact": each.key, "range": shown(domain)}
    return Flaw((), "problem.never_true", values, guess, Gravity.WARNING, within=each.at)


def _plates(each: Comparison) -> Iterator[Flaw]:
    for plate, at in each.values:
        plain = _SEPARATORS.sub("", str(plate)).upper()
        if plain != plate:
            values: dict[str, Fact] = {"plate": plate}
            yield Flaw((), "problem.plate_form", values, plain, Gravity.WARNING, within=at)


# -- several ---------------------------------------------------------------------------------------


def _excluded(
    found: Sequence[Comparison], domains: Mapping[str, Domain], left: _Left, path: Path
) -> Iterator[Flaw]:
    """Yield the first of the parts that must hold and cannot after what was said before it."""
    for each in found:
        domain = domains.get(each.fact)
        if not each.must or empty(each.narrow(domain)):
            continue  # nothing new
        before, words = left.get(each.key, (domain, ""))
        after = each.narrow(before)
        if empty(after):
            values: dict[str, Fact] = {"part": each.text, "other": words}
            yield Flaw(path, "problem.unreachable_if", values, "", Gravity.WARNING, within=each.at)
            return
        if after != before:
            left[each.key] = after, each.text


def _written(pattern: Pattern, constants: Constants) -> _Left:
    """Return what a pattern itself leaves of what facts can be."""
    left: _Left = {}
    for key in ("score", "share", "speed", "kmh"):
        if (bounds := getattr(pattern, key, None)) is not None:
            left[key] = _bounded(key, bounds.above, bounds.below)
    if isinstance(pattern, CrowdPattern):
        left["count"] = _bounded("crowd", pattern.above, pattern.below)
    if isinstance(pattern, MotionPattern) and pattern.motion == "stopped":
        left["share"] = left["score"] = Span(0.0, 0.0), "motion: stopped"
    for key, names in _named(pattern, constants):
        for fact in {"cameras": ("camera",), "decision": ("rule", "label"), "plate": ("plate", "label")}.get(
            key, ("label",)
        ):
            left[fact] = frozenset(names), f"{key}: {', '.join(names)}"
    return left


def _bounded(key: str, above: float | None, below: float | None) -> tuple[Domain, str]:
    span = Span()
    told: list[str] = []
    for word, sign, bound in (("above", ">=", above), ("below", "<", below)):
        if bound is not None:
            span, told = span.cut(sign, bound), [*told, f"{word}: {bound:g}"]
    return span, f"{key}: {{{', '.join(told)}}}"


def _named(pattern: Pattern, constants: Constants) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield which names alone a pattern takes, with its key."""
    for key in PATTERNS:
        names = getattr(pattern, key, None) if key != "motion" else None
        if names and "any" not in names and not any(map(wild, names)):
            yield key, names
    if (cameras := scope_of(pattern, constants.groups)) is not None:
        yield "cameras", list(dict.fromkeys(cameras))
