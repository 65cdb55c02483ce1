"""The latest decisions with their reasons, as many as there is room for."""

from __future__ import annotations

from itertools import islice

from textual.strip import Strip
from textual.widget import Widget

from engine.api import wire
from tui import rows
from tui.columns import Cell, Column, Layout, Row, line
from tui.context import Context
from tui.widgets.table import GUTTER, MARGIN, PLAIN, PLAIN_GUTTER, PLAIN_MARGIN

#: As the log's columns, so that both line up.
_EMPTY = (Column("what", 20, weight=1),)


class Recent(Widget):
    """Lines without a cursor: for reading in passing; the log has the rest."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._given = context
        self._decisions: list[wire.Decision] = []

    def update_lines(self) -> None:
        """Look again which decisions are the latest."""
        newest = self._given.model.book.newest()
        decisions = (entry for entry in newest if isinstance(entry, wire.Decision))
        self._decisions = list(islice(decisions, max(1, self.size.height)))
        self.refresh()

    def on_resize(self) -> None:
        """Another height shows another number."""
        self.update_lines()

    def render_line(self, y: int) -> Strip:
        """Draw one decision."""
        width = max(0, self.size.width - GUTTER - MARGIN)
        model, t = self._given.model, self._given.t
        if y < len(self._decisions):
            row, layout = rows.entry_row(self._decisions[y], model, t), Layout.fit(rows.LOG, width)
        else:
            told = t("fleet.quiet") if y == 0 and model.engine else ""
            row, layout = Row({"what": Cell(told, "dim")}), Layout.fit(_EMPTY, width)
        return Strip([PLAIN_GUTTER, *line(row, layout, PLAIN), PLAIN_MARGIN], self.size.width)
