"""What both renderings decide alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.report import layout
from engine.report.model import Column, Report, Table


def test_a_table_with_many_columns_is_told_row_by_row() -> None:
    for many, stacked in ((1, False), (layout.MOST_COLUMNS, False), (layout.MOST_COLUMNS + 1, True)):
        assert layout.is_stacked(Table([Column(str(n)) for n in range(many)], [])) is stacked


def test_rows_that_are_left_out_are_told() -> None:
    table = Table([Column("a")], [["x"]] * (layout.MOST_ROWS + 1))
    assert len(layout.rows(table)) == layout.MOST_ROWS
    assert layout.left_out(table, "en").startswith("1 more row is not")
    assert str(layout.MOST_ROWS) in layout.left_out(table, "vi").replace(".", "")
    assert layout.left_out(Table([Column("a")], [["x"]]), "en") == ""


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=20))
def test_every_column_gets_something(wanted: list[float]) -> None:
    shares = layout.shares([Column("a", share) for share in wanted])
    assert sum(shares) == pytest.approx(1)
    assert min(shares) > 1 / len(shares) / 6.1


def test_the_moment_is_told_as_each_language_writes_it(report: Report) -> None:
    told = dict(layout.head(report))
    assert ("05:30:00 ngày 02/03/2026 (UTC+07:00)" in told.values()) is (report.language == "vi")
    assert ("2026-03-02 05:30:00 (UTC+07:00)" in told.values()) is (report.language == "en")
    assert [line.split()[-1] for line in layout.foot(report)] == ["ab" * 32, "cd" * 32]


def test_a_picture_that_is_shown_smaller_says_so() -> None:
    assert layout.caption("Cổng", (320, 240), (320, 240), "vi") == "Cổng"
    assert "1920" in layout.caption("Cổng", (1920, 1080), (1600, 900), "vi")
    assert layout.caption("", (1920, 1080), (1600, 900), "en").startswith("shown smaller")
