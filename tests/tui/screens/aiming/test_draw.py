"""Drawing in the terminal: by keyboard and mouse, with the change shown before it is written, and conflicts told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input

from engine.api.resources.commissioning.drawing import DrawnLine
from engine.web.problem_details import FileProblem
from engine.web.refusals import refusal
from tests.fakes.aiming import FakeDrawing, revision
from tests.tui.pilot import Until, notes, screen_of
from tests.tui.screens.aiming.conftest import Opening
from tui.app import MatthanApp
from tui.screens.aiming.aim import AimScreen
from tui.screens.aiming.dialogs import AskDialog, DiffDialog
from tui.screens.aiming.draw import DrawScreen
from tui.screens.dialogs import ConfirmDialog
from tui.widgets.still import BlockStill

if TYPE_CHECKING:
    from textual.pilot import Pilot


async def begin(app: MatthanApp, pilot: Pilot[None], opening: Opening, until: Until) -> DrawScreen:
    await opening(pilot)
    await pilot.press("z")
    await until(pilot, lambda: isinstance(app.screen, DrawScreen) and app.screen.drawing is not None)
    screen = app.screen
    assert isinstance(screen, DrawScreen)
    return screen


async def type_name(app: MatthanApp, pilot: Pilot[None], until: Until, name: str) -> None:
    await until(pilot, lambda: isinstance(app.screen, AskDialog))
    app.screen.query_one(Input).value = name
    await pilot.press("enter")


async def agree(app: MatthanApp, pilot: Pilot[None], until: Until) -> None:
    await until(pilot, lambda: isinstance(app.screen, DiffDialog))
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, DrawScreen))


async def test_a_zone_by_keyboard(
    app: MatthanApp, opening: Opening, drawn: FakeDrawing, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await begin(app, pilot, opening, until)
        assert "vùng san (4 điểm)" in screen_of(app)
        await pilot.press("n", "s")
        await until(pilot, lambda: any("Quá ít điểm" in note for note in notes(app)))
        await pilot.press("space", "shift+right", "space", "shift+down", "space", "shift+left")
        await until(pilot, lambda: screen.draft is not None and len(screen.draft.points) == 3)
        await pilot.press("s")
        await type_name(app, pilot, until, "cua")
        await until(pilot, lambda: isinstance(app.screen, DiffDialog) and "+      cua" in screen_of(app))
        assert "cua" not in drawn.held.zones
        await agree(app, pilot, until)
        await until(pilot, lambda: "cua" in drawn.held.zones)
        points = [(round(x, 4), round(y, 4)) for x, y in drawn.held.zones["cua"]]
        assert points == [(0.5, 0.5), (0.6, 0.5), (0.6, 0.6)]
        await until(pilot, lambda: screen.draft is None and "vùng cua (3 điểm)" in screen_of(app))


async def test_points_are_chosen_moved_and_taken_back(
    app: MatthanApp, opening: Opening, drawn: FakeDrawing, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await begin(app, pilot, opening, until)
        before = drawn.held.zones["san"]
        await pilot.press("enter", "tab", "tab", "right", "shift+up")
        draft = screen.draft
        assert draft is not None
        assert draft.points[1] == (0.61, 0.4)
        await pilot.press("x")
        assert len(draft.points) == 3
        await pilot.press("u", "u", "u")
        assert draft.points == before
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, DiffDialog))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, DrawScreen))
        assert screen.draft is draft
        assert drawn.held.revision == revision(1)


async def test_a_point_behind_a_chosen_one_is_held_and_the_last_one_is_taken_away(
    app: MatthanApp, opening: Opening, drawn: FakeDrawing, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await begin(app, pilot, opening, until)
        before = drawn.held.zones["san"]
        await pilot.press("enter", "tab", "space", "shift+right", "shift+down")
        draft = screen.draft
        assert draft is not None
        assert (len(draft.points), draft.chosen) == (5, 1)
        assert (draft.points[0], *draft.points[2:]) == before
        assert draft.points[1] != before[0]
        await pilot.press("escape", "x", "shift+left")
        assert (len(draft.points), draft.chosen) == (4, None)
        assert draft.points[2:] == before[1:3]


async def test_a_part_is_ignored_renamed_and_counts_again(
    app: MatthanApp, opening: Opening, drawn: FakeDrawing, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await begin(app, pilot, opening, until)
        await pilot.press("v", "space", "shift+right", "space", "shift+down", "space", "s")
        await type_name(app, pilot, until, "san")  # a zone has that name too
        await agree(app, pilot, until)
        await until(pilot, lambda: screen.draft is None and "✕ san (3 điểm)" in screen_of(app))
        assert len(drawn.held.zones["san"]) == 4
        await pilot.press("down", "down", "r")
        await type_name(app, pilot, until, "cay")
        await agree(app, pilot, until)
        await until(pilot, lambda: list(drawn.held.ignored) == ["cay"])
        await pilot.press("x")
        await agree(app, pilot, until)
        await until(pilot, lambda: not drawn.held.ignored)
        assert (list(drawn.held.zones), list(drawn.held.lines)) == (["san"], ["cong"])


async def test_a_line_and_its_side(
    app: MatthanApp, opening: Opening, drawn: FakeDrawing, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await begin(app, pilot, opening, until)
        await pilot.press("down", "enter")
        await until(
            pilot, lambda: screen.draft is not None and "trái" in screen_of(app) and "▸" in screen_of(app)
        )
        await pilot.press("i", "s")
        await agree(app, pilot, until)
        await until(pilot, lambda: drawn.held.lines["cong"].inward == "right")


async def test_by_mouse(app: MatthanApp, opening: Opening, drawn: FakeDrawing, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await begin(app, pilot, opening, until)
        await pilot.press("n")
        view = screen.query_one(BlockStill)
        await until(pilot, lambda: view._shown is not None)
        assert view._shown is not None
        columns, rows = view._shown.lines[0].cell_length, len(view._shown.lines)
        left, top = (view.size.width - columns) // 2, view._top(view._shown)
        for x, y in ((5, 3), (columns - 5, 3), (columns // 2, rows - 3)):
            await pilot.click(view, offset=(left + x, top + y))
        await until(pilot, lambda: screen.draft is not None and len(screen.draft.points) == 3)
        assert screen.draft is not None
        first = screen.draft.points[0]
        assert first == pytest.approx(((5 + 0.5) / columns, (3 + 0.5) / rows), abs=0.001)
        await pilot.mouse_down(view, offset=(left + 5, top + 3))
        await pilot.hover(view, offset=(left + 9, top + 5))
        await pilot.mouse_up(view, offset=(left + 9, top + 5))
        assert len(screen.draft.points) == 3
        assert screen.draft.chosen == 0
        await pilot.click("#facts", offset=(2, 2))
        assert len(screen.draft.points) == 3


async def test_two_technicians(app: MatthanApp, opening: Opening, drawn: FakeDrawing, until: Until) -> None:
    """Who was slower is told, sees what the other drew, and keeps what is under the pen."""
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await begin(app, pilot, opening, until)
        await pilot.press("enter", "tab", "left", "s")
        await until(pilot, lambda: isinstance(app.screen, DiffDialog))
        theirs = DrawnLine(points=((0.1, 0.1), (0.9, 0.1)))
        drawn.held = drawn.held.model_copy(update={"revision": revision(9), "lines": {"theirs": theirs}})
        await pilot.press("enter")
        await until(
            pilot, lambda: any("config.changed_meanwhile" in n or "somebody else" in n for n in notes(app))
        )
        assert screen.draft is not None
        assert screen.drawing is not None
        assert "theirs" in screen.drawing.lines
        await pilot.press("s")
        await agree(app, pilot, until)
        await until(pilot, lambda: drawn.held.revision == revision(10))
        assert "theirs" in drawn.held.lines


async def test_a_zone_that_a_rule_names(
    app: MatthanApp, opening: Opening, drawn: FakeDrawing, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await begin(app, pilot, opening, until)
        problem = FileProblem(
            source="r.yaml", line=4, column=9, code="x", vi="không có vùng “san”", en="no zone"
        )
        drawn.failure = refusal(422, "aim.refused", (problem,), count=1, place="r.yaml:4:9")
        await pilot.press("x")
        await agree(app, pilot, until)
        await until(pilot, lambda: any("r.yaml:4: không có vùng “san”" in note for note in notes(app)))
        assert screen.drawing is not None
        assert "san" in screen.drawing.zones
        drawn.failure = None
        await pilot.press("x")
        await agree(app, pilot, until)
        await until(pilot, lambda: "san" not in drawn.held.zones)


async def test_a_zone_is_renamed(app: MatthanApp, opening: Opening, drawn: FakeDrawing, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await begin(app, pilot, opening, until)
        await pilot.press("r")
        await type_name(app, pilot, until, "san-truoc")
        await agree(app, pilot, until)
        await until(pilot, lambda: list(drawn.held.zones) == ["san-truoc"])


async def test_what_was_drawn_is_not_dropped_by_the_way(
    app: MatthanApp, opening: Opening, drawn: FakeDrawing, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await begin(app, pilot, opening, until)
        await pilot.press("n", "space", "escape")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert screen.draft is not None
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen and screen.draft is None)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, AimScreen))


async def test_nothing_is_drawn_yet(
    app: MatthanApp, opening: Opening, drawn: FakeDrawing, until: Until
) -> None:
    drawn.held = drawn.held.model_copy(update={"zones": {}, "lines": {}})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await begin(app, pilot, opening, until)
        await pilot.press("enter", "x", "r", "down", "up", "u", "i", "s", "tab")
        assert app.screen is screen
        assert screen.draft is None
        assert "Chưa vẽ gì" in screen_of(app)
