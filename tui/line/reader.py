"""Reads what Textual writes to a terminal into cells; what is no text is handed on."""

from __future__ import annotations

import re
from typing import Final, Protocol

from tui.line import cells
from tui.line.cells import PLAIN, CellRow, Style, UnknownSequence

_TOKEN: Final = re.compile(
    r"\x1b\[(?P<parameters>[0-?]*)(?P<final>[ -/]*[@-~])"
    r"|\x1b\](?P<osc>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    r"|\x1b(?P<kind>[P_^X])(?P<payload>.*?)\x1b\\"
    r"|(?P<escape>\x1b[ -/]*[0-OQ-WYZ`-~])"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x1f\x7f]+)",
    re.DOTALL,
)
#: What swaps or clears the whole screen: nobody knows then what stands there.
_SCREENS: Final = frozenset({"?1049h", "?1049l", "?47h", "?47l"})


class Sink(Protocol):
    """Where that goes which is no cell."""

    def control(self, sequence: str) -> None:
        """Take a sequence that sets a mode, asks, or rings."""
        ...

    def chunk(self, sequence: str) -> None:
        """Take a piece of a picture that cells stand for (kitty: APC)."""
        ...

    def drawn(self, sequence: str, left: int, top: int, right: int, bottom: int) -> None:
        """Take a picture that is drawn over cells (sixel: DCS), and which."""
        ...

    def lost(self) -> None:
        """Nobody knows any more what the terminal shows."""
        ...


class Reader:
    """The wanted screen.

    Attributes:
        rows: Every cell that is wanted; None where nothing was written since the size changed.
        cursor: Where the cursor is wanted (x, y).
        changed: By row: the count of keys at its last change.
    """

    def __init__(self, sink: Sink, *, flat: str = "") -> None:
        """Begin with no size.

        Args:
            flat: A ground (as a parameter of SGR) to take for the terminal's own.
        """
        self.rows: list[CellRow] = []
        self.cursor = (0, 0)
        self.changed: list[int] = []
        self.keys = 0
        self._sink, self._flat = sink, flat
        self._style: Style = PLAIN
        self._drawing: tuple[str, int, int] | None = None

    def resize(self, width: int, height: int) -> None:
        """Want nothing, on a screen of another size."""
        self.rows = [[None] * width for _ in range(height)]
        self.changed = [0] * height
        self.cursor = (0, 0)

    def feed(self, data: str) -> None:
        """Read whole sequences.

        Raises:
            UnknownSequence: Something is in it that cannot be understood; what came before it was taken.
        """
        place = 0
        while place < len(data):
            token = _TOKEN.match(data, place)
            if token is None:
                raise UnknownSequence(data[place : place + 20])
            place = token.end()
            self._take(token)

    def _take(self, token: re.Match[str]) -> None:
        match token.lastgroup:
            case "text":
                self._text(token["text"])
            case "final":
                self._sequence(token["parameters"], token["final"], token[0])
            case "osc":
                self._command(token["osc"], token[0])
            case "payload":
                self._payload(token["kind"], token[0])
            case "control":
                self._control(token[0])
            case _:
                self._sink.control(token[0])
                self._sink.lost()

    def _payload(self, kind: str, whole: str) -> None:
        if kind == "P":
            self._drawing = (whole, *self.cursor)
        elif kind == "_":
            self._sink.chunk(whole)
        else:
            self._sink.control(whole)

    def _draw(self, right: int, bottom: int) -> None:
        """A picture ends where the cursor goes next; its cells are nobody's until they are written again."""
        if self._drawing is None:
            return
        (whole, left, top), self._drawing = self._drawing, None
        for row in self.rows[top:bottom]:
            row[left:right] = [None] * len(row[left:right])
        self._sink.drawn(whole, left, top, right, bottom)

    def _sequence(self, parameters: str, final: str, whole: str) -> None:
        if final == "m":
            self._style = cells.restyled(self._style, parameters)
        elif final in {"H", "f"}:
            row, _, column = parameters.partition(";")
            self.cursor = (int(column or 1) - 1, int(row or 1) - 1)
            self._draw(*self.cursor)
        elif final in "ABCD" and len(final) == 1:
            step, (x, y) = int(parameters or 1), self.cursor
            across, down = {"A": (0, -1), "B": (0, 1), "C": (1, 0), "D": (-1, 0)}[final]
            self.cursor = (max(0, x + across * step), max(0, y + down * step))
        elif parameters != "?2026" or final not in {
            "h",
            "l",
        }:  # whole frames are bracketed by the one who sends
            self._mode(parameters + final, whole)

    def _mode(self, name: str, whole: str) -> None:
        self._sink.control(whole)
        if name in _SCREENS or name[-1] not in "hlnpu":
            self._sink.lost()

    def _command(self, words: str, whole: str) -> None:
        if words.startswith("8;"):
            self._style = self._style._replace(link=words[2:] if words.split(";", 2)[-1] else "")
        else:
            self._sink.control(whole)

    def _control(self, character: str) -> None:
        x, y = self.cursor
        if character == "\n":
            self.cursor = (0, y + 1)
        elif character == "\r":
            self.cursor = (0, y)
        elif character == "\b":
            self.cursor = (max(0, x - 1), y)
        elif character == "\a":
            self._sink.control(character)

    def _text(self, text: str) -> None:
        x, y = self.cursor
        if y >= len(self.rows):
            return
        row, style = self.rows[y], self._style
        if self._flat and style.ground == self._flat:
            style = style._replace(ground="")
        before = row.copy()
        for character in text:
            columns = cells.width(character)
            if columns == 0:
                cells.join(row, min(x, len(row)), character)
            elif x + columns <= len(row):
                cells.put(row, x, cells.seen(character, style), columns)
            elif x < len(row):  # half a wide character does not fit
                cells.put(row, x, cells.seen(" ", style), 1)
            x += columns
        self.cursor = (x, y)
        if row != before:
            self.changed[y] = self.keys
