"""One fake engine of one camera, and a server over it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from engine.api import wire
from engine.api.client import Client
from engine.api.resources.deliveries import Letter
from engine.api.server import serve
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
