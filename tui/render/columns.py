"""Rows and columns of text, fitted to a width in cells. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from tui.palette import TONES

#: Cells between two columns.
GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        width: Least cells.
        weight: Its share of what is left over.
        most: Most cells that its share may bring it to; 0: no limit.
        least: Width of the table from which on it is shown at all.
        title: Key of its heading in the texts.
    """

    name: str
    width: int
    title: str = ""
    weight: int = 0
    most: int = 0
    least: int = 0
    right: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """Text in one tone."""

    text: str
    tone: str = "text"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table.

    Attributes:
        cells: By column name; a column without a cell stays empty.
        ground: It wants a person: on a ground of its own (`warning`, `critical`), so that it stands out.
        span: First and last column (by name) that one cell takes together, instead of their own.
    """

    cells: Mapping[str, Cell]
    span: tuple[str, str, Cell] | None = None
    ground: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A column where it stands: its first cell and its width."""

    column: Column
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns fitted to a width."""

    width: int
    placed: tuple[Placed, ...] = field(default=())

    @classmethod
    def fit(cls, columns: Sequence[Column], width: int, gap: int = GAP) -> Layout:
        """Return the columns that have room, the leftover shared by weight, never wider than `width`."""
        shown = [column for column in columns if column.least <= width]
        room = width - gap * max(0, len(shown) - 1) - sum(column.width for column in shown)
        weights = sum(column.weight for column in shown)
        placed: list[Placed] = []
        start = 0
        for column in shown:
            extra = max(0, room) * column.weight // weights if weights else 0
            extra = min(extra, column.most - column.width) if column.most else extra
            room, weights = room - extra, weights - column.weight
            size = max(0, min(column.width + extra, width - start))
            placed.append(Placed(column, start, size))
            start += size + gap
        return cls(width, tuple(place for place in placed if place.width))


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return text in exactly `width` cells: padded, or cut with an ellipsis."""
    size = cell_len(text)
    if size > width:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    return " " * (width - size) + text if right else text + " " * (width - size)


def line(row: Row, layout: Layout, base: Style) -> list[Segment]:
    """Return a row as segments that fill the layout's width exactly, each on the base style."""
    segments: list[Segment] = []
    at = 0
    for start, width, cell, right in _pieces(row, layout):
        if start > at:
            segments.append(Segment(" " * (start - at), base))
        segments.append(Segment(fit(cell.text, width, right=right), base + TONES[cell.tone]))
        at = start + width
    if at < layout.width:
        segments.append(Segment(" " * (layout.width - at), base))
    return segments


def _pieces(row: Row, layout: Layout) -> list[tuple[int, int, Cell, bool]]:
    names = [place.column.name for place in layout.placed]
    first, last = len(names), -1
    if row.span is not None:
        begin, end, _ = row.span
        spanned = [i for i, name in enumerate(names) if name in _between(begin, end, names)]
        first, last = (spanned[0], spanned[-1]) if spanned else (first, last)
    pieces: list[tuple[int, int, Cell, bool]] = []
    for index, place in enumerate(layout.placed):
        if row.span is not None and index == first:
            stop = layout.placed[last]
            pieces.append((place.start, stop.start + stop.width - place.start, row.span[2], False))
        elif not first <= index <= last:
            cell = row.cells.get(place.column.name, Cell(""))
            pieces.append((place.start, place.width, cell, place.column.right))
    return pieces


def _between(begin: str, end: str, names: Sequence[str]) -> Sequence[str]:
    if begin not in names or end not in names:
        return ()
    return names[names.index(begin) : names.index(end) + 1]
