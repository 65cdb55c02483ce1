"""What speaks against a match, alone."""

from __future__ import annotations

from math import log

import pytest

from engine.vision.tracking.kinematics import Kinematics
from engine.vision.tracking.likeness import PARTIAL, colour_cost, forecast
from tests.engine.vision.tracking.sightings import BLUE, RED, Box

WHOLE: Box = (0.4, 0.2, 0.5, 0.6)
HEAD: Box = (0.4, 0.2, 0.5, 0.32)
LEGS: Box = (0.4, 0.45, 0.5, 0.6)
DRESSED = RED[:3] + BLUE[:3]


def test_a_part_where_it_belongs_costs_no_more_than_being_one() -> None:
    expected = forecast(Kinematics.of(WHOLE, 0.0), 0.0, None)
    whole = expected.cost(WHOLE)
    assert expected.cost(HEAD) == pytest.approx(whole + PARTIAL)
    assert expected.cost(LEGS) == pytest.approx(whole + PARTIAL)
    assert expected.cost((0.4, 0.3, 0.5, 0.42)) > whole + PARTIAL + 0.5  # at neither end


def test_a_part_has_the_colours_of_its_half() -> None:
    expected = forecast(Kinematics.of(WHOLE, 0.0), 0.0, DRESSED)
    assert expected.colour_cost(WHOLE, DRESSED) == 0.0
    assert expected.colour_cost(HEAD, RED) == expected.colour_cost(LEGS, BLUE) == 0.0
    assert min(expected.colour_cost(HEAD, BLUE), expected.colour_cost(LEGS, RED)) > 3.0


def test_colours_count_only_where_both_are_known_and_never_without_end() -> None:
    assert colour_cost(None, RED) == colour_cost(RED, None) == colour_cost(RED, RED) == 0.0
    off = [tuple(each + step for each in RED) for step in (5, 10, 20, 40)]
    costs = [colour_cost(RED, each) for each in off]
    assert costs == sorted(costs)
    assert costs[3] - costs[2] < 2 * log(4)  # four times the square
    assert 5.0 < colour_cost(RED, BLUE) < 12.0
