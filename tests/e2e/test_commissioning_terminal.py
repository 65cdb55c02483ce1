"""A sheet of two cameras commissioned from the terminal: the real engine, virtual cameras, a stop and an undo."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.widgets import Input

from engine.api.client import Client
from engine.api.resources.commissioning.jobs import JOBS, CameraRecord, Step, StepState
from tests.tui.pilot import read, screen_of
from tui.app import MatthanApp
from tui.screens.commissioning.dialogs import RiskDialog, WishDialog
from tui.screens.commissioning.job import JobScreen
from tui.screens.commissioning.jobs import JobsScreen
from tui.screens.commissioning.staging import StagingScreen
from tui.screens.dialogs import ConfirmDialog, TextDialog
from tui.widgets.table import Table
from tui.widgets.tick import Tick

if TYPE_CHECKING:
    from textual.pilot import Pilot

Programs = Any  # the class is in conftest.py: test files import nothing from each other
SIM = ("sim", "--cameras", "2", "--make", "north", "--default-password", "--own-addresses", "--host", "127.0.77.1",
       "--no-discovery", "--json")  # fmt: skip


def prepared(folder: Path, cameras: list[dict[str, Any]]) -> tuple[Path, Path]:
    """Write what a site has before its cameras are commissioned; return its configuration and the sheet."""
    (folder / "secrets").mkdir(mode=0o700)
    secret = folder / "secrets" / "default"
    secret.write_text(cameras[0]["password"])
    secret.chmod(0o600)
    config = folder / "matthan.yaml"
    settings = {
        "site": "xa", "state": str(folder / "state"), "language": "en", "preview": {"enabled": False}, "cameras": [],
    }  # fmt: skip
    config.write_text(json.dumps(settings))
    (folder / "commissioning.yaml").write_text(
        "passwords:\n  defaults:\n    - {username: admin, password: file:secrets/default}\ntime: {ntp: 127.0.0.1}\n"
    )
    rows = [f"cam-{n},Gate {n},{_host(each['onvif'])}" for n, each in enumerate(cameras, 1)]
    sheet = folder / "sheet.csv"
    sheet.write_text("\n".join(("id,name,host", *rows, "gone,Gone,127.0.77.99")) + "\n")
    return config, sheet


def _host(url: str) -> str:
    return url.split("/")[2].split(":")[0]


async def test_a_sheet_from_the_terminal(programs: Programs, tmp_path: Path) -> None:
    async with programs.matthan(*SIM, log=tmp_path / "sim.log") as sim:
        assert sim.stdout is not None
        told = json.loads(await asyncio.wait_for(sim.stdout.readline(), programs.patience))
        config, sheet = prepared(tmp_path, told["cameras"])
        socket, log = tmp_path / "state" / "api.sock", tmp_path / "run.log"
        async with programs.matthan("run", "--config", str(config), log=log):
            await programs.until("the socket", socket.exists, log.read_text)
            async with Client.connect(socket) as client:
                app = MatthanApp(client, language="en", ask_every=0.2)
                async with app.run_test(size=(120, 40)) as pilot:
                    await Story(programs, app, pilot).tell(sheet)
                listed = await client.ask(JOBS)
        assert [(each.cameras, each.failed, each.running) for each in listed] == [(3, 1, False)]
        kept = {each.name for each in (tmp_path / "secrets").iterdir()}
        assert {"cam-1", "cam-2"} <= kept
        assert "cam-2" in config.read_text()


class Story:
    """One person at one terminal."""

    def __init__(self, programs: Programs, app: MatthanApp, pilot: Pilot[None]) -> None:
        self.programs, self.app, self.pilot = programs, app, pilot

    async def until(self, what: str, so: Callable[[], object]) -> None:
        await self.programs.until(what, so, lambda: screen_of(self.app))
        await self.pilot.pause()

    async def press(self, *keys: str, then: type) -> None:
        await self.pilot.press(*keys)
        await self.until(then.__name__, lambda: isinstance(self.app.screen, then))

    @property
    def page(self) -> JobScreen:
        assert isinstance(self.app.screen, JobScreen)
        return self.app.screen

    def camera(self, id: str) -> CameraRecord:
        return self.page._cameras[id]

    def shows(self, *words: str) -> Callable[[], bool]:
        return lambda: all(each in screen_of(self.app) for each in words)

    async def tell(self, sheet: Path) -> None:
        await self.press("C", then=JobsScreen)
        await self.until("no job yet", self.shows("No commissioning yet"))
        await self._wrong(sheet)
        await self._looked(sheet)
        await self._gone()
        await self._taken_back()

    async def _wrong(self, sheet: Path) -> None:
        wrong = sheet.with_name("wrong.csv")
        wrong.write_text("id,name,host\ncam 1,x,127.0.77.1\n")
        await self.press("n", then=WishDialog)
        self.app.screen.query_one("#sheet", Input).value = str(wrong)
        await self.press("enter", then=TextDialog)
        await self.until("its line and column", self.shows("wrong.csv:2:1"))
        await self.press("escape", then=WishDialog)

    async def _looked(self, sheet: Path) -> None:
        self.app.screen.query_one("#sheet", Input).value = str(sheet)
        self.app.screen.query_one("#step-check", Tick).value = False  # what takes its time is tried elsewhere
        await self.press("enter", then=StagingScreen)
        await self.until("looked at", self.shows("2/3 found", "done", "North Optics", "Nobody answers"))

    async def _gone(self) -> None:
        await self.press("g", then=RiskDialog)
        await self.press("y", then=ConfirmDialog)
        await self.press("enter", then=JobScreen)
        await self.until("done", self.shows("3/3 cameras", "1 failed", "done"))
        states = {each.step: each.state for each in self.camera("cam-2").steps}
        wanted = dict.fromkeys(Step, StepState.DONE) | {Step.CHECK: StepState.SKIPPED}
        assert states == wanted

    async def _taken_back(self) -> None:
        read(self.app.screen.query_one(Table), "cam-1")
        await self.pilot.pause()
        await self.press("u", then=RiskDialog)
        await self.press("y", then=ConfirmDialog)
        await self.press("enter", then=JobScreen)
        await self.until(
            "taken back", lambda: not any(each.undone is None for each in self.camera("cam-1").changes)
        )
        assert all(each.undone is None for each in self.camera("cam-2").changes)
        await self.until("at rest", lambda: self.page._job is not None and not self.page._job.running)
        await self.press("escape", then=JobsScreen)
