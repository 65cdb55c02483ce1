"""Metres by four points on the ground."""

from __future__ import annotations

from math import cos, hypot, radians, sin, tan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.geometry import Point
from rules.ground import Ground, Width, bearing

ASPECT = 16 / 9
LANE = [(0.2, 0.9), (0.8, 0.9), (0.6, 0.5), (0.4, 0.5)]


def seen(x: float, y: float, height: float, tilt: float) -> Point:
    """Return where a point of the ground is in the picture of a lens that looks along +y, 80 degrees wide."""
    down, focal = radians(tilt), 0.5 / tan(radians(40))
    depth = y * cos(down) + height * sin(down)
    return 0.5 + focal * x / depth, 0.5 - focal * ASPECT * (y * sin(down) - height * cos(down)) / depth


@given(
    st.floats(2.5, 8),
    st.floats(15, 40),
    st.floats(-3, 3),
    st.floats(4, 18),
    st.floats(0, 360),
    st.floats(0.5, 20),
)
def test_a_lens_over_flat_ground_is_undone(
    height: float, tilt: float, x: float, y: float, way: float, pace: float
) -> None:
    corners = ((-1.5, 4), (1.5, 4), (1.5, 14), (-1.5, 14))
    ground = Ground([seen(*corner, height, tilt) for corner in corners], 3, 10)
    here, step = seen(x, y, height, tilt), 1e-4
    there = seen(x + step * pace * sin(radians(way)), y + step * pace * cos(radians(way)), height, tilt)
    velocity = (there[0] - here[0]) / step, (there[1] - here[1]) / step
    spot, moved = ground.at(here), ground.moved(here, velocity, ASPECT)
    assert spot is not None
    assert moved is not None
    assert spot[0] == pytest.approx(x + 1.5, abs=1e-6)
    assert spot[1] == pytest.approx(y - 4, abs=1e-6)
    assert hypot(*moved) == pytest.approx(pace, rel=0.01)
    assert abs((bearing(moved) - way + 180) % 360 - 180) < 1


def test_corners_may_go_round_either_way() -> None:
    other = Ground([LANE[1], LANE[0], LANE[3], LANE[2]], 6, 20)
    for ground in (Ground(LANE, 6, 20), other):
        assert ground.flaw is None
        right, up = ground.moved((0.5, 0.9), (0.1, 0), ASPECT), ground.moved((0.5, 0.9), (0, -0.1), ASPECT)
        assert right is not None
        assert up is not None
        assert (round(bearing(right)), round(bearing(up)) % 360) == (90, 0)
        assert hypot(*right) == pytest.approx(1.0)


def test_at_the_horizon_nobody_can_say() -> None:
    ground = Ground(LANE, 6, 20)
    for y in (0.1, 0.3, 0.35):
        assert ground.at((0.5, y)) is None
        assert ground.moved((0.5, y), (0.1, 0.0), ASPECT) is None
    assert ground.at((0.5, 0.45)) is not None


@pytest.mark.parametrize(
    ("points", "flaw"),
    [
        (LANE, None),
        ([(0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7)], None),  # straight from above
        ([LANE[0], LANE[1], LANE[3], LANE[2]], "crossed"),
        ([(0.2, 0.9), (0.8, 0.9), (0.5, 0.8), (0.5, 0.5)], "crossed"),
        ([(0.3, 0.9), (0.5, 0.9), (0.7, 0.9), (0.4, 0.5)], "flat"),
        ([(0.50, 0.52), (0.52, 0.52), (0.52, 0.5), (0.5, 0.5)], "flat"),
        ([(0.4, 0.9), (0.6, 0.9), (0.8, 0.5), (0.2, 0.5)], "horizon"),
    ],
)
def test_what_is_wrong_with_points(points: list[Point], flaw: str | None) -> None:
    assert Ground(points, 3, 10).flaw == flaw


def test_a_picture_of_known_width() -> None:
    assert Width(20).moved((0.5, 0.5), (0.1, 0.1), 2.0) == (2.0, -1.0)
