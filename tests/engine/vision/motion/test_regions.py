from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.vision.motion.flicker import HELD, RESTLESS, SOLID
from engine.vision.motion.ghosts import STILL
from engine.vision.motion.regions import LARGE, regions


def found(counts: NDArray[np.int16]) -> tuple[list[list[float]], list[int]]:
    """Return the boxes in blocks and the cells of each region."""
    high, wide = counts.shape[1:]
    boxes, cells = np.zeros((high * wide, 4), np.float32), np.zeros(high * wide + 1, np.int64)
    places = np.argwhere(counts[0]).astype(np.int16, order="C")
    queue = np.zeros((high * wide, 2), np.int16)
    number = regions(counts, places, boxes, cells, queue, 16, LARGE, 1 / wide, 1 / high)
    assert cells[-1] == cells[:number].sum()
    return (boxes[:number] * [wide, high, wide, high]).round(3).tolist(), cells[:number].tolist()


def test_blocks_join_across_corners_and_the_most_comes_first() -> None:
    counts = np.zeros((7, 5, 6), np.int16)
    counts[:2, [0, 1, 4, 4], [0, 1, 4, 5]] = [20, 20, 20, 40]
    before = counts[0].copy()
    assert found(counts) == ([[4, 4, 6, 5], [0, 0, 2, 2]], [60, 40])
    np.testing.assert_array_equal(counts[0], before)
    assert counts[2, 4, 4] == HELD + SOLID
    assert counts[2, 0, 0] == 0  # too small to be held


def test_what_does_not_change_is_neither_told_nor_held() -> None:
    counts = np.zeros((7, 5, 6), np.int16)
    counts[0, 2, 2:4] = 60
    assert found(counts) == ([], [])
    assert counts[2, 2, 2] == SOLID + STILL


def test_what_is_small_is_not_told_where_it_usually_flickers() -> None:
    counts = np.zeros((7, 5, 6), np.int16)
    counts[:2, 2, 2] = 30
    assert len(found(counts.copy())[0]) == 1
    counts[4] = RESTLESS
    assert found(counts.copy()) == ([], [])
    counts[:2, 2, 3:5] = 60  # now it holds together
    assert len(found(counts)[0]) == 1
