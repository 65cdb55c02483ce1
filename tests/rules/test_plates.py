"""One form of a plate, whatever parts its letters and digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.plates import LONGEST, VIETNAMESE, plain, plate_like


@given(st.text(max_size=60))
def test_a_plate_has_one_form(text: str) -> None:
    plate = plain(text)
    assert len(plate) <= LONGEST
    assert plain(plate) == plate
    assert plate == "" or plate_like(plate) or plate != plate.upper()  # some letters have no upper case


@pytest.mark.parametrize("written", ["29A-123.45", "29a 12345", "29A12345", " 29a.123.45 ", "29A—12345"])
def test_whatever_parts_it_is_left_out(written: str) -> None:
    assert plain(written) == "29A12345"


def test_what_is_longer_than_any_plate_is_cut() -> None:
    assert plain("29A-" * 20) == ("29A" * 20)[:LONGEST]


def test_letters_are_composed_first() -> None:
    assert plain("29đ-1") == "29Đ1"
    assert plain("o\u0302") == "Ô", "one letter, not a letter and a mark that is dropped"


@pytest.mark.parametrize(
    ("text", "may_be"), [("29A-123.45", True), ("29A", True), ("29a", False), ("-", False), ("", False)]
)
def test_what_may_be_a_plate(text: str, may_be: bool) -> None:
    assert plate_like(text) is may_be


@pytest.mark.parametrize("written", ["29A12345", "29A-123.45", "29AB1234", "59X1 123.45"])
def test_as_vietnamese_plates_are_written(written: str) -> None:
    assert VIETNAMESE.fullmatch(written)


@pytest.mark.parametrize("written", ["2A12345", "29A123", "29-12345", "29A1234567"])
def test_what_is_no_vietnamese_plate(written: str) -> None:
    assert not VIETNAMESE.fullmatch(written)
