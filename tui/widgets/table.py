"""A table that draws only the lines in view, and redraws only the lines that changed.

Rows are asked for when they are drawn, so 500 cameras cost what the 20 visible ones cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.columns import Cell, Column, Layout, Row, fit, line
from tui.palette import BACKGROUND, BLUE, CHOSEN, LIT, PANEL, TONES

#: Cells in front of every line, where the cursor shows.
GUTTER = 2
#: Cells behind every line, so that the last column does not touch the border or the scroll bar.
MARGIN = 1
PLAIN = Style(bgcolor=BACKGROUND)
GROUND_LIT = Style(bgcolor=LIT)
_CHOSEN = Style(bgcolor=CHOSEN)
_HEAD = Style(bgcolor=PANEL)
PLAIN_GUTTER = Segment("  ", PLAIN)
_HEAD_GUTTER = Segment("  ", _HEAD)
_HEAD_MARGIN = Segment(" " * MARGIN, _HEAD)
PLAIN_MARGIN = Segment(" " * MARGIN, PLAIN)


class Table(ScrollView, can_focus=True):
    """Lines under a heading, with a cursor that stays on its row when rows come, go or move.

    Args:
        columns: What is shown, in order.
        make: Returns the row of a key; called when the line is drawn.
        heading: Returns a column's title, for the language may change.
        empty: Returns what to say when there are no rows.
        follow: A cursor on the first line stays on the first line (a log), not on its row.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "step(-1)", show=False),
        Binding("down,j", "step(1)", show=False),
        Binding("pageup,ctrl+b", "leaf(-1)", show=False),
        Binding("pagedown,ctrl+f", "leaf(1)", show=False),
        Binding("home", "edge(0)", show=False),
        Binding("end,G", "edge(-1)", show=False),
        Binding("enter", "choose", show=False),
    ]

    class Chosen(Message):
        """The row under the cursor was opened."""

        def __init__(self, table: Table, key: str) -> None:
            super().__init__()
            self.table, self.key = table, key

        @property
        def control(self) -> Table:
            """The table, so that handlers can select by it."""
            return self.table

    class Moved(Message):
        """The cursor is on another row; `key` is None when there is none."""

        def __init__(self, table: Table, key: str | None) -> None:
            super().__init__()
            self.table, self.key = table, key

        @property
        def control(self) -> Table:
            """The table, so that handlers can select by it."""
            return self.table

    class Bottom(Message):
        """The cursor wants to go below the last row."""

        def __init__(self, table: Table) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> Table:
            """The table, so that handlers can select by it."""
            return self.table

    def __init__(
        self,
        columns: Sequence[Column],
        make: Callable[[str], Row],
        heading: Callable[[str], str],
        *,
        empty: Callable[[], str] = str,
        follow: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._columns, self._make, self._heading, self._follow = tuple(columns), make, heading, follow
        self._empty = empty
        self._keys: list[str] = []
        self._places: dict[str, int] = {}
        self._cursor = 0
        self._layout_of = Layout(0)

    @property
    def keys(self) -> Sequence[str]:
        """Every row's key, in order."""
        return self._keys

    @property
    def chosen(self) -> str | None:
        """Key of the row under the cursor."""
        return self._keys[self._cursor] if self._keys else None

    def show(self, keys: Iterable[str]) -> None:
        """Show these rows; the cursor stays on its row where that is still there."""
        before, place = self.chosen, self._cursor
        self._keys = list(keys)
        self._places = {key: index for index, key in enumerate(self._keys)}
        follows = self._follow and place == 0
        found = None if follows or before is None else self._places.get(before)
        self._cursor = max(0, min(place if found is None else found, len(self._keys) - 1))
        self.virtual_size = Size(0, len(self._keys) + 1)
        if self.scroll_offset.y:  # keep what is being read where it is
            self.scroll_to(y=max(0, self.scroll_offset.y + self._cursor - place), animate=False, force=True)
        self._reveal()
        self.refresh()
        if self.chosen != before:
            self.post_message(self.Moved(self, self.chosen))

    def redraw(self, keys: Iterable[str] | None = None) -> None:
        """Draw rows again: those whose figures changed, or all."""
        if keys is None:
            self.refresh()
            return
        top, bottom = self.scroll_offset.y, self.scroll_offset.y + self.size.height
        for key in keys:
            place = self._places.get(key)
            if place is not None and top <= place < bottom:
                self.refresh_line(place + 1)

    def move_to(self, place: int) -> None:
        """Put the cursor on a line, as near as there is one."""
        place = max(0, min(place, len(self._keys) - 1))
        if not self._keys or place == self._cursor:
            return
        old, self._cursor = self._cursor, place
        self._reveal()
        self.refresh_line(old + 1)
        self.refresh_line(place + 1)
        self.post_message(self.Moved(self, self.chosen))

    def action_step(self, by: int) -> None:
        """Move the cursor by some lines."""
        if by > 0 and self._cursor >= len(self._keys) - 1:
            self.post_message(self.Bottom(self))
        self.move_to(self._cursor + by)

    def action_leaf(self, by: int) -> None:
        """Move the cursor by pages."""
        self.action_step(by * max(1, self.size.height - 2))

    def action_edge(self, edge: int) -> None:
        """Move the cursor to the first (0) or last (-1) line."""
        if edge:
            self.post_message(self.Bottom(self))
        self.move_to(len(self._keys) - 1 if edge else 0)

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self.chosen is not None:
            self.post_message(self.Chosen(self, self.chosen))

    def on_click(self, event: Click) -> None:
        """Put the cursor where the mouse is; a second click opens."""
        place = self.scroll_offset.y + event.y - 1
        if event.y == 0 or place >= len(self._keys):
            return
        self.move_to(place)
        if event.chain == 2:
            self.action_choose()

    def on_resize(self, event: Resize) -> None:
        """Fit the columns to the new width."""
        self._layout_of = Layout.fit(self._columns, max(0, self.size.width - GUTTER - MARGIN))
        self._reveal()

    def render_line(self, y: int) -> Strip:
        """Draw the heading (y = 0) or the row that is y lines below it."""
        if self._layout_of.width != max(0, self.size.width - GUTTER - MARGIN):
            self._layout_of = Layout.fit(self._columns, max(0, self.size.width - GUTTER - MARGIN))
        if y == 0:
            return Strip(
                [_HEAD_GUTTER, *line(self._titles(), self._layout_of, _HEAD), _HEAD_MARGIN], self.size.width
            )
        place = self.scroll_offset.y + y - 1
        if place >= len(self._keys):
            return self._blank(self._empty() if y == 1 and not self._keys else "")
        chosen = place == self._cursor and self.has_focus
        row = self._make(self._keys[place])
        base = GROUND_LIT if row.lit else _CHOSEN if chosen else PLAIN
        gutter = Segment("▌ " if chosen else " " * GUTTER, Style(color=BLUE) + base)
        margin = Segment(" " * MARGIN, base)
        return Strip([gutter, *line(row, self._layout_of, base), margin], self.size.width)

    def _blank(self, words: str) -> Strip:
        room = max(0, self.size.width - GUTTER)
        return Strip([PLAIN_GUTTER, Segment(fit(words, room), PLAIN + TONES["dim"])], self.size.width)

    def _titles(self) -> Row:
        titled = (column for column in self._columns if column.title)
        return Row({column.name: Cell(self._heading(column.title), "dim") for column in titled})

    def _reveal(self) -> None:
        """Scroll as little as needed to show the cursor (one line of the height is the heading)."""
        lines = self.size.height - 1
        if lines <= 0:
            return
        top = self.scroll_offset.y
        wanted = min(max(top, self._cursor - lines + 1), self._cursor)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True)
