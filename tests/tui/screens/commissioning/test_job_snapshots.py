"""Pictures of the pages of commissionings, compared and reviewed by eye: both sizes, both languages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Input

from tests.fakes.client import FakeClient
from tests.fakes.commissioning import FakeJobs
from tests.tui.pilot import Until, screen_of
from tests.tui.screens.commissioning.conftest import Opening
from tui.app import MatthanApp
from tui.screens.commissioning.dialogs import WishDialog
from tui.screens.dialogs import TextDialog
from tui.texts import Language
from tui.widgets.table import Table

if TYPE_CHECKING:
    from textual.pilot import Pilot

LANGUAGES: list[Language] = ["vi", "en"]
each = pytest.mark.parametrize(
    ("size", "language"),
    [
        pytest.param(size, language, id=f"{size[0]}x{size[1]}-{language}")
        for size in ((80, 24), (120, 40))
        for language in LANGUAGES
    ],
)
Shown = Callable[[tuple[int, int], Language, Callable[["Pilot[None]"], Awaitable[None]]], bool]


@pytest.fixture
def shown(snap_compare: Any, client: FakeClient, count: Any) -> Shown:
    def compare(
        size: tuple[int, int], language: Language, act: Callable[[Pilot[None]], Awaitable[None]]
    ) -> bool:
        app = MatthanApp(client, language=language, monotonic=count, still_every=0.15, ask_every=0.05)
        app.animation_level = "none"
        return bool(snap_compare(app, terminal_size=size, run_before=act))

    return compare


def at(pilot: Pilot[None], table: Table, camera: str) -> None:
    table.move_to(list(table.keys).index(camera))


@each
def test_jobs(shown: Shown, listing: Opening, size: tuple[int, int], language: Language) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await listing(pilot)

    assert shown(size, language, act)


@each
def test_form(
    shown: Shown, listing: Opening, until: Until, size: tuple[int, int], language: Language
) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await listing(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, WishDialog))
        pilot.app.screen.query_one("#sheet", Input).value = "/home/an/xa-tram.xlsx"
        await pilot.press("tab", "tab", "tab", "space")

    assert shown(size, language, act)


@each
def test_staging(
    shown: Shown, staging: Opening, until: Until, size: tuple[int, int], language: Language
) -> None:
    async def act(pilot: Pilot[None]) -> None:
        table = await staging(pilot)
        at(pilot, table, "market")
        await until(pilot, lambda: "3/4" in screen_of(pilot.app))  # type: ignore[arg-type]  # a MatthanApp

    assert shown(size, language, act)


@each
def test_job(
    shown: Shown, site: FakeJobs, following: Opening, until: Until, size: tuple[int, int], language: Language
) -> None:
    site.run(school="clock.offset")

    async def act(pilot: Pilot[None]) -> None:
        table = await following(pilot)
        at(pilot, table, "market")

    assert shown(size, language, act)


@pytest.mark.parametrize("language", LANGUAGES)
def test_camera(shown: Shown, following: Opening, until: Until, language: Language) -> None:
    async def act(pilot: Pilot[None]) -> None:
        table = await following(pilot)
        at(pilot, table, "market")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextDialog))

    assert shown((80, 24), language, act)


@pytest.mark.parametrize("language", LANGUAGES)
def test_risk(shown: Shown, staging: Opening, until: Until, language: Language) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await staging(pilot)
        await until(pilot, lambda: "3/4" in screen_of(pilot.app))  # type: ignore[arg-type]  # a MatthanApp
        await pilot.press("g")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 4)

    assert shown((80, 24), language, act)
