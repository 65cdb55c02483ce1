"""Time stamps come out increasing, without jumps, with the codec's reordering kept."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from drivers.kit.stamps import JUMP, Stamps

BASE = Fraction(1, 90_000)
STEP = 3600


def repaired(*raw: tuple[int | None, int | None]) -> list[tuple[int, int]]:
    stamps = Stamps(BASE)
    return [stamps.repair(pts, dts) for pts, dts in raw]


def test_good_stamps_pass() -> None:
    good = [(STEP * 2, 0), (STEP * 4, STEP), (STEP * 3, STEP * 2)]
    assert repaired(*good) == good


def test_missing_stamps_are_filled() -> None:
    filled = repaired((0, None), (STEP, None), (None, None), (None, None), (4 * STEP, None))
    half = STEP // 2
    assert [dts for _, dts in filled] == [0, STEP, STEP + half, 2 * STEP + half, 4 * STEP]


def test_second_fields_without_stamps_push_nothing_on() -> None:
    """Interlaced cameras send a picture as two, of which the second repeats the first one's stamp."""
    told = [each for n in range(500) for each in ((n * STEP, n * STEP), (None, None))]
    assert [dts for _, dts in repaired(*told)][::2] == [n * STEP for n in range(500)]


def test_a_stream_without_any_stamps() -> None:
    assert [dts for _, dts in repaired(*[(None, None)] * 3)] == [0, STEP, 2 * STEP]


def test_equal_stamps_differ_by_a_tick() -> None:
    assert repaired((0, 0), (0, 0), (STEP, STEP)) == [(0, 0), (1, 1), (STEP, STEP)]


def test_a_jump_either_way_is_closed() -> None:
    far = 90_000 * (JUMP + 1)
    forth = repaired((0, 0), (STEP, STEP), (far + STEP, far + STEP), (far + 2 * STEP, far + 2 * STEP))
    back = repaired((far, far), (far + STEP, far + STEP), (0, 0), (STEP, STEP))
    assert [dts for _, dts in forth] == [0, STEP, 2 * STEP, 3 * STEP]
    assert [dts - far for _, dts in back] == [0, STEP, 2 * STEP, 3 * STEP]


def test_a_cut_joins() -> None:
    stamps = Stamps(BASE)
    first = [stamps.repair(n * STEP + 2 * STEP, n * STEP) for n in range(3)]
    stamps.cut()
    second = [stamps.repair(n * STEP + 2 * STEP, n * STEP) for n in range(3)]
    assert [dts for _, dts in first + second] == [n * STEP for n in range(6)]
    assert all(pts - dts == 2 * STEP for pts, dts in first + second)


RAW = st.one_of(st.none(), st.integers(-(1 << 40), 1 << 40))


@given(st.lists(st.tuples(RAW, RAW), max_size=40))
def test_whatever_comes_in(raw: list[tuple[int | None, int | None]]) -> None:
    out = repaired(*raw)
    assert all(one[1] < two[1] for one, two in pairwise(out))
    assert all(0 <= pts - dts <= 90_000 * JUMP for pts, dts in out)
    assert all(two[1] - one[1] <= 90_000 * JUMP for one, two in pairwise(out))
