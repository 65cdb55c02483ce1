"""Search as a duty officer drives it: a question, paging, whether it was all, being refused, and nothing that lies."""

from __future__ import annotations

from collections.abc import Callable

from textual.pilot import Pilot

from engine.api.client import ApiError
from tests.fakes.client import FakeClient
from tests.fakes.engine import FakeEngine
from tests.tui.pilot import Until, read, screen_of
from tui.app import MatthanApp
from tui.screens.dialogs import TextDialog
from tui.screens.fleet import FleetScreen
from tui.screens.search import SearchScreen
from tui.widgets.table import Table


def shows(app: MatthanApp, *words: str) -> Callable[[], bool]:
    return lambda: all(each in screen_of(app) for each in words)


async def asked(app: MatthanApp, pilot: Pilot[None], until: Until, question: str) -> Table:
    await until(pilot, lambda: app.screen.query_one(Table).keys)
    await pilot.press("F")
    await until(pilot, lambda: isinstance(app.screen, SearchScreen) and app.screen._filter.has_focus)
    screen = app.screen
    assert isinstance(screen, SearchScreen)
    screen._filter.value = question
    await pilot.press("enter")
    await until(pilot, lambda: screen._last is not None or screen._failure is not None)
    await until(pilot, lambda: not screen._reading)
    return screen.query_one("#entries", Table)


async def test_what_is_typed_is_found_and_opened(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        table = await asked(app, pilot, until, "is:decision")
        assert table.keys
        assert {key.partition(":")[0] for key in table.keys} == {"decision"}
        assert len(table.keys) == len(engine.decided)
        n = len(table.keys)
        await until(pilot, shows(app, f"{n} trên {n}"))
        read(table, table.keys[0])
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))


async def test_a_cut_is_told_and_one_reads_on(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    engine.stored = [engine.event(seq) for seq in range(1, 300)]
    engine.past.most = 50
    async with app.run_test(size=(100, 24)) as pilot:
        table = await asked(app, pilot, until, "is:event")
        first = len(table.keys)
        assert first < 299
        await until(pilot, shows(app, f"{first} trên >{first}"))
        assert [*table.keys] == [f"event:{each.id}" for each in engine.stored[::-1]][:first]
        for _ in range(20):
            await pilot.press("end")
            await until(pilot, lambda: not app.screen._reading)  # type: ignore[attr-defined]  # the search's
        assert len(table.keys) == 299
        await until(pilot, shows(app, "299 trên 299"))


async def test_an_index_that_is_being_made_is_told(app: MatthanApp, engine: FakeEngine, until: Until) -> None:
    engine.past.waits = True
    async with app.run_test(size=(100, 24)) as pilot:
        await asked(app, pilot, until, "is:event")
        await until(pilot, shows(app, "chỉ mục mới được 40 %"))


async def test_nothing_found_refused_and_asked_again(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    async with app.run_test(size=(100, 24)) as pilot:
        table = await asked(app, pilot, until, "zzzz")
        assert not table.keys
        await until(pilot, shows(app, "Không tìm thấy gì"))
        await pilot.press("slash")
        app.screen.query_one("#filter").value = "since:25:00"  # type: ignore[attr-defined]  # an input
        await pilot.press("enter")
        await until(pilot, lambda: app.screen._failure is not None)  # type: ignore[attr-defined]
        await until(pilot, shows(app, "25:00"))
        client.failure = ApiError(503, "search.not_ready", "the index is made anew")
        await pilot.press("r")
        await until(pilot, shows(app, "made anew"))
