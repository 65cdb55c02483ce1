"""The app as a person drives it: keys in, screens and commands out; the engine is a fake feed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Input, Static

from engine.api import wire
from engine.api.client import ApiError, Disconnected
from tui.app import NAMED, NAMED_SECONDS, MatthanApp
from tui.graphics import Graphics
from tui.presenters import describe
from tui.screens.camera import CameraScreen
from tui.screens.context import Context
from tui.screens.dialogs import HelpDialog, LinkDialog, PresetsDialog
from tui.screens.fleet import FleetScreen
from tui.screens.log import LogScreen
from tui.texts import Texts
from tui.widgets.bars import KeyBar
from tui.widgets.still import BlockStill
from tui.widgets.table import Table

if TYPE_CHECKING:
    from textual.pilot import Pilot

    Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]

#: The place of the PTZ camera in the fleet's order: behind three in trouble, by name.
PTZ_CAMERA = "cam-0"


def lines(widget: Any) -> str:
    """What a widget shows, as text."""
    return "\n".join(widget.render_line(y).text for y in range(widget.size.height))


def screen_of(app: MatthanApp) -> str:
    """The whole screen, as an SVG without its mark-up would have it."""
    return "\n".join(
        "".join(segment.text for segment in strip)
        for strip in app.screen._compositor.render_strips(app.screen.size)
    )


def read(table: Table, key: str) -> None:
    """Put the cursor on a line and see it there: no key acts on a line before."""
    table.move_to(list(table.keys).index(key))
    assert "▌" in lines(table)


async def open_camera(pilot: Pilot[None], until: Until, camera: str = PTZ_CAMERA) -> CameraScreen:
    table = pilot.app.screen.query_one(Table)
    await until(pilot, lambda: table.keys)
    table.move_to(list(table.keys).index(camera))
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, CameraScreen))
    screen = pilot.app.screen
    assert isinstance(screen, CameraScreen)
    return screen


async def test_the_fleet_shows_trouble_first(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: table.keys)
        assert list(table.keys)[:3] == ["cam-5", "cam-3", "cam-8"]
        assert table.keys[-1] == "cam-7"
        shown = lines(table)
        assert "■ bị từ chối" in shown
        assert "không có gói hình" in shown


async def test_a_camera_update_redraws_its_row_only(app: MatthanApp, feed: Any, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: table.keys and app._second)
        keys = table.keys
        online = feed.state.cameras[1]
        asked: list[str] = []
        make, table._make = table._make, lambda key: (asked.append(key), make(key))[1]  # type: ignore[func-returns-value]  # both are wanted
        feed.say(wire.CameraUpdate(camera=online.model_copy(update={"motion": 0.9})))
        await until(pilot, lambda: asked)
        assert set(asked) == {online.id}
        assert table.keys is keys


async def test_500_cameras_stay_in_order_and_keep_the_cursor(
    app: MatthanApp, feed: Any, until: Until
) -> None:
    usual = feed.state.cameras[1]
    many = [usual.model_copy(update={"id": f"c{n}", "name": f"Camera {n}"}) for n in range(500)]
    feed.state = feed.state.model_copy(update={"cameras": tuple(many)})
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: len(table.keys) == 500)
        await pilot.press("end")
        await until(pilot, lambda: table.chosen == "c499")
        for camera in many:
            feed.say(wire.CameraUpdate(camera=camera.model_copy(update={"motion": 0.5})))
        lost = many[250].model_copy(update={"state": wire.CameraState.LOST})
        feed.say(wire.CameraUpdate(camera=lost))
        await until(pilot, lambda: table.keys[0] == "c250")
        assert table.chosen == "c499"
        assert "Camera 499" in lines(table)
        await pilot.press("home")
        await until(pilot, lambda: "mất kết nối" in lines(table))


async def test_the_fleet_is_filtered_without_diacritics(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: table.keys)
        await pilot.press("slash", *"duong")
        await until(pilot, lambda: len(table.keys) == 2)
        await pilot.press("enter")
        await until(pilot, lambda: app.focused is table)
        await pilot.press("slash", *"xyz")
        await until(pilot, lambda: not table.keys and "Không camera nào khớp" in lines(table))
        await pilot.press("escape")
        await until(pilot, lambda: len(table.keys) == 10 and not app.screen.query_one(Input).display)


async def test_a_camera_opens_with_its_picture(app: MatthanApp, feed: Any, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_camera(pilot, until)
        still = screen.query_one(BlockStill)
        await until(pilot, lambda: "người 87%" in lines(still))
        assert "xe máy 71%" in lines(still)
        assert "san" in lines(still)
        assert "Người lảng vảng" in lines(screen.query_one(Table))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))
        asked = feed.asked.count("still cam-0")
        for _ in range(5):
            await pilot.pause(0.02)
        assert feed.asked.count("still cam-0") <= asked + 1  # one may have been on its way


@pytest.mark.parametrize(
    ("key", "pan", "tilt", "zoom"),
    [
        ("left", -1, 0, 0),
        ("l", 1, 0, 0),
        ("up", 0, 1, 0),
        ("j", 0, -1, 0),
        ("plus", 0, 0, 1),
        ("minus", 0, 0, -1),
    ],
)
async def test_ptz_keys(
    app: MatthanApp, feed: Any, until: Until, key: str, pan: int, tilt: int, zoom: int
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_camera(pilot, until)
        await pilot.press(key)
        await until(pilot, lambda: feed.sent)
        camera, command = feed.sent[0]
        assert (camera, command.op) == (PTZ_CAMERA, "move")
        signs = [(value > 0) - (value < 0) for value in (command.pan, command.tilt, command.zoom)]
        assert signs == [pan, tilt, zoom]


async def test_stop_presets_and_the_list_of_presets(app: MatthanApp, feed: Any, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_camera(pilot, until)
        await pilot.press("space")
        await until(pilot, lambda: feed.sent)
        await pilot.press("2")
        await until(pilot, lambda: len(feed.sent) == 2)
        await pilot.press("g")
        await until(pilot, lambda: isinstance(app.screen, PresetsDialog))
        await until(pilot, lambda: "Cổng chính" in lines(app.screen.query_one(Table)))
        await pilot.press("enter")
        await until(pilot, lambda: len(feed.sent) == 3)
        assert [(command.op, command.preset) for _, command in feed.sent] == [
            ("stop", ""),
            ("goto", "2"),
            ("goto", "1"),
        ]
        assert feed.asked.count("presets cam-0") == 1
        await pilot.press("7")
        await until(pilot, lambda: "số 7" in lines(screen.query_one("#status")))
        assert len(feed.sent) == 3


async def test_a_camera_without_ptz_has_no_ptz_keys(app: MatthanApp, feed: Any, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_camera(pilot, until, "cam-2")
        await until(pilot, lambda: lines(screen.query_one(KeyBar)).strip())
        assert "quay" not in lines(screen.query_one(KeyBar))
        await pilot.press("down", "left", "1", "g", "space")
        await until(pilot, lambda: "không quay được" in lines(screen.query_one("#status")))
        assert feed.sent == []
        assert screen.query_one(Table)._cursor == 1  # down moved in the list instead


async def test_a_refused_ptz_command_says_why(app: MatthanApp, feed: Any, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_camera(pilot, until)
        feed.failure = ApiError(409, "camera.offline", "offline")
        await pilot.press("left")
        await until(pilot, lambda: "không kết nối" in lines(screen.query_one("#status")))
        feed.failure = ApiError(502, "ptz.broken", "the head\x1b[2J says no")
        await pilot.press("right")
        await until(pilot, lambda: "the head·[2J says no" in lines(screen.query_one("#status")))


async def test_a_dead_camera_says_why_since_when_and_what_to_do(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_camera(pilot, until, "cam-3")
        await until(pilot, lambda: "mất kết nối" in str(screen.query_one("#card", Static).render()))
        card = str(screen.query_one("#card", Static).render())
        assert "từ 14:00:11, 3 phút trước" in card
        assert "không có gói hình nào trong 10 giây" in card
        assert "tự thử lại" in card
        assert not screen.query_one(BlockStill).display


async def test_boxes_are_of_the_picture_that_is_shown(app: MatthanApp, feed: Any, until: Until) -> None:
    """What the camera sees by now is told beside the picture, and not drawn into an older one."""
    feed.seen = (feed.state.cameras[0].tracks[1],)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await open_camera(pilot, until)
        still = screen.query_one(BlockStill)
        await until(pilot, lambda: "xe máy" in lines(still))
        assert "người" not in lines(still)
        assert "người 87 %" in screen_of(app)


async def test_a_camera_that_dies_while_watched_and_comes_back(
    app: MatthanApp, feed: Any, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_camera(pilot, until)
        still, online = screen.query_one(BlockStill), feed.state.cameras[0]
        await until(pilot, lambda: "người" in lines(still))
        dead = online.model_copy(update={"state": wire.CameraState.LOST})
        feed.say(wire.CameraUpdate(camera=dead))
        await until(pilot, lambda: not still.display)
        feed.say(wire.CameraUpdate(camera=online))
        await until(pilot, lambda: still.display and "người" in lines(still))


async def test_an_old_picture_shows_its_age(app: MatthanApp, feed: Any, count: Any, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_camera(pilot, until)
        await until(pilot, lambda: "người" in lines(screen.query_one(BlockStill)))
        feed.failure = ApiError(0, "api.timeout", "")
        await until(pilot, lambda: "không trả lời kịp" in lines(screen.query_one("#status")))
        count.seconds += 12
        await until(pilot, lambda: "ảnh cũ 12 giây" in lines(screen.query_one("#status")))


async def test_a_picture_that_is_none_says_so(app: MatthanApp, feed: Any, until: Until) -> None:
    feed.jpeg = b"no picture"
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_camera(pilot, until)
        await until(pilot, lambda: "Không đọc được" in lines(screen.query_one("#status")))


async def test_without_graphics_no_picture_is_fetched(feed: Any, count: Any, until: Until) -> None:
    app = MatthanApp(feed, graphics=Graphics.NONE, monotonic=count, still_every=0.02)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_camera(pilot, until)
        await until(pilot, lambda: "--graphics none" in str(screen.query_one("#card", Static).render()))
        assert not [asked for asked in feed.asked if asked.startswith("still")]


async def test_next_camera(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_camera(pilot, until)
        await pilot.press("n")
        await until(pilot, lambda: app.screen.camera.name == "Đường liên thôn 10")  # type: ignore[attr-defined]  # a CameraScreen
        await pilot.press("N")
        await until(pilot, lambda: app.screen.camera.id == PTZ_CAMERA)  # type: ignore[attr-defined]  # a CameraScreen
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))


async def test_the_preview_link_is_shown_and_copied(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_camera(pilot, until)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, LinkDialog) and app.clipboard)
        assert app.clipboard == "http://127.0.0.1:8580/camera/cam-0?token=Zm9vYmFy"
        shown = "".join(str(line.render()) for line in app.screen.query(Static))
        assert app.clipboard in shown
        assert "ssh -L 8580:127.0.0.1:8580" in shown
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, CameraScreen))


async def test_the_log_shows_reasons_and_details(app: MatthanApp, feed: Any, until: Until) -> None:
    delivery = wire.Delivery(
        id=1,
        decision="d3",
        action="mqtt",
        at=feed.state.engine.now,
        state="dead",
        attempts=9,
        detail="no route",
    )
    async with app.run_test(size=(200, 60)) as pilot:
        feed.say(delivery)
        await pilot.press("e")
        table = app.screen.query_one(Table)
        await until(pilot, lambda: len(table.keys) == 10)
        assert table.keys[0] == "decision:d3"
        detail = app.screen.query_one("#details")
        await until(pilot, lambda: "hỏng sau 9 lần no route" in screen_of(app))
        assert detail.size.width > 50
        assert "người (87 % ≥ 60 %) ở vùng san 10 giây" in screen_of(app)


async def test_new_entries_wait_and_older_pages_come_below(app: MatthanApp, feed: Any, until: Until) -> None:
    newest = feed.state.events[0]
    feed.stored_events = [
        newest.model_copy(
            update={"id": f"e{seq}", "seq": seq, "at": newest.at - timedelta(hours=1, seconds=-seq)}
        )
        for seq in range(0, -450, -1)
    ]
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("e")
        table = app.screen.query_one(Table)
        await until(pilot, lambda: len(table.keys) > 100)  # the screen was not full: a page was read
        loaded = len(table.keys)
        await pilot.press("end")
        await until(pilot, lambda: len(table.keys) > loaded)
        await pilot.press("home")
        await until(pilot, lambda: table.chosen == table.keys[0])
        feed.say(newest.model_copy(update={"id": "new", "seq": 99, "at": newest.at + timedelta(seconds=9)}))
        feed.say(
            newest.model_copy(update={"id": "newer", "seq": 100, "at": newest.at + timedelta(seconds=10)})
        )
        await until(pilot, lambda: "2 dòng mới" in lines(app.screen.query_one("#status")))
        assert (table.keys[0], table.chosen) == ("decision:d3", "decision:d3")  # no line has moved
        await pilot.press("home")
        await until(pilot, lambda: table.keys[0] == table.chosen == "event:newer")
        assert "mới" not in lines(app.screen.query_one("#status"))
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


async def test_a_failed_page_is_told_and_can_be_asked_again(app: MatthanApp, feed: Any, until: Until) -> None:
    feed.failure = ApiError(0, "api.unreachable", "")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: [note.message for note in app._notifications])
        assert "Không liên lạc được" in next(iter(app._notifications)).message
        feed.failure = None
        await pilot.press("end")
        await until(pilot, lambda: app.context.model.log.next_page() is None)


async def test_a_lost_engine_shows_a_banner_until_it_is_back(
    app: MatthanApp, feed: Any, count: Any, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table, banner = app.screen.query_one(Table), app.screen.query_one("#banner")
        await until(pilot, lambda: table.keys)
        assert not banner.display
        count.seconds += 7
        feed.say(Disconnected("connection refused", 0.5))
        await until(pilot, lambda: banner.display and "connection refused" in lines(banner))
        assert "7 giây" in lines(banner)
        assert table.keys  # what was known stays
        fewer = feed.state.model_copy(update={"cameras": feed.state.cameras[:2], "revision": 9})
        feed.say(fewer)
        await until(pilot, lambda: len(table.keys) == 2)
        assert not banner.display


async def test_an_engine_that_refuses_says_so(app: MatthanApp, feed: Any, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        feed.say(ApiError(403, "api.refused", "/run/x: Forbidden"))
        await until(pilot, lambda: "từ chối: /run/x: Forbidden" in lines(app.screen.query_one("#banner")))


async def test_a_gap_is_followed_by_a_state(app: MatthanApp, feed: Any, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: table.keys)
        feed.say(wire.Gap(missed=40), feed.state.model_copy(update={"cameras": feed.state.cameras[:3]}))
        await until(pilot, lambda: len(table.keys) == 3)


async def test_the_language_changes_everywhere_at_once(app: MatthanApp, feed: Any, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: table.keys)
        await until(pilot, lambda: "trực tuyến" in screen_of(app))
        await pilot.press("L")
        vietnamese = ("trực tuyến", "QUYẾT ĐỊNH", "nhật ký", "Sự kiện")
        await until(pilot, lambda: not any(word in screen_of(app) for word in vietnamese))
        assert "online" in screen_of(app)
        feed.say(feed.state)  # the site is Vietnamese; who asked for English keeps it
        await pilot.press("e")
        await until(pilot, lambda: "Loitering at the gate" in screen_of(app))
        await pilot.press("L", "escape")
        await until(pilot, lambda: "trực tuyến" in screen_of(app))


async def test_help_lists_the_keys(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpDialog))
        keys = ("PgUp", "Space", "1 … 9", "g", "p", "d")
        await until(pilot, lambda: all(key in screen_of(app) for key in keys))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))


async def test_a_critical_decision_rings_and_flashes(
    app: MatthanApp, feed: Any, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[bool] = []
    monkeypatch.setattr(app, "bell", lambda: rung.append(True))
    monkeypatch.setattr("tui.app.FLASH", 3600.0)
    critical = feed.state.decisions[1]
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.query_one(Table).keys)
        assert rung == []  # what was decided before this UI opened does not ring
        feed.say(critical.model_copy(update={"id": "now"}), critical.model_copy(update={"id": "too"}))
        await until(pilot, lambda: rung and feed.inbox.empty())
        assert rung == [True]
        assert app.screen.query_one("#title").has_class("critical")
        assert "KHẨN CẤP Trường mầm non" in {note.title for note in app._notifications}


async def test_of_many_critical_ones_a_few_are_named_and_all_are_counted(
    app: MatthanApp, feed: Any, count: Any, until: Until
) -> None:
    critical = feed.state.decisions[1]
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.query_one(Table).keys)
        for number in range(40):
            made = critical.model_copy(update={"id": f"n{number}", "key": f"k{number}"})
            feed.say(made, wire.Alert(id=made.id, decision=made))
            await until(pilot, feed.inbox.empty)
            await pilot.pause(0.02)
        await until(pilot, lambda: "42 chưa nhận" in lines(app.screen.query_one("#title")))
        named = [note for note in app._notifications if note.title.startswith("KHẨN CẤP")]
        assert len(named) == NAMED
        assert ["f xem tất cả" in note.message for note in named] == [False, False, True]
        count.seconds += NAMED_SECONDS
        feed.say(critical.model_copy(update={"id": "later"}))
        await until(pilot, lambda: len(app._notifications) == NAMED + 1)


async def test_engine_problems_stand_above_the_table(app: MatthanApp, feed: Any, until: Until) -> None:
    problem = wire.Sentence(code="model.none", vi="Chưa có mô hình nhận dạng", en="No model")
    told = feed.state.engine.model_copy(update={"problems": (problem, problem)})
    async with app.run_test(size=(80, 24)) as pilot:
        feed.say(wire.EngineUpdate(engine=told))
        line = app.screen.query_one("#problem")
        words = "! Chưa có mô hình nhận dạng (và 1 điều khác)"
        await until(pilot, lambda: line.display and words in lines(line))


async def test_quit_leaves(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.query_one(Table).keys)
        await pilot.press("q")
    assert app.return_code == 0


def test_failures_are_sentences(app: MatthanApp) -> None:
    context: Context = app.context
    assert context.failure(ApiError(0, "api.timeout", "")) == "Máy chủ không trả lời kịp."
    assert context.failure(ApiError(500, "x.y", "boom", "try again")) == "Không được: boom try again"


# -- what fires, and who takes care of it ----------------------------------------------------------


async def test_what_nobody_has_taken_shows_at_once_the_worst_first(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.query_one(Table).keys)
        assert "‼ 2 chưa nhận" in lines(app.screen.query_one("#title"))
        assert "ĐANG BÁO 3, CHƯA NHẬN 2" in lines(app.screen.query_one("#recent-title"))
        await pilot.press("f")
        table = app.screen.query_one("#entries", Table)
        await until(pilot, lambda: table.keys)
        assert table.keys == ["decision:d2", "decision:d3", "decision:d4"]
        shown = screen_of(app)
        assert "CHƯA NHẬN Mất camera" in shown
        assert "[Anh Tư] Đông người ở chợ" in shown


async def test_one_key_takes_care_of_a_decision(feed: Any, count: Any, until: Until) -> None:
    app = MatthanApp(feed, monotonic=count, by="An")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f")
        table = app.screen.query_one("#entries", Table)
        await until(pilot, lambda: table.keys)
        await pilot.press("a")
        await until(pilot, lambda: "1 chưa nhận" in lines(app.screen.query_one("#title")))
        assert "acknowledge d2 An" in feed.asked
        await until(pilot, lambda: any("An đã nhận lúc" in note.message for note in app._notifications))
        feed.say(*(wire.Alert(id=f"d{n}", decision=feed.state.decisions[0], over=True) for n in (2, 3, 4)))
        await until(pilot, lambda: "(đã hết) [An] Mất camera" in screen_of(app))
        assert table.keys == ["decision:d2", "decision:d3", "decision:d4"]  # no line has moved
        await pilot.press("home")
        await until(pilot, lambda: not table.keys)
        assert "Không có gì đang báo." in screen_of(app)
        await pilot.press("f")
        await until(pilot, lambda: len(table.keys) == 10)


async def test_what_cannot_be_taken_says_so(app: MatthanApp, feed: Any, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("e")
        table = app.screen.query_one("#entries", Table)
        await until(pilot, lambda: len(table.keys) == 10)

        def noted(words: str) -> Callable[[], bool]:
            return lambda: any(words in note.message for note in app._notifications)

        for key, words in (("decision:d1", "đã hết"), ("event:e5", "không phải quyết định")):
            read(table, key)
            await pilot.press("a")
            await until(pilot, noted(words))
        feed.failure = ApiError(0, "api.unreachable", "gone")
        read(table, "decision:d2")
        await pilot.press("a")
        await until(pilot, noted("Không liên lạc"))


async def test_somebody_elses_word_reaches_the_log(app: MatthanApp, feed: Any, until: Until) -> None:
    told = feed.state.events[0].model_copy(
        update={
            "id": "e99", "seq": 99, "kind": "operator", "change": "noted", "label": "acknowledge",
            "facts": {"decision": "d3", "by": "Bình"},
        }
    )  # fmt: skip
    async with app.run_test(size=(200, 60)) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: len(app.screen.query_one("#entries", Table).keys) == 10)
        feed.say(told)
        await until(pilot, lambda: "[Bình] Người lảng vảng" in screen_of(app))


# -- trying again -----------------------------------------------------------------------------------


def deaf(camera: wire.Camera) -> wire.Camera:
    said = wire.Sentence(code="camera.no_signals", vi="không có sự kiện", en="no events come")
    return camera.model_copy(
        update={"troubles": (wire.Trouble(label="deaf", since=camera.since, said=said),), "reason": said}
    )


async def test_a_deaf_camera_stands_out_and_says_why(app: MatthanApp, feed: Any, until: Until) -> None:
    feed.state = feed.state.model_copy(
        update={"cameras": (*feed.state.cameras[:6], deaf(feed.state.cameras[6]), *feed.state.cameras[7:])}
    )
    async with app.run_test(size=(120, 40)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: len(table.keys) == 10)
        assert list(table.keys)[:4] == ["cam-5", "cam-3", "cam-8", "cam-6"]
        assert "◐ mất sự kiện" in lines(table)
        screen = await open_camera(pilot, until, "cam-6")
        await until(pilot, lambda: "không có sự kiện" in screen_of(app))
        assert ("t", "key.retry") in list(screen.keys())
        await pilot.press("t")
        await until(pilot, lambda: "retry cam-6" in feed.asked)


async def test_a_camera_is_tried_again_from_the_fleet(app: MatthanApp, feed: Any, until: Until) -> None:
    def notes() -> list[str]:
        return [note.message for note in app._notifications]

    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: len(table.keys) == 10)
        table.move_to(list(table.keys).index("cam-5"))
        await until(pilot, lambda: "t thử lại" in screen_of(app).splitlines()[-1])
        assert "q thoát" in screen_of(app).splitlines()[-1]
        await pilot.press("t")
        await until(pilot, lambda: feed.asked.count("retry cam-5") == 1 and notes())
        assert notes() == ["Đường liên thôn 2: đang thử lại ngay."]
        feed.failure = ApiError(409, "camera.held", "Có thể thử lại lúc 21:05:00.")
        await pilot.press("t")
        await until(pilot, lambda: len(notes()) == 2)
        assert "21:05:00" in notes()[1]
        feed.failure = None
        read(table, PTZ_CAMERA)
        await pilot.press("t")
        await until(pilot, lambda: len(notes()) == 3)
        assert "không có gì phải thử lại" in notes()[2]
        assert feed.asked.count(f"retry {PTZ_CAMERA}") == 0


def test_what_is_the_matter_is_no_coming_and_going() -> None:
    at = wire.Event(
        id="e", seq=1, kind="camera", change="began", at=datetime(2026, 1, 1, tzinfo=UTC), label="deaf"
    )
    t = Texts("en")
    assert describe.event_words(at, t) == "Camera: deaf"
    assert describe.event_words(at.model_copy(update={"change": "ended"}), t) == "Camera: deaf, over"
    assert describe.event_words(at.model_copy(update={"label": "online"}), t) == "Camera is up"
