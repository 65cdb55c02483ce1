"""Aiming in the terminal: the bar, the beep, light and reference; lost pictures and small terminals."""

from __future__ import annotations

import pytest

from engine.api import wire
from engine.web.refusals import refusal
from tests.fakes.aiming import FakeAim
from tests.fakes.client import FakeClient
from tests.fakes.engine import FakeEngine
from tests.tui.pilot import Until, notes, screen_of
from tests.tui.screens.aiming.conftest import Opening
from tui.app import MatthanApp
from tui.graphics import Graphics
from tui.screens.aiming.aim import AimScreen
from tui.screens.camera import CameraScreen
from tui.screens.dialogs import ConfirmDialog


async def test_focus_light_and_reference_are_shown(
    app: MatthanApp, opening: Opening, measured: FakeAim, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opening(pilot)
        await until(pilot, lambda: "100 %" in screen_of(app))
        shown = screen_of(app)
        assert "NÉT █" in shown
        assert "Vừa (độ sáng 112" in shown
        assert "19/11" in shown  # since when the reference is kept
        measured.score = 19.0
        await until(pilot, lambda: " 50 %" in screen_of(app))
        assert "░" in screen_of(app)
        measured.score = None
        await until(pilot, lambda: "không có gì để lấy nét" in screen_of(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, CameraScreen))


async def test_the_beep_can_be_switched_off(
    app: MatthanApp, opening: Opening, bells: list[int], until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opening(pilot)
        await until(pilot, lambda: len(bells) > 2)
        await pilot.press("b")
        await until(pilot, lambda: not screen.beeps)
        bells.clear()
        await pilot.pause(0.4)
        assert len(bells) <= 1  # one may have been on its way
        await pilot.press("b")
        await until(pilot, lambda: len(bells) > 2)


async def test_the_best_begins_anew(
    app: MatthanApp, opening: Opening, measured: FakeAim, until: Until
) -> None:
    """By hand, with another picture, and with another part of it: they are not to be compared."""
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opening(pilot)
        for key in ("0", "v", "right"):
            measured.score = 40.0
            await until(pilot, lambda: screen.meter.best == 40)
            measured.score = 10.0
            await until(pilot, lambda: screen.meter.share == 25)
            await pilot.press(key)
            await until(pilot, lambda: screen.meter.share == 100)
        assert measured.asked[-1].of == "best"
        assert measured.asked[-1].left == pytest.approx(0.26)
        assert screen._best


async def test_a_reference_is_kept_after_a_question(
    app: MatthanApp, opening: Opening, measured: FakeAim, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opening(pilot)
        for key, kept in (("escape", 0), ("enter", 1)):
            await pilot.press("s")
            await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, AimScreen))
            assert measured.kept == kept
        await until(pilot, lambda: any("640×360" in note for note in notes(app)))


async def test_a_camera_that_is_lost_while_it_is_aimed(
    app: MatthanApp, engine: FakeEngine, client: FakeClient, opening: Opening, measured: FakeAim, bells: list[int],
    until: Until,
) -> None:  # fmt: skip
    """It says so, is silent, and goes on when the camera is back."""
    async with app.run_test(size=(80, 24)) as pilot:
        screen, online = await opening(pilot), engine.cameras[0]
        measured.failure = refusal(409, "camera.offline", camera="cam-0")
        client.say(wire.CameraUpdate(camera=online.model_copy(update={"state": wire.CameraState.LOST})))
        await until(pilot, lambda: "mất kết nối" in screen_of(app) and screen.meter.share is None)
        assert "đang không kết nối" in screen_of(app)
        for lie in ("không có gì để lấy nét", "đang đo"):  # nobody has looked, so nobody knows
            assert lie not in screen_of(app)
        bells.clear()
        await pilot.pause(0.3)
        assert len(bells) <= 1
        measured.failure = None
        client.say(wire.CameraUpdate(camera=online))
        await until(pilot, lambda: "100 %" in screen_of(app) and screen._view.display)


async def test_an_engine_that_is_older_says_so(
    app: MatthanApp, opening: Opening, measured: FakeAim, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opening(pilot)
        measured.failure = refusal(404, "api.not_found", path="/v1/cameras/cam-0/aim")
        await until(pilot, lambda: "bản cũ" in screen_of(app))


async def test_a_picture_that_is_none(
    app: MatthanApp, engine: FakeEngine, opening: Opening, until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opening(pilot)
        engine.jpeg = lambda width: b"no picture"
        await until(pilot, lambda: "Không đọc được" in screen_of(app))


@pytest.mark.parametrize("size", [(30, 8), (12, 4), (3, 2), (200, 60)])
async def test_any_size_of_terminal(
    app: MatthanApp, opening: Opening, measured: FakeAim, until: Until, size: tuple[int, int]
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opening(pilot)
        await pilot.resize_terminal(*size)
        await pilot.press(
            "g", "plus", "d", "space", "right", "space", "plus", "escape", "z", "n", "space", "escape"
        )
        asked = len(measured.asked)
        await pilot.press("escape", "escape")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: len(measured.asked) > asked or not isinstance(app.screen, AimScreen))


async def test_without_pictures_the_focus_is_there_all_the_same(
    client: FakeClient, count: object, drawn: object, until: Until
) -> None:
    app = MatthanApp(client, graphics=Graphics.NONE, monotonic=count, still_every=0.02)  # type: ignore[arg-type]  # a count
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.context.model.cameras)
        app.push_screen(AimScreen(app.context, "cam-0"))
        await until(pilot, lambda: "100 %" in screen_of(app))
        assert not [asked for asked in client.asked if asked.startswith("still")]
