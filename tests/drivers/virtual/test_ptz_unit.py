"""Kinematics of the virtual PTZ head."""

from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import PtzVector
from drivers.virtual.ptz_unit import LONGEST_TIMEOUT, MOST_PRESETS, TOP_SPEED, PtzUnit

UNIT = st.floats(-1.0, 1.0)
VECTOR = st.builds(PtzVector, UNIT, UNIT, UNIT)
POSITION = st.builds(PtzVector, UNIT, UNIT, st.floats(0.0, 1.0))
SECONDS = st.floats(0.0, 200.0)


def in_range(where: PtzVector) -> bool:
    return -1 <= where.pan <= 1 and -1 <= where.tilt <= 1 and 0 <= where.zoom <= 1


@given(st.lists(st.tuples(VECTOR, SECONDS, SECONDS), max_size=5), SECONDS)
def test_it_never_leaves_its_range_and_the_window_never_leaves_the_scene(
    moves: list[tuple[PtzVector, float, float]], later: float
) -> None:
    unit, now = PtzUnit(), 0.0
    for velocity, timeout, wait in moves:
        unit.drive(velocity, now, timeout)
        now += wait
    left, top, right, bottom = unit.window(now + later)
    assert in_range(unit.position(now + later))
    assert -1e-9 <= left < right <= 1 + 1e-9
    assert -1e-9 <= top < bottom <= 1 + 1e-9
    assert abs((right - left) - (bottom - top)) < 1e-9, "the picture is not distorted"


@given(POSITION, POSITION, SECONDS)
def test_it_arrives_on_time_and_stays(start: PtzVector, target: PtzVector, wait: float) -> None:
    unit = PtzUnit()
    unit.move_to(start, 0.0)
    unit.move_to(target, 10.0)
    needed = max(
        abs(target.pan - start.pan) / TOP_SPEED.pan,
        abs(target.tilt - start.tilt) / TOP_SPEED.tilt,
        abs(target.zoom - start.zoom) / TOP_SPEED.zoom,
    )
    arrived = 10.0 + needed + 1e-6
    assert unit.position(arrived) == target
    assert unit.position(arrived + wait) == target
    assert unit.moving(arrived) == (False, False)
    if needed > 1e-3:
        assert any(unit.moving(10.0 + needed / 2))


@given(VECTOR, st.floats(0.0, 300.0), SECONDS)
def test_a_continuous_move_ends_by_itself(velocity: PtzVector, timeout: float, wait: float) -> None:
    unit, end = PtzUnit(), min(timeout, LONGEST_TIMEOUT)
    unit.drive(velocity, 5.0, timeout)
    assert unit.position(5.0 + end + wait) == unit.position(5.0 + end)
    assert unit.moving(5.0 + end) == (False, False)


@given(VECTOR, st.floats(0.01, 3.0), SECONDS)
def test_stop_holds_it_where_it_is(velocity: PtzVector, after: float, wait: float) -> None:
    unit = PtzUnit()
    unit.drive(velocity, 0.0, 60.0)
    unit.stop(after)
    here = unit.position(after)
    assert unit.position(after + wait) == here
    assert unit.moving(after) == (False, False)


def test_one_axis_can_be_stopped_while_the_other_goes_on() -> None:
    unit = PtzUnit()
    unit.drive(PtzVector(1.0, 0.0, 1.0), 0.0, 10.0)
    unit.stop(0.5, zoom=False)
    assert unit.moving(0.6) == (False, True)
    assert unit.position(0.7).pan == unit.position(0.5).pan
    assert unit.position(0.7).zoom > unit.position(0.5).zoom


def test_half_the_speed_takes_twice_as_long() -> None:
    fast, slow = PtzUnit(), PtzUnit()
    fast.move_to(PtzVector(1.0), 0.0)
    slow.move_to(PtzVector(1.0), 0.0, PtzVector(0.5, 0.5, 0.5))
    assert slow.position(1.0).pan == fast.position(1.0).pan / 2


def test_positions_beyond_the_range_are_clamped() -> None:
    unit = PtzUnit()
    unit.move_by(PtzVector(9.0, -9.0, 9.0), 0.0)
    assert unit.position(100.0) == PtzVector(1.0, -1.0, 1.0)


def test_zooming_in_narrows_the_view_around_the_same_point() -> None:
    unit = PtzUnit()
    unit.move_to(PtzVector(zoom=1.0), 0.0)
    wide, near = unit.window(0.0), unit.window(10.0)
    assert near[2] - near[0] < wide[2] - wide[0]
    assert (near[0] + near[2]) / 2 == (wide[0] + wide[2]) / 2


def test_panning_right_and_tilting_up_move_the_window_right_and_up() -> None:
    unit = PtzUnit()
    before = unit.window(0.0)
    unit.move_to(PtzVector(0.5, 0.5), 0.0)
    after = unit.window(10.0)
    assert after[0] > before[0]
    assert after[1] < before[1]


def test_presets_are_stored_overwritten_and_bounded() -> None:
    unit = PtzUnit()
    unit.move_to(PtzVector(0.25), 0.0)
    made = unit.store("", "door", 10.0)
    assert made is not None
    assert (made.name, made.position) == ("door", PtzVector(0.25))
    unit.move_to(PtzVector(), 10.0)
    again = unit.store(made.token, "", 20.0)
    assert again is not None
    assert (again.token, again.name, again.position) == (made.token, "door", PtzVector())
    while len(unit.presets) < MOST_PRESETS:
        assert unit.store("", "", 20.0) is not None
    assert unit.store("", "one too many", 20.0) is None


def test_home_can_be_moved() -> None:
    unit = PtzUnit()
    unit.move_to(PtzVector(0.5), 0.0)
    unit.set_home(10.0)
    unit.move_to(PtzVector(-0.5), 10.0)
    unit.go_home(20.0)
    assert unit.position(30.0) == PtzVector(0.5)
