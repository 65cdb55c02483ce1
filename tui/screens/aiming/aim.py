"""Aiming a camera: a focus bar that beeps, its light, and whether it was moved since its reference picture."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from engine.api.client import ApiError
from engine.api.resources.commissioning.aim import AIM, KEEP_REFERENCE, Aim, FocusMeter
from tui.palette import TONES
from tui.presenters import aim_card
from tui.render.marks import Glyph, Spot, Stroke
from tui.screens.aiming.draw import DrawScreen
from tui.screens.aiming.measure import MeasureScreen
from tui.screens.aiming.picture_page import PicturePage
from tui.screens.aiming.walk import WalkScreen
from tui.screens.context import Context
from tui.screens.dialogs import ConfirmDialog

#: Half the width and height of what is to be sharp.
HALF = 0.25
#: Seconds between two looks whether there is something to beep for.
SILENT = 0.2


class AimScreen(PicturePage):
    """One camera that is being aimed."""

    CROSSHAIR = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "beep", show=False),
        Binding("v", "best", show=False),
        Binding("0", "reset", show=False),
        Binding("s", "keep", show=False),
        Binding("d", "measure_length", show=False),
        Binding("w", "walk", show=False),
        Binding("z", "draw", show=False),
    ]

    def __init__(self, context: Context, camera: str) -> None:
        super().__init__(context, camera)
        self.meter = FocusMeter()
        self.beeps, self._best = True, False
        self._found: Aim | None = None
        self._failed = ""
        self._bar = Static(id="focus")

    def below(self) -> ComposeResult:
        """The focus, as wide as the screen."""
        yield self._bar

    def keys(self) -> Sequence[tuple[str, str]]:
        """What can be done here."""
        return (
            ("Esc", "key.back"),
            ("b", "key.beep"),
            ("0", "key.best_anew"),
            ("s", "key.keep"),
            ("d", "key.density"),
            ("z", "key.zones"),
            ("w", "key.walk"),
            ("v", "key.largest"),
            ("g", "key.grid"),
            ("?", "key.help"),
        )

    def on_mount(self) -> None:
        """Begin to beep."""
        self.run_worker(self._beep(), name=f"aim[{self._camera_id}].beep")

    def panel(self) -> RenderableType:
        """What was measured."""
        t = self.context.t
        measured = self._found is not None
        self._bar.update(
            aim_card.focus_bar(self.meter, t, self.size.width - 2, measured=measured), layout=False
        )
        if self._failed:
            return Text(self._failed, TONES["warn"])
        return aim_card.aim_panel(
            self._found, self.context.model, t, beeps=self.beeps, best=self._best, grid=self._grid
        )

    def marks(self) -> Iterator[Stroke | Glyph]:
        """What is to be sharp."""
        left, top, right, bottom = self._region()
        yield Stroke(((left, top), (right, top), (right, bottom), (left, bottom)), closed=True)

    def pointed(self, at: Spot) -> None:
        """What is to be sharp is elsewhere: the best of before says nothing."""
        self.meter.reset()

    def action_aim(self, direction: str, fast: bool = False) -> None:
        """Move what is to be sharp; the best of before says nothing there."""
        super().action_aim(direction, fast)
        self.meter.reset()

    async def measure(self) -> None:
        """Measure the live picture."""
        left, top, right, bottom = self._region()
        query = {
            "of": "best" if self._best else "analysis",
            "left": left,
            "top": top,
            "right": right,
            "bottom": bottom,
        }
        try:
            self._found = await self.context.client.ask(AIM, self._camera_id, query=query)
        except ApiError as error:
            self._found, self._failed = None, self.context.failure(error)
            self.meter.take(None)
            raise
        self._failed = ""
        focus = self._found.focus
        self.meter.take(focus.score if focus else None)

    def action_beep(self) -> None:
        """Beep, or be silent."""
        self.beeps = not self.beeps
        self.refresh_panel()

    def action_best(self) -> None:
        """Measure the largest picture, or the analysed one; the two are not to be compared."""
        self._best = not self._best
        self.action_reset()

    def action_reset(self) -> None:
        """Begin anew with the best."""
        self.meter.reset()
        self.refresh_panel()

    def action_keep(self) -> None:
        """Keep the picture as the reference, after a question."""
        self.run_worker(self._keep(), name="keep", group="keep", exclusive=True)

    def action_measure_length(self) -> None:
        """Mark a known length."""
        size = (self._found.full_width, self._found.full_height) if self._found else (0, 0)
        self.app.push_screen(MeasureScreen(self.context, self._camera_id, size))

    def action_walk(self) -> None:
        """Walk through a zone."""
        self.app.push_screen(WalkScreen(self.context, self._camera_id))

    def action_draw(self) -> None:
        """Draw zones and lines."""
        self.app.push_screen(DrawScreen(self.context, self._camera_id))

    def _region(self) -> tuple[float, float, float, float]:
        x, y = self.cross
        return max(0.0, x - HALF), max(0.0, y - HALF), min(1.0, x + HALF), min(1.0, y + HALF)

    async def _keep(self) -> None:
        agreed = await self.app.push_screen_wait(
            ConfirmDialog(self.context, "aim.keep", "aim.keep_means", yes="key.keep")
        )
        if agreed is None:
            return
        try:
            kept = await self.context.client.ask(KEEP_REFERENCE, self._camera_id)
        except ApiError as error:
            self.refused(error)
            return
        self.tell("aim.kept", size=f"{kept.width}×{kept.height}")

    async def _beep(self) -> None:
        """Ring the bell: the sharper, the faster; while this page is on top and there is something to hear."""
        while True:
            pause = self.meter.pause if self.beeps and self.is_current else None
            if pause is not None:
                self.app.bell()
            await asyncio.sleep(pause or SILENT)
