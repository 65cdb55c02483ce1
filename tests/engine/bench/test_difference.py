from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bench.difference import Verdict, differences
from engine.bench.precision import Case, average_precision
from engine.bench.tally import Tally, average, counted, tally

HERE, THERE = (0, 0, 10, 10), (20, 0, 30, 10)
NONE = np.empty((0, 4), np.float32)


def a_case(scores: list[float], right: list[bool], objects: int) -> Case:
    """Return a picture whose findings are right or not as told; there are at least as many objects as were found."""
    places = np.array(
        [(i * 20, 0, i * 20 + 10, 10) for i in range(len(scores) + objects)], np.float32
    ).reshape(-1, 4)
    found = places[: len(scores)]
    truth = np.concatenate([found[np.array(right, bool)], places[len(scores) :]])
    return Case(found, np.array(scores, np.float32), truth)


@given(
    st.lists(st.tuples(st.lists(st.booleans(), max_size=4), st.integers(0, 2)), min_size=1, max_size=6),
    st.integers(0, 99),
)
def test_weights_are_pictures_told_so_often(drawn: list[tuple[list[bool], int]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = iter(
        rng.permutation(np.linspace(0.02, 1, 24)).tolist()
    )  # no two alike: their order would be free
    given = [a_case([next(scores) for _ in right], right, objects) for right, objects in drawn]
    times = rng.integers(0, 4, len(given))
    expected = average_precision([case for case, n in zip(given, times, strict=True) for _ in range(n)])
    got = average(tally(given, range(len(given)), len(given)), times.astype(np.float64))
    assert got is None if expected is None else got == pytest.approx(expected)


def test_pictures_of_a_clip_are_one_unit() -> None:
    sums = tally([a_case([0.9], [True], 0), a_case([], [], 1), a_case([0.5], [False], 0)], [0, 0, 1], 2)
    assert sums.objects.tolist() == [2, 0]
    assert sums.unit.tolist() == [0, 1]
    assert average(sums, np.array([1.0, 1.0])) == 0.5
    assert average(sums, np.array([0.0, 1.0])) is None


def test_what_is_told_at_a_score_is_right_or_not() -> None:
    sums = tally([a_case([0.9, 0.5, 0.3], [True, False, True], 1)], [0], 1)
    at = counted(sums, 0.45)
    assert (at.found, at.false, at.objects) == (1, 1, 3)
    assert at.precision == 0.5
    assert at.recall == pytest.approx(1 / 3)
    nothing = counted(tally([a_case([0.1], [False], 0)], [0], 1), 0.45)
    assert (nothing.precision, nothing.recall) == (None, None)


def world(units: int, sure: float, seed: int) -> Tally:
    """Return a model that finds three objects in each unit with a probability, and one that is not there."""
    rng = np.random.default_rng(seed)
    given = [
        a_case(rng.uniform(0.1, 1, 4).tolist(), [*(rng.random(3) < sure).tolist(), False], 0)
        for _ in range(units)
    ]
    made = tally(given, range(units), units)
    return Tally(made.scores, made.right, made.unit, np.full(units, 3))


def verdict(a: Tally, b: Tally, units: int) -> Verdict | None:
    each, mean = differences({"person": (a, b)}, units, seed=1)
    assert (mean is None) == (not each)
    return mean.verdict if mean else None


def test_what_is_clearly_better_is_called_better_either_way() -> None:
    poor, good = world(40, 0.3, 1), world(40, 0.9, 2)
    assert verdict(poor, good, 40) is Verdict.B
    assert verdict(good, poor, 40) is Verdict.A


def test_equal_ones_are_mostly_called_even(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.bench.difference.ROUNDS", 100)
    told = [verdict(world(25, 0.6, 2 * n), world(25, 0.6, 2 * n + 1), 25) for n in range(20)]
    assert told.count(Verdict.EVEN) >= 16


def test_the_interval_holds_the_value_and_is_narrower_with_more() -> None:
    few, many = (
        differences({"person": (world(n, 0.5, 3), world(n, 0.6, 4))}, n, seed=1)[1] for n in (20, 200)
    )
    assert few is not None
    assert many is not None
    assert few.low <= few.value <= few.high
    assert many.high - many.low < (few.high - few.low) / 2


def test_too_few_say_nothing() -> None:
    assert verdict(world(19, 0.1, 1), world(19, 1.0, 2), 19) is None
    rare = Tally(np.array([0.9]), np.array([True]), np.array([0]), np.array([1, 1, 1, 1, *[0] * 30]))
    assert verdict(rare, rare, 34) is None


def test_a_clip_counts_once_however_many_pictures_it_has() -> None:
    """The same pictures say less where they are moments of few clips."""
    rng = np.random.default_rng(5)
    clips = 20
    good = rng.random(clips) < 0.6  # whole clips are easy for B

    def model(right: list[bool], units: list[int], count: int) -> Tally:
        return tally([a_case([0.9 if ok else 0.2], [ok], 0 if ok else 1) for ok in right], units, count)

    pictures = [number for number in range(clips) for _ in range(10)]
    b, a = [bool(good[n]) for n in pictures], [bool(rng.random() < 0.5) for _ in pictures]
    alone = differences({"car": (model(a, list(range(200)), 200), model(b, list(range(200)), 200))}, 200, 1)[
        1
    ]
    grouped = differences({"car": (model(a, pictures, clips), model(b, pictures, clips))}, clips, 1)[1]
    assert alone is not None
    assert grouped is not None
    assert alone.value == pytest.approx(grouped.value)
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)


def test_a_class_that_was_not_drawn_is_no_loss() -> None:
    """Of a class in five units of twenty some rounds draw no object: they say nothing of it."""
    right = Tally(np.full(5, 0.9), np.ones(5, bool), np.arange(5), np.array([1] * 5 + [0] * 15))
    none = Tally(np.empty(0), np.empty(0, bool), np.empty(0, np.int64), right.objects)
    each, mean = differences({"animal": (none, right)}, 20, seed=1)
    assert (each["animal"].low, each["animal"].high) == (1.0, 1.0)
    assert mean is not None
    assert mean.verdict is Verdict.B
