"""Columns always fill their width exactly, whatever the text and however narrow the terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from tui.presenters.rows import FLEET, LOG
from tui.render.columns import Cell, Column, Layout, Row, fit, line
from tui.texts import clean

texts = st.text().map(clean)
layouts = st.tuples(st.sampled_from([FLEET, LOG]), st.integers(0, 220))


@given(layouts)
def test_columns_stand_apart_within_the_width(given_: tuple[tuple[Column, ...], int]) -> None:
    columns, width = given_
    placed = Layout.fit(columns, width).placed
    ends = [place.start + place.width for place in placed]
    assert all(end <= width for end in ends)
    assert all(after.start >= end for after, end in zip(placed[1:], ends, strict=False))


@given(layouts, texts, st.booleans())
def test_a_line_is_as_wide_as_its_layout(
    given_: tuple[tuple[Column, ...], int], text: str, spanned: bool
) -> None:
    columns, width = given_
    layout = Layout.fit(columns, width)
    span = (columns[1].name, columns[-2].name, Cell(text)) if spanned else None
    row = Row({column.name: Cell(text) for column in columns}, span)
    assert sum(cell_len(segment.text) for segment in line(row, layout, Style())) == width


@given(texts, st.integers(0, 40), st.booleans())
def test_text_fits_its_cells(text: str, width: int, right: bool) -> None:
    assert cell_len(fit(text, width, right=right)) == width


def test_both_terminal_sizes_show_what_they_should() -> None:
    narrow = {place.column.name for place in Layout.fit(FLEET, 77).placed}
    wide = {place.column.name for place in Layout.fit(FLEET, 197).placed}
    assert narrow == {"state", "name", "rate", "motion", "objects", "last"}
    assert wide == {column.name for column in FLEET}


def test_long_text_is_cut_with_an_ellipsis_and_numbers_stand_right() -> None:
    assert fit("Đường liên thôn", 8) == "Đường l…"
    assert fit("5,0", 5, right=True) == "  5,0"
