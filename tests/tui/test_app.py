"""The whole application: languages, what rings, an engine that goes away and comes back."""

from __future__ import annotations

from typing import Any

import pytest

from engine.api import wire
from engine.api.client import ApiError, Disconnected
from tests.fakes.client import FakeClient
from tests.fakes.engine import FakeEngine
from tests.tui.pilot import Until, screen_of, text_of
from tui.app import NAMED, NAMED_SECONDS, MatthanApp
from tui.widgets.table import Table

GREEN = "#87af5f"


async def test_a_lost_engine_shows_a_banner_until_it_is_back(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, count: Any, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table, banner = app.screen.query_one(Table), app.screen.query_one("#banner")
        await until(pilot, lambda: table.keys)
        assert not banner.display
        count.seconds += 7
        client.say(Disconnected("connection refused", 0.5))
        await until(pilot, lambda: banner.display and "connection refused" in text_of(banner))
        assert "7 giây" in text_of(banner)
        assert table.keys  # what was known stays
        engine.cameras = engine.cameras[:2]
        client.say(engine.state())
        await until(pilot, lambda: len(table.keys) == 2)
        assert not banner.display


async def test_an_engine_that_refuses_says_so(app: MatthanApp, client: FakeClient, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        client.say(ApiError(403, "api.refused", "/run/x: Forbidden"))
        await until(pilot, lambda: "từ chối: /run/x: Forbidden" in text_of(app.screen.query_one("#banner")))


async def test_why_somebody_is_let_in_no_more_is_said_in_full_and_stays(
    app: MatthanApp, client: FakeClient, until: Until
) -> None:
    why = (
        "Lê Bình có vai trò viewer tại group:gates, nhưng không phải vào giờ hoặc ngày này (quyền g-n2g25oq)."
    )
    async with app.run_test(size=(80, 24)) as pilot:
        client.say(ApiError(403, "access.not_now", why))
        await until(pilot, lambda: any(why in note.message for note in app._notifications))
        (note,) = (note for note in app._notifications if why in note.message)
        assert "mở lại matthan tui" in note.message
        assert note.timeout > 3600


async def test_a_gap_is_followed_by_a_state(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: table.keys)
        engine.cameras = engine.cameras[:3]
        client.say(wire.Gap(missed=40), engine.state())
        await until(pilot, lambda: len(table.keys) == 3)


async def test_the_language_changes_everywhere_at_once(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: table.keys)
        await until(pilot, lambda: "trực tuyến" in screen_of(app))
        await pilot.press("L")
        vietnamese = ("trực tuyến", "QUYẾT ĐỊNH", "nhật ký", "Sự kiện")
        await until(pilot, lambda: not any(word in screen_of(app) for word in vietnamese))
        assert "online" in screen_of(app)
        client.say(engine.state())  # the site is Vietnamese; who asked for English keeps it
        await pilot.press("e")
        await until(pilot, lambda: "Loitering at the gate" in screen_of(app))
        await pilot.press("L", "escape")
        await until(pilot, lambda: "trực tuyến" in screen_of(app))


async def test_a_critical_decision_rings_and_flashes(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[bool] = []
    monkeypatch.setattr(app, "bell", lambda: rung.append(True))
    monkeypatch.setattr("tui.app.FLASH", 3600.0)
    critical = engine.decision("d2")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.query_one(Table).keys)
        assert rung == []  # what was decided before this UI opened does not ring
        client.say(critical.model_copy(update={"id": "now"}), critical.model_copy(update={"id": "too"}))
        await until(pilot, lambda: rung and client.idle)
        assert rung == [True]
        assert app.screen.query_one("#title").has_class("critical")
        assert "KHẨN CẤP Trường mầm non" in {note.title for note in app._notifications}


async def test_of_many_critical_ones_a_few_are_named_and_all_are_counted(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, count: Any, until: Until
) -> None:
    critical = engine.decision("d2")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.query_one(Table).keys)
        for number in range(40):
            made = critical.model_copy(update={"id": f"n{number}", "key": f"k{number}"})
            client.say(made, wire.Alert(id=made.id, decision=made))
            await until(pilot, lambda: client.idle)
            await pilot.pause(0.02)
        await until(pilot, lambda: "42 chưa nhận" in text_of(app.screen.query_one("#title")))
        named = [note for note in app._notifications if note.title.startswith("KHẨN CẤP")]
        assert len(named) == NAMED
        assert ["f xem tất cả" in note.message for note in named] == [False, False, True]
        count.seconds += NAMED_SECONDS
        client.say(critical.model_copy(update={"id": "later"}))
        await until(pilot, lambda: len(app._notifications) == NAMED + 1)


async def test_quit_leaves(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.query_one(Table).keys)
        await pilot.press("q")
    assert app.return_code == 0


async def test_the_engine_is_asked_in_the_language_on_the_screen(
    app: MatthanApp, client: FakeClient, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: client.language == "vi")
        await pilot.press("L")
        await until(pilot, lambda: client.language == "en")


def colours(app: MatthanApp) -> set[str]:
    strips = (strip for strip in app.screen._compositor.render_strips())
    styles = (segment.style for strip in strips for segment in strip if segment.text.strip())
    return {style.color.name for style in styles if style is not None and style.color is not None}


@pytest.mark.parametrize("how", ["gone", "mute"])
@pytest.mark.parametrize("keys", [(), ("enter",), ("r",)], ids=["fleet", "camera", "rules"])
async def test_of_an_engine_that_is_gone_nothing_is_green(
    app: MatthanApp,
    engine: FakeEngine,
    client: FakeClient,
    count: Any,
    until: Until,
    keys: tuple[str, ...],
    how: str,
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: table.keys)
        table.move_to(list(table.keys).index("cam-0"))
        await pilot.press(*keys)
        if keys != ("r",):
            await until(pilot, lambda: GREEN in colours(app))
        count.seconds += 20
        if how == "gone":
            client.say(Disconnected("gone", 1.0, "link.closed"))
        await until(pilot, lambda: "từ 14:03:22" in text_of(app.screen.query_one("#banner")))
        await until(pilot, lambda: "? không rõ" in screen_of(app))
        assert GREEN not in colours(app)
        assert "trực tuyến" not in screen_of(app)
        client.say(engine.state())
        await until(pilot, lambda: "không rõ" not in screen_of(app))


async def test_without_an_engine_it_says_how_to_start_one(
    app: MatthanApp, client: FakeClient, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing() -> Any:
        yield Disconnected("x", 1.0, "link.absent")
        await client.wait()

    monkeypatch.setattr(client, "updates", nothing)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "`matthan run`" in screen_of(app))
