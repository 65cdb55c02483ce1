"""Two clocks of a stream: what lasts must last on both, and one that stands still stands while pictures come."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from engine.vision.quality.pulse import GAP, STOPPED, Pulse


def beaten(*beats: tuple[float, float]) -> Pulse:
    pulse = Pulse()
    for at, media in beats:
        pulse.beat(at, media)
    return pulse


def test_a_stall_and_what_comes_at_once_after_it_are_hardly_time() -> None:
    stalled = beaten((100, 0), (117, 0.1), (117.1, 0.3))
    assert stalled.stopped(117.1) is None
    assert stalled.lived < 0.25
    caught_up = beaten((100, 0), (100.02, 5), (100.04, 10))
    assert caught_up.lived < 0.05


def test_a_slow_line_is_no_clock_that_stands_still() -> None:
    slow = beaten(*((100 + 1.5 * n, 0.04 * n) for n in range(20)))
    assert slow.stopped(130) is None


def test_a_clock_stands_still_while_pictures_come() -> None:
    assert beaten(*((100 + 2.0 * n, 5) for n in range(5))).stopped(108) == 100
    assert beaten(*((100 + 2.0 * n, 5) for n in range(3))).stopped(104) is None, "not yet"
    assert beaten((100, 5), (110, 5)).stopped(110) is None, "none came"
    assert beaten(*((100 + 2.0 * n, 5) for n in range(5)), (109, 5.2)).stopped(109) is None, "it goes on"


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(-30, 30)), min_size=1, max_size=40))
def test_no_more_is_lived_than_went_by(steps: Sequence[tuple[float, float]]) -> None:
    pulse, at, media = Pulse(), 50.0, 0.0
    for passed, went in steps:
        lived, at, media = pulse.lived, at + passed, media + went
        pulse.beat(at, media)
        assert 0 <= pulse.lived - lived <= min(max(passed, 0), max(went, 0), GAP) + 1e-9
        since = pulse.stopped(at)
        assert since is None or 50 <= since < at - STOPPED
