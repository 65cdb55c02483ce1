"""What happened over time, in one line each: figures as bars, stretches as marks, the clock below. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

from engine.vision.tuner.proposal import Outcome
from engine.vision.tuner.reasons import clock

N = TypeVar("N", int, float)
BARS = " ▁▂▃▄▅▆▇█"
#: Nothing told; something that flickers; something that passes through.
QUIET, FLICKERS, PASSES = "·", "░", "━"


def bars(values: Sequence[float], width: int) -> str:
    """Return figures as bars, the highest of each stretch against the highest of all; nothing is a blank."""
    peak = max(values, default=0) or 1
    heights = (max(each, default=0) / peak for each in _stretches(values, width))
    return "".join(BARS[0 if each <= 0 else max(1, round(each * (len(BARS) - 1)))] for each in heights)


def marks(outcome: Outcome, passing: Sequence[bool], width: int) -> str:
    """Return what each stretch showed: quiet, flicker, or something that passed through, which goes first.

    Args:
        passing: Of each picture, whether something passes through.
    """
    restless = set(outcome.flicker.numbers)
    kinds = [2 if passes else 1 if number in restless else 0 for number, passes in enumerate(passing)]
    return "".join((QUIET, FLICKERS, PASSES)[max(each, default=0)] for each in _stretches(kinds, width))


def axis(seconds: float, width: int) -> str:
    """Return the clock below: a time at each quarter."""
    row = [" "] * (width + 5)
    for quarter in range(5):
        at = round(quarter * (width - 1) / 4)
        row[at : at + 5] = clock(seconds * quarter / 4)
    return "".join(row).rstrip()


def _stretches(values: Sequence[N], width: int) -> list[Sequence[N]]:
    """Return values in so many groups, in their order; a value stands in several where there are fewer."""
    count = len(values)
    edges = [number * count // width for number in range(width + 1)]
    return [values[first : max(last, first + 1)] for first, last in pairwise(edges)]
