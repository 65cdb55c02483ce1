"""Reference pictures: how far a camera was moved, by day and night, and when that cannot be told."""

from __future__ import annotations

import numpy as np
import pytest

from engine.vision.quality.reference import compared
from tests.engine.commission.aim.scenes import blurred, street, taken, window

SCENE = blurred(street(3, 900, 520), 0.7)
HERE = window(SCENE, 130, 80, 640, 360)


@pytest.mark.parametrize("across", [-90, -26, 0, 13, 64])
@pytest.mark.parametrize("below", [-36, 0, 18])
def test_a_shift_is_measured(across: int, below: int) -> None:
    found = compared(taken(HERE), taken(window(SCENE, 130 + across, 80 + below, 640, 360), noise=4))
    assert found is not None
    assert found.known
    assert found.right == pytest.approx(across / 640, abs=0.006)
    assert found.down == pytest.approx(below / 360, abs=0.008)
    assert found.moved == (max(abs(across), abs(below)) > 6)


@pytest.mark.parametrize("scale", [0.87, 0.93, 1.07, 1.15])
def test_a_zoom_is_measured(scale: float) -> None:
    """Seen through a longer lens: less of the scene, larger."""
    rows, columns = ((np.arange(size) - size / 2) / scale + size / 2 for size in (360, 640))
    zoomed = SCENE[np.ix_((rows + 80).round().astype(int), (columns + 130).round().astype(int))]
    found = compared(taken(HERE), taken(zoomed))
    assert found is not None
    assert found.known
    assert found.moved
    assert found.scale == pytest.approx(scale, abs=0.025)


def test_night_is_no_move() -> None:
    """Darker, flatter, grainy, one half lit by a lamp and the other not, out of focus: the place is the same."""
    lamp = np.linspace(0.9, 0.25, 640)[None, :]
    night = taken(blurred(HERE, 1.2) * lamp * 0.5 + 10, noise=4)
    found = compared(taken(HERE), night)
    assert found is not None
    assert found.known
    assert not found.moved


def test_a_passer_by_is_no_move() -> None:
    picture = taken(HERE)
    picture[100:330, 200:330] = 40
    found = compared(taken(HERE), picture)
    assert found is not None
    assert found.known
    assert not found.moved


@pytest.mark.parametrize("seed", range(20, 32))
def test_another_place_is_not_told_as_a_move(seed: int) -> None:
    found = compared(taken(HERE), taken(blurred(street(seed), 0.7), noise=3))
    assert found is not None
    assert not found.known
    assert not found.moved


@pytest.mark.parametrize("level", [0, 128, 255])
def test_black_fog_and_glare_tell_nothing(level: int) -> None:
    assert compared(taken(HERE), np.full((360, 640), level, np.uint8)) is None
    assert compared(np.full((360, 640), level, np.uint8), taken(HERE)) is None


def test_grain_alone_is_no_place() -> None:
    found = compared(taken(HERE), taken(np.full((360, 640), 90.0), noise=12))
    assert found is None or not found.known


def test_sizes_may_differ() -> None:
    """The reference is of one profile, the picture of another."""
    found = compared(taken(HERE), taken(HERE[::2, ::2]))
    assert found is not None
    assert not found.moved
    assert found.known


def test_a_tiny_picture_tells_nothing() -> None:
    assert compared(taken(HERE), np.zeros((8, 8), np.uint8)) is None
