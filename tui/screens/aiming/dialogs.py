"""What aiming asks in between: one word, and whether a change of the site's file is meant so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Input, Static

from tui.palette import BLUE, BRIGHT, DIM, GREEN, RED, TEXT
from tui.screens.context import Context
from tui.screens.dialogs import Dialog
from tui.texts import clean

_TONES: Final = {"+": GREEN, "-": RED}


class AskDialog(Dialog):
    """One line to type; returns it, None where nothing was meant."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss_box", show=False, priority=True)]

    def __init__(self, context: Context, question: str, value: str = "") -> None:
        """Ask with this text; a value that may be meant stands there already."""
        super().__init__(context)
        self._question, self._value = question, value

    def compose(self) -> ComposeResult:
        """The question and the line."""
        with Vertical(classes="box", id="ask"):
            yield Static(Text(self.context.t(self._question), f"bold {BRIGHT}"))
            yield Input(self._value, compact=True, max_length=63)

    def on_mount(self) -> None:
        """Let the person type."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """It is meant so."""
        event.stop()
        self.dismiss(event.value.strip())


class DiffDialog(Dialog):
    """What would change in the site's file; returns something when it is meant so."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "agree", show=False)]

    def __init__(self, context: Context, diff: Sequence[str]) -> None:
        super().__init__(context)
        self._diff = diff

    def compose(self) -> ComposeResult:
        """The lines, what follows, the two keys."""
        t = self.context.t
        with VerticalScroll(classes="box", id="diff"):
            yield Static(Text(t("draw.change") if self._diff else t("draw.same"), f"bold {BRIGHT}"))
            yield Static(self._lines())
            if self._diff:
                yield Static(Text(f"{t('draw.change_means')}\n", DIM))
                yield Static(
                    Text.assemble(
                        ("Enter ", f"bold {BLUE}"),
                        (t("key.write"), DIM),
                        ("   Esc ", f"bold {BLUE}"),
                        (t("key.no"), DIM),
                    )
                )

    def action_agree(self) -> None:
        """It is meant so; where nothing changes there is nothing to mean."""
        self.dismiss("yes" if self._diff else None)

    def _lines(self) -> Text:
        text = Text("\n", overflow="fold")
        for each in self._diff:
            text.append(clean(each) + "\n", _TONES.get(each[:1], TEXT if each[:1] == " " else DIM))
        return text
