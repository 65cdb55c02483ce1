"""The pages of commissionings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.api.resources.commissioning import jobs
from tests.fakes.client import FakeClient
from tests.fakes.commissioning import FakeJobs
from tests.tui.pilot import Until
from tui.app import MatthanApp
from tui.screens.commissioning.job import JobScreen
from tui.screens.commissioning.jobs import JobsScreen
from tui.screens.commissioning.staging import StagingScreen
from tui.widgets.table import Table

if TYPE_CHECKING:
    from textual.pilot import Pilot

#: Opens a page, and returns its table.
Opening = Callable[["Pilot[None]"], Awaitable[Table]]


@pytest.fixture
def app(client: FakeClient, count: Any) -> MatthanApp:
    return MatthanApp(client, monotonic=count, still_every=0.15, ask_every=0.05, by="An")


@pytest.fixture
def site(client: FakeClient) -> FakeJobs:
    fake = FakeJobs()
    client.others.append(jobs.resource(fake))
    return fake


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "cameras.csv"
    path.write_text("id,host\ngate,192.0.2.11\n")
    return path


def table_of(pilot: Pilot[None], page: type) -> Table | None:
    """The lines of a page, once there are any."""
    if not isinstance(pilot.app.screen, page):
        return None
    table = pilot.app.screen.query_one(Table)
    return table if table.keys else None


@pytest.fixture
def listing(site: FakeJobs, until: Until) -> Opening:
    async def go(pilot: Pilot[None]) -> Table:
        await until(pilot, lambda: pilot.app.screen.query_one(Table).keys)
        await pilot.press("C")
        await until(pilot, lambda: table_of(pilot, JobsScreen))
        return pilot.app.screen.query_one(Table)

    return go


@pytest.fixture
def following(listing: Opening, until: Until) -> Opening:
    async def go(pilot: Pilot[None]) -> Table:
        await listing(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: table_of(pilot, JobScreen))
        return pilot.app.screen.query_one(Table)

    return go


@pytest.fixture
def staging(listing: Opening, sheet: Path, until: Until) -> Opening:
    async def go(pilot: Pilot[None]) -> Table:
        await listing(pilot)
        await pilot.press("n")
        await until(pilot, lambda: pilot.app.screen.query("#sheet"))
        pilot.app.screen.query_one("#sheet").value = str(sheet)  # type: ignore[attr-defined]  # an Input
        await pilot.press("enter")
        await until(pilot, lambda: table_of(pilot, StagingScreen))
        return pilot.app.screen.query_one(Table)

    return go
