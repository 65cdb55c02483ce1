"""One camera: its picture, its PTZ head, its presets, its preview; why there is no picture."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import Static

from engine.api import wire
from engine.api.client import ApiError
from tests.fakes.client import FakeClient
from tests.fakes.engine import FakeEngine, tracked_object
from tests.tui.pilot import PTZ_CAMERA, Until, open_camera, screen_of, text_of
from tui.app import MatthanApp
from tui.graphics import Graphics
from tui.screens.camera import CameraScreen
from tui.screens.dialogs import LinkDialog, PresetsDialog
from tui.screens.fleet import FleetScreen
from tui.widgets.bars import KeyBar
from tui.widgets.still import BlockStill
from tui.widgets.table import Table


async def test_a_camera_opens_with_its_picture(app: MatthanApp, client: FakeClient, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_camera(pilot, until)
        still = screen.query_one(BlockStill)
        await until(pilot, lambda: "người 87%" in text_of(still))
        assert "xe máy 71%" in text_of(still)
        assert "san" in text_of(still)
        assert "Người lảng vảng" in text_of(screen.query_one(Table))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))
        asked = client.asked.count("still cam-0")
        for _ in range(5):
            await pilot.pause(0.02)
        assert client.asked.count("still cam-0") <= asked + 1  # one may have been on its way


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
    app: MatthanApp, engine: FakeEngine, until: Until, key: str, pan: int, tilt: int, zoom: int
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_camera(pilot, until)
        await pilot.press(key)
        await until(pilot, lambda: engine.commands)
        camera, command = engine.commands[0]
        assert (camera, command.op) == (PTZ_CAMERA, "move")
        signs = [(value > 0) - (value < 0) for value in (command.pan, command.tilt, command.zoom)]
        assert signs == [pan, tilt, zoom]


async def test_stop_presets_and_the_list_of_presets(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_camera(pilot, until)
        await pilot.press("space")
        await until(pilot, lambda: engine.commands)
        await pilot.press("2")
        await until(pilot, lambda: len(engine.commands) == 2)
        await pilot.press("g")
        await until(pilot, lambda: isinstance(app.screen, PresetsDialog))
        await until(pilot, lambda: "Cổng chính" in text_of(app.screen.query_one(Table)))
        await pilot.press("enter")
        await until(pilot, lambda: len(engine.commands) == 3)
        assert [(command.op, command.preset) for _, command in engine.commands] == [
            ("stop", ""),
            ("goto", "2"),
            ("goto", "1"),
        ]
        assert client.asked.count("presets cam-0") == 1
        await pilot.press("7")
        await until(pilot, lambda: "số 7" in text_of(screen.query_one("#status")))
        assert len(engine.commands) == 3


async def test_a_camera_without_ptz_has_no_ptz_keys(
    app: MatthanApp, engine: FakeEngine, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_camera(pilot, until, "cam-2")
        await until(pilot, lambda: text_of(screen.query_one(KeyBar)).strip())
        assert "quay" not in text_of(screen.query_one(KeyBar))
        await pilot.press("down", "left", "1", "g", "space")
        await until(pilot, lambda: "không quay được" in text_of(screen.query_one("#status")))
        assert engine.commands == []
        assert screen.query_one(Table)._cursor == 1  # down moved in the list instead


async def test_a_refused_ptz_command_says_why(app: MatthanApp, client: FakeClient, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_camera(pilot, until)
        client.failure = ApiError(409, "camera.offline", "offline")
        await pilot.press("left")
        await until(pilot, lambda: "không kết nối" in text_of(screen.query_one("#status")))
        client.failure = ApiError(502, "ptz.broken", "the head\x1b[2J says no")
        await pilot.press("right")
        await until(pilot, lambda: "the head·[2J says no" in text_of(screen.query_one("#status")))


async def test_a_dead_camera_says_why_since_when_and_what_to_do(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_camera(pilot, until, "cam-3")
        await until(pilot, lambda: "mất kết nối" in str(screen.query_one("#card", Static).render()))
        card = str(screen.query_one("#card", Static).render())
        assert "từ 14:00:11, 3 phút trước" in card
        assert "không có gói hình nào trong 10 giây" in card
        assert "tự thử lại" in card
        assert not screen.query_one(BlockStill).display


async def test_boxes_are_of_the_picture_that_is_shown(
    app: MatthanApp, engine: FakeEngine, until: Until
) -> None:
    """What the camera sees by now is told beside the picture, and not drawn into an older one."""
    engine.tracks = (tracked_object(engine.cameras[0].tracks[1]),)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await open_camera(pilot, until)
        still = screen.query_one(BlockStill)
        await until(pilot, lambda: "xe máy" in text_of(still))
        assert "người" not in text_of(still)
        assert "người 87 %" in screen_of(app)


async def test_a_camera_that_dies_while_watched_and_comes_back(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_camera(pilot, until)
        still, online = screen.query_one(BlockStill), engine.cameras[0]
        await until(pilot, lambda: "người" in text_of(still))
        dead = online.model_copy(update={"state": wire.CameraState.LOST})
        client.say(wire.CameraUpdate(camera=dead))
        await until(pilot, lambda: not still.display)
        client.say(wire.CameraUpdate(camera=online))
        await until(pilot, lambda: still.display and "người" in text_of(still))


async def test_an_old_picture_shows_its_age(
    app: MatthanApp, client: FakeClient, count: Any, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_camera(pilot, until)
        await until(pilot, lambda: "người" in text_of(screen.query_one(BlockStill)))
        client.failure = ApiError(0, "api.timeout", "")
        await until(pilot, lambda: "không trả lời kịp" in text_of(screen.query_one("#status")))
        count.seconds += 12
        await until(pilot, lambda: "ảnh cũ 12 giây" in text_of(screen.query_one("#status")))


async def test_a_picture_that_is_none_says_so(app: MatthanApp, engine: FakeEngine, until: Until) -> None:
    engine.jpeg = lambda width: b"no picture"
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_camera(pilot, until)
        await until(pilot, lambda: "Không đọc được" in text_of(screen.query_one("#status")))


async def test_without_graphics_no_picture_is_fetched(client: FakeClient, count: Any, until: Until) -> None:
    app = MatthanApp(client, graphics=Graphics.NONE, monotonic=count, still_every=0.02)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_camera(pilot, until)
        await until(pilot, lambda: "--graphics none" in str(screen.query_one("#card", Static).render()))
        assert not [asked for asked in client.asked if asked.startswith("still")]


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


async def test_a_head_is_not_moved_blind(app: MatthanApp, engine: FakeEngine, until: Until) -> None:
    engine.figures = engine.figures.model_copy(update={"title": "Uỷ ban nhân dân xã Gia Đông"})
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: table.keys)
        table.move_to(list(table.keys).index("cam-0"))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CameraScreen))
        await until(pilot, lambda: "Cổng UBND xã" in text_of(app.screen.query_one("#title")))
