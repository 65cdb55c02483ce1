"""One camera: its picture with what it sees drawn in, its figures, its latest happenings, its PTZ head."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, VerticalScroll
from textual.widgets import Static

from engine.api import wire
from engine.api.client import ApiError
from tui.connection import ptz
from tui.graphics import Graphics
from tui.model.log import entry_key
from tui.model.model import Changes
from tui.palette import AMBER, TEXT
from tui.presenters import camera_card, rows
from tui.render import pictures
from tui.render.columns import Row
from tui.screens.aiming.aim import AimScreen
from tui.screens.context import Context
from tui.screens.dialogs import LinkDialog, PresetsDialog
from tui.screens.page import Page
from tui.texts import clean
from tui.widgets import still
from tui.widgets.bars import StatusLine
from tui.widgets.table import Table

#: Happenings listed.
HISTORY: Final = 200
#: Seconds without a new picture after which its age is shown.
STALE: Final = 3.0
_DIRECTIONS: Final = {
    "left": "left,h",
    "right": "right,l",
    "up": "up,k",
    "down": "down,j",
    "in": "plus,equals_sign",
    "out": "minus",
}


class CameraScreen(Page):
    """One camera."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(keys, f"move('{direction}')", show=False, priority=True)
            for direction, keys in _DIRECTIONS.items()
        ),
        *(Binding(str(digit), f"preset({digit})", show=False) for digit in range(1, 10)),
        Binding("space", "stop", show=False, priority=True),
        Binding("g", "presets", show=False),
        Binding("p", "preview", show=False),
        Binding("a", "acknowledge", show=False),
        Binding("s", "silence", show=False),
        Binding("u", "undo", show=False),
        Binding("t", "retry", show=False),
        Binding("m", "aim", show=False),
        Binding("n", "next(1)", show=False),
        Binding("N", "next(-1)", show=False),
        Binding("escape", "back", show=False),
    ]

    def __init__(self, context: Context, camera: str) -> None:
        super().__init__(context)
        self._camera_id = camera
        self._ptz = ptz.PtzSender(self._send)
        self._told = ""
        self._presets: list[wire.Preset] | None = None
        self._seen_at: datetime | None = None
        self._said = ""
        self._view = still.make(context.graphics)
        self._card = Static(id="card")
        self._figures = Static(id="fact")
        self._status = StatusLine(id="status")
        self._table = Table(rows.HISTORY, self._row, context.t, empty=self._calm, holds=True, id="history")

    @property
    def camera(self) -> wire.Camera | None:
        """What is known of it; None when it is no longer configured."""
        return self.context.model.cameras.get(self._camera_id)

    def body(self) -> ComposeResult:
        """Picture and figures, and what happened below."""
        with Horizontal(id="top"):
            with Container(id="view"):
                yield self._view
                yield self._card
            with VerticalScroll(id="facts", can_focus=False):
                yield self._figures
        yield self._status
        yield self._table

    def name_of_page(self) -> str:
        """The camera's name."""
        return clean(self.context.model.name(self._camera_id))

    def keys(self) -> Sequence[tuple[str, str]]:
        """What can be done here; PTZ only where there is a head."""
        head = (
            ("←↑↓→", "key.pan"),
            ("+−", "key.zoom"),
            ("␣", "key.stop"),
            ("1-9 g", "key.presets"),
        )
        camera = self.camera
        return (
            ("Esc", "key.back"),
            *(head if camera and camera.ptz else ()),
            *((("p", "key.preview"),) if camera and camera.preview else ()),
            *((("t", "key.retry"),) if camera and camera.waits else ()),
            ("a", "key.acknowledge"),
            ("s", "key.silence"),
            ("m", "key.aim"),
            ("?", "key.help"),
            ("n", "key.next"),
            ("L", "key.language"),
        )

    def on_mount(self) -> None:
        """Begin to fetch pictures, for as long as this screen lives."""
        self.run_worker(self._watch(), name=f"camera[{self._camera_id}].still")

    def show(self, changes: Changes) -> None:
        """Write figures and happenings again."""
        if changes.everything or changes.entries:
            self._table.show(self._history())
            self._table.redraw()
            self._tell_status()
        if changes.everything or changes.order or changes.link or self._camera_id in changes.cameras:
            self._tell()

    def tick(self) -> None:
        """A second has passed: ages move."""
        self._tell()

    def action_move(self, direction: str) -> None:
        """Move the head a little; without one, up and down move in the list."""
        camera = self.camera
        if camera is not None and camera.ptz:
            self._press(ptz.move(direction), self.context.t(f"ptz.{direction}"))
        elif direction in {"up", "down"}:
            self._table.action_step(-1 if direction == "up" else 1)

    def action_stop(self) -> None:
        """Stop the head."""
        self._press(ptz.STOP, self.context.t("ptz.stop"))

    def action_preset(self, number: int) -> None:
        """Go to the preset of that place in the list."""
        if self._can_turn():
            self.run_worker(self._goto(number), name="goto", group="presets", exclusive=True)

    def action_presets(self) -> None:
        """List the presets."""
        if self._can_turn():
            self.run_worker(self._choose(), name="choose", group="presets", exclusive=True)

    def action_preview(self) -> None:
        """Ask for a link to the live view."""
        if self.camera is None or not self.camera.preview:
            self._say(self.context.t("preview.absent"))
            return
        self.run_worker(self._link(), name="link", group="link", exclusive=True)

    def action_silence(self) -> None:
        """Silence the line's rule for a while, or end the silence that the line tells of."""
        self.silence(self._table)

    def action_acknowledge(self) -> None:
        """Take care of the line."""
        self.acknowledge(self._table)

    def action_retry(self) -> None:
        """Try the camera again."""
        self.retry(self.camera)

    def action_aim(self) -> None:
        """Aim it: focus, light, pixels per metre, zones."""
        self.app.push_screen(AimScreen(self.context, self._camera_id))

    def action_next(self, by: int) -> None:
        """Show the next camera of the fleet's order."""
        order = self.context.model.order()
        if self._camera_id in order:
            other = order[(order.index(self._camera_id) + by) % len(order)]
            self.app.switch_screen(CameraScreen(self.context, other))

    def on_table_moved(self) -> None:
        """What was held back may be on the screen now."""
        self._tell_status()

    def _calm(self) -> str:
        return self.context.t("camera.calm")

    def _row(self, key: str) -> Row:
        entry = self.entry(key)
        return rows.entry_row(entry, self.context.model, self.context.t) if entry else Row({})

    def _history(self) -> Iterator[str]:
        newest = self.context.model.log.newest_first()
        return islice((entry_key(entry) for entry in newest if entry.camera == self._camera_id), HISTORY)

    def _tell(self) -> None:
        """Write the figures, and where there is no picture why."""
        camera, model, t = self.camera, self.context.model, self.context.t
        pictured = self._pictured()
        self._view.display = pictured
        self._card.display = not pictured
        if not pictured:
            self._view.show(None)
            self._seen_at = None
            self._card.update(
                camera_card.status_card(camera, model, t, off=self.context.graphics is Graphics.NONE)
            )
        self._figures.update(camera_card.camera_facts(camera, model, t))
        self._tell_status()

    def _tell_status(self) -> None:
        t, new = self.context.t, self._table.new
        held = t("log.new", n=t.number(new)) if new else ""
        self._status.show(Text(self._said, TEXT), Text("   ".join(filter(None, (self._age(), held))), AMBER))

    def _say(self, words: str) -> None:
        self._said = words
        self._tell()

    # -- pictures

    def _pictured(self) -> bool:
        camera = self.camera
        online = camera is not None and camera.state is wire.CameraState.ONLINE and self.context.model.known
        return online and self.context.graphics is not Graphics.NONE

    def _age(self) -> str:
        """Return how old the picture is, once that matters."""
        if not self._pictured():
            return ""
        if self._seen_at is None:
            return self.context.t("camera.waiting")
        seconds = self.context.model.ago(self._seen_at) or 0.0
        return self.context.t("camera.stale", age=self.context.t.age(seconds)) if seconds > STALE else ""

    async def _watch(self) -> None:
        """Fetch, prepare in a thread, show; one picture at a time, for ever."""
        while True:
            if self.is_current and self._pictured():
                await self._look()
            await asyncio.sleep(self.context.still_every)

    async def _look(self) -> None:
        try:
            picture = await self.context.client.picture(self._camera_id, self._view.wanted, best=False)
            shapes = camera_card.overlays(self.camera, picture.tracks, self.context.t)
            prepared: Any = await asyncio.to_thread(self._view.prepare, picture.jpeg, shapes)
        except ApiError as error:
            self._say(self.context.failure(error))
        except pictures.UndecodablePicture:
            self._say(self.context.t("camera.unreadable"))
        else:
            if self._pictured():
                self._seen_at = picture.at or self.context.model.now()
                self._view.show(prepared)
                self._tell_status()

    # -- PTZ and preview

    def _can_turn(self) -> bool:
        able = self.camera is not None and self.camera.ptz
        if not able:
            self._say(self.context.t("ptz.absent"))
        return able

    def _press(self, command: wire.PtzCommand, words: str) -> None:
        if not self._can_turn():
            return
        self._say(f"PTZ  {words}")
        if self._ptz.submit(command):
            self.run_worker(self._ptz.run(), name=f"camera[{self._camera_id}].ptz")

    async def _send(self, command: wire.PtzCommand) -> None:
        try:
            await self.context.client.ptz(self._camera_id, command)
        except ApiError as error:
            self._refused(error)

    def _refused(self, error: ApiError) -> None:
        """Say why the head does not move, beside the picture and in full: that line is short."""
        self._say(f"PTZ  {self.context.failure(error)}")
        if error.status and error.message != self._told:  # keys repeat, the reason need not
            self._told = error.message
            self.notify(self.context.failure(error), severity="warning", markup=False)

    async def _load_presets(self) -> list[wire.Preset]:
        """Return the presets, asked for once per visit."""
        if self._presets is None:
            try:
                self._presets = await self.context.client.presets(self._camera_id)
            except ApiError as error:
                self._refused(error)
        return self._presets or []

    async def _goto(self, number: int) -> None:
        presets = await self._load_presets()
        if number <= len(presets):
            self._turn_to(presets[number - 1])
        elif self._presets is not None:
            self._say(self.context.t("ptz.no_preset", n=number))

    async def _choose(self) -> None:
        presets = await self._load_presets()
        if presets:
            token = await self.app.push_screen_wait(PresetsDialog(self.context, presets))
            for preset in presets:
                if preset.token == token:
                    self._turn_to(preset)
        elif self._presets is not None:
            self._say(self.context.t("ptz.no_presets"))

    def _turn_to(self, preset: wire.Preset) -> None:
        name = clean(preset.name or preset.token)
        self._press(ptz.goto(preset.token), self.context.t("ptz.goto", name=name))

    async def _link(self) -> None:
        try:
            link = await self.context.client.preview_link(self._camera_id)
        except ApiError as error:
            self.notify(self.context.failure(error), severity="warning", markup=False)
            return
        self.app.copy_to_clipboard(link.url)
        self.app.push_screen(LinkDialog(self.context, self.context.model.name(self._camera_id), link))
