"""Which boxes are of one object, alone."""

from __future__ import annotations

import pytest

from engine.vision.tracking.kinship import completed, is_changed, is_cut, is_one, is_part_of, is_upper
from tests.engine.vision.tracking.sightings import Box

WHOLE: Box = (0.4, 0.2, 0.5, 0.6)
HEAD: Box = (0.41, 0.2, 0.49, 0.32)
#: Overlaps the whole by 0.48, less than a rider's width.
ASIDE: Box = (0.435, 0.2, 0.535, 0.6)
#: More than half of it is in the whole, and too little for a part.
SEATED: Box = (0.4, 0.45, 0.5, 0.68)


@pytest.mark.parametrize(
    ("one", "box", "other", "so"),
    [
        ("person", ASIDE, "person", True),
        ("person", ASIDE, "two_wheeler", True),
        ("car", ASIDE, "heavy", True),
        ("person", ASIDE, "car", False),
        ("person", ASIDE, "moving", False),
        ("person", HEAD, "person", True),
        ("person", HEAD, "car", False),
        ("person", SEATED, "person", False),
    ],
)
def test_two_boxes_of_one_picture_are_one_object(one: str, box: Box, other: str, so: bool) -> None:
    assert is_one(one, box, other, WHOLE) is so
    assert is_one(other, WHOLE, one, box) is so


def test_who_sits_down_is_found_in_another_extent() -> None:
    assert is_changed("person", SEATED, "person", WHOLE)
    assert is_changed("person", WHOLE, "person", SEATED)
    assert not is_changed("person", SEATED, "two_wheeler", WHOLE)
    assert not is_changed("person", (0.4, 0.55, 0.5, 0.9), "person", WHOLE)


@pytest.mark.parametrize(
    ("part", "cut"),
    [
        (HEAD, True),
        (WHOLE, False),
        ((0.4, 0.2, 0.5, 0.44), False),  # not that much lower
        ((0.44, 0.2, 0.48, 0.3), False),  # too narrow
        ((0.35, 0.2, 0.5, 0.3), False),  # too wide
    ],
)
def test_a_part_is_as_wide_as_its_whole_and_much_lower(part: Box, cut: bool) -> None:
    assert is_cut(part, WHOLE) is cut


def test_a_part_shows_where_its_whole_is_by_its_nearer_end() -> None:
    head, legs = (0.42, 0.21, 0.5, 0.35), (0.42, 0.45, 0.5, 0.61)
    assert (is_upper(head, WHOLE), is_upper(legs, WHOLE)) == (True, False)
    assert completed(head, WHOLE) == pytest.approx((0.41, 0.21, 0.51, 0.61))
    assert completed(legs, WHOLE) == pytest.approx((0.41, 0.21, 0.51, 0.61))


@pytest.mark.parametrize(
    ("label", "other", "part"),
    [
        ("person", "person", True),
        ("car", "heavy", True),
        ("animal", "person", True),  # a limb that was taken for one
        ("person", "animal", False),  # who leads it
        ("two_wheeler", "car", False),  # who rides beside it
        ("person", "car", False),
    ],
)
def test_what_stands_before_something_is_no_part_of_it(label: str, other: str, part: bool) -> None:
    assert is_part_of(label, (0.2, 0.4, 0.3, 0.8), other, (0.1, 0.4, 0.6, 0.8)) is part
    assert not is_part_of(other, (0.1, 0.4, 0.6, 0.8), label, (0.2, 0.4, 0.3, 0.8))
