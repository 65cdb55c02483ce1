"""A table moves no line under the cursor by itself, and draws what is in view alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.geometry import Region

from tests.tui.pilot import text_of
from tests.tui.widgets.host import Host
from tui.palette import BACKGROUND, CHOSEN, LIT
from tui.render.columns import Cell, Column, Row
from tui.widgets import table as module
from tui.widgets.table import Table

COLUMNS = (Column("name", 6, "column.name", weight=1), Column("n", 4, right=True))
SIZE = (20, 6)  # a heading and five lines


class Drawn:
    """Makes rows, and keeps which."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def __call__(self, key: str) -> Row:
        self.keys.append(key)
        return Row({"name": Cell(key), "n": Cell(str(len(key)))}, ground="critical" if key == "lit" else "")


def numbered(count: int) -> list[str]:
    return [f"k{n}" for n in range(count)]


def hosted(**told: Any) -> tuple[Host[Table], Table, Drawn]:
    drawn = Drawn()
    table = Table(COLUMNS, drawn, str.upper, empty=lambda: "nothing here", **told)
    return Host(table), table, drawn


def lines(table: Table) -> list[str]:
    return [line.rstrip() for line in text_of(table).splitlines()]


def moved(host: Host[Table]) -> list[str | None]:
    return [message.key for message in host.said if isinstance(message, Table.Moved)]


async def test_it_has_a_heading_lines_and_a_cursor() -> None:
    host, table, _ = hosted()
    async with host.run_test(size=SIZE) as pilot:
        assert lines(table)[:2] == ["  COLUMN.NAME", "  nothing here"]
        table.show(numbered(3))
        await pilot.pause()
        assert [line.split() for line in lines(table)[:4]] == [
            ["COLUMN.NAME"], ["▌", "k0", "2"], ["k1", "2"], ["k2", "2"],
        ]  # fmt: skip
        assert {len(line) for line in text_of(table).splitlines()[:4]} == {SIZE[0]}
        assert (table.chosen, table.detail_key) == ("k0", "k0")


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        ("down", "k1"), ("j j k", "k1"), ("up", "k0"), ("end", "k29"), ("G home", "k0"), ("pagedown", "k4"),
        ("ctrl+f ctrl+f ctrl+b", "k4"), ("end pagedown", "k29"), ("pageup", "k0"),
    ],
)  # fmt: skip
async def test_keys_move_the_cursor_and_what_it_is_on_is_in_view(keys: str, chosen: str) -> None:
    host, table, _ = hosted()
    async with host.run_test(size=SIZE) as pilot:
        table.show(numbered(30))
        await pilot.press(*keys.split())
        assert table.chosen == chosen
        assert any(line.split()[:2] == ["▌", chosen] for line in lines(table))


async def test_of_thousands_of_rows_those_in_view_are_made() -> None:
    host, table, drawn = hosted()
    async with host.run_test(size=SIZE) as pilot:
        table.show(numbered(5_000))
        await pilot.press("end")
        await pilot.pause()
        assert "k4999" in drawn.keys
        assert len(set(drawn.keys)) <= 2 * SIZE[1]


async def test_only_rows_in_view_are_drawn_again() -> None:
    host, table, drawn = hosted()
    async with host.run_test(size=SIZE) as pilot:
        table.show(numbered(50))
        await pilot.pause()
        drawn.keys.clear()
        table.redraw(["k2", "k40", "gone"])
        await pilot.pause()
        assert drawn.keys == ["k2"]


async def test_the_cursor_stays_on_its_row_wherever_that_goes() -> None:
    host, table, _ = hosted()
    async with host.run_test(size=SIZE) as pilot:
        table.show(numbered(20))
        table.move_to(3)
        table.show(["new", *reversed(numbered(20))])
        await pilot.pause()
        assert table.chosen == "k3"
        assert any(line.split()[:2] == ["▌", "k3"] for line in lines(table))


async def test_a_row_that_goes_hands_no_other_to_a_key() -> None:
    host, table, _ = hosted()
    async with host.run_test(size=SIZE) as pilot:
        table.show(numbered(5))
        table.move_to(2)
        table.show(["k0", "k1", "k3", "k4"])
        await pilot.pause()
        assert (table.chosen, table.detail_key) == (None, "k3")
        assert "▌" not in text_of(table)
        assert table.target() is None  # the first key looks
        assert table.target() is None  # and what it looks at is not on the screen yet
        await pilot.pause()
        assert "▌" in text_of(table)
        assert table.target() == "k3"
        assert moved(host)[-2:] == [None, "k3"]


async def test_rows_that_a_person_asked_for_keep_the_cursor_at_its_place() -> None:
    host, table, _ = hosted()
    async with host.run_test(size=SIZE):
        table.show(numbered(5))
        table.move_to(2)
        table.show(["a", "b"], fresh=True)
        assert table.chosen == "b"
        table.show([], fresh=True)
        assert not table.keys
        assert table.detail_key is None


@pytest.mark.parametrize("keys", [["down", "home"], ["up"]])  # above the first line is what was held back
async def test_a_table_that_holds_counts_what_is_new_until_it_is_asked_for(keys: list[str]) -> None:
    host, table, _ = hosted(holds=True)
    async with host.run_test(size=SIZE) as pilot:
        table.show(["b", "a"])
        await pilot.pause()
        table.show(["d", "c", "b", "a"])
        assert (list(table.keys), table.new, table.chosen) == (["b", "a"], 2, "b")
        await pilot.press(*keys)
        assert (list(table.keys), table.new) == (["d", "c", "b", "a"], 0)
        assert table.chosen == ("d" if keys[-1] == "home" else "c")  # a line up from where it was


async def test_older_rows_come_below_what_is_held() -> None:
    host, table, _ = hosted(holds=True)
    async with host.run_test(size=SIZE):
        table.show(["c", "b"])
        table.show(["d", "c", "b", "a"])
        assert (list(table.keys), table.new) == (["c", "b", "a"], 1)


async def test_a_held_row_that_is_gone_keeps_its_line_while_it_is_in_sight() -> None:
    host, table, _ = hosted(holds=True)
    async with host.run_test(size=SIZE) as pilot:
        table.show(["c", "b", "a"])
        await pilot.pause()
        table.show(["c", "a"])
        assert list(table.keys) == ["c", "b", "a"]
        table.show_held()
        assert list(table.keys) == ["c", "a"]


KEYS = st.lists(st.sampled_from([f"r{n}" for n in range(12)]), unique=True)


class Quiet(Table):
    """A table without a screen and without a timer."""

    def __init__(self, holds: bool) -> None:
        super().__init__(COLUMNS, Drawn(), str, holds=holds)

    def post_message(self, message: Any) -> bool:
        return True

    def touched(self) -> None:
        pass


@settings(max_examples=200)
@given(st.lists(KEYS, min_size=1, max_size=6), st.integers(0, 11), st.booleans())
def test_whatever_comes_no_other_row_gets_the_cursor(told: list[list[str]], place: int, holds: bool) -> None:
    table = Quiet(holds)
    table.show(told[0])
    if told[0]:
        table.move_to(place)
    chosen = table.chosen
    for keys in told[1:]:
        before = list(table.keys)
        table.show(keys)
        assert len(set(table.keys)) == len(table.keys)
        if chosen is None or table.chosen is None:
            return
        assert table.chosen == chosen
        if holds:  # no line down to the cursor's has moved
            assert list(table.keys)[: before.index(chosen) + 1] == before[: before.index(chosen) + 1]
        else:
            assert list(table.keys) == keys


async def test_a_table_that_nobody_touches_flows(monkeypatch: pytest.MonkeyPatch) -> None:
    host, table, _ = hosted(holds=True)
    async with host.run_test(size=SIZE) as pilot:
        table.show(["b", "a"])
        await pilot.pause()
        table.show(["c", "b", "a"])
        assert table.new == 1
        assert table._idle is not None  # counts since it was shown
        table._leave()  # as its timer does
        assert (list(table.keys), table.new) == (["c", "b", "a"], 0)
        table.show(["d", "c", "b", "a"])
        await pilot.pause()
        assert (table.keys[0], table.new, table.chosen) == ("d", 0, None)
        assert "▌" not in text_of(table)
        await pilot.press("down")  # takes hold again
        assert table.chosen == "c"
        table.show(["e", "d", "c", "b", "a"])
        assert (table.keys[0], table.new) == ("d", 1)


async def test_below_the_last_row_somebody_is_told() -> None:
    host, table, _ = hosted()
    async with host.run_test(size=SIZE) as pilot:
        table.show(numbered(2))
        await pilot.press("down")
        await pilot.pause()
        assert not any(isinstance(message, Table.Bottom) for message in host.said)
        await pilot.press("down")
        await pilot.pause()
        assert [message.control for message in host.said if isinstance(message, Table.Bottom)] == [table]


async def test_a_click_marks_and_a_second_one_opens() -> None:
    host, table, _ = hosted()
    async with host.run_test(size=SIZE) as pilot:
        table.show(numbered(3))
        await pilot.pause()
        table.move_to(2)
        await pilot.click(Table, offset=(3, 0))  # the heading
        await pilot.click(Table, offset=(3, 5))  # below the last line
        assert table.chosen == "k2"
        await pilot.click(Table, offset=(3, 2))
        assert table.chosen == "k1"
        await pilot.pause()
        await pilot.click(Table, offset=(3, 2), times=2)
        await pilot.pause()
        assert [message.key for message in host.said if isinstance(message, Table.Chosen)] == ["k1"]


async def test_enter_opens_what_was_seen() -> None:
    host, table, _ = hosted()
    async with host.run_test(size=SIZE) as pilot:
        table.show(numbered(3))
        await pilot.pause()
        await pilot.press("down")
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert [message.key for message in host.said if isinstance(message, Table.Chosen)] == ["k1"]


async def test_a_key_pressed_before_its_line_was_painted_finds_no_target(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host, table, _ = hosted()
    now = 100.0
    monkeypatch.setattr(module, "monotonic", lambda: now)
    async with host.run_test(size=SIZE) as pilot:
        table.show(numbered(3))
        await pilot.pause()
        lines(table)  # painted at 100
        setattr(host, "pressed", 99.0)  # noqa: B010 - the application's own attribute
        assert table.seen_target() is None
        setattr(host, "pressed", 101.0)  # noqa: B010
        assert table.seen_target() == "k0"
        table.move_to(1)
        assert table.seen_target() is None  # it is not painted there yet


async def test_a_line_that_wants_a_person_is_on_another_ground() -> None:
    host, table, _ = hosted()
    async with host.run_test(size=SIZE) as pilot:
        table.show(["a", "lit", "b"])
        table.move_to(2)
        await pilot.pause()

        def grounds(y: int) -> set[str]:
            styles = [segment.style for segment in table.render_line(y)]
            return {style.bgcolor.name for style in styles if style is not None and style.bgcolor is not None}

        assert grounds(2) == {LIT}
        assert grounds(1) == {BACKGROUND}
        assert grounds(3) == {CHOSEN}


async def test_a_line_that_is_painted_again_is_of_the_moment_at_which_it_was_looked_at() -> None:
    now = {"k0": "then", "k1": "then"}
    table = Table(COLUMNS, lambda key: Row({"name": Cell(key), "n": Cell(now[key])}), str.upper)
    host = Host(table)
    async with host.run_test(size=SIZE) as pilot:
        table.show(now)
        await pilot.pause()
        now.update(k0="now", k1="now")
        table.refresh(Region(0, 1, 4, 1))  # what a note that goes leaves behind: a part of one line
        await pilot.pause()
        assert ["then" in line for line in lines(table)[1:3]] == [True, True]
        table.redraw(["k1"])
        await pilot.pause()
        assert ["then" in lines(table)[1], "now" in lines(table)[2]] == [True, True]
