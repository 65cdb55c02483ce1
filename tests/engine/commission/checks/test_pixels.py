"""Figures of pictures whose figures are known."""

from __future__ import annotations

import av
import numpy as np
import pytest

from engine.commission.checks.pixels import Figures, figures


def measured(levels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], format_: str = "yuvj420p") -> Figures:
    picture = np.repeat(levels[:, :, None], 3, 2)
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=format_)
    return figures(frame)


@pytest.mark.parametrize("format_", ["yuv420p", "yuvj420p", "gray"])
def test_a_grey_picture_is_as_grey_however_it_is_coded(format_: str) -> None:
    found = measured(np.full((120, 160), 128, np.uint8), format_)
    assert found.mean == pytest.approx(128, abs=2)
    assert (found.black, found.white) == (0, 0)
    assert found.spread < 1
    assert found.sharpness < 1


def test_black_and_white_shares() -> None:
    levels = np.full((120, 160), 128, np.uint8)
    levels[:30], levels[:, :16] = 0, 255
    found = measured(levels)
    assert found.black == pytest.approx(0.25 * 0.9, abs=0.02)
    assert found.white == pytest.approx(0.1, abs=0.02)


def test_edges_in_the_middle_make_it_sharp_and_those_at_the_border_do_not() -> None:
    middle, border = np.full((120, 160), 100, np.uint8), np.full((120, 160), 100, np.uint8)
    middle[40:80:4, 50:110] = 200
    border[:20:4, :] = 200
    assert measured(middle).sharpness > 100 * max(1.0, measured(border).sharpness)


def test_a_blurred_picture_is_less_sharp() -> None:
    rng = np.random.default_rng(1)
    sharp = rng.integers(0, 255, (120, 160)).astype(np.float64)
    blurred = (sharp + np.roll(sharp, 1, 0) + np.roll(sharp, 1, 1) + np.roll(sharp, (1, 1), (0, 1))) / 4
    assert measured(blurred.astype(np.uint8)).sharpness < 0.3 * measured(sharp.astype(np.uint8)).sharpness


def test_of_a_very_large_picture_every_second_pixel_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.commission.checks.pixels.MOST", 160 * 120 // 4)
    levels = np.full((120, 160), 128, np.uint8)
    levels[:, 1::2] = 255
    assert measured(levels, "gray").mean == pytest.approx(128, abs=2)


def test_a_picture_of_a_few_pixels_has_figures() -> None:
    assert measured(np.full((4, 4), 9, np.uint8)).sharpness == 0
