"""Conjuncts of a pattern: whether each holds of an event, and how a reason names it, then and afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Protocol

from rules.geometry import turned
from rules.kinds.fact_types import Bound, Reader, carried, score_of
from rules.model import Change, Event, Fact
from rules.topics import on_topic

#: A part of a reason: its code, and the values that it names.
Telling = tuple[str, Mapping[str, Fact]]


class Condition(Protocol):
    """One conjunct."""

    def test(self, event: Event) -> bool:
        """Return whether it holds."""
        ...

    def told(self, event: Event) -> Telling:
        """Return how a reason names it while it holds."""
        ...

    def lost(self, event: Event) -> Telling:
        """Return how a reason names it when it no longer holds."""
        ...


@dataclass(frozen=True, slots=True)
class Zone:
    """It is within one of some zones."""

    wanted: frozenset[str]

    def test(self, event: Event) -> bool:
        """Return whether it holds."""
        return not self.wanted.isdisjoint(event.zones)

    def told(self, event: Event) -> Telling:
        """Return the zones in which it is."""
        return "reason.zone", {"zone": ", ".join([name for name in event.zones if name in self.wanted])}

    def lost(self, event: Event) -> Telling:
        """Return the zones that it has left."""
        return "reason.over_zone", {"zone": ", ".join(sorted(self.wanted))}


@dataclass(frozen=True, slots=True)
class Score:
    """A score is ``>= above`` and ``< below``; without a score it does not hold."""

    above: float | None
    below: float | None

    def test(self, event: Event) -> bool:
        """Return whether it holds."""
        score = event.score
        if score is None or not (self.above is None or score >= self.above):  # NaN is neither more nor less
            return False
        return self.below is None or score < self.below

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """What must be true of a number where it holds: the index cuts by it."""
        return (_bound(score_of, self.above, self.below),)

    def told(self, event: Event) -> Telling:
        """Return the score and its bounds."""
        score = event.score or 0.0
        if self.below is None:
            return "reason.above", {"score": score, "above": self.above or 0.0}
        if self.above is None:
            return "reason.below", {"score": score, "below": self.below}
        return "reason.within", {"score": score, "above": self.above, "below": self.below}

    def lost(self, event: Event) -> Telling:
        """Return the score that is not enough."""
        return "reason.over_score", {"score": event.score or 0.0}


@dataclass(frozen=True, slots=True)
class Number:
    """A fact that is a number lies within bounds; without the fact it does not hold.

    Attributes:
        fact: Its name in the event; `code` its name in reasons (``reason.number_<code>``).
        least: A fact that says that it is this much at least: then nobody knows whether it is below a bound.
    """

    fact: str
    code: str
    above: float | None = None
    below: float | None = None
    least: str = ""

    def value(self, event: Event) -> float | None:
        """Return the number, None where the event has none."""
        value = event.facts.get(self.fact)
        return value if isinstance(value, (int, float)) else None

    def test(self, event: Event) -> bool:
        """Return whether it holds."""
        value = self.value(event)
        if value is None or not (self.above is None or value >= self.above):  # NaN is neither more nor less
            return False
        return self.below is None or (value < self.below and event.facts.get(self.least) is not True)

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """What must be true of a number where it holds: the index cuts by it."""
        return (_bound(carried(self.fact), self.above, self.below),)

    def told(self, event: Event) -> Telling:
        """Return the number and its bounds."""
        shown = "?" if (value := self.value(event)) is None else short(value)
        above = "" if self.above is None else f" ≥ {self.above:g}"
        below = "" if self.below is None else f" < {self.below:g}"
        return f"reason.number_{self.code}", {f"{self.code}_is": f"{shown}{above}{below}"}

    def lost(self, event: Event) -> Telling:
        """Return the number that is out of its bounds."""
        shown = "?" if (value := self.value(event)) is None else short(value)
        return f"reason.over_{self.code}", {f"{self.code}_is": shown}


@dataclass(frozen=True, slots=True)
class Dwell:
    """It was within one of some zones (none: in the picture) for so many seconds altogether."""

    zones: tuple[str, ...]
    above: float

    def value(self, event: Event) -> float:
        """Return the seconds in the zone where it was longest."""
        names = [f"dwell:{zone}" for zone in self.zones] or ["age"]
        return max(_number(event.facts.get(name)) for name in names)

    def test(self, event: Event) -> bool:
        """Return whether it holds."""
        return self.value(event) >= self.above

    def told(self, event: Event) -> Telling:
        """Return the time and its bound."""
        return "reason.number_dwell", {"dwell_is": f"{short(self.value(event))} ≥ {self.above:g}"}

    def lost(self, event: Event) -> Telling:
        """Return the time that is too short."""
        return "reason.over_dwell", {"dwell_is": short(self.value(event))}


def _number(value: Fact | None) -> float:
    return value if isinstance(value, (int, float)) and value == value else 0.0


def _bound(read: Reader, above: float | None, below: float | None) -> Bound:
    return Bound(read, -inf if above is None else above, inf if below is None else below)


@dataclass(frozen=True, slots=True)
class Direction:
    """It moves within some degrees of a direction."""

    middle: float
    tolerance: float

    def test(self, event: Event) -> bool:
        """Return whether it holds."""
        heading = event.facts.get("heading")
        return isinstance(heading, (int, float)) and turned(heading, self.middle) <= self.tolerance

    def told(self, event: Event) -> Telling:
        """Return the direction and what was asked for."""
        heading = _number(event.facts.get("heading"))
        low, high = (self.middle - self.tolerance) % 360, (self.middle + self.tolerance) % 360
        return "reason.heading", {"heading_is": f"{heading:.0f}° ∈ {low:.0f}°–{high:.0f}°"}

    def lost(self, event: Event) -> Telling:
        """Return where it moves now."""
        return "reason.over_heading", {"heading_is": f"{_number(event.facts.get('heading')):.0f}°"}


@dataclass(frozen=True, slots=True)
class OneOf:
    """A fact that is text is one of some; `code` is its name in reasons (``reason.is_<code>``)."""

    fact: str
    code: str
    wanted: frozenset[Fact]

    def test(self, event: Event) -> bool:
        """Return whether it holds."""
        return event.facts.get(self.fact) in self.wanted

    def told(self, event: Event) -> Telling:
        """Return which it is."""
        return f"reason.is_{self.code}", {self.code: event.facts.get(self.fact, "?")}

    def lost(self, event: Event) -> Telling:
        """Return that it is none of them any more."""
        return "reason.over", {}


@dataclass(frozen=True, slots=True)
class Passing:
    """It has just come into (``entered``) or gone out of (``left``) one of some zones."""

    fact: str
    wanted: frozenset[str]

    def test(self, event: Event) -> bool:
        """Return whether it holds."""
        told = event.facts.get(self.fact)
        return isinstance(told, str) and not self.wanted.isdisjoint(told.split())

    def told(self, event: Event) -> Telling:
        """Return which zones."""
        names = str(event.facts.get(self.fact, "")).split()
        return f"reason.{self.fact}", {"zone": ", ".join(name for name in names if name in self.wanted)}

    def lost(self, event: Event) -> Telling:
        """Return that the moment is over."""
        return "reason.over", {}


@dataclass(frozen=True, slots=True)
class Moment:
    """It is the moment when something was first seen, is gone, or cannot be looked at any more.

    Attributes:
        fact: What marks a beginning or an end of another sort (`again`, `unknown`); empty: any is meant.
        marked: Whether the other sort is meant.
    """

    change: Change
    fact: str = ""
    marked: bool = False

    def test(self, event: Event) -> bool:
        """Return whether it holds."""
        return event.change is self.change and (event.facts.get(self.fact) is True) is self.marked

    def told(self, event: Event) -> Telling:
        """Return which moment."""
        return f"reason.{self.fact if self.marked else self.change}", {}

    def lost(self, event: Event) -> Telling:
        """Return that the moment is over."""
        return "reason.over", {}


@dataclass(frozen=True, slots=True)
class Removed:
    """It had stood still for so many seconds, and is gone or moves."""

    above: float

    def test(self, event: Event) -> bool:
        """Return whether it holds."""
        gone = event.change is Change.ENDED or event.facts.get("started") is True
        return gone and _number(event.facts.get("stood")) >= self.above

    def told(self, event: Event) -> Telling:
        """Return how long it had stood."""
        return "reason.removed", {"stood_is": f"{short(_number(event.facts.get('stood')))} ≥ {self.above:g}"}

    def lost(self, event: Event) -> Telling:
        """Return that the moment is over."""
        return "reason.over", {}


@dataclass(frozen=True, slots=True)
class Flag:
    """A switch is on (or `wanted` is false, and it is not); `code` names it, empty: it needs no telling."""

    fact: str
    wanted: bool
    code: str = ""

    def test(self, event: Event) -> bool:
        """Return whether it holds."""
        return (event.facts.get(self.fact) is True) is self.wanted

    def told(self, event: Event) -> Telling:
        """Return that it holds."""
        return (f"reason.{self.code}" if self.code else "reason.nothing"), {}

    def lost(self, event: Event) -> Telling:
        """Return that it no longer does."""
        return "reason.over", {}


@dataclass(frozen=True, slots=True)
class Lasts:
    """What begins and ends under one name has not ended."""

    names: frozenset[str]

    def test(self, event: Event) -> bool:
        """Return whether it holds."""
        return event.change is not Change.ENDED or event.label not in self.names

    def told(self, event: Event) -> Telling:
        """Return nothing: the subject says it."""
        return "reason.nothing", {}

    def lost(self, event: Event) -> Telling:
        """Return that it no longer does."""
        return "reason.over", {}


@dataclass(frozen=True, slots=True)
class Topics:
    """A message's topic is one of some, in which ``+`` stands for a level and ``#`` for the rest."""

    wanted: tuple[str, ...]

    def test(self, event: Event) -> bool:
        """Return whether it holds."""
        return on_topic(self.wanted, event.label or "")

    def told(self, event: Event) -> Telling:
        """Return nothing: the subject names the topic already."""
        return "reason.nothing", {}

    def lost(self, event: Event) -> Telling:
        """Return that it is another topic."""
        return "reason.over", {}


def shown(value: Fact | None) -> str:
    """Return a value as a reason names it."""
    if value is None:
        return "–"  # asked for, and the event has none
    if isinstance(value, bool):
        return str(value).lower()
    return short(value) if isinstance(value, float) else str(value)


def short(value: float) -> str:
    """Return a number with three digits that count, and never with an exponent where it is of use to nobody."""
    return f"{value:.3g}" if abs(value) < 1000 or abs(value) >= 1e9 else f"{value:.0f}"
