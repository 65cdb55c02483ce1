"""Writes the difference between what a terminal shows and what is wanted, in few bytes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tui.line.cells import BLANK, PLAIN, Cell, CellRow, Style, doubtful, seen

#: Equal cells that are cheaper to write again than to step over.
STEP: Final = 3
#: Characters that make pictures; they wait until the words are out.
PICTURE: Final = frozenset("▀▄")


class Full(Exception):
    """The slice is full."""


class Differ:
    """What a terminal shows, as far as anybody knows.

    Attributes:
        front: Every cell; None where nobody knows.
    """

    def __init__(self) -> None:
        self.front: list[CellRow] = []
        self._style: Style | None = None
        self._at: tuple[int, int] | None = None
        self._out: list[str] = []
        self._size = self._budget = 0

    def lost(self, width: int, height: int) -> None:
        """Nobody knows what the terminal shows, where its cursor is and in which style it writes."""
        self.front = [[None] * width for _ in range(height)]
        self.adrift()

    def adrift(self) -> None:
        """Something else was written: cursor and style are not known."""
        self._at = self._style = None

    def hide(self, left: int, top: int, right: int, bottom: int) -> None:
        """A picture was drawn there: which cells it covers is not known."""
        for row in self.front[top:bottom]:
            row[left:right] = [None] * len(row[left:right])
        self.adrift()

    def slice(
        self, back: Sequence[CellRow], order: Sequence[int], cursor: tuple[int, int], budget: int
    ) -> tuple[str, bool]:
        """Return what to write next, about so many bytes of it, and whether that is all.

        Args:
            back: What is wanted.
            order: Rows, the most wanted first.
            cursor: Where the cursor is to rest (x, y).
            budget: Bytes.
        """
        self._out, self._size, self._budget = [], 0, budget
        try:
            for pictures in (False, True):
                for y in order:
                    if self.front[y] != back[y]:
                        self._row(back[y], y, pictures=pictures)
        except Full:
            return "".join(self._out), False
        if back and back[0] and (self._out or self._at is None):
            self._budget += 16
            self._move(min(cursor[0], len(back[0]) - 1), min(cursor[1], len(back) - 1), ())
        return "".join(self._out), True

    def _row(self, back: CellRow, y: int, *, pictures: bool) -> None:
        front, x, tail = self.front[y], 0, _tail(back)
        while x < len(back):
            cell = back[x]
            if cell is None or front[x] == cell or (not pictures and cell.text in PICTURE):
                x += 1
            elif x >= tail and len(back) - x > STEP:
                self._erase(x, y, back)
                return
            else:
                x = self._cell(back, _lead(back, x), y)

    def _cell(self, back: CellRow, x: int, y: int) -> int:
        """Write one character; return the place behind it."""
        cell = back[x]
        if cell is None or not cell.text:  # half of a character that is not wanted any more
            return x + 1
        if self._size >= self._budget:
            raise Full
        self._move(x, y, back)
        if cell.text != " " or self._style is None or seen(" ", self._style) != cell:
            self._dress(cell.style)  # a space has no colour that anybody sees
        self._say(cell.text)
        end = x + 1
        while end < len(back) and (more := back[end]) is not None and not more.text:
            end += 1
        self._shown(y, x, end, back)
        certain = end < len(back) and not doubtful(cell.text)
        self._at = (end, y) if certain else None
        return end

    def _shown(self, y: int, x: int, end: int, back: CellRow) -> None:
        """Note what stands there now, and that a wide character which was cut in half is gone."""
        row = self.front[y]
        if x > 0 and (here := row[x]) is not None and not here.text:
            row[x - 1] = None
        if end < len(row) and (after := row[end]) is not None and not after.text:
            row[end] = None
        row[x:end] = back[x:end]

    def _erase(self, x: int, y: int, back: CellRow) -> None:
        if self._size >= self._budget:
            raise Full
        self._move(x, y, back)
        self._dress(PLAIN)
        self._say("\x1b[K")
        self._shown(y, x, len(back), back)

    def _move(self, x: int, y: int, back: Sequence[Cell | None]) -> None:
        """Send the cursor there, the cheapest way."""
        if self._at == (x, y):
            return
        if self._at is None or self._at[1] != y:
            self._say(f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H")
        elif not self._rewrite(self._at[0], x, y, back):
            step = x - self._at[0]
            if x == 0:
                self._say("\r")
            else:
                self._say(f"\x1b[{'' if abs(step) == 1 else abs(step)}{'C' if step > 0 else 'D'}")
        self._at = (x, y)

    def _rewrite(self, start: int, x: int, y: int, back: Sequence[Cell | None]) -> bool:
        """Step over few cells by writing them again, where they look as what is written now."""
        between = back[start:x]
        if not 0 < x - start <= STEP or len(between) < x - start:
            return False
        text = ""
        for place, cell in enumerate(between, start):
            if cell is None or cell != self.front[y][place] or not cell.text or self._style is None:
                return False
            if seen(cell.text, self._style) != cell:
                return False
            if doubtful(cell.text):
                return False
            text += cell.text
        self._say(text)
        return True

    def _dress(self, style: Style) -> None:
        before = self._style
        if style == before:
            return
        link = before.link if before is not None else ""
        if style.link != (link or ""):
            self._say(f"\x1b]8;{style.link or ';'}\x1b\\")
        codes = _codes(before, style)
        if codes is not None:
            self._say(f"\x1b[{codes}m")
        self._style = style

    def _say(self, text: str) -> None:
        self._out.append(text)
        self._size += len(text.encode("utf-8", "replace"))


def _codes(before: Style | None, style: Style) -> str | None:
    """Return the parameters that lead from one style to another; None: they look the same."""
    codes: list[str] = []
    if before is None or before.attributes - style.attributes:
        if not style.attributes and not style.colour and not style.ground:
            return ""
        codes, before = ["0"], PLAIN
    elif style[:3] == PLAIN[:3] and before[:3] != PLAIN[:3]:
        return ""
    codes += sorted(style.attributes - before.attributes)
    if style.colour != before.colour:
        codes.append(style.colour or "39")
    if style.ground != before.ground:
        codes.append(style.ground or "49")
    return ";".join(codes) if codes else None


def _tail(back: CellRow) -> int:
    """Return from where on a row is blank."""
    end = len(back)
    while end and back[end - 1] == BLANK:
        end -= 1
    return end


def _lead(back: CellRow, x: int) -> int:
    """Return where the character begins whose cell this is."""
    while x > 0 and (cell := back[x]) is not None and not cell.text:
        x -= 1
    return x
