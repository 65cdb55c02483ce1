"""Sheets as YAML: a list of cameras, or a mapping with one under ``cameras:``."""

from __future__ import annotations

from engine.commission.sheet.table import COLUMNS, LONGEST, ROWS, Cell, Place, SheetProblem, Table
from rules.document.source import Document, parse
from rules.document.source import Path as Steps

_PLAIN = (str, int, float, bool)


def read_written(text: str, source: str) -> Table:
    """Read YAML; whatever key any camera has is a column."""
    document = parse(text, source)
    table = Table(text=text)
    table.problems += [
        SheetProblem(each.source, each.line, each.column, each.key, each.code, each.values, each.suggestion)
        for each in document.problems
    ]
    top: Steps = ("cameras",) if isinstance(document.data, dict) else ()
    entries = document.data.get("cameras") if isinstance(document.data, dict) else document.data
    if not isinstance(entries, list):
        if not table.problems:
            table.problems.append(Place(source, 1, 1).wrong("sheet.no_list"))
        return table
    for number, entry in enumerate(entries[:ROWS]):
        _take(table, document, (*top, number), entry)
    if len(entries) > ROWS:
        table.problems.append(_place(document, (*top, ROWS)).wrong("sheet.many_rows", most=ROWS))
    return table


def _take(table: Table, document: Document, steps: Steps, entry: object) -> None:
    here = _place(document, steps)
    if not isinstance(entry, dict):
        table.problems.append(here.wrong("problem.mapping"))
        return
    cells: dict[int, Cell] = {}
    for key, value in list(entry.items())[:COLUMNS]:
        place = _place(document, (*steps, key))
        number = _column(table, str(key), place)
        if value is None:
            continue
        if not isinstance(value, _PLAIN):
            table.problems.append(place.wrong("problem.plain", str(key)))
        elif len(str(value)) > LONGEST:
            table.problems.append(place.wrong("sheet.long", str(key), most=LONGEST))
        else:
            cells[number] = Cell(str(value).strip(), place)
    table.rows.append((here, {n: cell for n, cell in cells.items() if cell.text}))


def _column(table: Table, key: str, place: Place) -> int:
    names = [each.text for each in table.headings]
    if key not in names:
        table.headings.append(Cell(key, place))
        return len(names)
    return names.index(key)


def _place(document: Document, steps: Steps) -> Place:
    found = document.places[document.written(steps)]
    return Place(document.source, *found.value)
