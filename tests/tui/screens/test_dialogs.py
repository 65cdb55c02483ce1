"""What comes up over a screen."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.client import FakeClient
from tests.tui.pilot import Until, screen_of
from tui.app import MatthanApp
from tui.screens.dialogs import HelpDialog
from tui.screens.fleet import FleetScreen


async def test_help_lists_the_keys(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpDialog))
        keys = ("PgUp", "Space", "1 … 9", "g", "p", "d")
        await until(pilot, lambda: all(key in screen_of(app) for key in keys))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))


@pytest.mark.parametrize(("ends", "told"), [(True, "dừng luôn bản chạy thử"), (False, "hệ thống vẫn chạy")])
async def test_help_says_what_becomes_of_the_engine(
    client: FakeClient, count: Any, until: Until, ends: bool, told: str
) -> None:
    app = MatthanApp(client, monotonic=count, ends=ends)
    async with app.run_test(size=(100, 60)) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpDialog) and told in screen_of(app))
