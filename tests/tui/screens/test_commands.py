"""The command palette finds pages, cameras and rules, without diacritics too, and piles nothing up."""

from __future__ import annotations

import pytest
from textual.command import CommandList, CommandPalette
from textual.widgets import Input

from engine.api.client import ApiError
from tests.fakes.client import FakeClient
from tests.tui.pilot import Until, screen_of
from tui.app import MatthanApp
from tui.screens.camera import CameraScreen
from tui.screens.fleet import FleetScreen
from tui.screens.log import LogScreen
from tui.screens.rule import RuleScreen
from tui.screens.rules import RulesScreen


@pytest.mark.parametrize(
    ("typed", "page"),
    [
        ("quy tac: dem-khuya", RuleScreen),
        ("CONG UBND", CameraScreen),
        ("cam-0", CameraScreen),
        ("viec can nguoi", LogScreen),
        ("danh sach", FleetScreen),
    ],
)
async def test_a_few_letters_open_it(app: MatthanApp, until: Until, typed: str, page: type) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.context.model.engine is not None)
        await pilot.press("e", "r")  # two pages deep
        assert isinstance(app.screen, RulesScreen)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        app.screen.query_one(Input).value = typed
        found = app.screen.query_one(CommandList)
        await until(pilot, lambda: found.option_count and found.highlighted == 0)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, page))
        assert len(app.screen_stack) <= 2


async def test_it_teaches_the_keys_before_anything_is_typed(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("colon")
        await until(pilot, lambda: "Nhật ký  e" in screen_of(app))
        assert "Tìm kiếm  F" in screen_of(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))


async def test_an_engine_that_tells_no_rules_leaves_the_rest(
    app: MatthanApp, client: FakeClient, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.context.model.engine is not None)
        client.failure = ApiError(0, "api.unreachable", "gone")
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "Nhật ký  e" in screen_of(app))
