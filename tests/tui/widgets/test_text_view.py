"""A long text: wrapped to the width, drawn where it is in view, what is read stays where it is."""

from __future__ import annotations

import pytest

from tests.tui.pilot import text_of
from tests.tui.widgets.host import Host
from tui.render.paragraphs import Paragraph
from tui.widgets.text_view import TextView

LONG = [Paragraph(f"line {n}") for n in range(30)]


async def test_paragraphs_are_wrapped_anew_when_the_width_changes() -> None:
    view = TextView()
    async with Host(view).run_test(size=(12, 6)) as pilot:
        view.show([Paragraph("one two three", mark="✗"), Paragraph("four", depth=1)])
        await pilot.pause()
        assert view.text == "✗ one two\n  three\n  four"
        await pilot.resize_terminal(30, 6)
        await pilot.pause()
        assert view.text == "✗ one two three\n  four"
        assert view.get_content_height(view.size, view.size, 8) == 4


async def test_no_letter_is_hidden_behind_a_scroll_bar_that_comes_later() -> None:
    view = TextView()
    async with Host(view).run_test(size=(12, 4)) as pilot:
        view.show([Paragraph("one two thre")] * 3)
        await pilot.pause()
        assert view.text == "\n".join(["one two thre"] * 3)
        view.show([Paragraph("one two thre")] * 9)
        for _ in range(5):
            await pilot.pause()
        assert view.text.split("\n")[:2] == ["one two", "thre"]


@pytest.mark.parametrize(
    ("keys", "first"),
    [("down", 1), ("j j k", 1), ("up", 0), ("pagedown", 4), ("ctrl+f ctrl+b", 0), ("end", 25), ("G home", 0)],
)
async def test_keys_scroll(keys: str, first: int) -> None:
    view = TextView()
    async with Host(view).run_test(size=(20, 5)) as pilot:
        view.show(LONG)
        await pilot.pause()
        await pilot.press(*keys.split())
        await pilot.pause()
        assert text_of(view).splitlines()[0].rstrip() == f"line {first}"


async def test_a_text_that_is_told_anew_stays_where_it_is_read() -> None:
    view = TextView()
    async with Host(view).run_test(size=(20, 5)) as pilot:
        view.show(LONG)
        await pilot.pause()
        await pilot.press("pagedown")
        view.show([*LONG[:-1], Paragraph("another end")])
        await pilot.pause()
        assert text_of(view).splitlines()[0].rstrip() == "line 4"
        await pilot.press("end")
        await pilot.pause()
        assert "another end" in text_of(view)


async def test_lines_fill_the_width_and_below_the_text_there_is_nothing() -> None:
    view = TextView()
    async with Host(view).run_test(size=(20, 5)) as pilot:
        view.show([Paragraph("short", "bad")])
        await pilot.pause()
        assert [view.render_line(y).cell_length for y in range(5)] == [20] * 5
        assert [line.strip() for line in text_of(view).splitlines()] == ["short", "", "", "", ""]
