"""A step of this machine's clock is an event, marks what follows, and is a problem that stands."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.judging.clock_steps import DOUBT, LEAST, LONG, STANDING, STEP, ClockSteps
from engine.runtime.clock import Mark
from rules.model import Instant

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _at(engine: float, off: float = 0.0) -> Instant:
    return Instant(NOON + timedelta(seconds=engine + off), engine)


@pytest.mark.parametrize(("by", "code"), [(3600, "ahead"), (-3600, "back"), (30 * 86400, "ahead")])
def test_a_step_while_running_is_told_and_marks_what_follows(by: float, code: str) -> None:
    steps = ClockSteps(None)
    assert steps.look(_at(0)) is None
    assert steps.look(_at(10)) is None
    assert not steps.doubtful(10)
    told = steps.look(_at(20, by))
    assert told is not None
    assert (told.label, told.facts["seconds"], told.facts["running"]) == ("engine.clock", float(by), True)
    assert steps.look(_at(30, by)) is None
    assert steps.doubtful(30)
    assert not steps.doubtful(20 + DOUBT)
    assert [each.code for each in steps.problems(30)] == [f"engine.clock_{code}"]
    assert steps.problems(20 + STANDING) == ()


def test_a_step_between_two_runs_is_told() -> None:
    steps = ClockSteps(Mark(0.0, 0.0, "", NOON))
    told = steps.look(_at(60, 3600))
    assert told is not None
    assert (told.facts["seconds"], told.facts["running"]) == (3600.0, False)


def test_a_clock_that_is_set_back_to_where_it_was_is_trusted_again() -> None:
    steps = ClockSteps(None)
    steps.look(_at(0))
    steps.look(_at(10, 3600))
    assert steps.doubtful(11)
    assert steps.look(_at(20)) is not None
    assert not steps.doubtful(21)


def test_days_that_only_the_wall_clock_tells_of_are_doubted() -> None:
    steps = ClockSteps(Mark(0.0, 0.0, "", NOON), LONG)
    assert steps.look(_at(LONG)) is None
    assert steps.doubtful(LONG)
    assert [each.code for each in steps.problems(LONG)] == ["engine.long_gap"]
    assert not ClockSteps(Mark(0.0, 0.0, "", NOON), 3600.0).problems(3600.0)


def test_what_another_thread_read_earlier_is_no_step() -> None:
    steps = ClockSteps(None)
    steps.look(_at(10))
    assert steps.look(_at(20, 3600)) is not None
    assert steps.look(_at(19.9)) is None
    assert steps.look(_at(21, 3600)) is None


@given(st.lists(st.tuples(st.floats(0.01, 60), st.floats(-0.05, 0.05)), max_size=50))
def test_a_clock_that_runs_a_little_wrong_is_corrected_and_never_doubted(
    looks: list[tuple[float, float]],
) -> None:
    steps, engine, off = ClockSteps(None), 0.0, 0.0
    for seconds, rate in looks:
        engine += seconds
        off += max(-LEAST / 2, min(LEAST / 2, seconds * rate))
        steps.look(read := _at(engine, off))
        assert abs((steps.reckoned(read).wall - read.wall).total_seconds()) <= STEP + 1e-3
        assert not steps.doubtful(engine)
        assert steps.problems(engine) == ()


@given(st.lists(st.tuples(st.floats(0, 60), st.floats(-STEP / 2, STEP / 2) | st.floats(-1e7, 1e7))))
def test_between_two_steps_both_clocks_go_together_to_the_microsecond(
    looks: list[tuple[float, float]],
) -> None:
    steps, engine = ClockSteps(Mark(0.0, 0.0, "", NOON)), 0.0
    apart = timedelta()
    for seconds, off in looks:
        engine += seconds
        before = steps.reckoned(_at(engine, off))
        assert before.wall - NOON - timedelta(seconds=before.engine) == apart
        step = steps.look(_at(engine, off))
        now = steps.reckoned(_at(engine, off))
        assert now.engine == before.engine
        if step is None:
            assert now == before
        else:
            assert (step.at, step.facts["seconds"]) == (
                before.wall,
                round((now.wall - before.wall).total_seconds(), 3),
            )
        apart = now.wall - NOON - timedelta(seconds=now.engine)
