from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.commands.vision.terminal_picture import BOX, GREY, IGNORED, Marks, half_blocks, rows_for
from engine.commands.vision.timeline import BARS, axis, bars


def test_the_highest_of_each_stretch_counts() -> None:
    assert bars([0, 0, 8, 0, 4, 4, 0, 0], 4) == " █▄ "
    assert bars([0.0, 0.0], 2) == "  "
    assert bars([0, 0.001, 100], 3) == " ▁█"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=400), st.integers(1, 120))
def test_a_plot_is_as_wide_as_it_should_be(values: list[float], width: int) -> None:
    drawn = bars(values, width)
    assert len(drawn) == width
    assert set(drawn) <= set(BARS)
    assert ("█" in drawn) == (max(values) > 0)


def test_the_clock_stands_at_each_quarter() -> None:
    assert axis(60, 41) == "00:00     00:15     00:30     00:45     01:00"


def test_a_picture_has_its_greys_and_its_marks() -> None:
    grey = np.zeros((180, 320), np.uint8)
    grey[:, 160:] = 255
    marks = Marks(boxes=[(0.1, 0.1, 0.4, 0.9)], ignored=[((0.6, 0.2), (0.9, 0.2), (0.9, 0.8))])
    rows = rows_for(40, 16 / 9)
    drawn = half_blocks(grey, marks, 40, rows)
    assert (len(drawn), rows) == (11, 11)
    assert all(row.count("▀") == 40 for row in drawn)
    told = "".join(drawn)
    assert {f"38;5;{each};" in told for each in (GREY, GREY + 23, BOX, IGNORED)} == {True}


def test_what_flickers_is_red_and_the_picture_shows_through() -> None:
    heat = np.zeros((18, 32))
    heat[:9, :16] = 0.5
    drawn = half_blocks(np.full((180, 320), 128, np.uint8), Marks(heat=heat), 32, 9)
    assert "5;196" in drawn[0]
    assert "5;244" in drawn[0]
    assert "5;196" not in drawn[8]
