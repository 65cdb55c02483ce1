from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from engine.vision.model import Motion
from engine.vision.motion.tuning import STANDARD
from engine.vision.tuner.flicker import COLUMNS, ROWS, Flicker, confined, flicker, polygons
from engine.vision.tuner.journey import Box, agreed, journeys
from engine.vision.tuner.trial import Trial
from rules.geometry import surface


def trial(*pictures: Sequence[Box]) -> Trial:
    made = [np.array(boxes, np.float32).reshape(-1, 4) for boxes in pictures]
    return Trial(STANDARD, tuple(Motion(0.1 if len(boxes) else 0.0, boxes) for boxes in made))


def at(x: float, y: float = 0.5, size: float = 0.1) -> Box:
    return x, y, x + size, y + size


def walk(count: int = 20, begin: float = 0.0, step: float = 0.04) -> list[list[Box]]:
    return [[at(begin + n * step)] for n in range(count)]


def times(count: int) -> list[float]:
    return [n / 5 for n in range(count)]


def test_what_gets_somewhere_is_a_journey() -> None:
    (found,) = journeys(trial(*walk()), times(20))
    assert (found.first, found.last) == (0, 19)
    assert found.size == pytest.approx(0.01, abs=1e-4)
    assert found.places[10] == pytest.approx(at(0.4), abs=1e-4)


def test_what_is_unseen_for_a_moment_is_the_same_and_longer_is_another() -> None:
    blink = walk()
    blink[8:11] = [[], [], []]
    blink[11] = [at(0.42)]
    (found,) = journeys(trial(*blink), times(20))
    assert len(found.places) == 20  # those between are reckoned
    gone = [*walk(10), *[[]] * 6, *walk(10, 0.4)]
    assert len(journeys(trial(*gone), times(26))) == 2


@pytest.mark.parametrize(
    "pictures",
    [
        [[at(0.5 + 0.05 * (n % 2))] for n in range(40)],  # sways
        [[at(0.1)] if n % 2 else [at(0.8)] for n in range(40)],  # here and there
        [[at(0.5)] for _ in range(40)],  # stands
        walk(3, step=0.2),  # seen for a moment
    ],
    ids=["sways", "jumps", "stands", "moment"],
)
def test_what_goes_nowhere_is_none(pictures: list[list[Box]]) -> None:
    assert journeys(trial(*pictures), times(len(pictures))) == ()


def test_two_who_pass_each_other_are_two() -> None:
    pair = [[at(n * 0.04, 0.2), at(0.8 - n * 0.04, 0.7)] for n in range(20)]
    assert len(journeys(trial(*pair), times(20))) == 2


def test_a_journey_counts_where_two_trials_agree_and_once() -> None:
    one = journeys(trial(*walk()), times(20))
    other = journeys(trial(*[[], *walk()[1:]]), times(20))
    assert len(agreed([one, other, one])) == 1
    assert agreed([one, ()]) == ()


def test_what_a_journey_explains_does_not_flicker() -> None:
    steps = walk()
    steps[7] = [at(0.28), at(0.8, 0.1)]
    seen = trial(*steps)
    known = journeys(seen, times(20))
    assert known[0].shown(seen) == 1.0
    found = flicker(seen, known)
    assert found.numbers == (7,)
    assert found.rate.max() == 1 / 20
    assert flicker(seen, ()).numbers == tuple(range(20))


def _map(rate: dict[tuple[int, int], float], lasting: int = 8) -> Flicker:
    cells, stretches = np.zeros((ROWS, COLUMNS)), np.zeros((ROWS, COLUMNS), np.int64)
    for place, value in rate.items():
        cells[place], stretches[place] = value, lasting
    return Flicker((), cells, stretches, ())


def test_a_restless_place_is_ignored_with_what_belongs_to_it() -> None:
    found = _map({(3, 3): 0.5, (3, 4): 0.02, (3, 5): 0.004, (10, 20): 0.3, (10, 21): 0.3})
    first, second = polygons(found)
    assert surface(first) == pytest.approx(2 / (ROWS * COLUMNS), rel=0.05)
    assert min(x for x, _ in second) == pytest.approx(20 / COLUMNS)


def test_what_moved_for_a_while_only_is_not_ignored() -> None:
    assert polygons(_map({(3, 3): 0.5}, lasting=2)) == ()
    assert polygons(_map({(3, 3): 0.03})) == ()


def test_a_corner_near_the_border_lies_on_it() -> None:
    ((*corners,),) = polygons(_map({(1, 1): 0.5, (0, 1): 0.5}))
    assert min(y for _, y in corners) == 0.0
    assert min(x for x, _ in corners) == 0.0


def test_a_way_within_a_restless_place_is_a_gust() -> None:
    (way,) = journeys(trial(*walk()), times(20))
    road = {(9, column): 0.3 for column in range(COLUMNS)}
    assert confined(way, _map(road))
    assert not confined(way, _map({(2, column): 0.3 for column in range(COLUMNS)}))
    assert not confined(way, _map(road, lasting=2))
