"""Paragraphs fit their width and lose nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.render.paragraphs import Paragraph, wrap, wrapped


@given(st.text(alphabet="ab ệ日\u200b", max_size=80), st.integers(2, 30))
def test_wrapped_text_fits_and_loses_nothing(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_further_lines_stand_under_the_first() -> None:
    para = Paragraph("one two three", depth=1, mark="✗", mark_tone="bad")
    told = ["".join(words for words, _ in line) for line in wrapped(para, 9)]
    assert told == ["  ✗ one", "    two", "    three"]
