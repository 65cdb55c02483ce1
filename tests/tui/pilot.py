"""What tests that drive the terminal share: what is on the screen, the way to a line, a camera, the rules."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tui.app import MatthanApp
from tui.screens.camera import CameraScreen
from tui.screens.dialogs import ConfirmDialog
from tui.screens.rules import RulesScreen
from tui.widgets.table import Table

if TYPE_CHECKING:
    from textual.pilot import Pilot

#: Waits until something is so.
Until = Callable[["Pilot[None]", Callable[[], object]], Awaitable[None]]
#: The place of the PTZ camera in the fleet's order: behind three in trouble, by name.
PTZ_CAMERA = "cam-0"


def text_of(widget: Any) -> str:
    """What a widget shows, as text."""
    return "\n".join(widget.render_line(y).text for y in range(widget.size.height))


def screen_of(app: MatthanApp) -> str:
    """The whole screen, as an SVG without its mark-up would have it."""
    return "\n".join(
        "".join(segment.text for segment in strip)
        for strip in app.screen._compositor.render_strips(app.screen.size)
    )


def notes(app: MatthanApp) -> list[str]:
    """Every note with its title."""
    return [f"{note.title}\n{note.message}" for note in app._notifications]


def read(table: Table, key: str) -> None:
    """Put the cursor on a line and see it there: no key acts on a line before."""
    table.move_to(list(table.keys).index(key))
    assert "▌" in text_of(table)


async def open_camera(pilot: Pilot[None], until: Until, camera: str = PTZ_CAMERA) -> CameraScreen:
    table = pilot.app.screen.query_one(Table)
    await until(pilot, lambda: table.keys)
    table.move_to(list(table.keys).index(camera))
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, CameraScreen))
    screen = pilot.app.screen
    assert isinstance(screen, CameraScreen)
    return screen


async def open_rules(app: MatthanApp, pilot: Pilot[None], until: Until) -> Table:
    await pilot.press("r")
    await until(pilot, lambda: isinstance(app.screen, RulesScreen) and app.screen.query_one(Table).keys)
    return app.screen.query_one(Table)


async def confirm_reload(app: MatthanApp, pilot: Pilot[None], until: Until) -> None:
    await pilot.press("R")
    await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
    await pilot.press("enter")
