"""Sheets as XLSX: the first worksheet, its values only. Imported where one is read or written."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime
from typing import Any
from zipfile import BadZipFile, ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter

from engine.commission.sheet.table import COLUMNS, LONGEST, ROWS, Cell, Place, SheetProblem, Table

#: Bytes that a workbook may take unpacked, and parts that it may have: a bomb is refused before it is opened.
UNPACKED, PARTS = 64 << 20, 500


def read_workbook(content: bytes, source: str) -> Table:
    """Read a workbook's first worksheet."""
    here = Place(source, 1, 1)
    try:
        if not _bearable(content):
            return Table(problems=[here.wrong("sheet.workbook_size", most=UNPACKED >> 20)])
        with warnings.catch_warnings(action="ignore"):  # of extensions that no cell is about
            return _read(content, source)
    except BadZipFile:
        return Table(problems=[here.wrong("sheet.no_workbook", detail="zip")])
    except Exception as error:  # a library that reads what a stranger made may fail in any way
        return Table(problems=[here.wrong("sheet.no_workbook", detail=type(error).__name__)])


def _bearable(content: bytes) -> bool:
    with ZipFile(io.BytesIO(content)) as packed:
        parts = packed.infolist()
    return len(parts) <= PARTS and sum(part.file_size for part in parts) <= UNPACKED


def _read(content: bytes, source: str) -> Table:
    book = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
    try:
        page = book.worksheets[0]
        table = Table()
        for cells in page.iter_rows(max_row=2 * ROWS, max_col=COLUMNS):
            _take(table, dict(_told(cells, f"{source}!{page.title}", table.problems)))
            if len(table.rows) > ROWS:
                table.problems.append(Place(source, ROWS, 1).wrong("sheet.many_rows", most=ROWS))
                break
        return table
    finally:
        with suppress(Exception):
            book.close()


def _told(cells: Iterable[Any], source: str, problems: list[SheetProblem]) -> Iterator[tuple[int, Cell]]:
    """Yield the cells of a row that say something, by the number of their column."""
    for cell in cells:
        text = _text(cell.value)
        if text:
            number = cell.column - 1
            place = Place(f"{source}!{get_column_letter(cell.column)}{cell.row}", cell.row, cell.column)
            if cell.data_type == "f":  # what it would come to is for a spreadsheet program to know
                problems.append(place.wrong("sheet.formula"))
            elif len(text) > LONGEST:
                problems.append(place.wrong("sheet.long", most=LONGEST))
            else:
                yield number, Cell(text, place)


def _take(table: Table, cells: dict[int, Cell]) -> None:
    first = next(iter(cells.values()), None)
    if first is None or first.text.startswith("#"):
        return
    if table.headings:
        table.rows.append((first.place, cells))
        return
    nothing = first.place
    table.headings = [cells.get(n, Cell("", nothing)) for n in range(max(cells) + 1)]


def _text(value: object) -> str:
    """Return what a cell says, as people read it: 7 for 7.0, a date without a time of day."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, datetime) and not (value.hour or value.minute or value.second):
        value = value.date()
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value).strip()


def written_workbook(remarks: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    """Return a workbook with remarks above a table; every cell is text, also one that begins with ``=``."""
    book = Workbook()
    page = book.active
    page.title = "cameras"
    for number, remark in enumerate(remarks, 1):
        page.cell(number, 1, f"# {remark}").data_type = "s"
    start = page.max_row + 1
    for row, cells in enumerate(rows, start):
        for column, text in enumerate(cells, 1):
            page.cell(row, column, text).data_type = "s"
            page.column_dimensions[get_column_letter(column)].width = 22
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
