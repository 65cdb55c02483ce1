"""A sheet before it means anything: cells with their places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.text import render
from rules.document.source import Problem
from rules.model import Fact

#: Bytes of a sheet, its rows and columns, and signs of a cell at most: what is larger is no list of cameras.
BYTES, ROWS, COLUMNS, LONGEST = 4 << 20, 1000, 64, 1000


@dataclass(frozen=True, slots=True)
class SheetProblem(Problem):
    """What is wrong at one place of a sheet: a sentence of the engine's or of the rules'."""

    def sentence(self, language: Literal["vi", "en"] = "en") -> str:
        """Return what is wrong, with the suggestion, in one language."""
        told = render(self.code, self.values, language)
        if not self.suggestion:
            return told
        return f"{told} ({render('problem.suggestion', {'word': self.suggestion}, language)})"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written.

    Attributes:
        source: The file; for one of several worksheets with the cell: ``cameras.xlsx!Sheet1!B3``.
        line: From 1; likewise `column`.
    """

    source: str
    line: int
    column: int

    def wrong(self, code: str, key: str = "", suggestion: str = "", **values: Fact) -> SheetProblem:
        """Return a problem at this place."""
        return SheetProblem(self.source, self.line, self.column, key, code, values, suggestion)


@dataclass(frozen=True, slots=True)
class Cell:
    """A text and where it stands."""

    text: str
    place: Place


@dataclass(slots=True)
class Table:
    """What was read of a file.

    Attributes:
        headings: Of the columns, in order.
        rows: Cells by the number of their column; what is empty is not there. With the place where each row begins.
        problems: What kept parts of it from being read.
        text: Of a file that is one, for showing lines of it.
    """

    headings: list[Cell] = field(default_factory=list)
    rows: list[tuple[Place, Mapping[int, Cell]]] = field(default_factory=list)
    problems: list[SheetProblem] = field(default_factory=list)
    text: str = ""
