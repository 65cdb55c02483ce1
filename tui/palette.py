"""Colours, all in one place.

Every colour is one of the 256 that a terminal over SSH has (the 6x6x6 cube and the greys), so that the
UI looks the same with and without true colour.
"""

from __future__ import annotations

from typing import Final

from rich.style import Style
from textual.theme import Theme

BACKGROUND: Final = "#121212"
SURFACE: Final = "#1c1c1c"
PANEL: Final = "#262626"
CHOSEN: Final = "#303030"
LIT: Final = "#5f0000"
LIT_WARNING: Final = "#262626"
TEXT: Final = "#d0d0d0"
BRIGHT: Final = "#eeeeee"
DIM: Final = "#8a8a8a"
FAINT: Final = "#4e4e4e"
BLUE: Final = "#5fafd7"
GREEN: Final = "#87af5f"
AMBER: Final = "#d7af5f"
RED: Final = "#ff5f5f"
VIOLET: Final = "#af87d7"

THEME: Final = Theme(
    name="matthan",
    primary=BLUE,
    secondary=VIOLET,
    warning=AMBER,
    error=RED,
    success=GREEN,
    accent=BLUE,
    foreground=TEXT,
    background=BACKGROUND,
    surface=SURFACE,
    panel=PANEL,
    dark=True,
    variables={"scrollbar": "#303030", "scrollbar-background": "#121212", "scrollbar-hover": "#4e4e4e"},
)

#: Style of each tone that cells and lines are given.
TONES: Final[dict[str, Style]] = {
    "text": Style(color=TEXT),
    "bright": Style(color=BRIGHT, bold=True),
    "dim": Style(color=DIM),
    "faint": Style(color=FAINT),
    "blue": Style(color=BLUE),
    "good": Style(color=GREEN),
    "warn": Style(color=AMBER),
    "bad": Style(color=RED),
    "critical": Style(color=RED, bold=True),
}
