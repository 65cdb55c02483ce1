"""Pixel density by both editions of IEC 62676-4."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commission.aim.density import CLASSES_2014, CLASSES_2025, density, held


@pytest.mark.parametrize(
    ("per_metre", "old", "new"),
    [
        (12.4, "", ""),
        (12.5, "monitor", ""),
        (20, "monitor", "overview"),
        (25, "detect", "overview"),
        (62.5, "observe", "outline"),
        (125, "recognise", "perceive"),
        (250, "identify", "characterise"),
        (499, "identify", "characterise"),
        (1500, "identify", "scrutinise"),
    ],
)
def test_classes(per_metre: float, old: str, new: str) -> None:
    assert (held(CLASSES_2014, per_metre), held(CLASSES_2025, per_metre)) == (old, new)


def test_a_person_of_known_height() -> None:
    """1.70 m over 425 of 1080 rows: 250 px/m."""
    found = density((0.5, 0.2), (0.5, 0.2 + 425 / 1080), 1.7, 1920, 1080)
    assert found is not None
    assert found.per_metre == pytest.approx(250)
    assert (found.old, found.new) == ("identify", "characterise")
    assert found.metres_across == pytest.approx(1920 / 250)
    assert found.character == pytest.approx(15.75)
    assert found.readable
    assert not found.rough


@pytest.mark.parametrize("metres", [0, -1, float("nan"), float("inf")])
def test_no_length_no_density(metres: float) -> None:
    assert density((0, 0), (1, 1), metres, 1920, 1080) is None


def test_a_point_is_no_mark() -> None:
    assert density((0.5, 0.5), (0.5, 0.5), 1.7, 1920, 1080) is None


@given(st.tuples(*[st.floats(0, 1)] * 4), st.floats(0.01, 100), st.integers(16, 8000), st.integers(16, 8000))
def test_twice_the_picture_is_twice_the_density(
    ends: tuple[float, float, float, float], metres: float, width: int, height: int
) -> None:
    first, last = ends[:2], ends[2:]
    one, two = (
        density(first, last, metres, width, height),
        density(first, last, metres, 2 * width, 2 * height),
    )
    assert (one is None) == (two is None)
    if one is not None and two is not None:
        assert two.per_metre == pytest.approx(2 * one.per_metre)
        assert two.metres_across == pytest.approx(one.metres_across)
