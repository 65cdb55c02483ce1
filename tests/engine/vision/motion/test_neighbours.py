from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.vision.motion.neighbours import MAJORITY, ROWS, majority


def kept(
    marks: NDArray[np.uint8], cols: int, wanted: NDArray[np.uint8] | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.int16], int]:
    """Return what is left of marks (rows, wide), the cells per block, and the number of active blocks."""
    rows, wide = marks.shape
    high = -(-rows // 8)
    whole, out = np.zeros((2, high * 8, wide), np.uint8)
    whole[:rows] = marks
    counts = np.zeros((6, high, wide // 8), np.int16)
    places = np.zeros((counts[0].size, 2), np.int16)
    scratch = np.zeros((ROWS, wide + 8), np.uint8)
    nothing = np.zeros((0, 0), np.uint8)
    active = majority(
        whole, nothing if wanted is None else wanted, out, counts, places, scratch, rows, cols, MAJORITY, 6
    )
    np.testing.assert_array_equal(places[:active], np.argwhere(counts[0] >= 6))
    return out[:rows, :cols], counts[0], active


def expected(marks: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the same by the book."""
    rows, cols = marks.shape
    around = np.lib.stride_tricks.sliding_window_view(np.pad(marks, 1), (3, 3)).max((2, 3))
    bits = np.pad((marks > around // 4).astype(int), 2, mode="edge")
    found = np.lib.stride_tricks.sliding_window_view(bits, (5, 5)).sum((2, 3)) >= MAJORITY
    return np.asarray(found[:rows, :cols])


@settings(max_examples=25)
@given(st.integers(5, 30), st.integers(8, 40), st.floats(0.2, 0.9), st.integers(0, 2**32 - 1))
def test_it_is_the_majority_of_the_marks_that_are_not_edges(
    rows: int, cols: int, part: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    marks = np.zeros((rows, -(-cols // 8) * 8), np.uint8)
    marks[:, :cols] = rng.integers(1, 256, (rows, cols)) * (rng.random((rows, cols)) < part)
    found, counts, active = kept(marks, cols)
    np.testing.assert_array_equal(found.astype(bool), expected(marks[:, :cols]))
    assert counts.sum() == found.sum()
    assert active == (counts >= 6).sum()


def test_a_cell_alone_and_a_line_are_noise_a_square_is_not() -> None:
    marks = np.zeros((40, 40), np.uint8)
    marks[3, 5], marks[20, :], marks[30:36, 30:36] = 200, 200, 200
    found, _, _ = kept(marks, 40)
    assert not found[:27].any()
    assert found[31:35, 31:35].all()


def test_nothing_counts_where_nothing_is_wanted() -> None:
    marks = np.full((16, 16), 50, np.uint8)
    wanted = np.ones((16, 16), np.uint8)
    wanted[:, :8] = 0
    found, counts, active = kept(marks, 16, wanted)
    assert not found[:, :8].any()
    assert found[:, 8:].all()
    assert counts.tolist() == [[0, 64], [0, 64]]
    assert active == 2
