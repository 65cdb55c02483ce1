from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rules.geometry import foot, inside, standing_in, surface

UNIT = st.floats(0.0, 1.0)
L_SHAPE = [(0.0, 0.0), (1.0, 0.0), (1.0, 0.3), (0.3, 0.3), (0.3, 1.0), (0.0, 1.0)]


def test_a_hollow_shape_has_an_outside_within_its_bounds() -> None:
    assert inside((0.1, 0.9), L_SHAPE)
    assert inside((0.9, 0.1), L_SHAPE)
    assert not inside((0.9, 0.9), L_SHAPE)


@given(UNIT, UNIT, UNIT)
def test_two_halves_share_no_point_and_leave_none_out(x: float, y: float, cut: float) -> None:
    left = [(-1.0, -1.0), (cut, -1.0), (cut, 2.0), (-1.0, 2.0)]
    right = [(cut, -1.0), (2.0, -1.0), (2.0, 2.0), (cut, 2.0)]
    assert inside((x, y), left) != inside((x, y), right)


@given(UNIT, UNIT)
def test_a_surface_does_not_depend_on_where_the_border_begins_or_which_way_it_goes(
    x: float, y: float
) -> None:
    moved = [(u + x, v + y) for u, v in L_SHAPE]
    for turned in (L_SHAPE, L_SHAPE[::-1], [*L_SHAPE[2:], *L_SHAPE[:2]], moved):
        assert abs(surface(turned) - 0.51) < 1e-9
    assert surface([(0.0, 0.0), (x, y), (x / 2, y / 2)]) < 1e-9


def test_an_object_stands_where_its_box_ends_below() -> None:
    box = (0.2, 0.1, 0.4, 0.6)
    assert foot(box) == (0.30000000000000004, 0.6)
    zones = {"upper": [(0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5)], "l": L_SHAPE}
    assert standing_in(box, zones) == ()
    assert standing_in((0.1, 0.1, 0.2, 0.4), zones) == ("upper", "l")
