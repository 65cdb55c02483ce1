"""A table of texts (CSV) as a document: every cell with its line and column. Pure.

Comma, semicolon (what Excel writes where the comma is the decimal sign, as in Vietnam) or tab: whichever the heading
line has most of. Quotes as RFC 4180 has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rules.document.source import MAX_CHARACTERS, Document, Path, Place, Problem
from rules.model import Fact

#: Rows that are read at most.
ROWS = 4096
_SEPARATORS = ",;\t"
_ENDS = re.compile(r"\r\n|\n|\r|\Z")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: what it says, and where (both from 1)."""

    text: str
    line: int
    column: int


def read_table(text: str, source: str, most: int = ROWS) -> Document:
    """Return a table as a list of mappings from heading to text; empty cells and empty rows are left out.

    Headings are compared without regard to case and blanks at their ends.

    Args:
        text: The file's content; a byte-order mark at its beginning is passed over.
        source: Its name in problems.
        most: Rows at most.
    """
    if len(text) > MAX_CHARACTERS:
        problem = Problem(source, 1, 1, "", "problem.size", {"most": MAX_CHARACTERS // 1024})
        return Document(source, None, {}, (problem,))
    rows = [row for row in _rows(text.removeprefix("\ufeff")) if any(cell.text for cell in row)]
    if not rows:
        return Document(source, [], {}, (), text)
    headings = [cell.text.lower() for cell in rows[0]]
    problems = list(_repeated(rows[0], source))
    if len(rows) - 1 > most:
        line = rows[most + 1][0].line
        problems.append(Problem(source, line, 1, "", "problem.too_long", {"max_length": most}))
    return _document(headings, rows[1 : most + 1], source, problems, text)


def _document(
    headings: list[str], rows: list[list[Cell]], source: str, problems: list[Problem], text: str
) -> Document:
    data: list[dict[str, str]] = []
    places: dict[Path, Place] = {}
    for index, row in enumerate(rows):
        data.append({})
        places[(index,)] = Place((row[0].line, row[0].column))
        for heading, cell in zip(headings, row, strict=False):
            if heading and cell.text:
                data[-1][heading] = cell.text
                at = (cell.line, cell.column)
                places[index, heading] = Place(at, at)
        problems += _beyond(row, len(headings), source)
    return Document(source, data, places, tuple(problems), text)


def _repeated(cells: list[Cell], source: str) -> Iterator[Problem]:
    """Yield headings that stand twice: which of them is meant, nobody knows."""
    first: dict[str, Cell] = {}
    for cell in cells:
        name = cell.text.lower()
        if name and first.setdefault(name, cell) is not cell:
            values: dict[str, Fact] = {"key": name, "line": first[name].line}
            yield Problem(source, cell.line, cell.column, name, "problem.duplicate_key", values)


def _beyond(row: list[Cell], width: int, source: str) -> Iterator[Problem]:
    """Yield cells that stand under no heading: a separator within a text that is in no quotes, mostly."""
    for cell in row[width:]:
        if cell.text:
            yield Problem(source, cell.line, cell.column, "", "problem.unknown_key", {"key": cell.text[:64]})
            return


def _rows(text: str) -> Iterator[list[Cell]]:
    head = re.match(r"[^\r\n]*", text)
    heading = head[0] if head else ""
    separator = max(_SEPARATORS, key=heading.count)
    plain = re.compile(rf"[^{separator}\r\n]*")
    at, line, start = 0, 1, 0
    row: list[Cell] = []
    while at < len(text) or row:
        said, end = _cell(text, at, plain)
        row.append(Cell(said.strip(), line, at - start + 1))
        if (breaks := text.count("\n", at, end)) > 0:
            line, start = line + breaks, text.rfind("\n", at, end) + 1
        at = end
        if text[at : at + 1] == separator:
            at += 1
            continue
        yield row
        row = []
        ended = _ENDS.match(text, at)
        at = ended.end() if ended else len(text)
        line, start = line + 1, at


def _cell(text: str, at: int, plain: re.Pattern[str]) -> tuple[str, int]:
    """Return what a cell says and where it ends; what stands behind a closing quote belongs to it."""
    if text[at : at + 1] != '"':
        found = plain.match(text, at)
        return (found[0], found.end()) if found else ("", at)
    closing = _closing(text, at + 1)
    rest = plain.match(text, closing + 1)
    behind = rest[0] if rest else ""
    return text[at + 1 : closing].replace('""', '"') + behind, rest.end() if rest else closing


def _closing(text: str, at: int) -> int:
    """Return where the quote is that closes a cell; the end of the text where none does."""
    while (found := text.find('"', at)) >= 0:
        if text[found + 1 : found + 2] != '"':
            return found
        at = found + 2
    return len(text)
