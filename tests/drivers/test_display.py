"""How pictures want to be shown: matrices, pixels that are not square."""

from __future__ import annotations

import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.display import UPRIGHT, Turn, pixel_shape, seen_size, turn_of

ONE = 1 << 16
words = st.integers(-(2**31), 2**31 - 1)


def matrix(a: int, b: int, c: int, d: int) -> bytes:
    return struct.pack("=9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_matrix_and_its_turn_move_a_point_alike(degrees: int, mirrored: bool) -> None:
    """A point right of the middle goes where the matrix says: x' = ax + cy, y' = bx + dy, y downwards."""
    cos, sin = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    flip = -1 if mirrored else 1
    a, b, c, d = flip * cos, flip * sin, -sin, cos
    assert turn_of(matrix(ONE * a, ONE * b, ONE * c, ONE * d)) == Turn(degrees, mirrored)
    picture = np.zeros((3, 3), int)
    picture[1, 2], picture[2, 1] = 1, 2  # right of the middle, below the middle
    shown = np.rot90(picture[:, ::-1] if mirrored else picture, -degrees // 90)
    assert (shown[1 + b, 1 + a], shown[1 + d, 1 + c]) == (1, 2)


@given(st.integers(-44, 44), st.sampled_from([0, 90, 180, 270]))
def test_angles_between_are_the_nearest_quarter(off: int, degrees: int) -> None:
    angle = np.radians(degrees + off)
    cos, sin = round(ONE * np.cos(angle)), round(ONE * np.sin(angle))
    assert turn_of(matrix(cos, sin, -sin, cos)) == Turn(degrees)


@given(st.binary(max_size=48) | st.tuples(words, words, words, words).map(lambda each: matrix(*each)))
def test_no_bytes_break_it(data: bytes) -> None:
    assert turn_of(data).degrees in (0, 90, 180, 270)


@pytest.mark.parametrize("data", [b"", bytes(36), bytes(35), matrix(ONE, ONE, ONE, ONE)])
def test_what_turns_nothing(data: bytes) -> None:
    assert turn_of(data) == UPRIGHT
    assert not UPRIGHT


@pytest.mark.parametrize("told", [None, Fraction(0, 7), Fraction(1000), Fraction(-1), Fraction(1, 5)])
def test_pixels_that_cannot_be_are_not_told(told: Fraction | None) -> None:
    assert pixel_shape(told) is None


@given(st.integers(1, 8192), st.integers(1, 8192), st.fractions(Fraction(1, 4), 4, max_denominator=100))
def test_the_size_as_seen_loses_no_pixel(width: int, height: int, pixel: Fraction) -> None:
    wide, high = seen_size(width, height, pixel)
    assert wide >= width
    assert high >= height
    assert abs(wide / high - width * pixel / height) <= (wide / high) / min(wide, high)


def test_known_shapes() -> None:
    assert seen_size(704, 576, Fraction(16, 11)) == (1024, 576)
    assert seen_size(704, 288, Fraction(6, 11)) == (704, 528)
    assert seen_size(640, 480, Fraction(1)) == (640, 480)
