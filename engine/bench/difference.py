"""Whether one of two models is better by more than chance: the paired bootstrap. Pure arithmetic.

Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993, chapters 8 and 13: units are drawn with replacement,
as many as there are, both models are judged on the same drawn ones, and the middle 95 % of the differences are the
interval. Whole units are drawn, never pictures of one: pictures of a clip are alike, and to count each as news would
make the interval too small. Of few units it is too small anyway (Cameron, Gelbach and Miller, *Bootstrap-Based
Improvements for Inference with Clustered Errors*, 2008): below `FEWEST` nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from engine.bench.tally import Floats, Tally, average

#: How often units are drawn.
ROUNDS = 1000
#: Of the differences, what lies within the interval.
SURE = 0.95
#: Fewer units than this say nothing, nor does a class whose objects lie in fewer than the second. Of two equal
#: models one was called better in 13 of 100 drawn worlds of 10 units, in 10 of 15, in 8 of 20 (`bench_verdict.py`).
FEWEST, FEWEST_OF_A_CLASS = 20, 5


class Verdict(StrEnum):
    """Which is better."""

    A = "a"
    B = "b"
    EVEN = "even"  #: no difference that so many units can show
    FEW = "few"  #: too few units, or objects in them, to say anything


@dataclass(frozen=True, slots=True)
class Difference:
    """What B has more than A: the value, and from where to where it is with `SURE`."""

    value: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """Which is better: the interval does not hold 0."""
        if self.low > 0:
            return Verdict.B
        return Verdict.A if self.high < 0 else Verdict.EVEN


Pair = tuple[Tally, Tally]  #: one class, by A and by B


def enough(sums: Tally) -> bool:
    """Return whether a class has enough objects to be counted."""
    return int((sums.objects > 0).sum()) >= FEWEST_OF_A_CLASS


def differences(
    pairs: Mapping[str, Pair], units: int, seed: int
) -> tuple[dict[str, Difference], Difference | None]:
    """Return the difference in AP50 of each class with enough objects, and of their mean.

    Args:
        pairs: By class.
        units: How many there are; below `FEWEST` nothing is said.
        seed: Of what is drawn.
    """
    told = {name: pair for name, pair in pairs.items() if enough(pair[0])}
    if units < FEWEST or not told:
        return {}, None
    chosen = list(told.values())
    drawn = np.array([list(_gained(chosen, weights)) for weights in _weights(units, seed)])
    values = np.array(list(_gained(chosen, np.ones(units))))
    each = {name: _interval(values[i], drawn[:, i]) for i, name in enumerate(told)}
    said = drawn[np.isfinite(drawn).any(axis=1)]  # else no object at all was drawn
    return each, _interval(values.mean(), np.nanmean(said, axis=1))


def _weights(units: int, seed: int) -> Iterator[Floats]:
    """Yield how often each unit was drawn, once for each round."""
    rng = np.random.default_rng(seed)
    for _ in range(ROUNDS):
        yield np.bincount(rng.integers(0, units, units), minlength=units).astype(np.float64)


def _gained(pairs: Sequence[Pair], weights: Floats) -> Iterator[float]:
    """Yield what B has more than A of each class; NaN: no object of it was drawn."""
    for a, b in pairs:
        mine, other = average(a, weights), average(b, weights)
        yield np.nan if mine is None or other is None else other - mine


def _interval(value: float, drawn: Floats) -> Difference:
    low, high = np.nanquantile(drawn, [(1 - SURE) / 2, (1 + SURE) / 2])
    return Difference(float(value), float(low), float(high))
