"""The lines above and below every screen: whole pairs, both ends, drawn when they differ."""

from __future__ import annotations

import pytest
from rich.text import Text

from tests.tui.pilot import text_of
from tests.tui.widgets.host import Host
from tui.widgets.bars import KeyBar, StatusLine

KEYS = [("Esc", "back"), ("?", "help"), ("L", "language")]


@pytest.mark.parametrize(
    ("width", "shown"),
    [(40, " Esc back  ? help  L language"), (20, " Esc back  ? help"), (12, " Esc back"), (9, ""), (5, "")],
)
async def test_keys_that_do_not_fit_are_left_out_from_the_end(width: int, shown: str) -> None:
    bar = KeyBar()
    async with Host(bar).run_test(size=(width, 1)) as pilot:
        bar.show(KEYS)
        await pilot.pause()
        assert text_of(bar).rstrip() == shown


@pytest.mark.parametrize(
    ("optional", "width", "shown"),
    [(False, 12, "left   right"), (False, 9, "le… right"), (True, 11, "left   righ"), (True, 10, "left")],
)
async def test_of_two_ends_the_optional_one_goes(optional: bool, width: int, shown: str) -> None:
    line = StatusLine(optional=optional)
    async with Host(line).run_test(size=(width, 1)) as pilot:
        line.show(Text("left"), Text("right"[: 4 if shown.endswith("righ") else 5]))
        await pilot.pause()
        assert text_of(line).rstrip() == shown


async def test_only_what_differs_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    line, drawn = StatusLine(), []
    async with Host(line).run_test(size=(20, 1)):
        monkeypatch.setattr(line, "refresh", lambda: drawn.append(True))
        line.show(Text("a"), Text("b"))
        line.show(Text("a"), Text("b"))
        assert len(drawn) == 1
        line.show(Text("a", "red"), Text("b"))
        line.show(Text.assemble(("a", "red")), Text("b"))  # the same letters in a colour
        assert len(drawn) > 1
        line.show(Text("a"))
        assert "b" not in str(line.render())
