"""The page of a camera that is aimed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from engine.api.resources.commissioning import aim, drawing
from tests.fakes.aiming import FakeAim, FakeDrawing
from tests.fakes.client import FakeClient
from tests.tui.pilot import Until, open_camera
from tui.app import MatthanApp
from tui.screens.aiming.aim import AimScreen

if TYPE_CHECKING:
    from textual.pilot import Pilot

#: Opens the page of the village's first camera.
Opening = Callable[["Pilot[None]"], Awaitable[AimScreen]]


@pytest.fixture
def app(client: FakeClient, count: Any) -> MatthanApp:
    """It looks seldom enough that a key pressed by a test is not waited with for the terminal to be idle."""
    return MatthanApp(client, monotonic=count, still_every=0.15, ask_every=0.05)


@pytest.fixture
def measured(client: FakeClient) -> FakeAim:
    fake = FakeAim()
    client.others.append(aim.resource(fake))
    return fake


@pytest.fixture
def drawn(client: FakeClient, measured: FakeAim) -> FakeDrawing:
    fake = FakeDrawing()
    client.others.append(drawing.resource(fake))
    return fake


@pytest.fixture
def bells(app: MatthanApp, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often the bell rang, as the length of a list."""
    rung: list[int] = []
    monkeypatch.setattr(app, "bell", lambda: rung.append(1))
    return rung


@pytest.fixture
def opening(drawn: FakeDrawing, until: Until) -> Opening:
    async def go(pilot: Pilot[None]) -> AimScreen:
        await open_camera(pilot, until)
        await pilot.press("m")
        await until(pilot, lambda: isinstance(pilot.app.screen, AimScreen))
        screen = pilot.app.screen
        assert isinstance(screen, AimScreen)
        await until(pilot, lambda: screen._found is not None and screen._jpeg is not None)
        return screen

    return go
