"""A table that draws only the lines in view, and redraws only the lines that changed.

Rows are asked for when they are first drawn, so 500 cameras cost what the 20 visible ones cost, and drawn as they
were then until somebody says that they changed: a part of a line that is painted again is of the same moment as
the rest.

Keys act on lines, so a line under the cursor never becomes another one by itself: the cursor stays on its row, and
where that row goes the cursor goes too, until a key takes hold of a line again. A table that `holds` moves no line
at all: what is new is counted, and shown when a person asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import inf
from time import monotonic
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from tui.palette import BACKGROUND, BLUE, CHOSEN, LIT, LIT_WARNING, PANEL, TONES
from tui.render.columns import Cell, Column, Layout, Row, fit, line
from tui.widgets.keys import MOVING

#: Cells in front of every line, where the cursor shows.
GUTTER = 2
#: Cells behind every line, so that the last column does not touch the border or the scroll bar.
MARGIN = 1
#: Seconds that nobody touches a table that holds, until it flows again.
IDLE: Final = 60.0
PLAIN = Style(bgcolor=BACKGROUND)
#: By what a row is: nothing, or an alert that wants a person.
GROUNDS = {"": PLAIN, "warning": Style(bgcolor=LIT_WARNING), "critical": Style(bgcolor=LIT)}
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
        make: Returns the row of a key; called when the line is first drawn after `show` or `redraw`.
        heading: Returns a column's title, for the language may change.
        empty: Returns what to say when there are no rows.
        holds: New lines are counted and not shown until somebody asks for them (a log), see `show_held`. Where nobody
            touches it for `IDLE` seconds it lets go of its line and flows, until the next key takes hold of one.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *MOVING,
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
        holds: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._columns, self._make, self._heading, self._holds = tuple(columns), make, heading, holds
        self._empty = empty
        self._rows: dict[str, Row] = {}
        self._keys: list[str] = []
        self._wanted: list[str] = []
        self._adrift = self._unread = False
        self._painted = inf
        self._idle: Timer | None = None
        self._places: dict[str, int] = {}
        self._cursor = 0
        self._layout_of = Layout(0)

    @property
    def keys(self) -> Sequence[str]:
        """Every row's key, in order."""
        return self._keys

    @property
    def chosen(self) -> str | None:
        """Key of the row under the cursor; None where there is no row, or no cursor."""
        return self._keys[self._cursor] if self._keys and not self._adrift else None

    @property
    def detail_key(self) -> str | None:
        """Key of the row whose details are worth telling: the chosen one, else that at its place."""
        return self._keys[self._cursor] if self._keys else None

    @property
    def new(self) -> int:
        """How many rows are held back."""
        return sum(key not in self._places for key in self._wanted)

    def target(self) -> str | None:
        """Return the key of the row that a key is meant for: it was on the screen when it was pressed.

        None where there was none: then a line that had no cursor, or has just come, has it now.
        """
        self.touched()
        if self._adrift or self._unread:
            self._take_hold()
            return None
        return self.chosen

    def seen_target(self) -> str | None:
        """Return the key of the row that a key acts on: it stood there with the mark when the key was pressed.

        Under load keys are obeyed later than they are pressed, and whoever pressed one has seen what was painted
        before, whatever keys went ahead of it.
        """
        key = self.target()
        return key if self._painted <= getattr(self.app, "pressed", inf) else None

    def show(self, keys: Iterable[str], *, fresh: bool = False) -> None:
        """Show these rows; the cursor stays on its row.

        Args:
            fresh: A person wants other rows: nothing is held back, and what is not among them goes.
        """
        before, place = self.chosen, self._cursor
        self._rows.clear()
        self._wanted = list(keys)
        held = self._holds and before is not None and not fresh
        self._keys = self._held(place) if held else self._wanted
        self._places = {key: index for index, key in enumerate(self._keys)}
        if before is not None and before not in self._places:  # the cursor does not go to another by itself
            self._adrift = not fresh
        found = 0 if self._adrift and self._holds else self._places.get(before or "", place)
        self._cursor = max(0, min(found, len(self._keys) - 1))
        self.virtual_size = Size(0, len(self._keys) + 1)
        if self.scroll_offset.y:  # keep what is being read where it is
            self.scroll_to(y=max(0, self.scroll_offset.y + self._cursor - place), animate=False, force=True)
        self._reveal()
        self.refresh()
        if self.chosen != before:
            self._unread, self._painted = self.chosen is not None, inf
            self.post_message(self.Moved(self, self.chosen))

    def _held(self, place: int) -> list[str]:
        """Return the rows to show so that no line in sight moves: what is new stands below, or waits."""
        wanted = set(self._wanted)
        sight = max(place + 1, self.scroll_offset.y + self.size.height)
        kept = [key for index, key in enumerate(self._keys) if index < sight or key in wanted]
        shown = set(kept)
        last = next((key for key in reversed(kept) if key in wanted), None)
        below = [] if last is None else self._wanted[self._wanted.index(last) + 1 :]
        return [*kept, *(key for key in below if key not in shown)]

    def show_held(self) -> None:
        """Show what was held back."""
        if self._keys != self._wanted:
            self.show(self._wanted, fresh=True)

    def follow(self) -> None:
        """Flow: no line is chosen until a key takes hold of one."""
        if self._keys and not self._adrift:
            self._adrift = True
            self.show(self._wanted)
            self.post_message(self.Moved(self, None))

    def _take_hold(self) -> None:
        if self._adrift:
            self._adrift = False
            self.post_message(self.Moved(self, self.chosen))
        self._unread, self._painted = bool(self._keys), inf
        self.refresh()

    def touched(self) -> None:
        """Somebody is here: count the time until it lets go anew."""
        if not self._holds:
            return
        if self._idle is None:
            self._idle = self.set_timer(IDLE, self._leave)
        else:
            self._idle.reset()

    def _leave(self) -> None:
        self._idle = None
        self.follow()

    def on_mount(self) -> None:
        """Begin to count the time that nobody touches it."""
        self.touched()

    def redraw(self, keys: Iterable[str] | None = None) -> None:
        """Draw rows again: those whose figures changed, or all."""
        if keys is None:
            self._rows.clear()
            self.refresh()
            return
        top, bottom = self.scroll_offset.y, self.scroll_offset.y + self.size.height
        for key in keys:
            self._rows.pop(key, None)
            place = self._places.get(key)
            if place is not None and top <= place < bottom:
                self.refresh_line(place + 1)

    def move_to(self, place: int) -> None:
        """Put the cursor on a line, as near as there is one."""
        self.touched()
        if self._adrift:
            self._take_hold()
        place = max(0, min(place, len(self._keys) - 1))
        if not self._keys or place == self._cursor:
            return
        old, self._cursor, self._painted = self._cursor, place, inf
        self._reveal()
        self.refresh_line(old + 1)
        self.refresh_line(place + 1)
        self.post_message(self.Moved(self, self.chosen))

    def action_step(self, by: int) -> None:
        """Move the cursor by some lines; above the first is what was held back."""
        if by < 0 and self._cursor == 0:
            self.show_held()
        if by > 0 and self._cursor >= len(self._keys) - 1:
            self.post_message(self.Bottom(self))
        self.move_to(self._cursor + by)

    def action_leaf(self, by: int) -> None:
        """Move the cursor by pages."""
        self.action_step(by * max(1, self.size.height - 2))

    def action_edge(self, edge: int) -> None:
        """Move the cursor to the first (0) or last (1) line."""
        if edge:
            self.post_message(self.Bottom(self))
        else:
            self.show_held()
        self.move_to(len(self._keys) - 1 if edge else 0)

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if (key := self.target()) is not None:
            self.post_message(self.Chosen(self, key))

    def on_click(self, event: Click) -> None:
        """Put the cursor where the mouse is; a second click opens."""
        place = self.scroll_offset.y + event.y - 1
        if event.y == 0 or place >= len(self._keys):
            return
        if event.chain == 2:
            self.action_choose()  # what the first click chose: another line may be there by now
        else:
            self.move_to(place)

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
        chosen = place == self._cursor and self.has_focus and not self._adrift
        if chosen:
            self._unread = False
            self._painted = min(self._painted, monotonic())  # the clock that Textual stamps keys with
        row = self._row(self._keys[place])
        base = _CHOSEN if chosen else GROUNDS[row.ground]
        gutter = Segment("▌ " if chosen else " " * GUTTER, Style(color=BLUE) + base)
        margin = Segment(" " * MARGIN, base)
        return Strip([gutter, *line(row, self._layout_of, base), margin], self.size.width)

    def _row(self, key: str) -> Row:
        if key not in self._rows:
            self._rows[key] = self._make(key)
        return self._rows[key]

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
