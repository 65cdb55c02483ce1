"""A clock that tells whole seconds is measured to hundredths, and what is said of it is always true."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commission.checks.reach import spoken
from engine.commission.checks.round_trips import RoundTrips

SECONDS = st.floats(-1e5, 1e5)


def told(at: float, ahead: float, there: float, back: float) -> tuple[float, float]:
    """What an answer is: how long it took, and what a driver makes of whole seconds at the middle of the call."""
    whole = math.floor(at + there + ahead)
    return there + back, whole + 0.5 - (at + (there + back) / 2)


@given(
    ahead=SECONDS,
    calls=st.lists(st.tuples(st.floats(0, 100), st.floats(0, 3), st.floats(0, 3)), min_size=1, max_size=40),
)
def test_the_true_offset_is_within_the_doubt(ahead: float, calls: list[tuple[float, float, float]]) -> None:
    trips = RoundTrips()
    for at, there, back in calls:
        trips.add(*told(1_000_000 + at, ahead, there, back))
    found = trips.offset
    assert found is not None
    assert abs(found.seconds - ahead) <= found.doubt + 1e-6
    assert not trips.stepped or found.doubt < 1e-6


def test_a_second_of_answers_leaves_hundredths() -> None:
    trips = RoundTrips()
    for number in range(36):
        trips.add(*told(1000 + number * 0.031, 0.237, 0.0005, 0.0005))
    found = trips.offset
    assert found is not None
    assert found.seconds == pytest.approx(0.237, abs=0.02)
    assert found.doubt < 0.02


def test_one_answer_leaves_half_a_second_and_its_way() -> None:
    trips = RoundTrips()
    trips.add(2.0, 0.0)
    assert trips.offset is not None
    assert trips.offset.doubt == 1.5


def test_a_clock_that_is_set_meanwhile_is_told() -> None:
    trips = RoundTrips()
    trips.add(0.01, 0.0)
    trips.add(0.01, 3600.0)
    assert trips.stepped
    assert trips.offset is not None
    assert trips.offset.seconds == 3600


def test_no_clock_is_no_offset() -> None:
    trips = RoundTrips()
    trips.add(0.2, None)
    trips.add(0.4, None)
    assert trips.offset is None
    assert trips.typical == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.02, "+0.02 s"), (-1.5, "-1.50 s"), (25_200.4, "+07:00:00"), (-90, "-00:01:30"), (0.0, "+0.00 s")],
)
def test_offsets_as_people_read_them(seconds: float, text: str) -> None:
    assert spoken(seconds) == text
