"""The UI against the real API server and client over a unix socket; only the engine is a fake."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.widgets import Static

from engine.api import wire
from engine.api.client import Client
from engine.api.server import serve
from engine.config.settings import ApiSettings
from tests.fakes.engine import FakeEngine
from tests.tui.pilot import Until
from tui.app import MatthanApp
from tui.screens.camera import CameraScreen
from tui.screens.dialogs import LinkDialog
from tui.widgets.still import BlockStill
from tui.widgets.table import Table

if TYPE_CHECKING:
    from textual.pilot import Pilot


async def test_the_whole_way_and_back_after_the_server_went_away(
    engine: FakeEngine, until: Until, tmp_path: Path
) -> None:
    door = tmp_path / "s"
    async with Client.connect(door) as client:
        app = MatthanApp(client, still_every=0.02, ask_every=0.05)
        async with app.run_test(size=(80, 24)) as pilot:
            banner = app.screen.query_one("#banner")
            table = app.screen.query_one("#cameras", Table)
            await until(pilot, lambda: app.context.model.lost is not None and banner.display)
            async with serve(engine.api(), ApiSettings(), socket=door):
                await until(pilot, lambda: len(table.keys) == 10 and not banner.display)
                await walk(app, pilot, until, engine)
            await until(pilot, lambda: banner.display)
            assert len(table.keys) == 10
            engine.cameras = engine.cameras[:4]
            async with serve(engine.api(), ApiSettings(), socket=door):
                await until(pilot, lambda: len(table.keys) == 4 and not banner.display)


async def walk(app: MatthanApp, pilot: Pilot[None], until: Until, engine: FakeEngine) -> None:
    """Open a camera, see its picture, turn it, get its link, see it die."""
    table = app.screen.query_one("#cameras", Table)
    table.move_to(list(table.keys).index("cam-0"))
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, CameraScreen))
    screen = app.screen
    still = screen.query_one(BlockStill)
    await until(pilot, lambda: any("người" in still.render_line(y).text for y in range(still.size.height)))
    await pilot.press("right")
    await until(pilot, lambda: engine.commands)
    assert engine.commands[0][1].pan > 0
    await pilot.press("p")
    await until(pilot, lambda: isinstance(app.screen, LinkDialog))
    await pilot.press("escape")
    lost = engine.cameras[0].model_copy(update={"state": wire.CameraState.LOST})
    engine.hub.publish(wire.CameraUpdate(camera=lost))
    await until(pilot, lambda: "mất kết nối" in str(screen.query_one("#card", Static).render()))
    await pilot.press("escape")
    await until(pilot, lambda: table.keys[1] == "cam-0")
