"""Names and values under each other, values wrapped beside their names."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Group
from rich.table import Table as Grid
from rich.text import Text

from tui.palette import DIM, TEXT, TONES


def facts(headline: str, tone: str, pairs: Sequence[tuple[str, str]]) -> Group:
    """Return a headline and its facts; a repeated name is written once."""
    grid = Grid.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=max((cell_len(name) for name, _ in pairs), default=0))
    grid.add_column(overflow="fold", ratio=1)
    last = ""
    for name, value in pairs:
        grid.add_row(Text(name if name != last else "", DIM), Text(value, TEXT))
        last = name
    return Group(Text(headline, TONES[tone] if tone != "text" else TONES["bright"]), grid)
