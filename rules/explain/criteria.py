"""What a pattern asks of an event, one question at a time: what coverage counts and explanations name.

The evaluator asks through its index and its closures; here each question stands alone, with the value that
it looked at, its bound, and how far they are apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from rules.compiler import reasons
from rules.compiler.if_condition import If
from rules.compiler.ruleset import Matcher
from rules.explain import expressions
from rules.explain.measures import Measure, measured
from rules.explain.words import figure, listed, word, words
from rules.geometry import turned
from rules.kinds.conditions import (
    Condition,
    Direction,
    Dwell,
    Flag,
    Lasts,
    Moment,
    Number,
    OneOf,
    Passing,
    Removed,
    Score,
    Telling,
    Topics,
    Zone,
    shown,
)
from rules.kinds.lookup import OF_KIND
from rules.language.expressions.expr import Conjunct
from rules.model import Change, Event, Kind, Sentence
from rules.text import catalogue, render

#: How far from a match an event is that fails a question which has no number: another zone is further than a low score.
_FAR = {"zone": 2.0}
#: What fails one of these is not what was meant: it is a near miss of nothing.
STRANGE = frozenset({"camera", "label", "change"})


#: What a label is of each kind, where it is no label of a detector.
_NAMED = {
    Kind.SIGNAL: "topic", Kind.CAMERA: "state", Kind.PLATE: "plate", Kind.OPERATOR: "act", Kind.ENGINE: "news",
    Kind.DECISION: "decision", Kind.MQTT: "topic",
}  # fmt: skip
_ENDS = frozenset({Change.ENDED})


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A value and the bound that it misses; `fact` says what is measured."""

    value: float
    bound: float
    fact: str = ""

    @property
    def margin(self) -> float:
        """How much is missing."""
        return abs(self.value - self.bound)

    @property
    def part(self) -> float:
        """How much is missing of the bound: 0..1."""
        return min(1.0, self.margin / (abs(self.bound) or 1.0))

    @property
    def told(self) -> Telling:
        """How a sentence says it."""
        values = {"is": figure(self.value, self.fact), "margin": figure(self.margin, self.fact)}
        return "explain.misses", values


@dataclass(frozen=True, slots=True)
class Criterion:
    """One question.

    Attributes:
        kind: What sort of question, e.g. ``zone``.
        wanted: What is asked for, e.g. ``zone gate`` or ``score ≥ 0.5``.
        told: How a sentence says that it does not hold.
        measure: The number that it looks at, also where it holds; None: there is none.
        unknown: Whether what it asks for is not known of an event; it does not hold then.
    """

    kind: str
    wanted: Telling
    test: Callable[[Event], bool]
    told: Callable[[Event], Telling]
    gap: Callable[[Event], Shortfall | None] = lambda _: None
    measure: Callable[[Event], Measure | None] = lambda _: None
    unknown: Callable[[Event], bool] = lambda _: False

    @property
    def name(self) -> str:
        """What is asked for, in plain words."""
        return render(*self.wanted, "en")

    def holds(self) -> Sentence:
        """Return the sentence that it holds."""
        return reasons.sentence([self.wanted, ("explain.holds", {})])

    def lost(self, event: Event) -> Sentence:
        """Return the sentence that it does not hold, with what was seen in place of it."""
        if (gap := self.gap(event)) is not None:
            return reasons.sentence([self.wanted, gap.told])
        told = self.told(event)
        return Sentence(*told) if told[0].startswith("explain.is") else reasons.sentence([self.wanted, told])

    def distance(self, event: Event) -> float:
        """Return how far an event that fails is from holding: less is nearer."""
        gap = self.gap(event)
        return _FAR.get(self.kind, 1.0) if gap is None else gap.part


@lru_cache(maxsize=4096)
def criteria(pattern: Matcher) -> tuple[Criterion, ...]:
    """Return every question that a pattern asks of an event of its kind."""
    return (*_indexed(pattern), *map(_condition, _alone(pattern)), *_equal(pattern))


@lru_cache(maxsize=4096)
def questions(pattern: Matcher) -> tuple[Criterion, ...]:
    """Return the same, each part of an expression for itself: its author asks which of them failed."""
    found: list[Criterion] = list(_indexed(pattern))
    for each in _alone(pattern):
        found += map(_part, each.expression.conjuncts) if isinstance(each, If) else [_condition(each)]
    return (*found, *_equal(pattern))


def linked(pattern: Matcher) -> tuple[Criterion, ...]:
    """Return what a step asks of the steps before it: questions of an event that knows those."""
    return _parts(pattern.linked)


def _parts(conditions: Iterable[Condition]) -> tuple[Criterion, ...]:
    found = (each.expression for each in conditions if isinstance(each, If))
    return tuple(_part(part) for expression in found for part in expression.conjuncts)


def pattern_told(pattern: Matcher) -> Sentence:
    """Return a pattern in a few words: what it is about and what it asks."""
    known = {"label"} if pattern.changes == _ENDS else {"label", "change"}
    if any(isinstance(each, Passing) for each in pattern.conditions):  # that names the zone
        known.add("zone")
    if any(isinstance(each, Moment) for each in pattern.conditions):  # that names the change
        known.add("change")
    asked = [
        Sentence(*facet.wanted)
        for facet in (*criteria(pattern), *_parts((*pattern.linked, *pattern.recalls)))
        if facet.kind not in known
    ]
    return listed([_subject(pattern), *asked])


def _subject(pattern: Matcher) -> Sentence:
    """Return what a pattern is about: of objects and crowds a label says it, of all else its kind as well."""
    kind = word(str(pattern.kind))
    if pattern.labels is None:
        return Sentence("explain.kind", {"kind": kind})
    labels = words(pattern.labels, _table(pattern.kind))
    if pattern.kind is Kind.OBJECT:
        return Sentence("explain.kind", {"kind": labels})
    return Sentence("explain.ask", {"what": kind, "wanted": labels})


def _alone(pattern: Matcher) -> Iterable[Condition]:
    return (each for each in pattern.conditions if each not in (*pattern.linked, *pattern.recalls))


def _indexed(pattern: Matcher) -> Iterable[Criterion]:
    """Yield what the index decides."""
    if pattern.cameras is not None:
        yield _member("camera", frozenset(pattern.cameras), lambda event: event.camera)
    if pattern.labels is not None:
        yield _labels(pattern.kind, pattern.labels)
    if len(pattern.changes) < 4 and OF_KIND[pattern.kind].lasts:  # else nothing is asked
        yield _change(frozenset(map(str, pattern.changes)))
    if pattern.zones is not None and not any(isinstance(each, Zone) for each in pattern.conditions):
        yield _zones(pattern.zones)


def _equal(pattern: Matcher) -> Iterable[Criterion]:
    told = {getattr(each, "fact", "") for each in pattern.conditions}
    for name, values in pattern.equal:
        if name not in told:
            yield _member(name, frozenset(map(str, values)), partial(_fact, name))


def _fact(name: str, event: Event) -> str:
    return str(event.facts.get(name, "–"))


def _labels(kind: Kind, labels: frozenset[str]) -> Criterion:
    """Return the question for a label, by what it is of such a kind: of a signal its topic."""
    what, table = _NAMED.get(kind, "label"), _table(kind)
    facet = _member(what, labels, lambda event: event.label, table)
    return replace(facet, kind="label")


def _table(kind: Kind) -> str:
    """Return in which table the labels of a kind have words."""
    return "word" if kind is Kind.CAMERA else "label"


def _member(
    kind: str, wanted: frozenset[str], value: Callable[[Event], str | None], table: str = ""
) -> Criterion:
    asked = words(wanted, table) if table else ", ".join(sorted(wanted))

    def told(event: Event) -> Telling:
        seen = value(event) or "–"
        said = word(seen, table) if table else seen
        return "explain.is", {"what": word(kind), "is": said, "wanted": asked}

    asks = "explain.ask", {"what": word(kind), "wanted": asked}
    return Criterion(kind, asks, lambda event: value(event) in wanted, told)


def _change(wanted: frozenset[str]) -> Criterion:
    def told(event: Event) -> Telling:
        return "explain.is_change", {"is": word(str(event.change)), "wanted": words(wanted)}

    asks = "explain.ask_change", {"wanted": words(wanted)}
    return Criterion("change", asks, lambda event: str(event.change) in wanted, told)


def _zones(wanted: frozenset[str]) -> Criterion:
    asked = ", ".join(sorted(wanted))

    def told(event: Event) -> Telling:
        return "explain.is", {"what": word("zone"), "is": ", ".join(event.zones) or "–", "wanted": asked}

    asks = "explain.ask", {"what": word("zone"), "wanted": asked}
    return Criterion("zone", asks, lambda event: not wanted.isdisjoint(event.zones), told)


def _condition(condition: Condition) -> Criterion:
    if isinstance(condition, Zone):
        return _zones(condition.wanted)
    kind, told, gap = type(condition).__name__.lower(), partial(_told, condition), partial(_gap, condition)
    measure, unknown = partial(measured, condition), partial(_unknown, condition)
    return Criterion(kind, wanted(condition), condition.test, told, gap, measure, unknown)


def _part(part: Conjunct) -> Criterion:
    """Return one part of an expression as a question."""

    def gap(event: Event) -> Shortfall | None:
        missed = expressions.missed(part, event)
        return None if missed is None else Shortfall(*missed)

    def told(event: Event) -> Telling:
        values = ((name, reader(event)) for name, reader in part.facts)
        return _seen(", ".join(f"{name} = {shown(value)}" for name, value in values))

    measure, unknown = partial(expressions.measured, part), partial(expressions.unknown, part)
    return Criterion("if", ("explain.ask_if", {"if": part.text}), part.test, told, gap, measure, unknown)


# -- in words ------------------------------------------------------------------------------------


def wanted(condition: Condition) -> Telling:
    """Return what a condition asks for."""
    match condition:
        case Score(above=above, below=below):
            return _bounds("score", above, below)
        case Number(fact=fact, above=above, below=below):
            return _bounds(fact, above, below)
        case Dwell(zones=zones, above=above):
            code = "explain.ask_dwell" if zones else "explain.ask_age"
            return code, {"zone": ", ".join(zones), "above": reasons.duration(above)}
        case Direction(middle=middle, tolerance=tolerance):
            return "explain.ask_heading", {"middle": figure(middle), "tolerance": figure(tolerance)}
        case Removed(above=above):
            return "explain.ask_removed", {"above": reasons.duration(above)}
        case If(expression=expression):
            return "explain.ask_if", {"if": expression.text}
    return _switch(condition)


def _switch(condition: Condition) -> Telling:
    match condition:
        case Passing(fact=fact, wanted=zones):
            return f"explain.ask_{fact}", {"zone": ", ".join(sorted(zones))}
        case Moment(change=change, fact=fact, marked=marked):
            return f"explain.ask_{fact if marked else change}", {}
        case OneOf(fact=fact, wanted=values):
            return "explain.ask", {"what": word(fact), "wanted": ", ".join(sorted(map(str, values)))}
        case Topics(wanted=topics):
            return "explain.ask", {"what": word("topic"), "wanted": ", ".join(topics)}
        case Flag(fact=fact, wanted=on):
            return _flag(fact, "on" if on else "off")
        case Lasts():
            return "explain.ask_lasts", {}
    return "explain.ask_other", {"what": word(type(condition).__name__.lower())}


def _flag(fact: str, way: str) -> Telling:
    code = f"explain.ask_{fact}_{way}"
    return (code, {}) if code in catalogue("en") else (f"explain.ask_{way}", {"what": word(fact)})


def _bounds(fact: str, above: float | None, below: float | None) -> Telling:
    if above is None:
        return "explain.ask_below", {"what": word(fact), "below": figure(below or 0.0, fact)}
    if below is None:
        return "explain.ask_above", {"what": word(fact), "above": figure(above, fact)}
    return "explain.ask_range", {
        "what": word(fact),
        "above": figure(above, fact),
        "below": figure(below, fact),
    }


def _told(condition: Condition, event: Event) -> Telling:
    """Return what was seen in place of what is asked for, where that is no number."""
    match condition:
        case OneOf(fact=fact, wanted=values):
            asked = ", ".join(sorted(map(str, values)))
            return "explain.is", {"what": word(fact), "is": _fact(fact, event), "wanted": asked}
        case Topics(wanted=topics):
            asked = ", ".join(topics)
            return "explain.is", {"what": word("topic"), "is": event.label or "–", "wanted": asked}
        case Removed() if event.change is not Change.ENDED:
            return "explain.there", {}
        case Number() | Score() | Dwell() | Direction():
            return "explain.unknown", {}
        case If(expression=expression):
            read = expression.values(event).items()
            return _seen(", ".join(f"{name} = {shown(value)}" for name, value in read))
    return "explain.fails", {}


def _unknown(condition: Condition, event: Event) -> bool:
    return _told(condition, event)[0] == "explain.unknown" and measured(condition, event) is None


def _seen(values: str) -> Telling:
    return ("explain.fails_with", {"values": values}) if values else ("explain.fails", {})


# -- how far -------------------------------------------------------------------------------------


def _gap(condition: Condition, event: Event) -> Shortfall | None:
    """Return the value that fails and the bound that it misses; None where there is no number."""
    match condition:
        case Score(above=above, below=below):
            return _outside(event.score, above, below)
        case Number(fact=fact, above=above, below=below):
            return _outside(condition.value(event), above, below, fact)
        case Dwell(above=above):
            return _outside(condition.value(event), above, None, "dwell")
        case Removed(above=above):
            return _stood(event, above)
        case Direction(middle=middle, tolerance=tolerance):
            return _turned(event, middle, tolerance)
    return None


def _stood(event: Event, above: float) -> Shortfall | None:
    if event.change is not Change.ENDED and event.facts.get("started") is not True:
        return None
    stood = event.facts.get("stood")
    return _outside(float(stood) if isinstance(stood, (int, float)) else 0.0, above, None, "stood")


def _turned(event: Event, middle: float, tolerance: float) -> Shortfall | None:
    heading = event.facts.get("heading")
    if not isinstance(heading, (int, float)) or (off := turned(heading, middle)) <= tolerance:
        return None
    return Shortfall(off, tolerance)


def _outside(
    value: float | None, above: float | None, below: float | None, fact: str = ""
) -> Shortfall | None:
    if value is None:
        return None
    if above is not None and value < above:
        return Shortfall(value, above, fact)
    return Shortfall(value, below, fact) if below is not None and value >= below else None
