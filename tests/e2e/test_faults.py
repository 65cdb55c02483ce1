"""The real program when things go wrong: cameras that refuse, stall and die; starts that must not be."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from drivers.virtual.camera import VirtualCamera
from drivers.virtual.spec import CameraSpec
from engine.api import wire
from engine.api.client import Client

WRONG = "wr0ng-C4n4ry"
#: An attempt to log in: a signed SOAP header, or an answer to a digest challenge.
ATTEMPT = re.compile(rb"<[\w:-]*UsernameToken\b|^Authorization:", re.MULTILINE | re.IGNORECASE)

Programs = Any  # the class is in conftest.py: test files import nothing from each other


@dataclass
class Wire:
    """Passes bytes on to a camera and notes what was sent to it."""

    target: int
    port: int = 0
    sent: bytearray = field(default_factory=bytearray)

    @property
    def attempts(self) -> int:
        return len(ATTEMPT.findall(bytes(self.sent)))

    @asynccontextmanager
    async def tapped(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._copy(reader, back, self.sent))
                group.create_task(self._copy(there, writer, bytearray()))
        except* OSError:
            pass
        finally:
            back.close()
            writer.close()

    @staticmethod
    async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter, kept: bytearray) -> None:
        while chunk := await source.read(1 << 16):
            kept += chunk
            sink.write(chunk)
            await sink.drain()
        sink.close()


@asynccontextmanager
async def silence() -> AsyncIterator[int]:
    """A port that accepts and never answers."""

    async def keep_quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(keep_quiet, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


class Story:
    """What a client heard."""

    def __init__(self) -> None:
        self.cameras: dict[str, wire.Camera] = {}
        self.health: list[tuple[str, str]] = []
        self.reasons: dict[str, set[str]] = {}

    async def follow(self, client: Client) -> None:
        async with aclosing(client.updates()) as updates:
            async for message in updates:
                match message:
                    case wire.State():
                        self.cameras |= {camera.id: camera for camera in message.cameras}
                        for event in reversed(message.events):
                            self._event(event)
                    case wire.CameraUpdate():
                        self._camera(message.camera)
                    case wire.Event():
                        self._event(message)

    def _camera(self, camera: wire.Camera) -> None:
        self.cameras[camera.id] = camera
        if camera.state is wire.CameraState.LOST and camera.reason is not None:
            self.reasons.setdefault(camera.id, set()).add(camera.reason.code)

    def _event(self, event: wire.Event) -> None:
        busy = event.label in (
            "behind",
            "slowed",
        )  # a machine that is full may be: other tests run beside this one
        if event.kind == "camera" and event.camera and event.label and not busy:
            self.health.append((event.camera, event.label))

    def labels(self, camera: str) -> list[str]:
        return [label for name, label in self.health if name == camera]

    def state(self, camera: str) -> tuple[str, str]:
        """Return a camera's state and the code of the reason."""
        found = self.cameras.get(camera)
        return (found.state, found.reason.code if found.reason else "") if found else ("", "")

    def __str__(self) -> str:
        return "\n".join(map(str, [*self.cameras.values(), *self.health]))


def onvif(name: str, port: int, password: str) -> dict[str, Any]:
    login = {"username": "admin", "password": password}
    return {
        "id": name,
        "url": f"http://127.0.0.1:{port}/onvif/device_service",
        "login": login,
        "detect": False,
    }


def write_config(folder: Path, cameras: list[dict[str, Any]]) -> Path:
    document = {
        "site": "faults",
        "state": str(folder / "state"),
        "cameras": cameras,
        "preview": {"enabled": False},
    }
    path = folder / "matthan.yaml"
    path.write_text(json.dumps(document))
    return path


def secret(folder: Path, name: str, content: str) -> str:
    path = folder / name
    path.write_text(content)
    path.chmod(0o600)
    return f"file:{path}"


@pytest.mark.timeout(900)
async def test_each_camera_fails_alone(programs: Programs, tmp_path: Path) -> None:
    story, dying = Story(), programs.sim("dying", tmp_path)
    log, api = tmp_path / "engine.log", tmp_path / "state" / "api.sock"
    spec = CameraSpec("steady", username="admin", password="steady-C4n4ry", discoverable=False)
    steady, stalling = VirtualCamera(spec), VirtualCamera(spec)

    async def until(what: str, holds: Callable[[], object]) -> None:
        await programs.until(what, holds, story.__str__)

    async def known(camera: str, *state: str) -> None:
        await until(f"{camera} is {state}", lambda: story.state(camera)[: len(state)] == state)

    async def told(camera: str, *labels: str) -> None:
        await until(f"{camera} was {labels}", lambda: tuple(story.labels(camera)) == labels)

    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        died = await enter(dying.play("--no-discovery"))
        await enter(steady)
        await enter(stalling)
        silent = await enter(silence())
        tap = Wire(int(steady.onvif_url.split(":")[2].split("/")[0]))
        await enter(tap.tapped())
        right = secret(tmp_path, "steady.password", spec.password)
        config = write_config(
            tmp_path,
            [
                {**onvif("steady", 0, right), "url": steady.onvif_url},
                {**onvif("stalling", 0, right), "url": stalling.onvif_url},
                onvif("dying", dying.onvif, f"file:{dying.password}"),
                onvif("refusing", tap.port, secret(tmp_path, "wrong.password", WRONG)),
                {"id": "silent", "url": f"rtsp://127.0.0.1:{silent}/live"},
                onvif("keyless", 9, f"file:{tmp_path}/no-such-file"),
            ],
        )
        engine = await enter(programs.matthan("run", "--config", str(config), log=log))
        await until("the API", lambda: api.exists() or engine.returncode is not None)
        assert engine.returncode is None, log.read_text()
        client = await enter(Client.connect(api))
        group = await enter(asyncio.TaskGroup())
        follower = group.create_task(story.follow(client))

        for name in ("steady", "stalling", "dying"):
            await known(name, "online")
        await known("refusing", "refused", "driver.refused")
        await known("silent", "lost", "driver.timeout")
        await known("keyless", "refused", "credentials.unreadable")

        died.kill()
        await stalling.fault("stall")
        await known("dying", "lost")
        await known("stalling", "lost")
        await stalling.fault(None)
        await enter(dying.play("--no-discovery"))
        for name in ("dying", "stalling"):
            await told(name, "online", "lost", "online")
            await known(name, "online", "")
        # FFmpeg may see it before our own watch does, and a new try ends in a time-out
        whys = {"driver.stalled", "driver.unreachable", "driver.timeout"}
        assert story.reasons["stalling"] <= whys

        second = tmp_path / "second.log"
        async with programs.matthan("run", "--config", str(config), log=second) as other:
            assert await programs.ended(other) == 1
        assert "in use by another matthan" in second.read_text()
        assert "Traceback" not in second.read_text()

        assert 1 <= tap.attempts <= 2, "or the camera would lock the account"
        assert WRONG.encode() not in tap.sent
        await told("refusing", "refused")
        await told("steady", "online")
        await told("silent", "lost")
        assert story.state("steady") == ("online", "")
        follower.cancel()
        engine.send_signal(signal.SIGTERM)
        assert await programs.ended(engine) == 0
    written = log.read_text()
    secrets = (WRONG, spec.password, dying.password.read_text().strip())
    for word in (*secrets, "Traceback", "hangs", "does not stop"):
        assert word not in written, word


async def test_a_refused_configuration_starts_nothing(programs: Programs, tmp_path: Path) -> None:
    config = tmp_path / "matthan.yaml"
    config.write_text(
        f"state: {tmp_path}/state\nlanguage: fr\ncameras:\n  - id: Gate!\n    url: rtsp://admin:{WRONG}@192.0.2.1/x\n"
        "rules: [missing.yaml]\n"
    )
    log = tmp_path / "log"
    async with programs.matthan("run", "--config", str(config), log=log) as process:
        assert await programs.ended(process) == 2
    told = log.read_text()
    for place in ("matthan.yaml:2:", "matthan.yaml:4:", "matthan.yaml:5:", "matthan.yaml:6:"):
        assert place in told
    assert "nothing was started" in told
    assert WRONG not in told
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_while_starting_stops_in_order(
    programs: Programs, tmp_path: Path, number: signal.Signals
) -> None:
    config, log = write_config(tmp_path, [{"id": "gate", "url": "virtual://street"}]), tmp_path / "log"
    lock = tmp_path / "state" / "matthan.db.lock"
    async with programs.matthan("run", "--config", str(config), log=log) as process:
        await programs.until(
            "the store is being opened", lambda: lock.exists() or process.returncode is not None
        )
        process.send_signal(number)
        assert await programs.ended(process) == 0, log.read_text()
    assert "stopped" in log.read_text()
    assert "Traceback" not in log.read_text()
    assert not (tmp_path / "state" / "api.sock").exists()


async def lines(programs: Programs, process: asyncio.subprocess.Process, log: Path, word: str) -> None:
    """Wait until a process has said something on its standard error."""
    await programs.until(
        word, lambda: word in log.read_text() or process.returncode is not None, log.read_text
    )
    assert process.returncode is None, log.read_text()


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short path: a socket's may have 107 bytes, and pytest's own folders come close."""
    with tempfile.TemporaryDirectory(prefix="mt-") as folder:
        yield Path(folder)


@pytest.mark.timeout(900)
async def test_the_demo_ends_and_leaves_nothing(programs: Programs, tmp_path: Path, short: Path) -> None:
    log, temporary = tmp_path / "demo.log", short
    words = ("demo", "--headless", "--for", "5s", "--lang", "en")
    async with programs.matthan(*words, log=log, TMPDIR=str(temporary)) as process:
        assert process.stdout is not None
        printed = asyncio.get_running_loop().create_task(process.stdout.read())
        await lines(programs, process, log, "4/4")
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) == 2
        assert await programs.ended(process) == 0, log.read_text()
        shown = (await printed).decode()
    assert "decisions" in shown
    assert all(
        f"  camera {name} " in shown for name in ("cam-1", "cam-2", "ptz")
    )  # five seconds promise no picture
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert list(temporary.iterdir()) == []


@pytest.mark.timeout(900)
async def test_a_demo_that_is_killed_leaves_no_process(
    programs: Programs, tmp_path: Path, short: Path
) -> None:
    log = tmp_path / "demo.log"
    words = ("demo", "--headless", "--keep", str(short / "kept"))
    async with programs.matthan(*words, log=log, TMPDIR=str(short)) as process:
        await lines(programs, process, log, "3/4")
        parent = psutil.Process(process.pid)
        await programs.until("both children", lambda: len(parent.children(recursive=True)) == 2)
        children = parent.children(recursive=True)
        process.kill()
        await programs.ended(process)

        def alive() -> list[psutil.Process]:
            return [
                child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE
            ]

        await programs.until("no child is left", lambda: not alive(), alive)
