"""The types of facts, and what reads a fact of an event."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import inf
from typing import NamedTuple

from rules.model import Event, Fact

NUMBER, TEXT, SWITCH = "number", "text", "switch"
#: Of a fact that expressions ask by functions alone, and not by its name.
UNNAMED = ""
#: What stands for the time since an earlier step, among the facts of it.
SINCE = "since"
Reader = Callable[[Event], Fact | None]
#: Among the facts of a kind: it stands in zones; the seconds in each of them.
ZONES, DWELL = "zones", "dwell:"
#: Read of the box of an event, in shares of the picture.
BOX = ("x", "y", "width", "height")
#: Not the fact of an act that is called so: the name `rule`, of a decision.
DECIDER = "rule:"
#: Of everything that a camera with a PTZ head tells.
HEAD = {"preset": TEXT, "ptz_moving": UNNAMED}


#: Numbers beyond it are no measurement; NaN neither.
_LARGEST = 1e15


def measured(value: Fact | None) -> float | None:
    """Return a value that is a measurement; None: it is none."""
    return value if isinstance(value, (int, float)) and -_LARGEST < value < _LARGEST else None


class Bound(NamedTuple):
    """What must be true of a number, so that something holds: it is known, and from `low` to `high` (both within).

    It need not be enough. Who reads the same number has the same `read`, so that the index cuts by it once.
    """

    read: Reader
    low: float = -inf
    high: float = inf


def score_of(event: Event) -> Fact | None:
    """Return how sure the source of an event is."""
    return event.score


@cache
def carried(name: str) -> Reader:
    """Return what reads a fact as an event carries it, always the same function for the same name."""
    return lambda event: event.facts.get(name)


def unnamed(*names: str) -> dict[str, str]:
    """Return facts that are asked by functions alone, or that are read of the event itself."""
    return dict.fromkeys(names, UNNAMED)
