"""A page about one picture: it is fetched, a person's marks are put on it, a crosshair moves over it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from typing import Any, ClassVar, Final

from rich.console import Console, RenderableType
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, VerticalScroll
from textual.widgets import Static

from engine.api import wire
from engine.api.client import ApiError
from tui.graphics import Graphics
from tui.model.model import Changes
from tui.palette import AMBER, TEXT
from tui.presenters import camera_card
from tui.render import pictures
from tui.render.marks import CROSS, FAINT, WHOLE, Glyph, Marks, Spot, Stroke, Window
from tui.screens.context import Context
from tui.screens.page import Page
from tui.texts import clean
from tui.widgets import still
from tui.widgets.bars import StatusLine

#: Share of what is shown that the crosshair moves at a press, and at a fast one.
STEP, FAST = 0.01, 0.1
#: How often a picture may be enlarged.
ZOOMS: Final = (1, 2, 4, 8)
#: Widest picture that is asked for.
WIDEST: Final = 1920
#: Cells at which two panels are compared.
WIDTH: Final = 80
#: Problems of files that are named in a note.
NAMED: Final = 3
_DIRECTIONS: Final = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


class PicturePage(Page):
    """One camera's picture with marks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(each, f"aim('{each}')", show=False, priority=True) for each in _DIRECTIONS),
        *(
            Binding(f"shift+{each},ctrl+{each}", f"aim('{each}', True)", show=False, priority=True)
            for each in _DIRECTIONS
        ),
        Binding("plus,equals_sign", "zoom(1)", show=False),
        Binding("minus", "zoom(-1)", show=False),
        Binding("g", "grid", show=False),
        Binding("escape", "back", show=False),
    ]
    #: Whether there is a crosshair.
    CROSSHAIR: ClassVar[bool] = True

    def __init__(self, context: Context, camera: str) -> None:
        super().__init__(context)
        self._camera_id = camera
        self.cross: Spot = (0.5, 0.5)
        self.window: Window = WHOLE
        self._grid = self._spoilt = False
        self._jpeg: bytes | None = None
        self._tracks: tuple[wire.Tracked, ...] = ()
        self._anew = asyncio.Event()
        self._said, self._warned, self._shown = "", "", ""
        self._view = still.make(context.graphics)
        self._card = Static(id="card")
        self._panel = Static(id="fact")
        self._status = StatusLine(id="status")

    @property
    def camera(self) -> wire.Camera | None:
        """What is known of it; None when it is no longer configured."""
        return self.context.model.cameras.get(self._camera_id)

    # -- what a page of this kind says

    def panel(self) -> RenderableType:
        """Return what stands beside the picture."""
        raise NotImplementedError

    def marks(self) -> Iterator[Stroke | Glyph]:
        """Yield what is put on the picture, beside grid and crosshair; later ones lie over earlier ones."""
        yield from ()

    def pointed(self, at: Spot) -> None:
        """The mouse was pressed on a point of the picture; the crosshair is there already."""

    def dragged(self, at: Spot) -> None:
        """The mouse was moved over the picture with its button down."""

    async def measure(self) -> None:
        """Ask for what this page measures, once for each picture.

        Raises:
            ApiError: It cannot be told.
        """

    def shapes(self) -> list[pictures.Overlay]:
        """Return what the engine sees and knows of the picture."""
        return camera_card.overlays(self.camera, self._tracks, self.context.t)

    # -- the page

    def body(self) -> ComposeResult:
        """Picture and panel, and a line below."""
        with Horizontal(id="top"):
            with Container(id="view"):
                yield self._view
                yield self._card
            with VerticalScroll(id="facts", can_focus=False):
                yield self._panel
        yield from self.below()
        yield self._status

    def below(self) -> ComposeResult:
        """Yield what stands under the picture."""
        yield from ()

    def name_of_page(self) -> str:
        """The camera's name."""
        return clean(self.context.model.name(self._camera_id))

    def on_mount(self) -> None:
        """Begin to fetch, for as long as this screen lives."""
        self.run_worker(self._watch(), name=f"aim[{self._camera_id}].still")
        self.run_worker(self._repaint(), name=f"aim[{self._camera_id}].paint")

    def show(self, changes: Changes) -> None:
        """Write the panel again where the camera changed."""
        if changes.everything or changes.order or changes.link or self._camera_id in changes.cameras:
            self.refresh_panel()

    def tick(self) -> None:
        """A second has passed."""
        self.refresh_panel()

    def refresh_panel(self) -> None:
        """Write the panel, and where there is no picture why."""
        pictured = self._pictured()
        self._view.display, self._card.display = pictured, not pictured
        if not pictured:
            self._view.show(None)
            self._jpeg = None
            off = self.context.graphics is Graphics.NONE
            self._card.update(
                camera_card.status_card(self.camera, self.context.model, self.context.t, off=off)
            )
        panel = self.panel()
        if (shown := _read(panel)) != self._shown:  # laying out the page costs more than all else
            self._shown = shown
            self._panel.update(panel)
        warned = self._warned or (self.context.t("camera.unreadable") if self._spoilt else "")
        self._status.show(Text(self._said, TEXT), Text(warned, AMBER))

    def redraw(self) -> None:
        """Draw picture and panel anew, as soon as there is time."""
        self._anew.set()
        self.refresh_panel()

    def say(self, words: str) -> None:
        """Say something in the line below the picture."""
        self._said = words
        self.refresh_panel()

    def refused(self, error: ApiError) -> None:
        """Say why the engine refuses something, with the first places in files."""
        parts = [self.context.failure(error)]
        for problem in error.problems[:NAMED]:
            said = problem.vi if self.context.t.language == "vi" else problem.en
            parts.append(f"{clean(problem.source)}:{problem.line}: {clean(said or problem.code)}")
        self.notify("\n".join(parts), severity="warning", markup=False)

    # -- keys and mouse

    def action_aim(self, direction: str, fast: bool = False) -> None:
        """Move the crosshair."""
        across, down = _DIRECTIONS[direction]
        step = (FAST if fast else STEP) / self.window.zoom
        self.put_cross((self.cross[0] + across * step, self.cross[1] + down * step))

    def action_zoom(self, by: int) -> None:
        """Enlarge what is about the crosshair, or show more again."""
        place = ZOOMS.index(self.window.zoom) + by
        if 0 <= place < len(ZOOMS):
            self.window = Window.about(self.cross, ZOOMS[place])
            self.redraw()

    def action_grid(self) -> None:
        """Show or hide the thirds."""
        self._grid = not self._grid
        self.redraw()

    def put_cross(self, at: Spot) -> None:
        """Put the crosshair somewhere; the part that is shown follows."""
        self.cross = min(1.0, max(0.0, at[0])), min(1.0, max(0.0, at[1]))
        x, y = self.window.shown(self.cross)
        if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
            self.window = Window.about(self.cross, self.window.zoom)
        self.redraw()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Point at something."""
        if (at := self._under(event)) is not None:
            self.put_cross(at)
            self.pointed(at)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag something."""
        if event.button and (at := self._under(event)) is not None:
            self.put_cross(at)
            self.dragged(at)

    def _under(self, event: events.MouseEvent) -> Spot | None:
        spot = self._view.spot(event.screen_x, event.screen_y) if self._pictured() else None
        return None if spot is None else self.window.meant(spot)

    # -- pictures

    def _pictured(self) -> bool:
        camera = self.camera
        online = camera is not None and camera.state is wire.CameraState.ONLINE and self.context.model.known
        return online and self.context.graphics is not Graphics.NONE

    async def _watch(self) -> None:
        """Fetch and measure, one after the other, for ever."""
        while True:
            if self.is_current:
                await self._look()
            await asyncio.sleep(self.context.still_every)

    async def _look(self) -> None:
        try:
            await self.measure()
            if self._pictured():
                wanted = min(WIDEST, self._view.wanted * self.window.zoom)
                picture = await self.context.client.picture(self._camera_id, wanted, best=False)
                self._jpeg, self._tracks = picture.jpeg, picture.tracks
        except ApiError as error:
            self._warned = self.context.failure(error)
        else:
            self._warned = ""
        self.redraw()

    async def _repaint(self) -> None:
        """Show the last picture with the marks of now, each time that either is another."""
        while True:
            await self._anew.wait()
            self._anew.clear()
            if self._jpeg is None or not self._pictured():
                continue
            window = self.window
            shapes = [replace(each, points=tuple(map(window.shown, each.points))) for each in self.shapes()]
            try:
                prepared: Any = await asyncio.to_thread(
                    self._view.prepare, self._jpeg, shapes, window.placed(self._all_marks()), window
                )
            except pictures.UndecodablePicture:
                self._spoilt = True
                self.refresh_panel()
                continue
            self._spoilt = False
            if self._pictured():
                self._view.show(prepared)

    def _all_marks(self) -> Marks:
        strokes: list[Stroke] = list(_thirds()) if self._grid else []
        glyphs: list[Glyph] = []
        for each in self.marks():
            strokes.append(each) if isinstance(each, Stroke) else glyphs.append(each)
        if self.CROSSHAIR:
            glyphs.append(Glyph(self.cross, CROSS))
        return Marks(tuple(strokes), tuple(glyphs))


def _read(panel: RenderableType) -> str:
    """Return a panel as a text by which it is known again."""
    console = Console(width=WIDTH, color_system="truecolor", force_terminal=True, file=StringIO())
    with console.capture() as captured:
        console.print(panel)
    return captured.get()


def _thirds() -> Iterator[Stroke]:
    for third in (1 / 3, 2 / 3):
        yield Stroke(((third, 0.0), (third, 1.0)), tone=FAINT)
        yield Stroke(((0.0, third), (1.0, third)), tone=FAINT)
