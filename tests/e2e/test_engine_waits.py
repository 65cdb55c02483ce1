"""An engine that starts while a command is at its cameras: it says so, waits, and takes over what was left."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.api import wire
from engine.api.client import Client
from engine.commission.turn import Turn
from engine.errors import Refusal

Programs = Any  # the class is in conftest.py
WAITS = "engine.cameras_wait"


@pytest.fixture
def site() -> Iterator[Path]:
    """A folder with a short path: a socket's may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="mt-") as folder:
        (Path(folder) / "state").mkdir(mode=0o700)
        yield Path(folder)


def write(site: Path, *cameras: tuple[str, str]) -> None:
    told = [{"id": name, "url": url} for name, url in cameras]
    document = {
        "site": "xa", "language": "en", "state": f"{site}/state", "cameras": told, "preview": {"enabled": False}
    }  # fmt: skip
    (site / "matthan.yaml").write_text(json.dumps(document))


async def once(programs: Programs, client: Client, ready: Callable[[wire.Health], bool]) -> wire.Health:
    async with asyncio.timeout(programs.patience):
        while not ready(health := await client.health()):
            await asyncio.sleep(0.1)
    return health


def codes(health: wire.Health) -> set[str]:
    return {each.code for each in health.problems}


async def test_it_waits_and_says_so(programs: Programs, site: Path) -> None:
    config, log, nowhere = site / "matthan.yaml", site / "log", "rtsp://127.0.0.1:9/none"
    write(site, ("old", nowhere))
    command = Turn(site / "state")
    command.claim()
    async with programs.matthan("run", "--config", str(config), log=log) as engine:
        await programs.until("it runs", lambda: "running" in log.read_text(), log.read_text)
        async with Client.connect(site / "state" / "api.sock") as client:
            health = await once(programs, client, lambda told: WAITS in codes(told))
            assert command.holder in next(each.en for each in health.problems if each.code == WAITS)
            assert not any("offline" in each.code for each in health.problems), "nobody has knocked"
            write(site, ("old", nowhere), ("new", nowhere))
            command.give()
            await once(programs, client, lambda told: WAITS not in codes(told))
            state = await client.state()
            assert {each.id for each in state.cameras} == {"old", "new"}, "as the command left them"
            with pytest.raises(Refusal, match="at work with this site's cameras"):
                command.claim()  # as long as the engine watches
        engine.terminate()
        assert await programs.ended(engine) == 0
    command.claim()
