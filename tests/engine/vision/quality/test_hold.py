"""When a suspicion becomes an impairment, and when it is over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.vision.model import Cause
from engine.vision.quality.hold import LEAVE, SECONDS, Hold
from engine.vision.quality.verdict import Verdict

COVERED, DARK = Verdict(Cause.COVERED, 0.9), Verdict(Cause.DARK, 0.5)


def test_a_cause_is_told_when_it_lasted_and_since_when() -> None:
    hold = Hold()
    assert [bool(hold.take(COVERED, float(t))) for t in range(10)] == [
        t >= SECONDS[Cause.COVERED] for t in range(10)
    ]
    assert hold.told is not None
    assert (hold.told.cause, hold.told.since) == (Cause.COVERED, 0.0)


def test_one_look_in_between_changes_nothing_and_two_do() -> None:
    hold = Hold()
    for t in range(9):
        hold.take(None if t == 3 else COVERED, float(t))
    assert hold.told
    hold = Hold()
    for t in range(9):
        hold.take(None if t in (3, 4, 5) else COVERED, float(t))
    assert not hold.told


def test_a_time_without_looks_is_none_in_which_it_lasted() -> None:
    hold = Hold()
    assert [bool(hold.take(COVERED, t)) for t in (0.0, 1.0, 20.0, 21.0, 25.0, 26.0)] == [*[False] * 5, True]
    assert hold.told is not None
    assert hold.told.since == 20.0
    assert hold.take(COVERED, 60.0) is not None, "what was told stays so"


def test_it_is_over_after_a_while() -> None:
    hold = Hold()
    for t in range(9):
        hold.take(COVERED, float(t))
    assert hold.take(None, 8 + LEAVE - 0.5)
    assert not hold.take(None, 8 + LEAVE)
    assert not hold.suspicious


def test_the_cause_is_what_most_looks_say() -> None:
    hold = Hold()
    for t in range(12):
        hold.take(DARK if t < 3 else COVERED, float(t))
    assert hold.told
    assert hold.told.cause is Cause.COVERED


@given(st.lists(st.sampled_from([None, COVERED, DARK]), max_size=60))
def test_nothing_is_told_within_the_shortest_time(looks: list[Verdict | None]) -> None:
    hold, run = Hold(), 0
    for t, verdict in enumerate(looks):
        found = hold.take(verdict, float(t))
        run = run + 1 if verdict else 0
        assert found is None or found.since <= t - min(SECONDS[each.cause] for each in (COVERED, DARK))
        assert hold.told == found
