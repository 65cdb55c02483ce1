"""Pictures of the pages for aiming, compared and reviewed by eye: at 80x24, in both languages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.aiming import FakeDrawing
from tests.fakes.client import FakeClient
from tests.tui.pilot import Until
from tests.tui.screens.aiming.conftest import Opening
from tui.app import MatthanApp
from tui.screens.aiming.draw import DrawScreen
from tui.screens.aiming.measure import MeasureScreen
from tui.texts import Language
from tui.widgets.still import BlockStill

if TYPE_CHECKING:
    from textual.pilot import Pilot

LANGUAGES: list[Language] = ["vi", "en"]
languages = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture
def shown(snap_compare: Any, client: FakeClient, count: Any) -> Callable[..., bool]:
    def compare(language: Language, act: Callable[[Pilot[None]], Awaitable[None]]) -> bool:
        app = MatthanApp(client, language=language, monotonic=count, still_every=0.15, ask_every=0.05)
        app.animation_level = "none"
        return bool(snap_compare(app, terminal_size=(80, 24), run_before=act))

    return compare


def pictured(pilot: Pilot[None]) -> bool:
    shown = pilot.app.screen.query_one(BlockStill)._shown
    return shown is not None and shown.lines[0].cell_length > 40


@languages
def test_aiming(shown: Callable[..., bool], opening: Opening, until: Until, language: Language) -> None:
    async def act(pilot: Pilot[None]) -> None:
        screen = await opening(pilot)
        await pilot.press("b", "g")
        await until(pilot, lambda: pictured(pilot) and screen.meter.share == 100)
        await pilot.pause(0.4)

    assert shown(language, act)


@languages
def test_drawing(
    shown: Callable[..., bool], opening: Opening, drawn: FakeDrawing, until: Until, language: Language
) -> None:
    async def act(pilot: Pilot[None]) -> None:
        screen = await opening(pilot)
        screen.beeps = False
        await pilot.press("z")
        await until(pilot, lambda: isinstance(pilot.app.screen, DrawScreen) and pilot.app.screen.drawing)
        await pilot.press("enter", "tab", "tab", "shift+up")
        await until(pilot, lambda: pictured(pilot))
        await pilot.pause(0.4)

    assert shown(language, act)


@languages
def test_measuring(shown: Callable[..., bool], opening: Opening, until: Until, language: Language) -> None:
    async def act(pilot: Pilot[None]) -> None:
        screen = await opening(pilot)
        screen.beeps = False
        await pilot.press("d")
        await until(pilot, lambda: isinstance(pilot.app.screen, MeasureScreen))
        await pilot.press("space", *["shift+down"] * 4, "space")
        await until(pilot, lambda: pictured(pilot))
        await pilot.pause(0.4)

    assert shown(language, act)
