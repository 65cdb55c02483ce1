from __future__ import annotations

import numpy as np
import pytest

from engine.vision.motion.kernel import flat
from engine.vision.motion.shake import shift, steady


def blocked(picture: np.ndarray) -> np.ndarray:
    high, wide = picture.shape[0] // 8, picture.shape[1] // 8
    return np.ascontiguousarray(
        picture.reshape(high, 8, wide, 8).transpose(0, 2, 1, 3).reshape(high, wide, 64)
    )


@pytest.mark.parametrize(("right", "down"), [(0, 0), (3, 0), (-5, 2), (7, -6)])
def test_a_shift_is_found_whatever_the_light(right: int, down: int) -> None:
    wall = np.random.default_rng(3).integers(40, 200, (30, 40)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
    here = wall[24 - down : 204 - down - 4, 32 - right : 288 - right]
    there = wall[24:200, 32:288]
    found = shift(blocked((here * 0.7).astype(np.uint8)), blocked(there).astype(np.int16) * 64)
    assert found == pytest.approx((right, down), abs=0.25)


@pytest.mark.parametrize(("right", "down"), [(9, 0), (-7, 2), (5, -2)])
def test_a_fence_that_sways_by_half_a_cell_is_known_again(right: int, down: int) -> None:
    rng = np.random.default_rng(0)
    fence = rng.integers(40, 200, 700) + rng.integers(-20, 20, (50, 1)).repeat(8, 0)

    def cells(right: int, down: int) -> np.ndarray:
        seen = fence[20 - down : 372 - down, 20 - right : 660 - right]
        return blocked(seen.reshape(176, 2, 320, 2).mean((1, 3)).astype(np.uint8))

    found = shift(cells(right, down), cells(0, 0).astype(np.int16) * 64)
    assert found == pytest.approx((right / 2, down / 2), abs=0.25)


def test_where_nothing_is_alike_nothing_is_known() -> None:
    rng = np.random.default_rng(4)
    one, other = (blocked(rng.integers(0, 255, (64, 96)).astype(np.uint8)) for _ in range(2))
    assert shift(one, other.astype(np.int16)) == (0.0, 0.0)


def test_a_picture_is_drawn_back_by_whole_and_half_pixels() -> None:
    picture = np.random.default_rng(5).integers(0, 255, (24, 32)).astype(np.uint8)
    out = np.empty_like(picture)
    steady(*flat(picture), out, 3 * 16, -2 * 16)
    np.testing.assert_array_equal(out[2:, :-3], picture[:-2, 3:])
    steady(*flat(picture), out, 8, 0)
    mean = (picture[:, :-1].astype(int) + picture[:, 1:]) / 2
    assert np.abs(out[:, :-1] - mean).max() <= 0.5
