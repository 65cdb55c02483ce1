"""What a reader sees is what is there: composed, and what would act shows as its number."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.report.readable import LINE, pieces, shown
from tests.engine.reporting import VIETNAMESE

ANY = st.text(st.characters(exclude_categories=[]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Xã Tân Lập", "Xã Tân Lập"),
        (unicodedata.normalize("NFD", "Ưởng Ệ"), "Ưởng Ệ"),
        ("a\u202eb", "a[U+202E]b"),
        ("\x1b[2J\x00", "[U+001B][2J[U+0000]"),
        ("a\r\nb\tc\n", "a\nb c\n"),
        ("\ud800\ufeff", "[U+D800][U+FEFF]"),
        ("\u2028", "[U+2028]"),
    ],
)
def test_a_text_is_composed_and_what_acts_is_shown(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_a_sign_without_a_letter_is_shown_by_its_number() -> None:
    assert shown("a中🙂", str.isascii) == "a[U+4E2D][U+1F642]"


@given(ANY)
def test_nothing_acts_and_showing_again_changes_nothing(text: str) -> None:
    told = shown(text)
    assert not [
        each for each in told if each != "\n" and unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    ]
    assert shown(told) == told
    told.encode()


@given(ANY, st.integers(30, 200))
def test_pieces_are_bounded_and_say_the_same(text: str, most: int) -> None:
    found = list(pieces(text, most))
    assert "".join(found).replace("\n", "") == text.replace("\n", "")
    for piece in found:
        assert len(piece) - piece.count("\n") <= most
        assert piece.count("\n") * LINE <= most
    assert len(found) <= 1 + (len(text) + (LINE + 1) * text.count("\n")) * 2 / (most - LINE)


def test_a_text_is_cut_at_a_blank_where_there_is_one() -> None:
    assert list(pieces("một hai ba bốn", 10)) == ["một hai ", "ba bốn"]
    assert list(pieces("a" * 25, 10)) == ["a" * 10, "a" * 10, "a" * 5]
    assert list(pieces("", 10)) == [""]


def test_every_vietnamese_letter_is_among_those_that_are_tried() -> None:
    assert len(VIETNAMESE) == 178
    assert {chr(code) for code in range(0x1EA0, 0x1EFA)} <= set(VIETNAMESE)
