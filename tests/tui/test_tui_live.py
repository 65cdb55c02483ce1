"""The UI against the real API server and client over a unix socket; only the engine behind is a fake."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.widgets import Static

from engine.api import explanation, wire
from engine.api.client import Client
from engine.api.dead_letters import Letter
from engine.api.server import serve
from engine.config.settings import ApiSettings
from engine.fleet.stills import Source, Still
from engine.runtime.flow import Hub
from tui.app import MatthanApp
from tui.screens.camera import CameraScreen
from tui.screens.dialogs import LinkDialog
from tui.widgets.still import BlockStill
from tui.widgets.table import Table

if TYPE_CHECKING:
    from textual.pilot import Pilot

    Until = Callable[[Pilot[None], Callable[[], object]], Awaitable[None]]


class FakeService:
    """The fake feed as the API server's service."""

    def __init__(self, feed: Any) -> None:
        self._feed = feed
        self.hub: Hub[wire.Update] = Hub()
        self.stored = feed.state

    def state(self) -> wire.State:
        return wire.State.model_validate(self.stored)

    async def events(self, *, before: int | None, limit: int, camera: str | None) -> list[wire.Event]:
        return list(await self._feed.events(before=before, limit=limit, camera=camera))

    async def decisions(self, *, before: str | None, limit: int, camera: str | None) -> list[wire.Decision]:
        return list(await self._feed.decisions(before=before, limit=limit, camera=camera))

    async def letters(self, *, before: int | None, limit: int) -> list[Letter]:
        return []

    async def resend(self, ids: Sequence[int] | None) -> list[Letter]:
        return []

    def alerts(self) -> list[wire.Alert]:
        return list(self.stored.alerts)

    async def acknowledge(self, decision: str, told: wire.Acknowledge, user: str) -> wire.Decision:
        made: wire.Decision = await self._feed.acknowledge(decision, by=told.by or user, note=told.note)
        return made

    async def unacknowledge(self, decision: str, told: wire.Withdraw, user: str) -> wire.Decision:
        raise NotImplementedError

    async def act(self, told: wire.Act, user: str, key: str = "") -> wire.Event:
        raise NotImplementedError("the UI gives no acts")

    def rules(self) -> list[wire.Rule]:
        return list(self._feed.told_rules)

    async def reload_rules(self) -> wire.RulesReloaded:
        told: wire.RulesReloaded = await self._feed.reload_rules()
        return told

    async def explain(self, rule: str, camera: str | None) -> explanation.Explanation:
        told: explanation.Explanation = await self._feed.explain(rule, camera=camera)
        return told

    async def still(self, camera: str, width: int, best: bool) -> Still:
        shown = await self._feed.picture(camera, width, best=best)
        return Still(
            shown.jpeg, Source.ANALYSIS, width, width, at=self.stored.engine.now, tracks=shown.tracks
        )

    async def presets(self, camera: str) -> list[wire.Preset]:
        return list(await self._feed.presets(camera))

    async def ptz(self, camera: str, command: wire.PtzCommand) -> None:
        await self._feed.ptz(camera, command)

    def retry(self, camera: str) -> wire.Camera:
        raise NotImplementedError

    def preview_link(self, camera: str) -> wire.PreviewLink:
        return wire.PreviewLink(url=f"http://127.0.0.1:1/{camera}", expires=self.stored.engine.now)


async def test_the_whole_way_and_back_after_the_server_went_away(
    feed: Any, until: Until, tmp_path: Path
) -> None:
    service, door = FakeService(feed), tmp_path / "s"
    async with Client.connect(door) as client:
        app = MatthanApp(client, still_every=0.02, ask_every=0.05)
        async with app.run_test(size=(80, 24)) as pilot:
            banner = app.screen.query_one("#banner")
            table = app.screen.query_one("#cameras", Table)
            await until(pilot, lambda: app.context.model.lost is not None and banner.display)
            async with serve(service, ApiSettings(), socket=door):
                await until(pilot, lambda: len(table.keys) == 10 and not banner.display)
                await walk(app, pilot, until, feed, service)
            await until(pilot, lambda: banner.display)
            assert len(table.keys) == 10
            service.stored = feed.state.model_copy(update={"cameras": feed.state.cameras[:4]})
            async with serve(service, ApiSettings(), socket=door):
                await until(pilot, lambda: len(table.keys) == 4 and not banner.display)


async def walk(app: MatthanApp, pilot: Pilot[None], until: Until, feed: Any, service: FakeService) -> None:
    """Open a camera, see its picture, turn it, get its link, see it die."""
    table = app.screen.query_one("#cameras", Table)
    table.move_to(list(table.keys).index("cam-0"))
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, CameraScreen))
    screen = app.screen
    still = screen.query_one(BlockStill)
    await until(pilot, lambda: any("người" in still.render_line(y).text for y in range(still.size.height)))
    await pilot.press("right")
    await until(pilot, lambda: feed.sent)
    assert feed.sent[0][1].pan > 0
    await pilot.press("p")
    await until(pilot, lambda: isinstance(app.screen, LinkDialog))
    await pilot.press("escape")
    lost = feed.state.cameras[0].model_copy(update={"state": wire.CameraState.LOST})
    service.hub.publish(wire.CameraUpdate(camera=lost))
    await until(pilot, lambda: "mất kết nối" in str(screen.query_one("#card", Static).render()))
    await pilot.press("escape")
    await until(pilot, lambda: table.keys[1] == "cam-0")
