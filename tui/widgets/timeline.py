"""Rows of a time, a cell for each of its steps, and a cursor that walks through both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.palette import BACKGROUND, TONES
from tui.render.columns import fit
from tui.widgets.keys import MOVING

#: Cells of the names and of the sums at least.
NAME, SUM = 16, 9
_REVERSED: Final = Style(reverse=True)
_PLAIN: Final = Style(bgcolor=BACKGROUND)


@dataclass(frozen=True, slots=True)
class Track:
    """A row.

    Attributes:
        cells: Each as (character, tone).
        total: What it comes to; `most`: what its highest block stands for, told over the totals while it is chosen.
    """

    name: str
    cells: Sequence[tuple[str, str]]
    total: str = ""
    most: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """All that is drawn, of one moment."""

    scale: str = ""
    tracks: Sequence[Track] = field(default_factory=tuple)
    empty: str = ""


class Timeline(ScrollView, can_focus=True):
    """Draws what it was handed; it asks nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *MOVING,
        Binding("left,h", "walk(-1)", show=False),
        Binding("right,l", "walk(1)", show=False),
        Binding("shift+left", "walk(-8)", show=False),
        Binding("shift+right", "walk(8)", show=False),
    ]

    class Moved(Message):
        """The cursor stands elsewhere."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._drawn = Drawn()
        self.row = self.cell = 0

    def draw(self, drawn: Drawn) -> None:
        """Draw this from now on; the cursor stays, as far as there is a place."""
        self._drawn = drawn
        self.virtual_size = Size(0, len(drawn.tracks) + 1)
        self.place(self.row, self.cell)
        self.refresh()

    def place(self, row: int, cell: int) -> None:
        """Put the cursor somewhere, as near as there is a place; who put it knows."""
        tracks = self._drawn.tracks
        self.row = max(0, min(row, len(tracks) - 1))
        self.cell = max(0, min(cell, len(self._drawn.scale) - 1))
        top = self.scroll_offset.y
        seen = max(1, self.size.height - 1)
        if self.row < top:
            self.scroll_to(y=self.row, animate=False, force=True)
        elif self.row >= top + seen:
            self.scroll_to(y=self.row - seen + 1, animate=False, force=True)
        self.refresh()

    @property
    def room(self) -> int:
        """How many cells a row may have."""
        return max(1, self.size.width - NAME - SUM - 4)

    def action_step(self, by: int) -> None:
        """Move by rows."""
        self._move(self.row + by, self.cell)

    def action_leaf(self, by: int) -> None:
        """Move by pages."""
        self.action_step(by * max(1, self.size.height - 2))

    def action_edge(self, edge: int) -> None:
        """Go to the first moment (0), or to the last (1)."""
        self._move(self.row, len(self._drawn.scale) if edge else 0)

    def action_walk(self, by: int) -> None:
        """Walk through the time."""
        self._move(self.row, self.cell + by)

    def on_click(self, event: Click) -> None:
        """Put the cursor where the mouse is."""
        if event.y > 0:
            self._move(self.scroll_offset.y + event.y - 1, event.x - self._names() - 3)

    def _move(self, row: int, cell: int) -> None:
        before = self.row, self.cell
        self.place(row, cell)
        if (self.row, self.cell) != before:
            self.post_message(self.Moved())

    def _names(self) -> int:
        return max(1, self.size.width - len(self._drawn.scale) - SUM - 4)

    def render_line(self, y: int) -> Strip:
        """Draw the scale (y = 0) or a row."""
        names = self._names()
        if y == 0:
            hours = [(each, "dim") for each in self._drawn.scale]
            most = self._drawn.tracks[self.row].most if self._drawn.tracks else ""
            return self._line(f"  {' ' * names} ", hours, most, "dim", on=bool(self._drawn.tracks))
        place = self.scroll_offset.y + y - 1
        if place >= len(self._drawn.tracks):
            words = self._drawn.empty if y == 1 and not self._drawn.tracks else ""
            return Strip(
                [Segment(fit(f"  {words}", self.size.width), _PLAIN + TONES["dim"])], self.size.width
            )
        track, on = self._drawn.tracks[place], place == self.row
        lead = f"{'▌' if on and self.has_focus else '›' if on else ' '} {fit(track.name, names)} "
        return self._line(lead, track.cells, track.total, "bright" if on else "text", on=on)

    def _line(self, lead: str, cells: Sequence[tuple[str, str]], total: str, tone: str, *, on: bool) -> Strip:
        segments = [Segment(lead, _PLAIN + TONES[tone])]
        for at, (char, look) in enumerate(cells):
            style = _PLAIN + TONES[look]
            segments.append(Segment(char, style + _REVERSED if on and at == self.cell else style))
        segments.append(Segment(f" {fit(total, SUM, right=True)}", _PLAIN + TONES["dim"]))
        return Strip(segments).adjust_cell_length(self.size.width, _PLAIN)
