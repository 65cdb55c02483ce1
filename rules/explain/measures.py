"""The number that a question looks at, and its bound: also where it holds, so that a bar can be drawn of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from rules.explain.words import TIMES
from rules.geometry import turned
from rules.kinds.conditions import Condition, Direction, Dwell, Number, Removed, Score
from rules.model import Event, Fact


@dataclass(frozen=True, slots=True)
class Measure:
    """A value and the bound that it is held against; `fact` says what is measured."""

    value: float
    bound: float
    fact: str = ""

    @property
    def unit(self) -> str:
        """``s`` where both are seconds, else nothing."""
        return "s" if self.fact in TIMES else ""

    @property
    def near(self) -> float:
        """How near a value is to a bound that it misses: 0..1, 1 is there."""
        missing = abs(self.value - self.bound) / (abs(self.bound) or 1.0)
        return max(0.0, 1.0 - missing)


def measured(condition: Condition, event: Event) -> Measure | None:
    """Return what a condition looks at; None: it is no number, or nobody knows it."""
    match condition:
        case Score(above=above, below=below):
            return _within(event.score, above, below, "score")
        case Number(fact=fact, above=above, below=below):
            return _within(condition.value(event), above, below, fact)
        case Dwell(above=above):
            return _within(condition.value(event), above, None, "dwell")
        case Removed(above=above):
            return _within(event.facts.get("stood"), above, None, "stood")
        case Direction(middle=middle, tolerance=tolerance):
            heading = number(event.facts.get("heading"))
            return None if heading is None else Measure(turned(heading, middle), tolerance)
    return None


def number(value: Fact | None) -> float | None:
    """Return a number that one can reckon with; None for all else."""
    right = isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
    return float(value) if right and isinstance(value, (int, float)) else None


def _within(told: Fact | None, above: float | None, below: float | None, fact: str) -> Measure | None:
    value = number(told)
    bound = below if above is None or (below is not None and value is not None and value >= below) else above
    return None if value is None or bound is None else Measure(value, bound, fact)
