"""The lines of a screen that stand alone: figures in a row, two texts at both ends. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from tui.palette import AMBER, DIM, RED, TEXT
from tui.render.columns import GAP


def spread(left: Text, right: Text, width: int, *, optional: bool = False) -> Text:
    """Return two texts at both ends of a line.

    Args:
        optional: Where there is no room for both, the right one goes; else the left one is cut.
    """
    if optional and left.cell_len + right.cell_len + GAP > width:
        right = Text()
    room = max(0, width - right.cell_len - 1)
    kept = left.copy()
    kept.truncate(room, overflow="ellipsis", pad=True)
    return Text.assemble(kept, " ", right, no_wrap=True, end="")


def figures(pairs: Sequence[tuple[str, str]]) -> Text:
    """Return figures in a row; each is (text, tone: "", "warn" or "bad")."""
    colours = {"": TEXT, "dim": DIM, "warn": f"bold {AMBER}", "bad": f"bold {RED}"}
    parts = [Text(words, colours[tone]) for words, tone in pairs if words]
    return Text("   ").join(parts)
