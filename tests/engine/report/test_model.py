"""A report that says nothing clear is none."""

from __future__ import annotations

from datetime import datetime

import pytest

from engine.report.model import Column, Footer, Report, Table


def test_a_table_has_columns_and_rows_as_long_as_they_are_many() -> None:
    for columns, rows in (([], []), ([Column("a")], [["1", "2"]]), ([Column("a"), Column("b")], [["1"]])):
        with pytest.raises(ValueError, match="as many"):
            Table(columns, rows)
    for share in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="share"):
            Table([Column("a", share)], [])


@pytest.mark.parametrize("text", ["AB", "xyz", "ab cd", "a" * 129, "ab\n", "<b>"])
def test_what_binds_a_report_is_hexadecimal(text: str) -> None:
    for footer in ({"digest": text}, {"fingerprint": text}):
        with pytest.raises(ValueError, match="hexadecimal"):
            Footer(**footer)


def test_a_moment_has_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        Report("a", "b", datetime(2026, 3, 1), "en")
