"""The client alone: where it looks, how it reconnects, what it loads."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiohttp import web

from engine.api import client as module
from engine.api import wire
from engine.api.client import Client, Disconnected
from engine.api.errors import ApiError
from engine.api.link import address
from engine.api.link.address import default_socket
from engine.api.server import serve
from engine.config.settings import ApiSettings

HEAVY = {"numba", "av", "ai_edge_litert", "tflite_runtime", "zeep", "onvif", "aiortc", "textual", "cv2"}


@pytest.mark.parametrize(
    "name", ["engine.api", "engine.api.wire", "engine.api.client", "engine.commands.client"]
)
def test_importing_it_loads_nothing_heavy(name: str) -> None:
    code = f"import sys, {name}; print(*{{each.partition('.')[0] for each in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not HEAVY & set(loaded.split())


class TestDefaultSocket:
    def test_the_environment_decides(self) -> None:
        assert default_socket({"MATTHAN_SOCKET": "/x/y.sock"}) == Path("/x/y.sock")

    def test_a_system_engine_comes_before_the_users_own(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        there = tmp_path / "api.sock"
        monkeypatch.setattr(address, "SYSTEM_SOCKETS", (tmp_path / "missing", there))
        assert default_socket({}).name == "api.sock"
        assert default_socket({}) != there
        there.touch()
        assert default_socket({}) == there


async def test_no_engine_is_one_clear_error(tmp_path: Path) -> None:
    async with Client.connect(tmp_path / "nothing") as client:
        with pytest.raises(ApiError) as caught:
            await client.state()
    assert (caught.value.status, caught.value.code) == (0, "api.unreachable")
    assert str(tmp_path / "nothing") in caught.value.message


@pytest.mark.parametrize("opens", [True, False])
async def test_a_full_queue_at_the_door_is_waited_for(service: Any, tmp_path: Path, opens: bool) -> None:
    """Linux refuses whoever comes to a unix socket at which so many stand already; a blocking client would wait."""
    path, waits = tmp_path / "s", list[float]()
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(path))
    door.listen(0)
    first = socket.socket(socket.AF_UNIX)
    first.connect(str(path))  # the one who may wait there

    async with AsyncExitStack() as stack:

        async def wait(seconds: float) -> None:
            waits.append(seconds)
            if opens and len(waits) == 2:
                first.close()
                door.close()
                path.unlink()
                await stack.enter_async_context(serve(service.api(), ApiSettings(), socket=path))

        async with Client.connect(path, sleep=wait) as client:
            if opens:
                assert (await client.health()).status == "ok"
            else:
                with pytest.raises(ApiError) as caught:
                    await client.health()
                assert caught.value.code == "api.unreachable"
    assert tuple(waits) == (module.FULL[:2] if opens else module.FULL)
    first.close()
    door.close()


async def test_a_stranger_is_recognised(tmp_path: Path) -> None:
    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="<h1>It works!</h1>")

    app = web.Application()
    app.router.add_get("/{any:.*}", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "s")).start()
    try:
        async with Client.connect(tmp_path / "s") as client:
            with pytest.raises(ApiError) as caught:
                await client.state()
        assert caught.value.code == "api.malformed"
    finally:
        await runner.cleanup()


async def test_updates_outlive_the_engine(service: Any, tmp_path: Path) -> None:
    """Away, there, away, there again: the UI is told each time, and gets a fresh state."""
    waits: list[float] = []
    proceed = asyncio.Event()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await proceed.wait()
        proceed.clear()

    async with (
        Client.connect(tmp_path / "s", random=Random(1), sleep=sleep) as client,
        aclosing(client.updates()) as updates,
    ):
        assert isinstance(await anext(updates), Disconnected)
        for run in (1, 2):
            async with serve(service.api(), ApiSettings(), socket=tmp_path / "s"):
                proceed.set()
                assert isinstance(await anext(updates), wire.State)
                event = service.happen(run)
                assert await anext(updates) == event
            assert isinstance(await anext(updates), Disconnected)
    assert all(0 < wait <= 5 for wait in waits)


async def test_waits_grow_to_a_ceiling(tmp_path: Path) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with (
        Client.connect(tmp_path / "s", random=Random(1), sleep=sleep) as client,
        aclosing(client.updates()) as updates,
    ):
        for _ in range(12):
            assert isinstance(await anext(updates), Disconnected)
    assert waits[0] < 0.5
    assert max(waits) <= 5.0
    assert waits[-1] >= 2.5


async def test_an_update_of_a_newer_minor_version_is_skipped(tmp_path: Path) -> None:
    async def stream(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str('{"type": "hologram", "depth": 3}')
        await socket.send_str('{"type": "gap", "missed": 1, "why": "unknown keys are ignored"}')
        await socket.close()
        return socket

    app = web.Application()
    app.router.add_get("/v1/stream", stream)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "s")).start()
    try:
        async with Client.connect(tmp_path / "s") as client, aclosing(client.updates()) as updates:
            assert await anext(updates) == wire.Gap(missed=1)
    finally:
        await runner.cleanup()


async def test_a_quiet_stream_outlives_the_time_of_a_call(
    service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CALL_TIMEOUT", 2.0)
    async with (
        serve(service.api(), ApiSettings(), socket=tmp_path / "s"),
        Client.connect(tmp_path / "s") as client,
        aclosing(client.updates()) as updates,
    ):
        await anext(updates)
        await asyncio.sleep(2.5)
        event = service.happen(1)
        assert await anext(updates) == event
