"""Expressions that compile and yet never hold: words that never come, numbers out of reach, parts at odds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rules.compiler.unknown_facts import expressions_with_patterns
from rules.document import suggestions
from rules.document.source import Flaw, Gravity, Path
from rules.document.validation import nearest
from rules.kinds.decision import DecisionPattern
from rules.kinds.lookup import event_kind
from rules.kinds.pattern import Pattern
from rules.kinds.value_ranges import Domain, Interval, is_empty, shown
from rules.language.expressions.comparisons import Comparison, comparisons
from rules.language.expressions.expr import SINCE, ExprError
from rules.language.schema import RuleSpec, patterns
from rules.language.when import Sequence as Steps
from rules.linter.plates import plate_forms
from rules.linter.possible_facts import SEVERITIES, ranges
from rules.linter.satisfiability import Surroundings, unreachable
from rules.model import Fact


def unsatisfiable(spec: RuleSpec, site: Surroundings) -> Iterator[Flaw]:
    """Yield why expressions of a rule never hold, as warnings: first what is wrong by itself, else what is together."""
    found = list(_alone(spec, site))
    yield from found or unreachable(spec, site)


def _alone(spec: RuleSpec, site: Surroundings) -> Iterator[Flaw]:
    for path, text, about in expressions_with_patterns(spec):
        try:
            found = comparisons(text, site.constants)
        except ExprError:
            continue  # told elsewhere
        domains = _domains(spec, about)
        for each in found:
            yield from (flaw.under(*path) for flaw in _one(each, domains.get(each.fact), about))


def _domains(spec: RuleSpec, about: Sequence[Pattern]) -> Mapping[str, Domain]:
    """Return what facts can be, of all that an expression is asked of."""
    known = dict(ranges(about))
    if all(isinstance(pattern, DecisionPattern) for pattern in about):
        known["severity"] = SEVERITIES
    if isinstance(spec.when, Steps):
        known[SINCE] = Interval(0, spec.when.within)
    return known


def unknown_engine_names(spec: RuleSpec) -> Iterator[Flaw]:
    """Yield labels that are never told: the engine's own names, which are all known."""
    for path, pattern in patterns(spec):
        kind = event_kind(pattern)
        for index, name in enumerate(kind.names(pattern) or () if kind.further else ()):
            if name not in kind.further:
                values: dict[str, Fact] = {"name": name, "known": ", ".join(kind.further)}
                where: Path = (*path, kind.keyword, index)
                guess = nearest(name, kind.further)
                yield Flaw(where, f"problem.unknown_{kind.keyword}", values, guess, Gravity.WARNING)


# -- one comparison --------------------------------------------------------------------------------


def _one(each: Comparison, domain: Domain, about: Sequence[Pattern]) -> Iterator[Flaw]:
    yield from plate_forms(each, about)
    if isinstance(domain, frozenset) and all(isinstance(value, str) for value in domain):
        yield from _words(each, sorted(map(str, domain), key=_in_order))
    elif each.sign not in ("!=", "not in") and domain is not None and is_empty(each.narrow(domain)):
        yield _out_of_reach(each, domain)


def _in_order(word: str) -> tuple[int, str]:
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "info", "warning", "critical")
    return days.index(word) if word in days else 0, word


def _words(each: Comparison, known: Sequence[str]) -> Iterator[Flaw]:
    for word, at in each.values if each.sign != "like" else ():
        if word not in known:
            values: dict[str, Fact] = {"known": ", ".join(known)}
            yield Flaw((), "problem.choice", values, nearest(word, known), Gravity.WARNING, within=at)


def _out_of_reach(each: Comparison, domain: Domain) -> Flaw:
    value = each.values[0][0] if each.values else ""
    unit = isinstance(domain, Interval) and domain.high == 1 and isinstance(value, (int, float)) and value > 1
    guess = suggestions.number(value, 1) if unit else ""
    values: dict[str, Fact] = {"part": each.text, "fact": each.key, "range": shown(domain)}
    return Flaw((), "problem.never_true", values, guess, Gravity.WARNING, within=each.at)
