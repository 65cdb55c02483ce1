"""Which look: what is cut out, and for which size of the model's input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.vision import crops
from engine.vision.boxes import area, shared
from engine.vision.model import Boxes

WIDE, SQUARE = (1920, 1080), ((416, 416),)
SIZES = ((416, 256), (352, 288), (320, 192), (640, 384))


def boxes(*each: tuple[float, float, float, float]) -> Boxes:
    return np.array(each, np.float32)


def test_small_regions_share_a_part_and_far_ones_do_not() -> None:
    near = boxes((0.1, 0.1, 0.13, 0.2), (0.15, 0.12, 0.18, 0.2))
    far = boxes((0.1, 0.1, 0.13, 0.2), (0.85, 0.7, 0.9, 0.85))
    assert [len(crops.plan(each, WIDE, SQUARE)) for each in (near, far)] == [1, 2]
    grid = [(x / 10, y / 10, x / 10 + 0.03, y / 10 + 0.05) for x in range(9) for y in range(9)]
    for sizes in (SQUARE, SIZES):
        assert len(crops.plan(boxes(*grid), WIDE, sizes)) <= crops.MOST
    assert crops.plan(boxes((0.05, 0.1, 0.9, 0.95)), WIDE, SQUARE) == [crops.whole(WIDE, SQUARE)]
    assert crops.whole(WIDE, SQUARE).rect == pytest.approx((0, -420, 1920, 1500))


@pytest.mark.parametrize(
    ("picture", "size"),
    [
        ((1920, 1080), (416, 256)),
        ((640, 480), (352, 288)),
        ((704, 576), (352, 288)),
        ((1080, 1920), (352, 288)),
    ],
)
def test_a_whole_picture_gets_the_cheapest_shape_that_fits_it(
    picture: tuple[int, int], size: tuple[int, int]
) -> None:
    assert crops.whole(picture, SIZES).size == size
    assert crops.finest(picture, SIZES).size == (640, 384)


def test_who_is_near_gets_the_small_shape_and_a_row_of_people_far_off_the_large_one() -> None:
    near, row = boxes((0.4, 0.4, 0.5, 0.65)), boxes((0.05, 0.5, 0.95, 0.58))
    assert [part.size for part in crops.plan(near, WIDE, SIZES)] == [(320, 192)]
    assert [part.size for part in crops.plan(row, WIDE, SIZES)] == [(640, 384)]


def test_what_is_seen_too_small_gets_a_look_of_its_own() -> None:
    whole = crops.whole(WIDE, SIZES)
    small, large, other = (0.5, 0.5, 0.52, 0.58), (0.2, 0.2, 0.4, 0.9), (0.1, 0.5, 0.12, 0.58)
    assert [crops.is_close(whole, each, WIDE, SIZES) for each in (small, large)] == [False, True]
    told = crops.closer([whole], [small, large], WIDE, SIZES)
    assert [part.size for part in told] == [(416, 256), (320, 192)]
    assert crops.is_close(told[1], small, WIDE, SIZES)
    assert crops.closer(told, [small], WIDE, SIZES) == told
    assert len(crops.closer([whole], [small, other, (0.8, 0.1, 0.82, 0.18)], WIDE, SIZES)) == 1 + crops.MOST


def test_what_no_look_of_its_own_would_show_better_needs_none() -> None:
    tiny = (320, 240)  # a camera's every pixel is seen in the whole
    assert crops.closer([crops.whole(tiny, SIZES)], [(0.5, 0.5, 0.53, 0.6)], tiny, SIZES) == [
        crops.whole(tiny, SIZES)
    ]
    only = ((192, 192),)
    row = (0.0, 0.5, 1.0, 0.55)  # as wide as the picture
    assert crops.is_close(crops.whole(WIDE, only), row, WIDE, only)


_side = st.floats(0, 1, width=32)


@given(
    st.lists(st.tuples(_side, _side, _side, _side), min_size=1, max_size=12),
    st.sampled_from([WIDE, (640, 480), (320, 240), (1080, 1920)]),
    st.sampled_from([SIZES, SQUARE, ((192, 192),)]),
)
def test_every_region_is_in_a_part_of_the_inputs_aspect(
    corners: list[tuple[float, float, float, float]], picture: tuple[int, int], sizes: tuple[crops.Size, ...]
) -> None:
    regions = boxes(*((min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in corners))
    parts = crops.plan(regions, picture, sizes)
    assert 1 <= len(parts) <= crops.MOST
    for part in parts:
        (x0, y0, x1, y1), (wide, high) = part.rect, part.size
        assert part.size in sizes
        assert (x1 - x0) / wide == pytest.approx((y1 - y0) / high)
        assert part.shrink >= crops.ZOOM - 1e-9
    for region in (regions * np.array(picture * 2, np.float32)).tolist():
        assert any(shared(tuple(region), part.rect) >= area(tuple(region)) * 0.999 - 1e-3 for part in parts)


def test_the_whole_picture_is_shown_where_a_part_is_no_cheaper() -> None:
    row = boxes((0.3, 0.4, 0.9, 0.5))  # far off: only the finest size will do
    assert crops.plan(row, (640, 360), SIZES) == [crops.finest((640, 360), SIZES)]
    assert crops.plan(row, (1280, 720), SIZES) != [crops.finest((1280, 720), SIZES)]
