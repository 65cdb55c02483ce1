"""Keys by which one moves in a table or a text; the widget has an action for each."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

#: `step` by lines, `leaf` by pages, to the `edge`: the first line (0) or the last (1).
MOVING: Final = (
    Binding("up,k", "step(-1)", show=False),
    Binding("down,j", "step(1)", show=False),
    Binding("pageup,ctrl+b", "leaf(-1)", show=False),
    Binding("pagedown,ctrl+f", "leaf(1)", show=False),
    Binding("home", "edge(0)", show=False),
    Binding("end,G", "edge(1)", show=False),
)
