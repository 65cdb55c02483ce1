"""The focus bar: against the best, and a rhythm that quickens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.commission.aim.focus_meter import FASTEST, SLOWEST, FocusMeter


def test_the_best_is_kept_until_it_is_dropped() -> None:
    meter = FocusMeter()
    assert (meter.share, meter.pause, meter.sharp) == (None, None, False)
    for score, share in ((10.0, 100.0), (40.0, 100.0), (20.0, 50.0)):
        meter.take(score)
        assert meter.share == share
    assert meter.best == 40
    meter.take(None)
    assert (meter.share, meter.pause, meter.best) == (None, None, 40)
    meter.reset()
    meter.take(1.0)
    assert (meter.share, meter.sharp) == (100.0, True)


def test_nothing_at_all_is_not_the_best() -> None:
    meter = FocusMeter()
    meter.take(0.0)
    assert meter.share is None


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=30))
def test_the_sharper_the_faster(scores: list[float]) -> None:
    meter = FocusMeter()
    meter.take(max(scores))
    heard = []
    for score in sorted(scores):
        meter.take(score)
        assert meter.pause is not None
        heard.append(meter.pause)
    assert heard == sorted(heard, reverse=True)
    assert all(FASTEST - 1e-9 <= each <= SLOWEST for each in heard)
