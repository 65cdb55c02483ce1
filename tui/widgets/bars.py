"""The lines above and below every screen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.app import RenderResult
from textual.widget import Widget

from tui.palette import BLUE, DIM
from tui.render.status import spread

#: Keys of a screen and the text key of what they do, the most needed first.
Keys = Sequence[tuple[str, str]]


class StatusLine(Widget):
    """One line with something at its left and something at its right.

    Args:
        optional: The right end goes where there is no room for both.
    """

    def __init__(self, *, id: str | None = None, optional: bool = False) -> None:
        super().__init__(id=id)
        self._optional = optional
        self._left, self._right = Text(), Text()

    def show(self, left: Text, right: Text | None = None) -> None:
        """Replace both ends; draws only when they differ."""
        right = right if right is not None else Text()
        if (left, right) != (self._left, self._right):  # their spans count, too
            self._left, self._right = left, right
            self.refresh()

    def render(self) -> RenderResult:
        """Draw it."""
        return spread(self._left, self._right, self.size.width, optional=self._optional)


class KeyBar(Widget):
    """Which keys do what; those that do not fit are left out from the end (help has them all)."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[tuple[str, str]] = []

    def show(self, keys: list[tuple[str, str]]) -> None:
        """Show (key, what it does) pairs."""
        if keys != self._keys:
            self._keys = keys
            self.refresh()

    def render(self) -> RenderResult:
        """Draw as many whole pairs as fit."""
        text = Text(no_wrap=True, end="")
        for key, words in self._keys:
            pair = Text.assemble((f" {key} ", f"bold {BLUE}"), (f"{words} ", DIM))
            if text.cell_len + pair.cell_len > self.size.width:
                break
            text.append_text(pair)
        return text
