"""A walk test: who walks through a zone is counted, with a beep and how long it took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.console import RenderableType
from textual.binding import Binding, BindingType

from engine.api import wire
from engine.api.resources.commissioning.aim import WalkTest
from tui.presenters import aim_card, describe
from tui.render.marks import Glyph, Stroke
from tui.screens.aiming.picture_page import PicturePage
from tui.screens.context import Context
from tui.texts import clean


class WalkScreen(PicturePage):
    """One camera, and somebody who walks before it."""

    CROSSHAIR = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "zone(1)", show=False, priority=True),
        Binding("shift+tab", "zone(-1)", show=False, priority=True),
        Binding("b", "beep", show=False),
        Binding("0", "reset", show=False),
    ]

    def __init__(self, context: Context, camera: str) -> None:
        super().__init__(context, camera)
        known = self.camera
        self.test = WalkTest(next(iter(known.zones), "") if known else "")
        self.beeps = True
        self._last = ""

    def keys(self) -> Sequence[tuple[str, str]]:
        """What can be done here."""
        return (
            ("Esc", "key.back"),
            ("Tab", "key.zone"),
            ("b", "key.beep"),
            ("0", "key.anew_count"),
            ("g", "key.grid"),
            ("?", "key.help"),
        )

    def on_mount(self) -> None:
        """Begin to listen."""
        self.context.model.listeners.append(self._heard)

    def on_unmount(self) -> None:
        """Listen no more."""
        self.context.model.listeners.remove(self._heard)

    def panel(self) -> RenderableType:
        """Who was seen."""
        return aim_card.walk_panel(self.test, self._last, self.context.t)

    def marks(self) -> Iterator[Stroke | Glyph]:
        """The zone that is walked."""
        camera = self.camera
        if camera is not None and self.test.zone in camera.zones:
            yield Stroke(camera.zones[self.test.zone], closed=True)

    def action_zone(self, by: int) -> None:
        """Walk through the next zone; the last one is the whole picture."""
        camera = self.camera
        names = [*(camera.zones if camera else ()), ""]
        place = names.index(self.test.zone) if self.test.zone in names else 0
        self.test = WalkTest(names[(place + by) % len(names)])
        self._last = ""
        self.redraw()

    def action_beep(self) -> None:
        """Beep, or be silent."""
        self.beeps = not self.beeps
        self.say(self.context.t("aim.beep_on") if self.beeps else self.context.t("aim.beep_off"))

    def action_reset(self) -> None:
        """Count from nothing."""
        self.test = WalkTest(self.test.zone)
        self._last = ""
        self.redraw()

    def _heard(self, event: wire.Event) -> None:
        """Take in an event: the delay is until it was told here, by the engine's clock."""
        if event.kind != "object" or event.camera != self._camera_id:
            return
        delay = (self.context.model.now() - event.at).total_seconds()
        label = event.label or ""
        if not self.test.take(event.subject or event.id, label, event.zones, event.change == "ended", delay):
            return
        if self.beeps and self.is_current:
            self.app.bell()
        t, at = self.context.t, describe.clock(event.at, self.context.model)
        zone = clean(self.test.zone) or t("aim.everywhere")
        self._last = t("aim.came", label=t.label(label) or t.label("moving"), zone=zone, time=at)
        self.redraw()
