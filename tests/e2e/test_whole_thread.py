"""The real program against real peers: virtual cameras over RTSP and ONVIF, mosquitto, an HTTP server."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from PIL import Image

from drivers import registry
from drivers.contract import Login, Target
from engine.api import wire
from engine.api.client import Client

PATIENCE = 120.0

RULES = """
rules:
  - name: moves
    title: {vi: "Có chuyển động", en: "Something moves"}
    when: {motion: started}
    cooldown: 5s
    do: [log, mqtt, {webhook: {target: desk}}, snapshot]
  - name: comes
    title: "Something is here"
    when: {object: any, zone: all}
    for: 1s
    severity: warning
    do: [{ptz: {camera: ptz, preset: "2"}}, mqtt]
  - name: lost
    title: "Camera lost"
    when: {camera: lost}
    severity: critical
    do: [{webhook: {target: desk}}]
"""


Programs = Any  # the class is in conftest.py: test files import nothing from each other
Sim = Any


def program(name: str) -> str:
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{name} is not installed")
    assert found is not None
    return found


def settings(sim: Sim, camera_id: str) -> dict[str, Any]:
    return {
        "id": camera_id,
        "name": sim.name,
        "url": sim.url,
        "login": {"username": "admin", "password": f"file:{sim.password}"},
        "zones": {"all": [[0, 0], [1, 0], [1, 1], [0, 1]]},
    }


@asynccontextmanager
async def mosquitto(programs: Programs, port: int, folder: Path) -> AsyncIterator[int]:
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    async with programs.running(program("mosquitto"), "-c", str(config), log=folder / "mosquitto.log"):
        await answers(port)
        yield port


async def answers(port: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return await writer.wait_closed()


@asynccontextmanager
async def subscriber(programs: Programs, port: int, folder: Path) -> AsyncIterator[list[dict[str, Any]]]:
    heard: list[dict[str, Any]] = []
    words = ("-h", "127.0.0.1", "-p", str(port), "-t", "matthan/#", "-F", "%t %p")
    async with programs.running(program("mosquitto_sub"), *words, log=folder / "sub.log") as process:

        async def listen() -> None:
            assert process.stdout is not None
            async for line in process.stdout:
                topic, _, payload = line.decode().partition(" ")
                heard.append({"topic": topic, "payload": payload.strip()})

        async with asyncio.TaskGroup() as group:
            task = group.create_task(listen())
            yield heard
            task.cancel()


@asynccontextmanager
async def receiver() -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    posts: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        posts.append({**(await request.json()), "media": request.content_type})
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook", posts
    finally:
        await runner.cleanup()


class Story:
    """Everything that a client heard, and waiting for a chapter of it."""

    def __init__(self) -> None:
        self.events: list[wire.Event] = []
        self.decisions: list[wire.Decision] = []
        self.deliveries: list[wire.Delivery] = []
        self.cameras: dict[str, wire.Camera] = {}
        self._news = asyncio.Event()

    async def follow(self, client: Client) -> None:
        async with aclosing(client.updates()) as updates:
            async for message in updates:
                self._hear(message)
                self._news.set()

    def _hear(self, message: object) -> None:
        match message:
            case wire.State():
                self.cameras |= {camera.id: camera for camera in message.cameras}
                self.events += message.events
                self.decisions += message.decisions
            case wire.CameraUpdate():
                self.cameras[message.camera.id] = message.camera
            case wire.Event():
                self.events.append(message)
            case wire.Decision():
                self.decisions.append(message)
            case wire.Delivery():
                self.deliveries.append(message)

    async def until(self, what: str, holds: Callable[[], object]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while not holds():
                    self._news.clear()
                    try:
                        await asyncio.wait_for(self._news.wait(), 0.5)
                    except TimeoutError:
                        continue
        except TimeoutError:
            pytest.fail(f"never saw: {what}\n{self}")

    def event(self, kind: str, change: str, camera: str | None = None, label: str | None = None) -> bool:
        return any(
            (each.kind, each.change) == (kind, change)
            and camera in (None, each.camera)
            and label in (None, each.label)
            for each in self.events
        )

    def done(self, action: str) -> bool:
        return any(each.action == action and each.state == "done" for each in self.deliveries)

    def state(self, camera: str) -> str:
        return str(self.cameras[camera].state) if camera in self.cameras else ""

    def __str__(self) -> str:
        parts = [*self.cameras.values(), *self.decisions, *self.deliveries, *self.events[-20:]]
        return "\n".join(str(part)[:300] for part in parts)


async def webrtc_frames(client: Client, camera: str, wanted: int) -> list[int]:
    """Play a camera as a WHEP client does and return the decoded pictures' time stamps."""
    from aiortc import RTCPeerConnection, RTCSessionDescription

    link = (await client.preview_link(camera)).url
    page, _, token = link.partition("?")
    peer = RTCPeerConnection()
    received: asyncio.Queue[Any] = asyncio.Queue(1)
    peer.on("track", received.put_nowait)
    peer.addTransceiver("video", direction="recvonly")
    await peer.setLocalDescription(await peer.createOffer())
    async with ClientSession() as session:
        url = f"{page.replace('/camera/', '/whep/')}?{token}"
        headers = {"Content-Type": "application/sdp"}
        async with session.post(url, data=peer.localDescription.sdp, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            await peer.setRemoteDescription(RTCSessionDescription(await answer.text(), "answer"))
    track = await asyncio.wait_for(received.get(), PATIENCE)
    stamps = [(await asyncio.wait_for(track.recv(), PATIENCE)).pts for _ in range(wanted)]
    await peer.close()
    return stamps


def has_decision(heard: list[dict[str, Any]], rule: str) -> bool:
    """Whether the broker's subscriber got a decision of a rule, as a CloudEvent."""
    payloads = [json.loads(each["payload"]) for each in heard if rule in each["topic"]]
    return any(payload["specversion"] == "1.0" for payload in payloads)


async def ptz_position(sim: Sim) -> tuple[float, float]:
    driver = registry.load("onvif")
    login = Login("admin", sim.password.read_text().strip())
    async with driver.open(Target(sim.url), login) as device:
        head = device.cameras[0].ptz
        assert head is not None
        position = (await head.status()).position
        assert position is not None
        return round(position.pan, 2), round(position.tilt, 2)


def write_config(folder: Path, fixed: Sim, ptz: Sim, broker: int, hook: str) -> Path:
    (folder / "rules.yaml").write_text(RULES)
    config = folder / "matthan.yaml"
    document = {
        "site": "e2e",
        "language": "en",
        "state": str(folder / "state"),
        "rules": ["rules.yaml"],
        "cameras": [settings(fixed, "fixed"), settings(ptz, "ptz")],
        "discovery": {"interfaces": ["127.0.0.1"], "every": 5},
        "actions": {"mqtt": {"host": "127.0.0.1", "port": broker}, "webhooks": {"desk": {"url": hook}}},
        "preview": {"port": 0},
    }
    config.write_text(json.dumps(document))
    return config


async def wait_for_socket(path: Path, engine: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        while not path.exists():
            assert engine.returncode is None, log.read_text()
            await asyncio.sleep(0.1)


@pytest.mark.peer
@pytest.mark.timeout(900)
async def test_from_a_camera_to_a_person_who_acts(
    programs: Programs, free_port: Callable[[], int], tmp_path: Path
) -> None:
    fixed, ptz = programs.sim("Cổng chính", tmp_path), programs.sim("Ngã ba", tmp_path, ptz=True)
    story = Story()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        broker = await enter(mosquitto(programs, free_port(), tmp_path))
        heard = await enter(subscriber(programs, broker, tmp_path))
        hook, posts = await enter(receiver())
        fixed_process = await enter(fixed.play())
        await enter(ptz.play())
        before = await ptz_position(ptz)
        config = write_config(tmp_path, fixed, ptz, broker, hook)
        log = tmp_path / "engine.log"
        words = ("run", "--config", str(config))
        engine = await enter(programs.matthan(*words, log=log, MATTHAN_MODELS=str(tmp_path / "no-models")))
        await wait_for_socket(tmp_path / "state" / "api.sock", engine, log)
        client = await enter(Client.connect(tmp_path / "state" / "api.sock"))
        group = await enter(asyncio.TaskGroup())
        follower = group.create_task(story.follow(client))

        await story.until("discovered", lambda: story.event("camera", "noted", label="discovered"))
        for camera in ("fixed", "ptz"):
            await story.until(f"{camera} online", lambda c=camera: story.state(c) == "online")  # type: ignore[misc]
        await story.until("motion", lambda: story.event("motion", "began"))
        await story.until("object", lambda: story.event("object", "began"))
        labels = {each.label for each in story.events if each.kind == "object"}
        assert labels <= {"person", "two_wheeler", "car", "heavy", "animal"}  # by the detector in the box
        await story.until("a decision", lambda: any(each.rule == "moves" for each in story.decisions))
        moves = next(each for each in story.decisions if each.rule == "moves")
        assert moves.reason.en
        assert moves.reason.vi
        assert moves.reason.en != moves.reason.vi
        for action in ("log", "mqtt", "webhook", "snapshot", "ptz"):
            await story.until(f"{action} done", lambda a=action: story.done(a))  # type: ignore[misc]

        await story.until("the decision at the broker", lambda: has_decision(heard, "moves"))
        assert any(
            each["media"] == "application/cloudevents+json" and each["specversion"] == "1.0" for each in posts
        )
        pictures = list((tmp_path / "state" / "snapshots").rglob("*.jpg"))
        assert pictures
        assert Image.open(BytesIO(pictures[0].read_bytes())).size[0] >= 320
        async with asyncio.timeout(PATIENCE):
            while await ptz_position(ptz) == before:
                await asyncio.sleep(0.5)

        still = await client.still("fixed", 320)
        assert Image.open(BytesIO(still)).size == (320, 180)
        best = await client.picture("fixed")
        assert (best.source, best.lacks) == ("camera", "")  # its own, over ONVIF
        assert best.size == "{}x{}".format(*Image.open(BytesIO(best.jpeg)).size)
        stamps = await webrtc_frames(client, "fixed", 10)
        assert stamps == sorted(set(stamps))

        fixed_process.kill()
        await story.until("fixed lost", lambda: story.state("fixed") == "lost")
        await story.until("its event", lambda: story.event("camera", "ended", "fixed", "lost"))
        assert story.state("ptz") == "online"
        await story.until("its decision", lambda: any(each.rule == "lost" for each in story.decisions))
        await enter(fixed.play())
        await story.until("fixed back", lambda: story.state("fixed") == "online")
        assert not story.event("camera", "ended", "ptz")

        follower.cancel()
        engine.send_signal(signal.SIGTERM)
        assert await programs.ended(engine) == 0
        password = fixed.password.read_text().strip()
        assert password not in log.read_text()
        assert "hangs" not in log.read_text()
    assert not (tmp_path / "state" / "api.sock").exists()
