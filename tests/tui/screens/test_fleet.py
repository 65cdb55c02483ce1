"""The fleet: trouble first, redrawn where it changed, filtered, tried again."""

from __future__ import annotations

from textual.widgets import Input

from engine.api import wire
from engine.api.client import ApiError
from tests.fakes.client import FakeClient
from tests.fakes.engine import FakeEngine
from tests.tui.pilot import PTZ_CAMERA, Until, open_camera, read, screen_of, text_of
from tui.app import MatthanApp
from tui.widgets.table import Table


async def test_the_fleet_shows_trouble_first(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: table.keys)
        assert list(table.keys)[:3] == ["cam-5", "cam-3", "cam-8"]
        assert table.keys[-1] == "cam-7"
        shown = text_of(table)
        assert "■ bị từ chối" in shown
        assert "không có gói hình" in shown


async def test_a_camera_update_redraws_its_row_only(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: table.keys and app._second)
        keys = table.keys
        online = engine.cameras[1]
        asked: list[str] = []
        make, table._make = table._make, lambda key: (asked.append(key), make(key))[1]  # type: ignore[func-returns-value]  # both are wanted
        client.say(wire.CameraUpdate(camera=online.model_copy(update={"motion": 0.9})))
        await until(pilot, lambda: asked)
        assert set(asked) == {online.id}
        assert table.keys is keys


async def test_500_cameras_stay_in_order_and_keep_the_cursor(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    usual = engine.cameras[1]
    many = [usual.model_copy(update={"id": f"c{n}", "name": f"Camera {n}"}) for n in range(500)]
    engine.cameras = many
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: len(table.keys) == 500)
        await pilot.press("end")
        await until(pilot, lambda: table.chosen == "c499")
        for camera in many:
            client.say(wire.CameraUpdate(camera=camera.model_copy(update={"motion": 0.5})))
        lost = many[250].model_copy(update={"state": wire.CameraState.LOST})
        client.say(wire.CameraUpdate(camera=lost))
        await until(pilot, lambda: table.keys[0] == "c250")
        assert table.chosen == "c499"
        assert "Camera 499" in text_of(table)
        await pilot.press("home")
        await until(pilot, lambda: "mất kết nối" in text_of(table))


async def test_the_fleet_is_filtered_without_diacritics(app: MatthanApp, until: Until) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: table.keys)
        await pilot.press("slash", *"duong")
        await until(pilot, lambda: len(table.keys) == 2)
        await pilot.press("enter")
        await until(pilot, lambda: app.focused is table)
        await pilot.press("slash", *"xyz")
        await until(pilot, lambda: not table.keys and "Không camera nào khớp" in text_of(table))
        await pilot.press("escape")
        await until(pilot, lambda: len(table.keys) == 10 and not app.screen.query_one(Input).display)


def deaf(camera: wire.Camera) -> wire.Camera:
    said = wire.Sentence(code="camera.no_signals", vi="không có sự kiện", en="no events come")
    return camera.model_copy(
        update={"troubles": (wire.Trouble(label="deaf", since=camera.since, said=said),), "reason": said}
    )


async def test_a_deaf_camera_stands_out_and_says_why(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    engine.cameras[6] = deaf(engine.cameras[6])
    async with app.run_test(size=(120, 40)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: len(table.keys) == 10)
        assert list(table.keys)[:4] == ["cam-5", "cam-3", "cam-8", "cam-6"]
        assert "◐ mất sự kiện" in text_of(table)
        screen = await open_camera(pilot, until, "cam-6")
        await until(pilot, lambda: "mất sự kiện: không" in screen_of(app))
        assert ("t", "key.retry") in list(screen.keys())
        await pilot.press("t")
        await until(pilot, lambda: "retry cam-6" in client.asked)


async def test_a_camera_is_tried_again_from_the_fleet(
    app: MatthanApp, client: FakeClient, until: Until
) -> None:
    def notes() -> list[str]:
        return [note.message for note in app._notifications]

    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one(Table)
        await until(pilot, lambda: len(table.keys) == 10)
        table.move_to(list(table.keys).index("cam-5"))
        await until(pilot, lambda: "t thử lại" in screen_of(app).splitlines()[-1])
        assert "q thoát" in screen_of(app).splitlines()[-1]
        await pilot.press("t")
        await until(pilot, lambda: client.asked.count("retry cam-5") == 1 and notes())
        assert notes() == ["Đường liên thôn 2: đang thử lại ngay."]
        client.failure = ApiError(409, "camera.held", "Có thể thử lại lúc 21:05:00.")
        await pilot.press("t")
        await until(pilot, lambda: len(notes()) == 2)
        assert "21:05:00" in notes()[1]
        client.failure = None
        read(table, PTZ_CAMERA)
        await pilot.press("t")
        await until(pilot, lambda: len(notes()) == 3)
        assert "không có gì phải thử lại" in notes()[2]
        assert client.asked.count(f"retry {PTZ_CAMERA}") == 0


async def test_a_camera_that_leaves_the_list_hands_no_other_to_the_key(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        table = app.screen.query_one("#cameras", Table)
        await until(pilot, lambda: len(table.keys) == 10)
        await pilot.press("slash", *"192.168.1.10", "enter")
        await until(pilot, lambda: table.has_focus)
        assert table.chosen == "cam-5"
        moved = engine.cameras[5].model_copy(update={"address": "10.0.0.1"})
        client.say(wire.CameraUpdate(camera=moved))
        await until(pilot, lambda: "cam-5" not in table.keys)
        await pilot.press("t")
        await pilot.pause(0.05)
        assert not any(each.startswith("retry") for each in client.asked)
        await pilot.press("t")
        await until(pilot, lambda: any(each.startswith("retry") for each in client.asked))
