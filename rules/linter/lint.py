"""What is no mistake of the grammar and yet probably not meant: warnings for the author of rules.

Works on what is written (after templates and names are resolved), so that every warning has its line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC

from rules.compiler import reasons
from rules.compiler.compile import Checked, WrittenRule, once
from rules.compiler.counters import clock_event
from rules.compiler.ruleset import ActiveHours
from rules.compiler.uncollected import uncollected
from rules.document import suggestions
from rules.document.scalars import value_at
from rules.document.source import Flaw, Gravity, Path, Problem
from rules.kinds.decision import DecisionPattern
from rules.kinds.lookup import event_kind
from rules.kinds.pattern import Pattern
from rules.kinds.signal import SignalPattern
from rules.kinds.value_ranges import Known
from rules.language import correlation
from rules.language.clock_patterns import AtPattern, EveryPattern
from rules.language.schema import patterns
from rules.language.when import AnyOf, is_moment, parts
from rules.linter import active_hours
from rules.linter.contradictions import contradictions
from rules.linter.plates import listed_plates, plates_of
from rules.linter.satisfiability import Surroundings
from rules.linter.shadowed_rules import shadowed
from rules.linter.unsatisfiable import unknown_engine_names, unsatisfiable
from rules.linter.vetoes import vetoed
from rules.model import EMPTY, Fact
from rules.schedule import DAY

#: What devices recognise by themselves and many never say to be over (Uniview's shapes, recorders' fields).
_NEVER_OFF = (
    "RuleEngine/FieldDetector/",
    "RuleEngine/LineDetector/",
    "RuleEngine/MyRuleDetector/",
    "UserAlarm/",
)
#: Seconds over which more may come than a rule remembers by default.
_LONG = 6 * 3600.0
_CHEAP = frozenset({"log"})


def lint(checked: Checked, texts: Mapping[str, str]) -> list[Problem]:
    """Return the warnings about rules, in the order of files and lines; those with errors are left out.

    Args:
        checked: What was read.
        texts: The files' texts by name: whether a value is in quotes is seen there alone.
    """
    with uncollected():
        return _lint(checked, texts)


def _lint(checked: Checked, texts: Mapping[str, str]) -> list[Problem]:
    lines = {name: text.splitlines() for name, text in texts.items()}
    rules = [each for each in checked.written if each.spec.enabled]
    off = {each.spec.name for each in checked.written if not each.spec.enabled}
    moments = {each.spec.name for each in rules if each.rule and not each.rule.lasting}
    found = [problem for each in rules for problem in _one(each, off, moments, lines)]
    found += [
        each.locate(flaw)
        for each in rules
        for flaw in contradictions(each.spec, checked.world, checked.constants.groups)
    ]
    others = {each.spec.name: each.spec for each in rules}
    found += [each.locate(flaw) for each in rules for flaw in vetoed(each.spec, others)]
    found += [problem for name, text in texts.items() for problem in listed_plates(name, text)]
    found += _never(rules, checked)
    found += _pairs(rules, checked.constants.groups)
    order = {name: number for number, name in enumerate(lines)}
    return sorted(once(found), key=lambda each: (order.get(each.source, -1), each.line, each.column))


def _at(
    written: WrittenRule,
    code: str,
    *path: str | int,
    on_key: bool = False,
    suggestion: str = "",
    values: Mapping[str, Fact] = EMPTY,
) -> Problem:
    """Return a warning at a place within a rule."""
    return written.locate(Flaw(path, f"problem.{code}", values, suggestion, Gravity.WARNING, on_key))


def _one(
    written: WrittenRule, off: Collection[str], moments: Collection[str], lines: Mapping[str, list[str]]
) -> Iterator[Problem]:
    yield from _unheard(written, off, moments)
    yield from _out_of_hours(written)
    yield from _never_clears(written)
    yield from _no_cooldown(written)
    yield from _forgets(written)
    yield from plates_of(written, lines)
    yield from _quoted(written)
    yield from map(written.locate, unknown_engine_names(written.spec))


def _never(rules: Sequence[WrittenRule], checked: Checked) -> Iterator[Problem]:
    """Yield expressions that never hold; of one with an unknown name that is told already."""
    told = {(problem.source, problem.key) for problem in checked.problems}
    severities = {each.spec.name: each.spec.severity for each in rules}
    counters = {name: each.count for name, each in checked.counters.items()}
    for each in rules:
        site = Surroundings(checked.world, checked.constants, severities, counters, _times(each))
        for problem in map(each.locate, unsatisfiable(each.spec, site)):
            if (problem.source, problem.key) not in told:
                yield problem


def _times(written: WrittenRule) -> Mapping[str, Known]:
    """Return what a rule's own hours leave of hour and weekday."""
    hours = written.rule.hours if written.rule else None
    known = active_hours.within(hours) if hours is not None else None
    if hours is None or known is None:
        return {}
    key, windows = next(
        each
        for each in (("between", hours.between), ("during", hours.during), ("not_between", hours.free))
        if each[1]
    )
    told = f"{key}: {', '.join(map(str, windows))}"
    return {"hour": (known[0], told), "weekday": (known[1], told)}


# -- one rule ----------------------------------------------------------------------------------


def _unheard(written: WrittenRule, off: Collection[str], moments: Collection[str]) -> Iterator[Problem]:
    """Yield decisions that a rule waits for and nobody makes."""
    for path, pattern in patterns(written.spec):
        for index, name in enumerate(pattern.decision if isinstance(pattern, DecisionPattern) else ()):
            where: Path = (*path, "decision", index)
            if name in off:
                yield _at(written, "unreachable_rule", *where, values={"rule": name})
            elif written.spec.hold and name in moments:
                yield _at(written, "for_moment", "for", on_key=True)
            elif is_moment(pattern) and name in moments:
                yield _at(written, "unreachable_phase", *where, values={"rule": name})


def _out_of_hours(written: WrittenRule) -> Iterator[Problem]:
    """Yield why a rule's hours let it never fire."""
    spec, hours = written.spec, written.rule.hours if written.rule else None
    if isinstance(spec.when, (AtPattern, EveryPattern)):
        yield from _never_comes(written, spec.when)
        return
    if hours is None:
        return
    if not (hours.free or (hours.between and hours.during) or spec.hold):
        return  # each of the given hours is some time
    key = next(key for key in ("between", "during", "not_between", "not_during") if getattr(spec, key))
    longest = active_hours.longest(hours)
    if longest == 0:
        yield _at(written, "unreachable_hours", key, on_key=True)
    elif 60 * longest < (spec.hold or 0.0) < 60 * (DAY - longest):
        # hours are asked when it begins and when it fires: longer than a night, shorter than to the next one
        yield _at(written, "unreachable_for", "for", values={"longest": longest})


def _never_comes(written: WrittenRule, when: AtPattern | EveryPattern) -> Iterator[Problem]:
    """Yield why none of a rule's times ever counts: its hours, or what it asks of the time."""
    rule = written.rule
    if rule is None:
        return
    hours = rule.hours or ActiveHours(rule.almanac)
    times = list(active_hours.times_of_day(when.edges(), when.numbers(), hours, when.rules()))
    timely = [each for each in times if hours.hold(each)]
    if not timely and rule.hours is not None:
        yield _at(written, "unreachable_at", "when")
    elif rule.guard is not None and not rule.guard.expression.tallied:
        events = (clock_event(rule, each.astimezone(UTC)) for each in timely)
        if not any(map(rule.guard.test, events)):
            key = "if" if written.spec.if_ is not None else "exceptions"
            yield _at(written, "unreachable_at", key)


def _never_clears(written: WrittenRule) -> Iterator[Problem]:
    if written.spec.auto_clear is not None or is_moment(written.spec.when):
        return
    for path, pattern in parts(written.spec.when):
        topics = pattern.signal if isinstance(pattern, SignalPattern) and pattern.state else ()
        for index, topic in enumerate(topics):
            if topic.startswith(_NEVER_OFF):
                yield _at(written, "never_clears", "when", *path, "signal", index, values={"topic": topic})


def _forgets(written: WrittenRule) -> Iterator[Problem]:
    """Yield a rule that keeps more apart, for longer, than it surely remembers, and does not say how many."""
    spec = written.spec
    apart = [key for key in correlation.keys_of(spec.when) if key not in ("camera", "zone", "label", "site")]
    several = not isinstance(spec.when, Pattern)
    lasts = max(value_at(spec.when, key) or 0.0 for key in ("within", "for_")) if several else 0.0
    if apart and lasts >= _LONG and "limit" not in spec.model_fields_set:
        values: dict[str, Fact] = {
            "limit": spec.limit,
            "key": ", ".join(apart),
            "time": reasons.duration(lasts),
        }
        yield _at(written, "limit_unsaid", "when", values=values)


def _no_cooldown(written: WrittenRule) -> Iterator[Problem]:
    """Yield a rule that does something for every object, plate or signal anew, however often they come."""
    spec = written.spec
    dear = [call.name for call in spec.do if call.name not in _CHEAP]
    if not dear:
        return
    whens = spec.when.any if isinstance(spec.when, AnyOf) else [spec.when]
    each = any(
        isinstance(when, Pattern) and (event_kind(when).wants_cooldown or is_moment(when)) for when in whens
    )
    if each and not (spec.cooldown or spec.auto_clear or spec.dry_run):
        yield _at(written, "no_cooldown", "do", on_key=True, values={"action": dear[0]})


def _quoted(written: WrittenRule) -> Iterator[Problem]:
    """Yield topics and names of devices in typographic quotes: they are taken as part of the name."""
    for path, pattern in patterns(written.spec):
        for key in event_kind(pattern).foreign:
            for index, name in enumerate(value_at(pattern, key) or ()):
                if name[:1] in suggestions.QUOTES:
                    values: dict[str, Fact] = {"character": name[0]}
                    where = (*path, key, index)
                    yield _at(written, "quotes", *where, suggestion=suggestions.unquoted(name), values=values)


def _pairs(written: Sequence[WrittenRule], groups: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    """Yield rules that another one makes needless, and rules that do the same for the same thing."""
    for later, other, code in shadowed([each.spec for each in written], groups):
        rival = written[other]
        first = rival.locate(Flaw(("name",), ""))
        values: dict[str, Fact] = {"rule": rival.spec.name, "source": first.source, "line": first.line}
        yield _at(written[later], code, "name", values=values)
