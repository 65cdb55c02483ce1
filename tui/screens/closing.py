"""Closing an alert: what it turned out to be, and why somebody thinks so."""

from __future__ import annotations

from typing import Final, Literal

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from tui.palette import BRIGHT, DIM
from tui.screens.aiming.dialogs import AskDialog
from tui.screens.context import Context
from tui.texts import fold

Verdict = Literal["true", "false", "test"]
#: What people type for each, in either language, without diacritics.
_WORDS: Final[dict[str, Verdict]] = {
    "true": "true", "dung": "true", "false": "false", "sai": "false", "test": "test", "thu": "test",
}  # fmt: skip
#: What is told once it is said.
SAID: Final[dict[Verdict, str]] = {"true": "close.true", "false": "close.false", "test": "close.test"}


class CloseDialog(AskDialog):
    """What it was, and why; returns what was typed."""

    def __init__(self, context: Context, what: str) -> None:
        super().__init__(context, "close.ask")
        self._what = what

    def compose(self) -> ComposeResult:
        """What is closed, the line to type, what it means."""
        t = self.context.t
        with Vertical(classes="box", id="ask"):
            yield Static(Text(t("close.title", what=self._what), f"bold {BRIGHT}"))
            yield Static(Text(t("close.ask"), DIM))
            yield Input(self._value, compact=True, max_length=200)
            yield Static(Text(t("close.means"), DIM))


def read(typed: str) -> tuple[Verdict, str] | None:
    """Return what it was and why, of ``false a plastic bag in the wind``; None: it does not begin with what it was."""
    word, _, why = typed.strip().partition(" ")
    verdict = _WORDS.get(fold(word).rstrip(":,"))
    return None if verdict is None else (verdict, why.strip())
