"""The time machine as it is walked: rows, the moment of the cursor, gaps, other scopes, another day, no answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from engine.api.client import ApiError
from engine.api.resources.past.history import HistoryRow
from tests.fakes.client import FakeClient
from tests.fakes.engine import FakeEngine
from tests.tui.pilot import Until, screen_of
from tui.app import MatthanApp
from tui.screens.fleet import FleetScreen
from tui.screens.night import NightScreen
from tui.screens.search import SearchScreen
from tui.widgets.table import Table


def night(engine: FakeEngine) -> None:
    """Draw a night by hand: much at dusk, a lost camera, a stop of the engine."""
    counts: list[int | None] = [(n * 7) % 11 if 20 < n < 60 else 0 for n in range(96)]
    watched = "u" * 60 + "gggg" + "p" + "u" * 15 + "ssss" + "u" * 12
    alerts = tuple(int(n == 40) for n in range(96))
    worst = "".join("c" if n else "-" for n in alerts)
    quiet = (0,) * 96
    engine.past.drawn = {
        "camera": [
            HistoryRow(camera="cam-0", counts=tuple(counts), alerts=alerts, worst=worst, watched=watched),
            HistoryRow(camera="cam-1", counts=quiet, alerts=quiet, worst="-" * 96, watched="u" * 96),
            HistoryRow(camera="cam-2", counts=(None,) * 90 + (1,) * 6, alerts=quiet, worst="-" * 96, watched="?" * 96),
        ],
        "rule": [HistoryRow(name="đêm-khuya", counts=alerts, worst=worst, watched="u" * 96)],
    }  # fmt: skip
    engine.past.minutes = ("u" * 50 + "g" * 3 + "u" * 7) * 24


def shows(app: MatthanApp, *words: str) -> Callable[[], bool]:
    return lambda: all(each in screen_of(app) for each in words)


async def opened(app: MatthanApp, pilot: Pilot[None], until: Until) -> NightScreen:
    await until(pilot, lambda: app.screen.query_one(Table).keys)
    await pilot.press("H")
    await until(pilot, lambda: isinstance(app.screen, NightScreen) and app.screen._told is not None)
    screen = app.screen
    assert isinstance(screen, NightScreen)
    await until(pilot, lambda: screen._stood is not None)
    return screen


@pytest.mark.parametrize(("width", "cells"), [(80, 48), (140, 96)])
async def test_the_cursor_walks_and_tells_its_moment(
    app: MatthanApp, engine: FakeEngine, until: Until, width: int, cells: int
) -> None:
    night(engine)
    async with app.run_test(size=(width, 30)) as pilot:
        screen = await opened(app, pilot, until)
        assert screen._steps is not None
        assert screen._steps.cells == cells
        assert screen._line.cell == screen._steps.cell(screen._steps.now)
        await until(pilot, shows(app, "×", "▒", "█"))
        screen._line.action_walk(-200)
        await until(pilot, lambda: screen._line.cell == 0)
        for _ in range(cells * 61 // 96):
            await pilot.press("right")
        await until(pilot, shows(app, "mất hoặc bị từ chối"))
        await until(pilot, lambda: "cam-0" in screen._minutes)
        await pilot.press("down", "down")
        await until(pilot, shows(app, "? lần bắt đầu"))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))


async def test_other_scopes_and_a_search_at_the_moment(
    app: MatthanApp, engine: FakeEngine, until: Until
) -> None:
    night(engine)
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await opened(app, pilot, until)
        await pilot.press("z")
        await until(pilot, shows(app, "Không đếm được gì"))
        await pilot.press("z")
        await until(pilot, shows(app, "đêm-khuya"))
        await until(pilot, lambda: screen._stood is not None)
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: screen._told is not None and screen._told.until < engine.figures.now)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SearchScreen))
        assert 'rule:"đêm-khuya" since:2025-' in app.screen._asked  # type: ignore[attr-defined]  # the search's


async def test_no_answer_is_told_and_nothing_is_drawn(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.query_one(Table).keys)
        client.failure = ApiError(503, "search.not_ready", "the index is made anew")
        await pilot.press("H")
        await until(pilot, shows(app, "made anew"))
        client.failure = None
        night(engine)
        await pilot.press("r")
        await until(pilot, shows(app, "█"))
