"""What a pattern asks of an event, one question at a time: what coverage counts and explanations name.

The evaluator asks through its index and its closures; here each question stands alone, with the value that
it looked at, its bound, and how far they are apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from rules.compiler.if_condition import If
from rules.compiler.ruleset import Matcher
from rules.geometry import turned
from rules.kinds.conditions import (
    Condition,
    Direction,
    Dwell,
    Moment,
    Number,
    Passing,
    Score,
    Telling,
    Zone,
    shown,
)
from rules.kinds.lookup import OF_KIND
from rules.model import Event, Fact

#: How far from a match an event is that fails a question: another camera is further than a low score.
_FAR = {"camera": 8.0, "label": 4.0, "change": 3.0, "zone": 2.0}


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A value and the bound that it misses."""

    value: float
    bound: float

    @property
    def margin(self) -> float:
        """How much is missing."""
        return abs(self.value - self.bound)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One question.

    Attributes:
        name: In the words of the rule file, e.g. ``zone gate`` or ``score ≥ 0.5``.
        kind: What sort of question, e.g. ``zone``.
        lost: How a reason says that it does not hold.
    """

    name: str
    kind: str
    test: Callable[[Event], bool]
    lost: Callable[[Event], Telling]
    gap: Callable[[Event], Shortfall | None] = lambda _: None

    def distance(self, event: Event) -> float:
        """Return how far an event that fails is from holding: less is nearer."""
        gap = self.gap(event)
        part = 1.0 if gap is None else min(1.0, gap.margin / (abs(gap.bound) or 1.0))
        return _FAR.get(self.kind, part)


@lru_cache(maxsize=4096)
def criteria(pattern: Matcher) -> tuple[Criterion, ...]:
    """Return every question that a pattern asks of an event of its kind."""
    found: list[Criterion] = []
    if pattern.cameras is not None:
        found.append(_member("camera", frozenset(pattern.cameras), lambda event: event.camera))
    if pattern.labels is not None:
        found.append(_member("label", pattern.labels, lambda event: event.label))
    if len(pattern.changes) < 4 and OF_KIND[pattern.kind].lasts:  # else nothing is asked
        found.append(_member("change", frozenset(map(str, pattern.changes)), lambda event: str(event.change)))
    if pattern.zones is not None and not any(isinstance(each, Zone) for each in pattern.conditions):
        found.append(_zones(pattern.zones))
    found += (
        _condition(each) for each in pattern.conditions if each not in (*pattern.linked, *pattern.recalls)
    )
    told = {getattr(each, "fact", "") for each in pattern.conditions}
    for name, values in pattern.equal:
        if name not in told:
            found.append(_member(name, frozenset(map(str, values)), _fact(name)))
    return tuple(found)


def _fact(name: str) -> Callable[[Event], str]:
    return lambda event: str(event.facts.get(name, "?"))


def _member(kind: str, wanted: frozenset[str], value: Callable[[Event], str | None]) -> Criterion:
    shown = ", ".join(sorted(wanted))

    def lost(event: Event) -> Telling:
        return "explain.is", {"what": kind, "is": value(event) or "–", "wanted": shown}

    return Criterion(f"{kind} {shown}", kind, lambda event: value(event) in wanted, lost)


def _zones(wanted: frozenset[str]) -> Criterion:
    shown = ", ".join(sorted(wanted))

    def lost(event: Event) -> Telling:
        return "explain.is", {"what": "zone", "is": ", ".join(event.zones) or "–", "wanted": shown}

    return Criterion(f"zone {shown}", "zone", lambda event: not wanted.isdisjoint(event.zones), lost)


def _condition(condition: Condition) -> Criterion:
    if isinstance(condition, Zone):
        return _zones(condition.wanted)
    kind = type(condition).__name__.lower()

    def lost(event: Event) -> Telling:
        gap = _gap(condition, event)
        if gap is None:
            values: Mapping[str, Fact] = {"wanted": describe(condition), "is": _told(condition, event)}
            return "explain.fails", values
        values = {"wanted": describe(condition), "is": round(gap.value, 4), "margin": round(gap.margin, 4)}
        return "explain.misses", values

    return Criterion(describe(condition), kind, condition.test, lost, lambda event: _gap(condition, event))


def describe(condition: Condition) -> str:
    """Return a condition in the words of the rule file."""
    match condition:
        case Score(above=above, below=below):
            return f"score{_bounds(above, below)}"
        case Number(fact=fact, above=above, below=below):
            return f"{fact}{_bounds(above, below)}"
        case Dwell(zones=zones, above=above):
            return f"dwell{' ' + ', '.join(zones) if zones else ''} ≥ {above:g}"
        case Direction(middle=middle, tolerance=tolerance):
            return f"heading {middle:g}° ± {tolerance:g}°"
        case Passing(fact=fact, wanted=wanted):
            return f"{fact} {', '.join(sorted(wanted))}"
        case Moment(change=change, fact=fact, marked=marked):
            return f"change {fact if marked else change}"
        case If(expression=expression):
            return f"if {expression.text}"
    told = (_plain(getattr(condition, name)) for name in getattr(condition, "__dataclass_fields__", ()))
    return " ".join((type(condition).__name__.lower(), *(each for each in told if each)))


def _plain(value: object) -> str:
    if isinstance(value, (frozenset, tuple)):
        return ", ".join(sorted(map(str, value)))
    return str(value) if isinstance(value, (str, int, float, bool)) else ""


def _bounds(above: float | None, below: float | None) -> str:
    low = "" if above is None else f" ≥ {above:g}"
    return low + ("" if below is None else f" < {below:g}")


def _gap(condition: Condition, event: Event) -> Shortfall | None:
    """Return the value that fails and the bound that it misses; None where there is no number."""
    match condition:
        case Score(above=above, below=below):
            return _outside(event.score, above, below)
        case Number(above=above, below=below):
            return _outside(condition.value(event), above, below)
        case Dwell(above=above):
            return _outside(condition.value(event), above, None)
        case Direction(middle=middle, tolerance=tolerance):
            heading = event.facts.get("heading")
            known = isinstance(heading, (int, float))
            return (
                _outside(turned(float(heading), middle), None, tolerance)
                if known and heading is not None
                else None
            )
    return None


def _outside(value: float | None, above: float | None, below: float | None) -> Shortfall | None:
    if value is None:
        return None
    if above is not None and value < above:
        return Shortfall(value, above)
    return Shortfall(value, below) if below is not None and value >= below else None


def _told(condition: Condition, event: Event) -> str:
    """Return the values that a condition looked at."""
    if isinstance(condition, If):
        return (
            ", ".join(
                f"{name} = {shown(value)}" for name, value in condition.expression.values(event).items()
            )
            or "–"
        )
    fact = getattr(condition, "fact", "")
    return str(event.facts.get(fact, "–")) if fact else "–"
