"""The log: reasons, details, filters, older pages; what fires, and who takes care of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from engine.api import wire
from engine.api.client import ApiError
from tests.fakes.client import FakeClient
from tests.fakes.engine import FakeEngine
from tests.tui.pilot import (
    Until,
    read,
    screen_of,
    text_of,
)
from tui.app import MatthanApp
from tui.screens.camera import CameraScreen
from tui.screens.fleet import FleetScreen
from tui.screens.log import LogScreen
from tui.widgets.table import Table


async def test_the_log_shows_reasons_and_details(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    delivery = wire.Delivery(
        id=1,
        decision="d3",
        action="mqtt",
        at=engine.figures.now,
        state="dead",
        attempts=9,
        detail="no route",
    )
    async with app.run_test(size=(200, 60)) as pilot:
        client.say(delivery)
        await pilot.press("e")
        table = app.screen.query_one(Table)
        await until(pilot, lambda: len(table.keys) == 10)
        assert table.keys[0] == "decision:d3"
        detail = app.screen.query_one("#details")
        await until(pilot, lambda: "hỏng sau 9 lần no route" in screen_of(app))
        assert detail.size.width > 50
        assert "người (87 % ≥ 60 %) ở vùng san 10 giây" in screen_of(app)


async def test_new_entries_wait_and_older_pages_come_below(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    newest, engine.carried = engine.stored[-1], len(engine.stored)
    older = [
        newest.model_copy(
            update={"id": f"e{seq}", "seq": seq, "at": newest.at - timedelta(hours=1, seconds=-seq)}
        )
        for seq in range(-449, 1)
    ]
    engine.stored = [*older, *engine.stored]
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("e")
        table = app.screen.query_one(Table)
        await until(pilot, lambda: len(table.keys) > 100)  # the screen was not full: a page was read
        loaded = len(table.keys)
        await pilot.press("end")
        await until(pilot, lambda: len(table.keys) > loaded)
        await pilot.press("home")
        await until(pilot, lambda: table.chosen == table.keys[0])
        client.say(newest.model_copy(update={"id": "new", "seq": 99, "at": newest.at + timedelta(seconds=9)}))
        client.say(
            newest.model_copy(update={"id": "newer", "seq": 100, "at": newest.at + timedelta(seconds=10)})
        )
        await until(pilot, lambda: "2 dòng mới" in text_of(app.screen.query_one("#status")))
        assert (table.keys[0], table.chosen) == ("decision:d3", "decision:d3")  # no line has moved
        await pilot.press("home")
        await until(pilot, lambda: table.keys[0] == table.chosen == "event:newer")
        assert "mới" not in text_of(app.screen.query_one("#status"))
        while app.context.model.log.next_page() is not None:
            await pilot.press("end")
        await until(pilot, lambda: len(table.keys) == 10 + 450 + 2)


async def test_the_log_filters(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("e")
        table = app.screen.query_one(Table)
        await until(pilot, lambda: len(table.keys) == 10)
        await pilot.press("d")
        await until(pilot, lambda: len(table.keys) == 4)
        await pilot.press("d", "slash", *"camera:cong kind:object")
        await until(pilot, lambda: len(table.keys) == 2)
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, CameraScreen))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: len(table.keys) == 10)
        assert type(app.screen) is LogScreen
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))


async def test_a_failed_page_is_told_and_can_be_asked_again(
    app: MatthanApp, client: FakeClient, until: Until
) -> None:
    client.failure = ApiError(0, "api.unreachable", "")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: [note.message for note in app._notifications])
        assert "Không liên lạc được" in next(iter(app._notifications)).message
        client.failure = None
        await pilot.press("end")
        await until(pilot, lambda: app.context.model.log.next_page() is None)


async def test_what_nobody_has_taken_shows_at_once_the_worst_first(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.query_one(Table).keys)
        assert "‼ 2 chưa nhận" in text_of(app.screen.query_one("#title"))
        assert "ĐANG BÁO 3, CHƯA NHẬN 2" in text_of(app.screen.query_one("#recent-title"))
        await pilot.press("f")
        table = app.screen.query_one("#entries", Table)
        await until(pilot, lambda: table.keys)
        assert table.keys == ["decision:d2", "decision:d3", "decision:d4"]
        shown = screen_of(app)
        assert "CHƯA NHẬN Mất camera" in shown
        assert "[Anh Tư] Đông người ở chợ" in shown


async def test_one_key_silences_a_rule_at_its_camera_and_another_ends_it(
    engine: FakeEngine, client: FakeClient, count: Any, until: Until
) -> None:
    app = MatthanApp(client, monotonic=count, by="An")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f")
        table = app.screen.query_one("#entries", Table)
        await until(pilot, lambda: table.keys)
        made = engine.decision("d2")
        await pilot.press("s")
        await until(pilot, lambda: "Bao lâu và vì sao" in screen_of(app))
        assert made.rule in screen_of(app), "what will be silent stands there"
        await pilot.press("enter")
        await until(pilot, lambda: any("Chưa tạm im gì" in note.message for note in app._notifications))
        assert not engine.silent, "nobody is silenced without a reason"
        await pilot.press("s")
        await until(pilot, lambda: "Bao lâu và vì sao" in screen_of(app))
        await pilot.press(*"stage", "enter")
        await until(pilot, lambda: engine.silent)
        (silence,) = engine.silent
        assert (silence.rules, silence.cameras, silence.why) == ((made.rule,), (made.camera,), "stage")
        own = {"id": "d90", "rule": "matthan.silence", "key": f"silence:{silence.id}", "camera": None}
        client.say(wire.Alert(id="d90", decision=made.model_copy(update=own)))
        await until(pilot, lambda: "1 dòng mới" in screen_of(app) or "decision:d90" in table.keys)
        await pilot.press("home")
        await until(pilot, lambda: "decision:d90" in table.keys)
        while table.target() != "decision:d90":
            await pilot.press("down")
            await pilot.pause(0.02)
        await pilot.press("s")
        await until(pilot, lambda: "Kết thúc lần tạm im này" in screen_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: not engine.silent)


async def test_one_key_takes_care_of_a_decision(
    engine: FakeEngine, client: FakeClient, count: Any, until: Until
) -> None:
    app = MatthanApp(client, monotonic=count, by="An")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f")
        table = app.screen.query_one("#entries", Table)
        await until(pilot, lambda: table.keys)
        await pilot.press("a")
        await until(pilot, lambda: "1 chưa nhận" in text_of(app.screen.query_one("#title")))
        assert "acknowledge d2 An" in client.asked
        await until(pilot, lambda: any("An đã nhận lúc" in note.message for note in app._notifications))
        client.say(*(wire.Alert(id=f"d{n}", decision=engine.decision("d3"), over=True) for n in (2, 3, 4)))
        await until(pilot, lambda: "(đã hết) [An] Mất camera" in screen_of(app))
        assert table.keys == ["decision:d2", "decision:d3", "decision:d4"]  # no line has moved
        await pilot.press("home")
        await until(pilot, lambda: not table.keys)
        assert "Không có gì đang báo." in screen_of(app)
        await pilot.press("f")
        await until(pilot, lambda: len(table.keys) == 10)


async def test_what_cannot_be_taken_says_so(app: MatthanApp, client: FakeClient, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("e")
        table = app.screen.query_one("#entries", Table)
        await until(pilot, lambda: len(table.keys) == 10)

        def noted(words: str) -> Callable[[], bool]:
            return lambda: any(words in note.message for note in app._notifications)

        read(table, "event:e5")
        await pilot.press("a")
        await until(pilot, noted("không phải quyết định"))
        client.failure = ApiError(0, "api.unreachable", "gone")
        read(table, "decision:d2")
        await pilot.press("a")
        await until(pilot, noted("Không liên lạc"))


async def test_somebody_elses_word_reaches_the_log(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    told = engine.stored[-1].model_copy(
        update={
            "id": "e99", "seq": 99, "kind": "operator", "change": "noted", "label": "acknowledge",
            "facts": {"decision": "d3", "by": "Bình"},
        }
    )  # fmt: skip
    async with app.run_test(size=(200, 60)) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: len(app.screen.query_one("#entries", Table).keys) == 10)
        client.say(told)
        by = wire.Acknowledgement(by="Bình", at=told.at)
        made = next(each for each in engine.decided if each.id == "d3")
        client.say(wire.Alert(id="d3", decision=made.model_copy(update={"acknowledged": by}), over=True))
        await until(pilot, lambda: "[Bình] Người lảng vảng" in screen_of(app))
