"""The compiled passes do what plain numpy would."""

from __future__ import annotations

import numpy as np
import pytest

from engine.vision.quality.grid import TAPS, shrunk, slopes
from engine.vision.quality.kernel import differences


@pytest.mark.parametrize("size", [(96, 100), (144, 176), (361, 643), (1080, 1920)])
def test_a_grid_is_of_means(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(size)
    wide = rng.integers(0, 256, (size[0], size[1] + 32), np.uint8)
    for luma in (wide[:, : size[1]], wide[:, : size[1]].copy()):
        down, across = max(1, round(size[0] / 90)), max(1, round(size[1] / 160))
        cells = luma[: size[0] // down * down, : size[1] // across * across]
        means = cells.reshape(size[0] // down, down, -1, across).mean((1, 3), dtype=np.float64)
        found = shrunk(luma)
        assert found.shape == means.shape
        if down <= TAPS and across <= TAPS:
            assert np.allclose(found, means, atol=1e-3)
        assert abs(float(found.mean() - means.mean())) < 1


def test_slopes_are_central_differences() -> None:
    cells = np.random.default_rng(1).uniform(0, 255, (90, 160)).astype(np.float32)
    found = slopes(cells)
    assert np.allclose(found.across, cells[1:-1, 2:] - cells[1:-1, :-2])
    assert np.allclose(found.down, cells[2:, 1:-1] - cells[:-2, 1:-1])
    assert np.allclose(found.steep, found.across**2 + found.down**2, rtol=1e-5)


def test_differences_are_absolute() -> None:
    before, now = np.random.default_rng(2).integers(0, 256, (2, 5, 40), np.uint8)
    parts = np.empty((5, 2), np.float32)
    differences(before, now, 8, parts)
    plain = np.abs(before[:, :32:2].astype(int) - now[:, :32:2]).reshape(5, 2, 8).mean(2)
    assert np.allclose(parts, plain)
