"""What packets tell: rate, bitrate, groups, gaps; whatever stamps come."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Packet
from engine.commission.checks.packets import Packets


def counted(pts: list[int], *, gop: int = 10, size: int = 1000, dts: list[int] | None = None) -> Packets:
    packets = Packets(Fraction(1, 10))
    for number, at in enumerate(pts):
        packets.add(Packet(b"x" * size, at, (dts or pts)[number], number % gop == 0, 0.0))
    return packets


def test_a_steady_stream() -> None:
    packets = counted(list(range(40)))
    assert packets.fps == pytest.approx(10)
    assert packets.kbits == pytest.approx(80)
    assert (packets.group, packets.widest_gap, packets.reordered, packets.backwards) == (1.0, 0, False, 0)


def test_a_gap_is_so_many_pictures() -> None:
    assert counted([*range(20), *range(27, 40)]).widest_gap == 7


def test_b_frames_are_seen_and_do_not_count_as_gaps() -> None:
    pts = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]
    packets = counted(pts, dts=list(range(10)))
    assert packets.reordered
    assert (packets.widest_gap, packets.backwards) == (0, 0)
    assert packets.fps == pytest.approx(10)


def test_decoding_times_that_run_back_are_counted() -> None:
    assert counted(list(range(5)), dts=[0, 1, 1, 0, 2]).backwards == 2


def test_a_group_that_has_not_ended_is_at_least_so_long() -> None:
    packets = counted(list(range(30)), gop=100)
    assert packets.group is None
    assert packets.since_keyframe == pytest.approx(2.9)


@given(st.lists(st.integers(-(2**40), 2**40), max_size=60))
def test_whatever_comes_there_is_a_figure(pts: list[int]) -> None:
    packets = counted(pts, gop=7)
    assert packets.fps >= 0
    assert packets.kbits >= 0
    assert packets.widest_gap >= 0
    assert packets.seconds >= 0
