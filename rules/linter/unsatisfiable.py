"""Expressions that compile and yet never hold: words that never come, numbers out of reach, parts at odds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from rules.compiler.unknown_facts import asked
from rules.document import suggestions
from rules.document.source import Flaw, Gravity, Path
from rules.document.validation import nearest
from rules.language.comparisons import Comparison, comparisons
from rules.language.expr import SINCE, ExprError
from rules.language.kinds import SAID
from rules.language.patterns import DecisionPattern, EnginePattern, Pattern, PlatePattern
from rules.language.schema import RuleSpec
from rules.language.value_ranges import ALWAYS, SEEN, Domain, Span, empty, shown
from rules.language.when import Sequence as Steps
from rules.language.when import parts
from rules.linter.possible_facts import OF_PICTURES, SEVERITIES
from rules.linter.satisfiability import Site, unreachable
from rules.model import Fact

_SEPARATORS = re.compile(r"[\s._-]")


def never(spec: RuleSpec, site: Site) -> Iterator[Flaw]:
    """Yield why expressions of a rule never hold, as warnings: first what is wrong by itself, else what is together."""
    found = list(_alone(spec, site))
    yield from found or unreachable(spec, site)


def _alone(spec: RuleSpec, site: Site) -> Iterator[Flaw]:
    for path, text, about in asked(spec):
        try:
            found = comparisons(text, site.constants)
        except ExprError:
            continue  # told elsewhere
        domains = _domains(spec, about)
        for each in found:
            yield from (flaw.under(*path) for flaw in _one(each, domains.get(each.fact), about))


def _domains(spec: RuleSpec, about: Sequence[Pattern]) -> Mapping[str, Domain]:
    """Return what facts can be, of all that an expression is asked of."""
    known = dict(SEEN if all(isinstance(pattern, OF_PICTURES) for pattern in about) else ALWAYS)
    if all(isinstance(pattern, DecisionPattern) for pattern in about):
        known["severity"] = SEVERITIES
    if isinstance(spec.when, Steps):
        known[SINCE] = Span(0, spec.when.within)
    return known


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
    if (
        each.fact in ("plate", "label")
        and about
        and all(isinstance(pattern, PlatePattern) for pattern in about)
    ):
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
    guess = suggestions.number(value, 1) if unit else ""
    values: dict[str, Fact] = {"part": each.text, "fact": each.key, "range": shown(domain)}
    return Flaw((), "problem.never_true", values, guess, Gravity.WARNING, within=each.at)


def _plates(each: Comparison) -> Iterator[Flaw]:
    for plate, at in each.values:
        plain = _SEPARATORS.sub("", str(plate)).upper()
        if plain != plate:
            values: dict[str, Fact] = {"plate": plate}
            yield Flaw((), "problem.plate_form", values, plain, Gravity.WARNING, within=at)
