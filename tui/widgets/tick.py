"""Something that is wanted or not: a box with a cross in it, or none, so that it reads without colour."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.widget import Widget

from tui.palette import BLUE, BRIGHT, DIM, TEXT


class Tick(Widget, can_focus=True):
    """A box that Space or a click crosses and clears.

    Args:
        words: What is wanted.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "cross", show=False)]

    def __init__(self, words: str, value: bool = False, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.value, self._words = value, words

    def action_cross(self) -> None:
        """Cross it, or clear it."""
        self.value = not self.value
        self.refresh()

    def on_click(self, event: Click) -> None:
        """The same by mouse."""
        self.action_cross()

    def render(self) -> RenderResult:
        """Draw it; a pointer stands before it where keys go."""
        pointer = "▌" if self.has_focus else " "
        cross = "x" if self.value else " "
        return Text.assemble(
            (pointer, BLUE),
            (f"[{cross}] ", BRIGHT if self.value else DIM),
            (self._words, BRIGHT if self.has_focus else TEXT),
            no_wrap=True,
            end="",
        )

    def on_focus(self) -> None:
        """Show the pointer."""
        self.refresh()

    def on_blur(self) -> None:
        """Take it away."""
        self.refresh()
