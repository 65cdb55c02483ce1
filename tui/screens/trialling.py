"""Asking what a trial out of a decision shall expect, and its name."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from tui.palette import BRIGHT, DIM
from tui.screens.aiming.dialogs import AskDialog
from tui.screens.context import Context


class TrialDialog(AskDialog):
    """What is expected, and a name; returns what was typed."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "trial.ask", context.t("trial.usual"))

    def compose(self) -> ComposeResult:
        """The line to type, and what it means."""
        t = self.context.t
        with Vertical(classes="box", id="ask"):
            yield Static(Text(t("trial.title"), f"bold {BRIGHT}"))
            yield Static(Text(t("trial.ask"), DIM))
            yield Input(self._value, compact=True, max_length=80, select_on_focus=False)
            yield Static(Text(t("trial.means"), DIM))
