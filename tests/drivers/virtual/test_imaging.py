"""The lens: where it is while it travels, and what lens and sensor do to the picture."""

import pytest

from drivers.virtual.imaging import (
    AUTO,
    EXPOSED_AT,
    FOCUS_SPEED,
    MANUAL,
    PLAIN_LOOK,
    SHARP_AT,
    Imaging,
)


def test_as_it_is_sold_the_picture_is_as_drawn() -> None:
    assert Imaging().look(0.0) == PLAIN_LOOK


def test_the_focus_takes_its_time_blurs_and_comes_back_by_itself() -> None:
    lens = Imaging()
    lens.set_focus(MANUAL, 0.0)
    assert lens.position(1.0) == SHARP_AT, "by hand it stays where it was"
    lens.move_to(0.0, 1.0)
    assert lens.moving(1.5)
    assert lens.position(1.5) == pytest.approx(SHARP_AT - FOCUS_SPEED * 0.5)
    assert lens.position(9.0) == 0.0
    assert not lens.moving(9.0)
    blurred = lens.look(9.0).blur
    lens.move_to(SHARP_AT - 0.1, 9.0)
    assert blurred > lens.look(19.0).blur > 0
    lens.set_focus(AUTO, 19.0)
    assert lens.look(29.0).blur == 0


def test_the_focus_stops_where_it_is_and_at_its_ends() -> None:
    lens = Imaging(focus=MANUAL)
    lens.move_to(5.0, 0.0, 0.5)
    assert lens.position(0.4) == pytest.approx(SHARP_AT + FOCUS_SPEED * 0.2)
    lens.stop(0.4)
    assert not lens.moving(0.4)
    lens.move_to(5.0, 1.0)
    assert lens.position(9.0) == 1.0


def test_a_short_exposure_is_dark_and_gain_is_light() -> None:
    sensor = Imaging(exposure=MANUAL, microseconds=EXPOSED_AT / 4)
    assert sensor.look(0.0).gain == pytest.approx(0.25)
    sensor.gain = 12.0
    assert sensor.look(0.0).gain == pytest.approx(1.0, abs=0.02)
    sensor.exposure = AUTO
    sensor.microseconds = 100.0
    assert sensor.look(0.0).gain == 1.0


def test_by_night_it_is_grey() -> None:
    assert Imaging(filter="OFF").look(0.0).colour == 0.0
    assert Imaging(filter="ON").look(0.0).colour == 1.0
