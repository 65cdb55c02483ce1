"""What was acknowledged here is taken back last first, and only as long as it is offered."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from engine.api import wire
from tui.model.undo import UNDO_SECONDS, UndoStack

AT = datetime(2025, 11, 22, 7, tzinfo=UTC)


def decision(number: int) -> wire.Decision:
    return wire.Decision(
        id=f"d{number}", rule="r", phase="firing", key="k", at=AT, since=AT, cause="e", severity="info",
        reason=wire.Sentence(code="c"),
    )  # fmt: skip


def test_the_last_one_first_and_each_once() -> None:
    stack = UndoStack()
    for number in range(3):
        stack.push(decision(number), now=100.0 + number)
    taken = [stack.pop(103.0) for _ in range(4)]
    assert [each and each.id for each in taken] == ["d2", "d1", "d0", None]


def test_it_is_offered_for_so_long_and_no_longer() -> None:
    stack = UndoStack()
    stack.push(decision(1), now=100.0)
    stack.push(decision(2), now=100.0)
    assert stack.pop(100.0 + UNDO_SECONDS) is not None
    assert stack.pop(100.0 + UNDO_SECONDS + 0.01) is None


@given(st.lists(st.tuples(st.booleans(), st.floats(0, UNDO_SECONDS)), max_size=30))
def test_nothing_that_is_too_old_ever_comes_back(steps: list[tuple[bool, float]]) -> None:
    stack, now = UndoStack(), 0.0
    pushed: dict[str, float] = {}
    for place, (push, pause) in enumerate(steps):
        now += pause
        if push:
            stack.push(decision(place), now)
            pushed[f"d{place}"] = now
        elif (back := stack.pop(now)) is not None:
            assert back.id == list(pushed)[-1]
            assert now - pushed.pop(back.id) <= UNDO_SECONDS
        else:  # the last one is too old, and is forgotten; so are those before it
            assert all(now - at > UNDO_SECONDS for at in pushed.values())
            pushed.clear()
