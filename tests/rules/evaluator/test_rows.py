"""What is given up for want of room is what looking through all rows of the rule finds."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from rules.compiler.ruleset import Rule
from rules.evaluator.rows import Rows
from rules.memory import PENDING, TAKEN, WAITING, Memory, dispensable
from rules.model import EventId, Row, RowChange, RuleName

AT = datetime(2025, 1, 1, tzinfo=UTC)
RULE, OTHER = Rule(RuleName("r"), 0, (), limit=3), Rule(RuleName("s"), 1, (), limit=3)
ROWS = st.builds(
    lambda state, since, due: Row(state, since, AT, due, EventId("e"), "c/s"),
    st.sampled_from(["pending", WAITING, TAKEN]),
    st.sampled_from([0.0, 1.0, 2.0]),
    st.sampled_from([None, 9.0]),
)
MOVES = st.lists(
    st.tuples(st.sampled_from([RULE, OTHER]), st.sampled_from("abcdefg"), st.none() | ROWS), max_size=8
)


class Scanned(Rows):
    """Finds by looking through all of them."""

    def _make_room(self, rule: Rule) -> None:
        rows = self.of(rule.name)
        if len(rows) >= rule.room:
            key, row = min(rows, key=lambda entry: dispensable(*entry))
            self.drop(rule.name, key)
            self.evicted.append(rule.name)
            self.gave_up(rule, key, row)


def step(
    rows: Rows, moves: list[tuple[Rule, str, Row | None]]
) -> tuple[list[RuleName], tuple[RowChange, ...]]:
    for rule, key, row in moves:
        if row is None:
            rows.drop(rule.name, key)
        else:
            rows.put(rule, key, row)
    return rows.evicted, rows.changes()


@given(st.lists(MOVES, max_size=8))
def test_the_oldest_is_given_up(steps: list[list[tuple[Rule, str, Row | None]]]) -> None:
    memory = Memory()
    for moves in steps:
        found = step(Rows(memory, 0.0), moves)
        assert found == step(Scanned(memory, 0.0), moves)
        memory.apply(found[1])
        for rule in (RULE, OTHER):
            assert len(memory.of_rule(rule.name)) <= rule.room
            ages = sorted(dispensable(*row) for row in memory.of_rule(rule.name).items())
            assert list(memory.by_age(rule.name)) == ages


HELD_ROWS = st.builds(
    lambda data: Row("held", 0.0, AT, None, EventId("e"), "c/s", data=data), st.sampled_from(["x", "y", "z"])
)
HELD_KEYS = st.sampled_from([f"+{role}:s{n}|{n}" for role in (0, 1, 11) for n in range(3)] + ["free", "#0:g"])


@given(
    st.lists(
        st.lists(st.tuples(st.just(RULE), HELD_KEYS, st.none() | HELD_ROWS | ROWS), max_size=8), max_size=6
    )
)
def test_what_holds_of_a_key_is_found_without_looking_through_the_rest(
    steps: list[list[tuple[Rule, str, Row | None]]],
) -> None:
    memory = Memory()
    for moves in steps:
        rows = Rows(memory, 0.0)
        changes = step(rows, moves)[1]
        for role in (0, 1, 11):
            every = [each for each in rows.of(RULE.name, f"+{role}:") if each[1].data in ("x", "y")]
            assert list(rows.joined(RULE.name, role, "x", "y")) == every
        barred = [(key, row) for key, row in rows.of(RULE.name) if row.state == PENDING and row.due is None]
        assert rows.barred(RULE.name) == [each for each in barred if not each[0].startswith("+")]
        memory.apply(changes)
