"""Pixels per metre in the terminal."""

from __future__ import annotations

from textual.widgets import Input

from tests.fakes.aiming import FakeDrawing
from tests.tui.pilot import Until, notes, screen_of
from tests.tui.screens.aiming.conftest import Opening
from tui.app import MatthanApp
from tui.screens.aiming.dialogs import AskDialog, DiffDialog
from tui.screens.aiming.measure import MeasureScreen


async def test_a_person_is_marked_and_the_metres_are_written(
    app: MatthanApp, opening: Opening, drawn: FakeDrawing, until: Until
) -> None:
    """0.4 of 1080 rows is 432 px; a person of 1.7 m: 254 px/m, of the recorded picture, not of the analysed one."""
    async with app.run_test(size=(80, 24)) as pilot:
        await opening(pilot)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, MeasureScreen))
        screen = app.screen
        assert isinstance(screen, MeasureScreen)
        await pilot.press("space", *["shift+down"] * 4, "space")
        await until(pilot, lambda: "254,1 px/m" in screen_of(app))
        shown = " ".join(screen_of(app).split())
        assert "identify" in shown
        assert "characterise" in shown
        await pilot.press("2")
        assert screen.metres == 0.52
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, DiffDialog))
        await pilot.press("enter")
        await until(pilot, lambda: drawn.held.metres_per_width == round(1920 / (432 / 0.52), 2))
        await pilot.press("x")
        assert screen.found is None


async def test_a_length_of_ones_own(app: MatthanApp, opening: Opening, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opening(pilot)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, MeasureScreen))
        screen = app.screen
        assert isinstance(screen, MeasureScreen)
        for typed, metres in (
            ("2,4", 2.4),
            ("long", 2.4),
            ("-1", 2.4),
            ("nan", 2.4),
            ("1e9", 2.4),
            ("3", 3.0),
        ):
            await pilot.press("l")
            await until(pilot, lambda: isinstance(app.screen, AskDialog))
            app.screen.query_one(Input).value = typed
            await pilot.press("enter")
            await until(pilot, lambda: app.screen is screen)
            assert screen.metres == metres
        assert sum("Không phải chiều dài" in note for note in notes(app)) == 4
        await pilot.press("space", "space")
        assert screen.found is None  # a point is no length
        await pilot.press("m")
        assert app.screen is screen


async def test_enlarged_it_is_finer(app: MatthanApp, opening: Opening, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opening(pilot)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, MeasureScreen))
        screen = app.screen
        assert isinstance(screen, MeasureScreen)
        await pilot.press("plus", "plus", "right")
        assert screen.window.zoom == 4
        assert screen.cross == (0.5025, 0.5)
        await pilot.press(*["shift+left"] * 7)
        x, _ = screen.window.shown(screen.cross)
        assert 0 <= x <= 1  # the window goes along
        await pilot.press("minus", "minus", "minus")
        assert screen.window.zoom == 1
