"""A list as a table (CSV): read into the same document as a rule file that has this list alone."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

from rules.document.problem import Problem
from rules.document.source import Document, Path, Place

#: How the name of a table's file ends.
TABLE = ".csv"
#: What a column may be called; others are kept for people and not read.
COLUMNS = ("value", "reason", "who", "until")
#: Words of tables that people have already -> a column's name.
_MEANT = {
    "plate": "value", "bien_so": "value", "biển số": "value", "bien so": "value", "lý do": "reason", "ly do": "reason",
    "người": "who", "nguoi": "who", "đến": "until", "den": "until", "hạn": "until", "han": "until",
}  # fmt: skip


def table(text: str, source: str) -> Document:
    """Return a table as a document: ``lists: {NAME: [entries]}``, NAME being the file's own without its ending.

    The first line names the columns (`COLUMNS`; `value` is needed). Empty cells say nothing. Cells are texts.
    """
    rows = list(_rows(text))
    if not rows:
        return _refused(source, "problem.table_head", 1)
    head = [_MEANT.get(cell.strip().lower(), cell.strip().lower()) for cell in rows[0][1]]
    if "value" not in head:
        return _refused(source, "problem.table_head", rows[0][0])
    name = source.replace("\\", "/").rpartition("/")[2].removesuffix(TABLE)
    top: Path = ("lists", name)
    places: dict[Path, Place] = {("lists",): Place((1, 1)), top: Place((1, 1))}
    entries: list[object] = []
    for line, cells in rows[1:]:
        entry = {
            key: cell.strip()
            for key, cell in zip(head, cells, strict=False)
            if key in COLUMNS and cell.strip()
        }
        here = (*top, len(entries))
        places |= {here: Place((line, 1)), **{(*here, key): Place((line, 1)) for key in entry}}
        entries.append(entry)
    return Document(source, {"lists": {name: entries}}, places, (), text)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that say something, each with its line."""
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    sign = ";" if first.count(";") > first.count(",") else "\t" if "\t" in first else ","
    reader = csv.reader(StringIO(text), delimiter=sign)
    begins = 1
    for cells in reader:
        if any(cell.strip() for cell in cells) and not cells[0].lstrip().startswith("#"):
            yield begins, cells
        begins = reader.line_num + 1


def _refused(source: str, code: str, line: int) -> Document:
    return Document(source, None, {}, (Problem(source, line, 1, "", code, {"known": ", ".join(COLUMNS)}),))
