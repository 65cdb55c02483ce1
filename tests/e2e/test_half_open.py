"""More half-open connections than the engine has descriptors, at every door: it lives, answers, and sees."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from engine.api import wire
from engine.api.client import Client

Programs = Any  # the class is in conftest.py: test files import nothing from each other
Open = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
#: systemd's default; and what somebody opens without a token.
DESCRIPTORS, CROWD = 1024, 1100
TOKEN = "t" * 16


@pytest.fixture
def room() -> Iterator[None]:
    """Descriptors for the crowd, which is in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < CROWD + 500:
        pytest.skip(f"this machine allows {hard} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (CROWD + 500, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def crowd(stack: AsyncExitStack, open_one: Open, said: bytes) -> None:
    """Open connections, each with the beginning of a request, and hold them."""
    for _ in range(CROWD):
        _, writer = await open_one()
        stack.callback(writer.close)
        writer.write(said)


@pytest.mark.timeout(600)
async def test_they_cost_nobody_a_camera_or_an_answer(
    room: None, programs: Programs, free_port: Callable[[], int], tmp_path: Path
) -> None:
    sim = programs.sim("gate", tmp_path)
    tcp, preview = free_port(), free_port()
    door = tmp_path / "state" / "api.sock"
    path, log = tmp_path / "m.yaml", tmp_path / "engine.log"
    login = {"username": "admin", "password": f"file:{sim.password}"}
    settings = {
        "site": "crowded",
        "state": str(tmp_path / "state"),
        "detector": {"model": "none"},
        "api": {"tcp": f"127.0.0.1:{tcp}", "token": "env:CROWD_TOKEN"},
        "preview": {"port": preview},
        "cameras": [{"id": "gate", "url": sim.url, "login": login}],
    }
    path.write_text(json.dumps(settings), "utf-8")
    run = f'ulimit -n {DESCRIPTORS}; exec "$0" -m engine run --config {path}'
    command = ("bash", "-c", run, sys.executable)
    async with sim.play(), programs.running(*command, log=log, CROWD_TOKEN=TOKEN) as engine:
        await programs.until(
            "it runs", lambda: '"running"' in log.read_text() and door.exists(), log.read_text
        )
        await programs.until("it sees", lambda: '"online"' in log.read_text(), log.read_text)
        doors: list[Open] = [
            lambda: asyncio.open_connection("127.0.0.1", preview),
            lambda: asyncio.open_connection("127.0.0.1", tcp),
            lambda: asyncio.open_unix_connection(str(door)),
        ]
        for open_one in doors:
            for said in (b"", b"GET /v1/state HTTP/1.1\r\nHost: localhost\r\nX: "):
                async with AsyncExitStack() as held:
                    await crowd(held, open_one, said)
                    async with asyncio.timeout(programs.patience):
                        async with Client.connect(door) as client:
                            state, health = await client.state(), await client.health()
                        async with Client.connect(f"http://127.0.0.1:{tcp}", token=TOKEN) as client:
                            assert (await client.health()).status == "ok"
                    assert [each.state for each in state.cameras] == [wire.CameraState.ONLINE]
                    assert health.status == "ok"
                    assert "door.crowded" in {each.code for each in health.problems}
                    assert engine.returncode is None
    told = log.read_text()
    assert "Traceback" not in told
    assert told.count('"door.crowded"') <= 2 * len(doors)
    assert engine.returncode == 0
