"""What fires now, the worst first, then the latest decisions, as many as there is room for."""

from __future__ import annotations

from itertools import chain, islice

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from engine.api import wire
from tui.model.model import Model
from tui.presenters import rows
from tui.render.columns import Cell, Column, Layout, Row, line
from tui.texts import Texts
from tui.widgets.table import GROUNDS, GUTTER, MARGIN

#: As the log's columns, so that both line up.
_EMPTY = (Column("what", 20, weight=1),)


class RecentDecisions(Widget):
    """Lines without a cursor, as they were at the last look: for reading in passing; the log has the rest."""

    def __init__(self, model: Model, t: Texts) -> None:
        super().__init__()
        self._model, self._t = model, t
        self._rows: list[Row] = []

    def update_lines(self) -> None:
        """Look again what fires, and which decisions are the latest."""
        model = self._model
        firing = [alert.decision for alert in model.urgent()]
        latest = (
            entry
            for entry in model.log.newest_first()
            if isinstance(entry, wire.Decision) and entry.id not in model.alerts
        )
        told = islice(chain(firing, latest), max(1, self.size.height))
        self._rows = [rows.entry_row(each, model, self._t) for each in told]
        self.refresh()

    def on_resize(self) -> None:
        """Another height shows another number."""
        self.update_lines()

    def render_line(self, y: int) -> Strip:
        """Draw one decision."""
        width = max(0, self.size.width - GUTTER - MARGIN)
        if y < len(self._rows):
            row, layout = self._rows[y], Layout.fit(rows.LOG, width)
        else:
            told = self._t("fleet.quiet") if y == 0 and self._model.engine else ""
            row, layout = Row({"what": Cell(told, "dim")}), Layout.fit(_EMPTY, width)
        base = GROUNDS[row.ground]
        ends = Segment(" " * GUTTER, base), Segment(" " * MARGIN, base)
        return Strip([ends[0], *line(row, layout, base), ends[1]], self.size.width)
