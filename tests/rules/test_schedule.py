from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.schedule import DAY, Window

MONDAY = datetime(2025, 1, 6)


@pytest.mark.parametrize(
    ("window", "hour", "minute", "day", "holds"),
    [
        (Window(22 * 60, 5 * 60), 22, 0, 0, True),
        (Window(22 * 60, 5 * 60), 4, 59, 0, True),
        (Window(22 * 60, 5 * 60), 5, 0, 0, False),
        (Window(22 * 60, 5 * 60), 21, 59, 0, False),
        (Window(22 * 60, 5 * 60, frozenset({4})), 23, 0, 4, True),
        (Window(22 * 60, 5 * 60, frozenset({4})), 3, 0, 5, True),
        (Window(22 * 60, 5 * 60, frozenset({4})), 3, 0, 4, False),
        (Window(22 * 60, 5 * 60, frozenset({6})), 3, 0, 0, True),
        (Window(0, DAY), 23, 59, 3, True),
        (Window(8 * 60, 17 * 60, frozenset({0})), 12, 0, 1, False),
    ],
)
def test_windows(window: Window, hour: int, minute: int, day: int, holds: bool) -> None:
    assert window.holds(MONDAY + timedelta(days=day, hours=hour, minutes=minute)) is holds


@given(
    st.integers(0, DAY - 1),
    st.integers(0, DAY),
    st.frozensets(st.integers(0, 6)),
    st.integers(0, 7 * DAY - 1),
)
def test_a_window_is_what_its_starts_say(start: int, end: int, days: frozenset[int], minute: int) -> None:
    """The slow truth: some allowed day's window, laid on a week's line, covers the minute."""
    if start == end:
        return
    length = (end - start) % DAY or DAY
    covered = any((minute - (day * DAY + start)) % (7 * DAY) < length for day in days)
    assert Window(start, end, days).holds(MONDAY + timedelta(minutes=minute)) is covered
