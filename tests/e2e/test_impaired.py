"""A camera is covered: it says so, its picture shows it, a rule fires; it is uncovered, and that resolves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from drivers.virtual.camera import VirtualCamera
from drivers.virtual.impairment import Impairment
from drivers.virtual.spec import CameraSpec
from engine.api.client import Client
from engine.api.resources.events import Event

Programs = Any  # the class is in conftest.py
RULES = """
rules:
  - name: covered
    title: "Somebody covered {camera}"
    when: {camera: impaired, cause: covered, above: 0.6}
    severity: critical
"""


def write(folder: Path, peer: VirtualCamera) -> Path:
    (folder / "rules.yaml").write_text(RULES)
    config = folder / "matthan.yaml"
    config.write_text(
        f"site: ward-7\nlanguage: en\nstate: {folder / 'state'}\napi: {{socket: {folder / 's'}}}\n"
        "rules: [rules.yaml]\npreview: {enabled: false}\ndetector: {model: none}\ncameras:\n"
        f"  - {{id: gate, url: '{peer.onvif_url}', login: {{username: admin, password: 'env:CANARY'}}}}\n"
    )
    return config


async def until(client: Client, holds: Callable[[], Awaitable[bool]]) -> None:
    try:
        async with asyncio.timeout(120):
            while not await holds():
                await asyncio.sleep(0.3)
    except TimeoutError:
        pytest.fail(f"never: {await impaired(client)}\n{(await client.state()).cameras}")


async def impaired(client: Client) -> list[Event]:
    """Return what was told of the picture, the oldest first."""
    events = await client.events(limit=1000)
    return [each for each in reversed(events) if each.subject == "camera:impaired"]


@pytest.mark.soak  # a picture that was not well must be well for a while
async def test_covered_and_uncovered(programs: Programs, tmp_path: Path) -> None:
    spec = CameraSpec(password="canary-9f2", discoverable=False)
    async with VirtualCamera(spec) as peer:
        words = ("run", "--config", str(write(tmp_path, peer)))
        async with programs.matthan(*words, log=tmp_path / "log", CANARY="canary-9f2") as process:
            log = tmp_path / "log"
            await programs.until("it runs", lambda: '"running"' in log.read_text(), log.read_text)
            async with Client.connect(str(tmp_path / "s")) as client:
                await story(client, peer)
            process.terminate()
            await process.wait()


async def story(client: Client, peer: VirtualCamera) -> None:
    async def troubles() -> list[str]:
        (camera,) = (await client.state()).cameras
        return [each.label for each in camera.troubles] if camera.state == "online" else ["offline"]

    async def calm() -> bool:
        return await troubles() == [] and bool(peer.broker.subscriptions)

    async def both() -> bool:
        return any(each.facts.get("source") == "both" for each in await impaired(client))

    async def phases() -> list[str]:
        return [str(each.phase) for each in await client.decisions()]

    async def resolved() -> bool:
        return "resolved" in await phases()

    await until(client, calm)
    peer.impair(Impairment.COVERED)
    await until(client, both)
    assert await troubles() == ["impaired"]
    health = await client.health()
    assert any(each.code == "cameras.impaired" for each in health.problems)
    (camera,) = (await client.state()).cameras
    assert camera.troubles[0].said.en.startswith("Something stands right before the lens")
    peer.impair(Impairment.NONE)
    await until(client, resolved)
    assert await phases() == ["resolved", "firing"], "one beginning, one end"
    assert await troubles() == []
    (fired,) = [each for each in await client.decisions() if each.phase == "firing"]
    assert fired.reason.en.startswith("the lens is covered")
    told = await impaired(client)
    assert [each.change for each in told] in (["began", "goes_on", "ended"], ["began", "ended"])
    assert {each.facts["cause"] for each in told} == {"covered"}
