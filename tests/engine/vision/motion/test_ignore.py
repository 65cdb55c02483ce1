from __future__ import annotations

import numpy as np

from engine.vision.motion.ignore import inside


def test_a_square_covers_the_cells_whose_middle_is_in_it() -> None:
    found = inside([((0.25, 0.5), (0.75, 0.5), (0.75, 1.0), (0.25, 1.0))], 4, 8)
    expected = np.zeros((4, 8), np.bool_)
    expected[2:, 2:6] = True
    np.testing.assert_array_equal(found, expected)


def test_polygons_add_up_and_one_that_crosses_itself_has_a_hole() -> None:
    left, right = ((0, 0), (0.25, 0), (0.25, 1), (0, 1)), ((0.75, 0), (1, 0), (1, 1), (0.75, 1))
    found = inside([left, right], 2, 4)
    assert found.tolist() == [[True, False, False, True]] * 2
    assert not inside([], 3, 3).any()
    bow = inside([((0, 0), (1, 1), (1, 0), (0, 1))], 3, 3)
    assert not bow[[0, 2], 1].any()  # above and below the knot
