"""Draws docs/pictures/tui-*.svg from a real run: ``python tools/tui_pictures.py [NAME]...``, all or those named.

Starts the virtual cameras and the engine as ``matthan demo`` does (set MATTHAN_MODELS to an empty folder to
see what a newcomer sees, with the detector in the box), watches them with the terminal UI for a while, and keeps
what it shows: every word, figure and box is the product's own. The cameras are given names that a site would
give them. Nothing was seen by a real camera.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from drivers import registry
from drivers.contract import Found, Scope
from engine.api import wire
from engine.api.client import Client
from engine.api.resources.commissioning.jobs import BEGIN, JOB, Job, Request, Risk
from engine.config.edit import Set, edited
from engine.demo import config, stage
from engine.fleet.inventory import probe
from tui.app import MatthanApp
from tui.screens.commissioning.job import JobScreen
from tui.widgets.table import Table

HERE = Path(__file__).resolve().parents[1] / "docs" / "pictures"
NAMES = ("Market gate", "Lane 12", "Crossroads (PTZ)")
CAMERA = "cam-1"
#: Of the cameras of a sheet; the last one is not there.
GATES = ("Market gate", "Lane 12", "Crossroads", "School", "Pagoda bridge")
#: Height and keys of each picture.
PICTURES: dict[str, tuple[int, *tuple[str, ...]]] = {
    "fleet": (20,),
    "camera": (32, "enter"),
    "log": (28, "e", "d"),
    "queue": (28, "f"),
    "night": (28, "H"),
    "palette": (24, "ctrl+p"),
    "aim": (30, "enter", "m", "b", "g"),
}
WIDTH = 110
#: Seconds that the parts may take to start, and that something worth drawing may take to happen.
READY, PATIENCE = 120.0, 120.0


async def found(wanted: set[str]) -> list[Found]:
    """Return our own cameras, in the order of their addresses' names."""
    told: dict[str, Found] = {}
    async with asyncio.timeout(READY):
        while wanted - told.keys():
            async for each in probe(Scope(interfaces=("127.0.0.1",)), 1.0, [registry.load("onvif")]):
                told |= {each.url: each} if each.url in wanted else {}
    return sorted(told.values(), key=lambda each: each.name)


def named(path: Path) -> None:
    """Give the cameras of a configuration names of a site."""
    text = edited(path.read_text("utf-8"), Set(("title",), "Gia Dong ward"))
    for number, name in enumerate(NAMES):
        text = edited(text, Set(("cameras", number, "name"), name))
    path.write_text(text, "utf-8")


def late(seconds: float) -> None:
    """Say that a child had to be killed."""
    sys.stderr.write(f"a child did not stop within {seconds:g} s\n")


def busy(state: wire.State) -> bool:
    """Return whether there is something to show: an object before a camera, decisions, every camera online."""
    looks = {camera.id: camera for camera in state.cameras}
    online = all(
        camera.state is wire.CameraState.ONLINE
        and 1 < camera.stream_fps < 12  # past the burst of the beginning
        for camera in state.cameras
    )
    return online and looks[CAMERA].tracks != () and len(state.decisions) >= 5


async def draw(client: Client, name: str, height: int, *keys: str) -> None:
    """Run the UI without a terminal, press keys, wait for something to show, keep what it shows."""
    app = MatthanApp(client, language="en")
    app.animation_level = "none"
    async with app.run_test(size=(WIDTH, height)) as pilot:
        while not app.screen.query_one(Table).keys:
            await pilot.pause(0.1)
        table = app.screen.query_one(Table)
        table.move_to(list(table.keys).index(CAMERA))
        await pilot.press(*keys)
        async with asyncio.timeout(PATIENCE):
            while not busy(await client.state()):
                await pilot.pause(0.2)
        await pilot.pause(1.2)  # a picture or two; this is a drawing, not a test
        keep(app, name)


def keep(app: MatthanApp, name: str) -> None:
    """Keep what a UI shows."""
    svg = app.export_screenshot(title="matthan tui")
    (HERE / name).write_text(re.sub(r"terminal-\d+", "terminal-0", svg), "utf-8")


# -- commissioning ------------------------------------------------------------------------------------


def site(folder: Path, cameras: list[dict[str, str]]) -> tuple[Path, bytes]:
    """Write a site without cameras, what it wants of them, and a sheet; return its configuration and the sheet."""
    (folder / "secrets").mkdir(mode=0o700)
    defaults = []
    for n, (user, password) in enumerate(sorted({(each["username"], each["password"]) for each in cameras})):
        file = folder / "secrets" / f"default-{n}"
        file.touch(0o600)
        file.write_text(password, "utf-8")
        defaults.append({"username": user, "password": f"file:secrets/{file.name}"})
    standard = {"passwords": {"defaults": defaults}, "time": {"ntp": "127.0.0.1"}}
    (folder / "commissioning.yaml").write_text(json.dumps(standard), "utf-8")
    config = folder / "matthan.yaml"
    settings = {"site": "gia-dong", "title": "Gia Dong ward", "language": "en", "cameras": []}
    config.write_text(json.dumps(settings | {"state": str(folder / "state")}), "utf-8")
    rows = [
        f"cam-{n},{name},{urlsplit(each['onvif']).hostname}"
        for n, (name, each) in enumerate(zip(GATES, cameras, strict=False), 1)
    ]
    return config, "\n".join(("id,name,host", *rows, f"gate-3,{GATES[-1]},127.0.66.99")).encode()


async def draw_job(client: Client, sheet: bytes) -> None:
    """Commission a sheet, two at a time, and keep what the UI shows when the first is checked."""
    request = Request.of(Path("cameras.csv"), sheet).model_copy(
        update={"technician": "An", "yes": (Risk.RESTARTS,), "together": 2}
    )
    async for message in client.updates():
        if isinstance(message, wire.State):
            break
    job = await client.ask(BEGIN, body=request)
    app = MatthanApp(client, language="en", ask_every=0.2)
    app.animation_level = "none"
    async with app.run_test(size=(WIDTH, 26)) as pilot:
        app.push_screen(JobScreen(app.context, job.name))
        async with asyncio.timeout(PATIENCE):
            while not checked(job):
                await pilot.pause(0.3)
                job = await client.ask(JOB, job.name)
        app.screen.query_one(Table).move_to(0)
        await pilot.pause(1.0)
        keep(app, "tui-commissioning.svg")


def checked(job: Job) -> bool:
    """Return whether at least one camera is checked, and there is something to say of the first."""
    cameras = job.record.cameras if job.record is not None else ()
    return bool(cameras and cameras[0].results)


async def commissioning(folder: Path) -> None:
    """Draw a sheet that is commissioned: cameras as they come out of the box, one that is not there."""
    sim_log, run_log = folder / "sim.log", folder / "run.log"
    words = ["sim", "--cameras", str(len(GATES) - 1), "--make", "north", "--default-password"]
    words += ["--own-addresses", "--host", "127.0.66.1", "--no-discovery", "--json"]
    async with stage.child(words, sim_log, late, read=True) as cameras:
        told = await stage.first_line(cameras, sim_log, READY)
        config, sheet = site(folder, told["cameras"])
        socket = folder / "state" / "api.sock"
        async with stage.child(["run", "--config", str(config)], run_log, late) as engine:
            await stage.wait_for(socket, engine, run_log, READY)
            async with Client.connect(socket) as client:
                await draw_job(client, sheet)


async def main() -> None:
    """Draw every picture, or those that are named: see `PICTURES`, and ``commissioning``."""
    wanted = sys.argv[1:] or [*PICTURES, "commissioning"]
    if "commissioning" in wanted:
        with tempfile.TemporaryDirectory(prefix="matthan-pictures-") as made:
            await commissioning(Path(made))
    if set(wanted) & set(PICTURES):
        await fleet()


async def fleet() -> None:
    """Draw the cameras, one of them, the log, one that is aimed."""
    with tempfile.TemporaryDirectory(prefix="matthan-pictures-") as made:
        folder = Path(made)
        secret, sim_log, run_log = folder / "password", folder / "sim.log", folder / "run.log"
        words = ["sim", "--cameras", "3", "--ptz", "1", "--json", "--password-file", str(secret)]
        words += ["--serial", "pictures"]
        async with stage.child(words, sim_log, late, read=True) as cameras:
            told = await stage.first_line(cameras, sim_log, READY)
            devices = await found({camera["onvif"] for camera in told["cameras"]})
            head = next(camera["identity"] for camera in told["cameras"] if camera["ptz"])
            path = config.write(
                folder, devices, ptz=head, username=told["username"], password_file=secret, language="en"
            )
            named(path)
            socket = folder / "state" / "api.sock"
            async with stage.child(["run", "--config", str(path)], run_log, late) as engine:
                await stage.wait_for(socket, engine, run_log, READY)
                async with Client.connect(socket) as client:
                    for name, (height, *keys) in PICTURES.items():
                        if name in (sys.argv[1:] or PICTURES):
                            await draw(client, f"tui-{name}.svg", height, *keys)


if __name__ == "__main__":
    asyncio.run(main())
