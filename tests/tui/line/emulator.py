"""A terminal as others wrote it (pyte), compared with cells of ours."""

from __future__ import annotations

from collections.abc import Sequence

import pyte
from pyte.screens import Char

from tui.line.cells import BLANK, CellRow

_BITS = {"bold": "1", "italics": "3", "underscore": "4", "blink": "5", "reverse": "7", "strikethrough": "9"}
Looks = tuple[str, str, str, frozenset[str]]
_DEFAULT = Char(" ", "default", "default")


class Terminal:
    """One emulated terminal that answers where its cursor is."""

    def __init__(self, width: int, height: int) -> None:
        self.screen = pyte.Screen(width, height)
        self.screen.reset_mode(pyte.modes.DECAWM)
        self.stream = pyte.ByteStream(self.screen)

    def feed(self, data: bytes) -> None:
        self.stream.feed(data)

    def cells(self) -> list[list[Looks]]:
        """Return text, colour, ground and attributes of every cell."""
        screen = self.screen
        return [[self._look(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)]

    def text(self) -> str:
        return "\n".join(self.screen.display)

    def _look(self, char: Char) -> Looks:
        attributes = {name for name in _BITS if getattr(char, name)}
        if char.data == " " and not attributes & {"underscore", "reverse", "strikethrough"}:
            return " ", "", char.bg, frozenset()
        if char.data == " ":
            return " ", "", char.bg, frozenset(attributes & {"underscore", "reverse", "strikethrough"})
        return char.data, char.fg, char.bg, frozenset(attributes)


def drawn(rows: Sequence[CellRow], width: int, height: int) -> list[list[Looks]]:
    """Return what a terminal shows that all these cells are written to anew, each by its address."""
    terminal = Terminal(width, height)
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            cell = BLANK if cell is None else cell
            if cell.text:
                codes = ";".join(
                    [
                        "0",
                        *sorted(cell.style.attributes),
                        *filter(None, [cell.style.colour, cell.style.ground]),
                    ]
                )
                terminal.feed(f"\x1b[{y + 1};{x + 1}H\x1b[{codes}m{cell.text}".encode())
    return terminal.cells()
