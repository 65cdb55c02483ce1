"""Exposure: brightness, what is lost, and what to think of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commission.aim.exposure import STEPS, Verdict, exposure
from tests.engine.commission.aim.scenes import street, taken


@pytest.mark.parametrize(
    ("level", "verdict"),
    [
        (0, "black"),
        (12, "black"),
        (30, "dark"),
        (41, "right"),
        (199, "right"),
        (210, "bright"),
        (255, "bright"),
    ],
)
def test_even_pictures(level: int, verdict: str) -> None:
    found = exposure(np.full((90, 160), level, np.uint8))
    assert found.verdict == verdict
    assert found.mean == pytest.approx(level)


def test_what_is_lost_is_told() -> None:
    picture = taken(street())
    assert exposure(picture).verdict is Verdict.RIGHT
    picture[:20] = 255
    assert exposure(picture).verdict is Verdict.BURNT
    assert exposure(picture).bright == pytest.approx(100 * 20 / 360, abs=0.3)
    picture[:36] = 0
    found = exposure(picture)
    assert found.verdict is Verdict.CRUSHED
    assert found.dark == pytest.approx(10, abs=0.3)


def test_a_narrow_range_is_stretched() -> None:
    black, white = (exposure(np.full((8, 8), level, np.uint8), full=False) for level in (16, 235))
    assert (black.mean, black.dark) == (0, 100)
    assert white.mean == pytest.approx(255)
    assert white.bright == 100


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**31), st.booleans())
def test_shares_are_shares(height: int, width: int, seed: int, full: bool) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    found = exposure(picture, full=full)
    assert len(found.histogram) == STEPS
    assert sum(found.histogram) == pytest.approx(100)
    assert 0 <= found.mean <= 255.001
