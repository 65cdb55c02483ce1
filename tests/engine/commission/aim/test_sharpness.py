"""Sharpness: falls with every bit of blur, and is left alone by light and noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commission.aim.sharpness import sharpness
from engine.vision.quality.plane import CENTRE, Region
from tests.engine.commission.aim.scenes import blurred, street, taken


def score(picture: object) -> float:
    found = sharpness(picture)  # type: ignore[arg-type]  # an array of the scenes
    assert found is not None
    return found.score


@pytest.mark.parametrize("noise", [0.0, 3.0, 8.0])
def test_every_turn_of_the_lens_is_heard(noise: float) -> None:
    """From far out of focus to sharp it rises at every step, noise or not."""
    scene = street()
    scores = [score(taken(blurred(scene, radius), noise=noise)) for radius in (6, 4, 3, 2, 1.4, 1, 0.6)]
    assert scores == sorted(scores)
    assert scores[-1] > 4 * scores[0]


def test_noise_is_no_sharpness() -> None:
    """A grainy picture out of focus does not beat a clean one in focus; its grain hardly counts."""
    scene = street()
    soft, grainy = taken(blurred(scene, 4)), taken(blurred(scene, 4), noise=8)
    assert score(grainy) < 1.5 * score(soft)
    assert score(grainy) < score(taken(blurred(scene, 2)))


@pytest.mark.parametrize(("gain", "offset"), [(0.5, 0), (0.6, 80), (1.0, 20)])
def test_light_is_no_sharpness(gain: float, offset: float) -> None:
    scene = blurred(street(), 1)
    assert score(taken(scene * gain + offset)) == pytest.approx(score(taken(scene)), rel=0.2)


@pytest.mark.parametrize("level", [0, 16, 128, 255])
@pytest.mark.parametrize("noise", [0.0, 2.0, 10.0])
def test_a_wall_or_a_cap_tells_nothing(level: float, noise: float) -> None:
    assert sharpness(taken(np.full((360, 640), float(level)), noise=noise)) is None


def test_only_the_region_counts() -> None:
    scene = street()
    half = np.concatenate((blurred(scene, 5)[:, :320], scene[:, 320:]), axis=1)
    left, right = (sharpness(taken(half), Region(x, 0.2, x + 0.3, 0.8)) for x in (0.1, 0.6))
    assert left is not None
    assert right is not None
    assert right.score > 2 * left.score


@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (15, 200), (20, 20)])
def test_a_tiny_picture_tells_nothing(shape: tuple[int, int]) -> None:
    assert sharpness(np.zeros(shape, np.uint8)) is None


@given(
    st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**31),
    st.tuples(*[st.floats(-2, 3)] * 4),
)  # fmt: skip
def test_any_picture_and_any_region_are_borne(
    height: int, width: int, seed: int, corners: tuple[float, ...]
) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    found = sharpness(picture, Region(*corners))
    assert found is None or (np.isfinite(found.score) and found.score >= 0)


def test_the_centre_is_the_middle_quarter() -> None:
    picture = np.zeros((100, 200), np.uint8)
    assert CENTRE.of(picture).shape == (50, 100)
