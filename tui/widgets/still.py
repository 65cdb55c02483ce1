"""A camera's picture in the terminal: half-blocks of our own, or textual-image's kitty and sixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from PIL import Image
from rich.style import Style
from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.graphics import Graphics
from tui.palette import BACKGROUND
from tui.render import pictures
from tui.render.marks import NONE, WHOLE, Marks, Spot, Window

#: Pixels fetched per half-block column: some more than shown, for a clean reduction.
OVERSAMPLE = 3
#: Widest picture fetched for kitty and sixel.
WIDEST = 960
_GROUND = Style(bgcolor=BACKGROUND)


class StillView(Protocol):
    """A widget that shows pictures."""

    @property
    def wanted(self) -> int:
        """Width in pixels that is worth fetching now."""
        ...

    def prepare(
        self, data: bytes, shapes: Sequence[pictures.Overlay], marks: Marks = NONE, window: Window = WHOLE
    ) -> object:
        """Make a picture ready to show; slow, safe to call in a thread.

        Args:
            data: As it came.
            shapes: What was seen in it; placed in the window already.
            marks: What a person puts on it; likewise.
            window: The part that is shown.

        Raises:
            paint.UndecodablePicture: It is no picture.
        """
        ...

    def spot(self, x: int, y: int) -> Spot | None:
        """Return which point of what is shown is in a cell of the screen; None: it is beside the picture."""
        ...

    def show(self, prepared: Any) -> None:
        """Show what `prepare` returned, or nothing (None)."""
        ...


class BlockStill(Widget):
    """Half-blocks; only lines that changed are sent to the terminal."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: pictures.HalfBlocks | None = None

    @property
    def wanted(self) -> int:
        """Width in pixels that is worth fetching now."""
        return max(160, self.size.width * OVERSAMPLE)

    def prepare(
        self, data: bytes, shapes: Sequence[pictures.Overlay], marks: Marks = NONE, window: Window = WHOLE
    ) -> pictures.HalfBlocks:
        """Decode, reduce, draw (in a thread)."""
        before = self._shown.image if self._shown else None
        width, height = self.size
        image = window.cut(pictures.decode(data))
        return pictures.half_blocks(image, shapes, max(1, width), max(1, height), before, marks)

    def spot(self, x: int, y: int) -> Spot | None:
        """Return which point of what is shown is in a cell of the screen."""
        if self._shown is None:
            return None
        columns, rows = self._shown.lines[0].cell_length, len(self._shown.lines)
        left = self.region.x + max(0, (self.size.width - columns) // 2)
        return _within(x - left, y - self.region.y - self._top(self._shown), columns, rows)

    def show(self, prepared: pictures.HalfBlocks | None) -> None:
        """Replace the picture, redrawing the lines that differ."""
        before, self._shown = self._shown, prepared
        if before is None or prepared is None or before.image.size != prepared.image.size:
            self.refresh()
            return
        top = self._top(prepared)
        pairs = zip(before.lines, prepared.lines, strict=True)
        changed = [Region(0, top + y, self.size.width, 1) for y, (old, new) in enumerate(pairs) if old != new]
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        """Draw one line, the picture in the middle."""
        shown, width = self._shown, self.size.width
        if shown is None or not 0 <= y - self._top(shown) < len(shown.lines):
            return Strip.blank(width, _GROUND)
        line = shown.lines[y - self._top(shown)]
        left = max(0, (width - line.cell_length) // 2)
        return Strip.join([Strip.blank(left, _GROUND), line]).adjust_cell_length(width, _GROUND)

    def _top(self, shown: pictures.HalfBlocks) -> int:
        return max(0, (self.size.height - len(shown.lines)) // 2)


class PixelStill(Container):
    """textual-image's widget; the terminal scales the picture."""

    def __init__(self, graphics: Graphics, *, id: str | None = None) -> None:
        super().__init__(id=id)
        # Already imported by `tui.graphics.choose`, before the app ran; see there.
        from textual_image.widget import SixelImage, TGPImage

        self._image = (SixelImage if graphics is Graphics.SIXEL else TGPImage)()

    def compose(self) -> ComposeResult:
        """Hold the one image."""
        yield self._image

    @property
    def wanted(self) -> int:
        """Width in pixels that is worth fetching now."""
        return min(WIDEST, max(320, self.size.width * 10))

    def prepare(
        self, data: bytes, shapes: Sequence[pictures.Overlay], marks: Marks = NONE, window: Window = WHOLE
    ) -> Image.Image:
        """Decode and draw (in a thread)."""
        return pictures.annotate(window.cut(pictures.decode(data)), shapes, self.wanted, marks)

    def spot(self, x: int, y: int) -> Spot | None:
        """Return which point of what is shown is in a cell of the screen."""
        where = self._image.region
        return _within(x - where.x, y - where.y, where.width, where.height)

    def show(self, prepared: Image.Image | None) -> None:
        """Replace the picture."""
        self._image.image = prepared


def _within(x: int, y: int, columns: int, rows: int) -> Spot | None:
    """Return the middle of a cell in 0..1 of so many."""
    if not (0 <= x < columns and 0 <= y < rows):
        return None
    return (x + 0.5) / columns, (y + 0.5) / rows


def make(graphics: Graphics) -> BlockStill | PixelStill:
    """Return the widget for a way of showing pictures (for `none`: half-blocks that stay empty)."""
    if graphics in {Graphics.KITTY, Graphics.SIXEL}:
        return PixelStill(graphics, id="still")
    return BlockStill(id="still")
