"""The greatest shows, a gap is no zero, what is not counted yet is neither, and what stood at a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.api import wire
from engine.api.resources.past.history import History, HistoryRow
from tests.fakes.engine import FakeEngine
from tui.presenters.night import BLOCKS, MARKS, Steps, cells, scale, standing, strip

DUSK = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)


def row(counts: list[int | None], worst: str = "", watched: str = "") -> HistoryRow:
    n = len(counts)
    return HistoryRow(camera="gate", counts=tuple(counts), worst=worst or "-" * n, watched=watched or "u" * n)


def steps(count: int, width: int = 200, now: timedelta | None = None) -> Steps:
    told = History(since=DUSK, until=DUSK + count * timedelta(minutes=15), step=900, rows=())
    return Steps.of(told, width, DUSK + (timedelta(days=9) if now is None else now))


def text(found: list[tuple[str, str]]) -> str:
    return "".join(char for char, _ in found)


def test_each_mark_says_something_else() -> None:
    told = row([0, 0, 0, 0, 0, 0, None, 8, 1], watched="upgso?uuu")
    assert text(cells(told, steps(9))) == "·÷×▒○??█▁"
    assert len({mark for mark, _ in MARKS.values()}) == len(MARKS)
    assert not {mark for mark, _ in MARKS.values()} & set(BLOCKS)


def test_of_steps_that_share_a_cell_the_greatest_and_the_worst_gap_show() -> None:
    told = row([0, 40, 1, 1, 0, 0, 0, 0], worst="---c----", watched="uuuuugus")
    assert cells(told, steps(8, width=4)) == [("█", "blue"), ("▁", "critical"), ("×", "bad"), ("▒", "dim")]


def test_what_is_yet_to_come_is_blank_and_now_is_marked() -> None:
    at = steps(8, now=timedelta(minutes=50))
    assert text(cells(row([1, 0, 0, 0, 0, 0, 0, 0]), at)) == "█···    "
    assert scale(at, UTC)[3] == "▼"
    assert "▼" not in scale(steps(8), UTC)


@given(st.lists(st.none() | st.integers(0, 10**6), min_size=1, max_size=96), st.sampled_from((12, 48, 96)))
def test_one_of_anything_is_never_drawn_as_nothing(counts: list[int | None], width: int) -> None:
    at = steps(len(counts), width)
    drawn = cells(row(counts), at)
    assert len(drawn) == at.cells <= max(width, 1)
    for place, (char, _) in enumerate(drawn):
        assert (char in BLOCKS) == any(counts[at.within(place)])


def test_minutes_outside_of_what_is_told_are_unknown() -> None:
    found = strip(
        "ug", DUSK, DUSK - timedelta(minutes=1), DUSK + timedelta(minutes=4), DUSK + timedelta(minutes=2)
    )
    assert text(found) == "?█×? "


@pytest.mark.parametrize(("minutes", "stood"), [(1, ["a"]), (3, ["b", "a"]), (5, ["b"])])
def test_what_stood_at_a_moment_had_begun_and_was_not_over(minutes: int, stood: list[str]) -> None:
    engine = FakeEngine()

    def made(id: str, phase: str, minute: int, alert: str) -> wire.Decision:
        at = DUSK + timedelta(minutes=minute)
        return engine.decided[0].model_copy(update={"id": id, "phase": phase, "at": at, "alert": alert})

    engine.decided = [wire.Decision(
        id="x", rule="r", phase="firing", key="k", at=DUSK, since=DUSK, cause="e", severity="info",
        reason=wire.Sentence(code="reason.x", vi="", en=""),
    )]  # fmt: skip
    told = [made("c", "resolved", 4, "a"), made("b", "firing", 2, "b"), made("a", "firing", 0, "a")]
    moment = DUSK + timedelta(minutes=minutes)
    assert [each.alert for each in standing(told, moment)] == stood
