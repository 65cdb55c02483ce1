"""The line that asks what a table shall show; hidden as long as nothing is asked."""

from __future__ import annotations

from textual.widgets import Input


class Filter(Input):
    """A filter that hides itself."""

    def __init__(self) -> None:
        super().__init__(id="filter", compact=True)
        self.display = False

    def ask(self) -> None:
        """Let the person type."""
        self.display = True
        self.focus()

    def drop(self) -> bool:
        """Empty it and hide it; return whether it was shown."""
        shown = bool(self.display)
        self.value = ""
        self.display = False
        return shown
