from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from rules.memory import Memory, timer
from rules.model import EventId, Row, RowChange, RuleName

AT = datetime(2025, 1, 1, tzinfo=UTC)
R = RuleName("r")


def row(due: float | None, subject: str = "c/s", state: str = "pending") -> Row:
    return Row(state, 0.0, AT, due, EventId("e"), subject)


def test_rows_are_found_by_key_subject_and_due_time() -> None:
    memory = Memory(
        [(R, "c/a", row(5.0, "c/a")), (R, "c/b", row(3.0, "c/b")), (R, "~c", row(3.0, "c/b", "quiet"))]
    )
    assert memory.get(R, "c/a") == row(5.0, "c/a")
    assert list(memory.of_subject("c/b")) == [(R, "c/b")]
    assert memory.next_due() == 3.0
    assert [entry[3] for entry in memory.due(3.0)] == ["~c", "c/b"]
    assert len(memory) == 3


def test_changes_replace_and_delete() -> None:
    memory = Memory([(R, "c/a", row(5.0, "c/a"))])
    memory.apply([RowChange(R, "c/a", row(None, "c/a", "firing"))])
    assert (len(memory), memory.next_due()) == (1, None)
    memory.apply([RowChange(R, "c/a", None), RowChange(R, "c/never", None)])
    assert (len(memory), list(memory.rows()), list(memory.of_subject("c/a"))) == (0, [], [])


_CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["r1", "r2"]),
        st.sampled_from(["c/a", "c/b", "~c", "+0:c/a|c", "#c"]),
        st.none() | st.tuples(st.none() | st.floats(0, 10), st.sampled_from(["c/a", "c/b"])),
    ),
    max_size=30,
)


@given(_CHANGES)
def test_the_indexes_agree_with_the_rows(
    changes: list[tuple[str, str, tuple[float | None, str] | None]],
) -> None:
    memory, truth = Memory(), dict[tuple[str, str], Row]()
    for rule, key, told in changes:
        new = None if told is None else row(*told)
        memory.apply([RowChange(RuleName(rule), key, new)])
        truth.pop((rule, key), None)
        if new is not None:
            truth[rule, key] = new
    assert {(rule, key): kept for rule, key, kept in memory.rows()} == truth
    assert len(memory) == len(truth)
    due = sorted(timer(kept.due, RuleName(r), k) for (r, k), kept in truth.items() if kept.due is not None)
    assert memory.due(99.0) == due
    assert memory.next_due() == (due[0][0] if due else None)
    for subject in ("c/a", "c/b"):
        found = {
            (r, k)
            for (r, k), kept in truth.items()
            if kept.subject == subject and (k == subject or k.startswith("+"))
        }
        assert set(memory.of_subject(subject)) == found
    again = Memory(memory.rows())
    assert again.due(99.0) == due
