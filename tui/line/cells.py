"""Cells of a terminal: what stands in each, in which style, how wide. Pure."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

from rich.cells import cell_len

#: Marks that one cell may carry at most: a flood of combining characters costs no memory.
MARKS: Final = 8
#: Kitty stands pictures on this character; its marks say which part, and its width is certain.
PLACEHOLDER: Final = "\U0010eeee"
#: What switches off each attribute, and which it switches off.
_OFF: Final = {
    "22": ("1", "2"), "23": ("3",), "24": ("4", "21"), "25": ("5", "6"), "27": ("7",), "28": ("8",),
    "29": ("9",), "54": ("51", "52"), "55": ("53",),
}  # fmt: skip
_ON: Final = frozenset({"1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53"})
#: Attributes that show on a space as well.
_SEEN_ON_SPACE: Final = frozenset({"4", "7", "9", "21", "51", "52", "53"})


class UnknownSequence(Exception):
    """Something that this reader does not know: it goes to the terminal as it is."""


class Style(NamedTuple):
    """How a cell looks: attributes and colours as parameters of SGR (empty: the terminal's own), and its link."""

    attributes: frozenset[str] = frozenset()
    colour: str = ""
    ground: str = ""
    link: str = ""


PLAIN: Final = Style()


class Cell(NamedTuple):
    """One cell; the second half of a wide character has no text."""

    text: str
    style: Style


BLANK: Final = Cell(" ", PLAIN)
#: A row; None where nobody knows (front) or nothing is wanted (back).
CellRow = list[Cell | None]


@lru_cache(4096)
def restyled(style: Style, parameters: str) -> Style:
    """Return the style after one SGR sequence.

    Raises:
        UnknownSequence: A parameter that is not known.
    """
    parts = parameters.split(";")
    while parts:
        style = _one(style, parts)
    return style


def _one(style: Style, parts: list[str]) -> Style:
    """Take one parameter (with what belongs to it) from the front of the list."""
    code = parts.pop(0) or "0"
    if code == "0":
        return Style(link=style.link)
    if code in _ON:
        return style._replace(attributes=style.attributes | {code})
    if code in _OFF:
        return style._replace(attributes=style.attributes - set(_OFF[code]))
    if code in {"38", "48"}:
        length = {"5": 2, "2": 4}.get(parts[0] if parts else "", 0)
        if not length or len(parts) < length:
            raise UnknownSequence(code)
        colour = ";".join([code, *parts[:length]])
        del parts[:length]
        return style._replace(colour=colour) if code == "38" else style._replace(ground=colour)
    return _plain_colour(style, code)


def _plain_colour(style: Style, code: str) -> Style:
    number = int(code) if code.isdecimal() else -1
    if 30 <= number <= 37 or 90 <= number <= 97:
        return style._replace(colour=code)
    if 40 <= number <= 47 or 100 <= number <= 107:
        return style._replace(ground=code)
    if number == 39:
        return style._replace(colour="")
    if number == 49:
        return style._replace(ground="")
    raise UnknownSequence(code)


@lru_cache(4096)
def seen(text: str, style: Style) -> Cell:
    """Return a cell with what can be seen of it: a space without a line through it has no colour."""
    if text == " " and style != PLAIN:
        style = Style(style.attributes & _SEEN_ON_SPACE, "", style.ground, style.link)
        if style.attributes:
            return Cell(text, style)
    return Cell(text, style)


@lru_cache(4096)
def width(character: str) -> int:
    """Return how many cells a character takes: 0 joins the one before."""
    return 0 if unicodedata.combining(character) else cell_len(character)


@lru_cache(4096)
def doubtful(text: str) -> bool:
    """Return whether terminals may disagree on how wide this is: after it the cursor is sent for by address."""
    if text < "\u0300" or text.startswith(PLACEHOLDER):
        return len(text) > 1 and not text.startswith(PLACEHOLDER)
    if len(text) > 1 or "\u1100" <= text < "\u1e00":
        return True
    return (
        text >= "\u2e80" or width(text) != 1 or unicodedata.category(text) in {"Cf", "Co", "Cn", "Mn", "Me"}
    )


def put(row: CellRow, x: int, cell: Cell, columns: int) -> None:
    """Put a cell of so many columns into a row; what it cuts in half becomes a space."""
    _halve(row, x)
    _halve(row, x + columns)
    row[x] = cell
    for place in range(x + 1, x + columns):
        row[place] = Cell("", cell.style)


def _halve(row: CellRow, x: int) -> None:
    """Blank the wide character that a cut before this place would halve."""
    if not 0 < x < len(row) or (here := row[x]) is None or here.text:
        return
    row[x] = seen(" ", here.style)
    if (before := row[x - 1]) is not None:
        row[x - 1] = seen(" ", before.style)


def join(row: CellRow, x: int, mark: str) -> None:
    """Join a combining mark to the character that stands before this place."""
    place = x - 1
    while place > 0 and (cell := row[place]) is not None and not cell.text:
        place -= 1
    if place >= 0 and (cell := row[place]) is not None and len(cell.text) <= MARKS:
        row[place] = Cell(cell.text + mark, cell.style)
