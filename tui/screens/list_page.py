"""A page of one list: the filter that narrows it down, and where the details of a line stand."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import Input, Static

from tui.screens.context import Context
from tui.screens.page import Page
from tui.widgets.bars import StatusLine
from tui.widgets.filter import Filter
from tui.widgets.table import Table


class ListPage(Page):
    """A table, what it holds, and a filter that hides itself. Whoever derives makes `_table`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False),
        Binding("slash", "filter", show=False),
    ]
    #: Text key of what the filter asks for.
    ASKS: ClassVar[str]
    _table: Table

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._status = StatusLine(id="status")
        self._filter = Filter()

    def body(self) -> ComposeResult:
        """The table, what it holds, the filter."""
        yield self._table
        yield self._status
        yield self._filter

    def relabel(self) -> None:
        """Write the filter's words too."""
        self._filter.placeholder = self.context.t(self.ASKS)
        super().relabel()

    def action_filter(self) -> None:
        """Ask what to show."""
        self._filter.ask()

    def action_back(self) -> None:
        """Drop the filter first, then leave."""
        if self._filter.drop():
            self._table.focus()
        else:
            self.action_leave()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and go back to the table; Textual calls this after what a derived page has for it."""
        event.input.display = bool(event.value)
        self._table.focus()


class DetailedListPage(ListPage):
    """A list of what has happened, with the details of the chosen line below or beside it."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._detail = Static(id="detail")

    def body(self) -> ComposeResult:
        """The table and, below or beside it, the details of the chosen line."""
        with Container(id="log"):
            yield self._table
            with VerticalScroll(id="details", can_focus=False):
                yield self._detail
        yield self._status
        yield self._filter

    def tick(self) -> None:
        """Times of what has happened do not move."""
