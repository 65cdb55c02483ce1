"""Sheets as CSV: whatever a spreadsheet program of whichever country writes."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from engine.commission.sheet.table import COLUMNS, LONGEST, ROWS, Cell, Place, Table

#: Spreadsheets where the comma is the decimal sign (Vietnam's) separate by semicolons.
DELIMITERS = ",;\t"


def read_delimited(text: str, source: str) -> Table:
    """Read CSV; lines that begin with ``#`` are remarks."""
    table = Table(text=text)
    lines = text.splitlines(keepends=True)
    try:
        for number, cells in _records(lines, _delimiter(lines)):
            places = _places(source, lines, number, cells, _delimiter(lines))
            _take(table, places, cells)
            if len(table.rows) > ROWS:
                table.problems.append(places[0].wrong("sheet.many_rows", most=ROWS))
                break
    except csv.Error as error:  # a field beyond its limit, a line feed where none can be
        table.problems.append(Place(source, 1, 1).wrong("sheet.no_csv", detail=str(error)))
    return table


def _delimiter(lines: list[str]) -> str:
    """Return what separates the headings; a comma where nothing does."""
    first = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
    bare = re.sub(r'"[^"]*"', "", first)
    return max(DELIMITERS, key=bare.count)


def _records(lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the line where each record begins, and its fields."""
    reader = csv.reader(iter(lines), delimiter=delimiter)
    start = 1
    for record in reader:
        if any(field.strip() for field in record) and not record[0].lstrip().startswith("#"):
            yield start, record
        start = reader.line_num + 1


def _places(source: str, lines: list[str], number: int, cells: list[str], delimiter: str) -> list[Place]:
    """Return where each field of a record begins; of those behind a line feed within quotes, its first line."""
    line, column, places = lines[number - 1], 0, list[Place]()
    field = re.compile(rf'\s*"(?:[^"]|"")*"?[^{delimiter}]*|[^{delimiter}]*')
    for _ in cells:
        places.append(Place(source, number, min(column, len(line)) + 1))
        found = field.match(line, column)
        column = (found.end() if found else column) + 1
    return places


def _take(table: Table, places: list[Place], cells: list[str]) -> None:
    told = [Cell(text.strip().lstrip("\ufeff"), place) for text, place in zip(cells, places, strict=True)][
        :COLUMNS
    ]
    for cell in told:
        if len(cell.text) > LONGEST:
            table.problems.append(cell.place.wrong("sheet.long", most=LONGEST))
    if not table.headings:
        table.headings = told
        return
    table.rows.append((places[0], {n: cell for n, cell in enumerate(told) if cell.text}))
