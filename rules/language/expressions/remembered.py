"""What expressions ask of the past, and the rules' memory answers: numbers over a time, counters."""

from __future__ import annotations

from dataclasses import dataclass

from rules.kinds.fact_types import Reader

#: Functions of a number over a time, and of the one before.
OVER_TIME = ("avg", "low", "high", "delta", "rate")
#: Seconds for which the number before is known.
BEFORE = 86400.0


@dataclass(frozen=True, slots=True)
class Sampled:
    """A number over a time, of each subject for itself.

    Attributes:
        fact: By which name an event carries the answer.
        series: What is remembered: the same for all functions of one number over one time.
        seconds: How long.
        read: The number, of one event; None: it has none.
    """

    fact: str
    function: str
    series: str
    seconds: float
    read: Reader


@dataclass(frozen=True, slots=True)
class Tallied:
    """How often a counter has counted.

    Attributes:
        fact: By which name an event carries the answer.
        seconds: In so many seconds; 0: since it began anew.
    """

    fact: str
    counter: str
    seconds: float
