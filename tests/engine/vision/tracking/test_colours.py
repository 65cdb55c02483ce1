from __future__ import annotations

import av
import numpy as np
import pytest

from engine.vision.picture import colours

BOXES = np.array([[0.2, 0.2, 0.6, 0.8], [0.9, 0.9, 1.0, 1.0], [0.5, 0.5, 0.5, 0.5]], np.float32)


def dressed(form: str) -> av.VideoFrame:
    """Draw a red shirt over blue trousers on grey."""
    drawn = np.full((96, 160, 3), 128, np.uint8)
    drawn[19:48, 32:96] = (220, 30, 30)
    drawn[48:77, 32:96] = (30, 30, 220)
    return av.VideoFrame.from_ndarray(drawn, format="rgb24").reformat(format=form)


@pytest.mark.parametrize("form", ["yuv420p", "nv12", "yuv422p", "yuv444p"])
def test_a_box_is_told_by_the_colours_of_its_halves(form: str) -> None:
    upper_y, upper_u, upper_v, _, lower_u, lower_v = colours(dressed(form), BOXES)[0]
    assert upper_y < 128
    assert (upper_v > 190, upper_u < 128) == (True, True)  # red
    assert (lower_u > 190, lower_v < 128) == (True, True)  # blue
    assert colours(dressed(form), BOXES)[1] == pytest.approx([126, 128, 128] * 2, abs=2)


def test_grey_has_no_colour_and_no_box_no_row() -> None:
    assert colours(dressed("gray"), BOXES)[0, [1, 2, 4, 5]].tolist() == [128] * 4
    assert colours(dressed("yuv420p"), np.empty((0, 4), np.float32)).shape == (0, 6)
