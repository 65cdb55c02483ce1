"""The walk test in the terminal: events of the engine are counted, with a beep."""

from __future__ import annotations

from datetime import timedelta

from engine.api import wire
from tests.fakes import village
from tests.fakes.client import FakeClient
from tests.tui.pilot import Until, screen_of
from tests.tui.screens.aiming.conftest import Opening
from tui.app import MatthanApp
from tui.screens.aiming.aim import AimScreen
from tui.screens.aiming.walk import WalkScreen


def seen(number: int, subject: str, change: str, *zones: str, camera: str = "cam-0") -> wire.Event:
    return wire.Event(
        id=f"w{number}", seq=9000 + number, kind="object", change=change, camera=camera, subject=subject,
        at=village.NOW - timedelta(seconds=0.4), label="person", zones=zones,
    )  # fmt: skip


async def test_who_walks_through_a_zone_is_told(
    app: MatthanApp, client: FakeClient, opening: Opening, bells: list[int], until: Until
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        aim = await opening(pilot)
        await pilot.press("b", "w")
        await until(pilot, lambda: isinstance(app.screen, WalkScreen))
        screen = app.screen
        assert isinstance(screen, WalkScreen)
        assert not aim.beeps
        assert "chưa có ai" in screen_of(app)
        bells.clear()
        client.say(
            seen(1, "track:1", "began"),
            seen(2, "track:1", "goes_on", "san"),  # which the log leaves out
            seen(3, "track:2", "began", "san", camera="cam-1"),
            seen(4, "track:1", "goes_on", "san"),
        )
        await until(pilot, lambda: screen.test.seen)
        await until(pilot, lambda: client.idle)
        assert dict(screen.test.seen) == {"person": 1}
        assert len(bells) == 1
        await until(pilot, lambda: "0,4 giây" in screen_of(app))
        await pilot.press("b", "tab")
        assert screen.test.zone == ""
        client.say(seen(5, "track:9", "began"))
        await until(pilot, lambda: screen.test.seen)
        assert len(bells) == 1
        await pilot.press("0")
        assert not screen.test.seen
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, AimScreen))
        assert app.context.model.listeners == []
