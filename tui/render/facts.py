"""Names and values under each other, values wrapped beside their names."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Group
from rich.table import Table as Grid
from rich.text import Text

from tui.palette import TEXT, TONES


def facts(
    headline: str, tone: str, pairs: Sequence[tuple[str, str]], *, names: str = "dim", least: int = 0
) -> Group:
    """Return a headline and its facts; a repeated name is written once.

    Args:
        tone: Of the headline.
        names: Tone of the names.
        least: Cells of the names' column at least, so that several facts line up.
    """
    grid = Grid.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=max((least, *(cell_len(name) for name, _ in pairs))))
    grid.add_column(overflow="fold", ratio=1)
    last = ""
    for name, value in pairs:
        grid.add_row(Text(name if name != last else "", TONES[names]), Text(value, TEXT))
        last = name
    return Group(Text(headline, TONES[tone] if tone != "text" else TONES["bright"]), grid)
