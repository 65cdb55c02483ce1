"""The terminal over a fake engine, with a clock that moves when told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.fakes.client import FakeClient
from tests.fakes.engine import FakeEngine
from tests.fakes.village import village
from tests.tui.pilot import Until
from tui.app import MatthanApp

if TYPE_CHECKING:
    from textual.pilot import Pilot

PATIENCE_SECONDS = 60.0  #: for a machine that is busy with others


@pytest.fixture
def engine() -> FakeEngine:
    return village()


@pytest.fixture
def client(engine: FakeEngine) -> FakeClient:
    return FakeClient(engine)


class Count:
    """Monotonic seconds that move when told."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def count() -> Count:
    return Count()


@pytest.fixture(autouse=True)
def lasting_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notes stay on the screen, however long the test takes to look."""
    monkeypatch.setattr(MatthanApp, "NOTIFICATION_TIMEOUT", 3600.0)


@pytest.fixture
def app(client: FakeClient, count: Count) -> MatthanApp:
    return MatthanApp(client, monotonic=count, still_every=0.02, ask_every=0.05)


@pytest.fixture
def until() -> Until:
    """Wait until something is so; where it is not after a long minute, TimeoutError says who waited for what."""

    async def wait(pilot: Pilot[None], so: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not so():
                await pilot.pause(0.01)
        await pilot.pause()

    return wait
