"""A moment has one spelling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.seal import instant


@given(
    st.datetimes(
        timezones=st.timezones() | st.just(UTC), min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)
    )
)
def test_what_is_written_is_read_as_the_same_second(at: datetime) -> None:
    found = instant.read(instant.written(at))
    assert found == at.astimezone(UTC).replace(microsecond=0)
    assert instant.written(found) == instant.written(at)


def test_a_moment_is_told_in_utc() -> None:
    at = datetime(2026, 3, 2, 5, 30, tzinfo=timezone(timedelta(hours=7)))
    assert instant.written(at) == "2026-03-01T22:30:00Z"


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T22:30:00", "2026-03-01 22:30:00Z", "2026-03-01T22:30:00+00:00", "2026-3-1T22:30:00Z",
        "2026-02-30T22:30:00Z", "2026-03-01T24:00:00Z", "2026-03-01T22:30:60Z", "2026-03-01T22:30:00Z\n",
        "2026-03-01t22:30:00z", "２０２６-03-01T22:30:00Z", "", None, 5,
    ],
)  # fmt: skip
def test_another_spelling_is_none(text: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - ours, or the calendar's words
        instant.read(text)
