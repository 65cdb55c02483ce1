"""Silencing from the line of an alert, and ending a silence from its own."""

from __future__ import annotations

import re
from typing import Final

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from engine.api import wire
from tui.palette import BRIGHT, DIM
from tui.screens.aiming.dialogs import AskDialog
from tui.screens.context import Context
from tui.texts import clean

#: In whose name silences are told, and how the keys of their decisions begin.
SILENCES: Final = "matthan.silence"
_KEY: Final = "silence:"
#: What stands there already: nearly everybody wants a while, not a night.
_USUAL: Final = "1h "
_WORDS: Final = re.compile(r"(\d[\dhmsd.]*)\s+(\S.*)")


class SilenceDialog(AskDialog):
    """How long, and why; returns what was typed."""

    def __init__(self, context: Context, what: str) -> None:
        super().__init__(context, "silence.ask", _USUAL)
        self._what = what

    def compose(self) -> ComposeResult:
        """What will be silent, the line to type, what it means."""
        t = self.context.t
        with Vertical(classes="box", id="ask"):
            yield Static(Text(t("silence.title", what=self._what), f"bold {BRIGHT}"))
            yield Static(Text(t("silence.ask"), DIM))
            yield Input(self._value, compact=True, max_length=120, select_on_focus=False)
            yield Static(Text(t("silence.means"), DIM))


def read(typed: str) -> tuple[str, str] | None:
    """Return how long and why, of ``1h the stage is being built``; None: one of them is missing."""
    found = _WORDS.fullmatch(typed.strip())
    return (found[1], found[2]) if found else None


def silence_of(decision: wire.Decision) -> str | None:
    """Return the id of the silence that a decision tells of; None: it is about something else."""
    if decision.rule != SILENCES or not decision.key.startswith(_KEY):
        return None
    return decision.key.removeprefix(_KEY)


def wanted(decision: wire.Decision, lasts: str, why: str, by: str) -> dict[str, object]:
    """Return what is asked: the rule of an alert, at its camera."""
    cameras = [decision.camera] if decision.camera else []
    return {"rules": [decision.rule], "cameras": cameras, "lasts": lasts, "why": why, "by": by}


def shown(decision: wire.Decision, place: str) -> str:
    """Return what will be silent, for people."""
    return " · ".join(part for part in (clean(decision.rule), place) if part)
