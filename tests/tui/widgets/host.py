"""A screen with one widget."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from textual.app import App, ComposeResult
from textual.message import Message
from textual.widget import Widget

from tui.palette import THEME

W = TypeVar("W", bound=Widget)


class Host(App[None], Generic[W]):
    """Holds a widget and keeps what it says."""

    CSS = "Screen { background: #121212; } Table, TextView { height: 1fr; } StatusLine, KeyBar { height: 1; }"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, widget: W) -> None:
        super().__init__()
        self.widget = widget
        self.said: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self.widget

    def on_mount(self) -> None:
        self.register_theme(THEME)
        self.theme = THEME.name

    def on_table_chosen(self, message: Any) -> None:
        self.said.append(message)

    on_table_moved = on_table_bottom = on_table_chosen
