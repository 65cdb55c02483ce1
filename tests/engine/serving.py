"""One fake engine of one camera, and a server over it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.api import wire
from engine.api.client import Client
from engine.api.resources.deliveries import Letter
from engine.api.routes import Api
from engine.api.server import Doors, serve
from engine.config.settings import ApiSettings
from tests.fakes.engine import CAMERA, NOON, FakeEngine


def one_camera() -> FakeEngine:
    """Return an engine with one camera, one rule and two dead letters."""
    camera = wire.Camera(
        id=CAMERA, name="Cổng chính", state=wire.CameraState.ONLINE, since=NOON, width=640, height=360
    )
    engine = FakeEngine(cameras=[camera], rules=[wire.Rule(name="đêm", severity="warning", fired=3)])
    engine.dead = [
        Letter(
            id=number, decision=f"d{number}", action="webhook", target="ward", camera=CAMERA, rule="đêm",
            severity="warning", phase="firing", at=NOON, attempts=3, detail="HTTP 404",
        )
        for number in (9, 7)
    ]  # fmt: skip
    return engine


@contextmanager
def served(api: Api, socket: Path, settings: ApiSettings | None = None) -> Iterator[Doors]:
    """A server in a loop of its own, for commands: they run loops themselves."""
    loop = asyncio.new_event_loop()
    stop, ready, opened = asyncio.Event(), threading.Event(), list[Doors]()

    async def run() -> None:
        async with serve(api, settings or ApiSettings(), socket=socket) as doors:
            opened.append(doors)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert ready.wait(60)
    try:
        yield opened[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.fixture(scope="session")
def services() -> Callable[[], FakeEngine]:
    """For whoever needs more than one."""
    return one_camera


@pytest.fixture
def service() -> FakeEngine:
    return one_camera()


@pytest.fixture
async def door(service: FakeEngine, tmp_path: Path) -> AsyncIterator[Path]:
    """A served socket."""
    async with serve(service.api(), ApiSettings(), socket=tmp_path / "s") as doors:
        yield doors.socket


@pytest.fixture
async def client(door: Path) -> AsyncIterator[Client]:
    async with Client.connect(door) as client:
        yield client
