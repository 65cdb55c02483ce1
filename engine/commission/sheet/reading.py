"""Reading a sheet: by its kind, as rows; every mistake of all of it at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from drivers import registry
from engine.commission.sheet.columns import key_of
from engine.commission.sheet.delimited import read_delimited
from engine.commission.sheet.row import Row, RowSettings, row_of
from engine.commission.sheet.table import BYTES, Cell, Place, SheetProblem, Table
from engine.commission.sheet.written import read_written
from engine.errors import ConfigError
from rules.document.source import Flaw
from rules.document.validation import nearest, read

#: By what files are called: how they are read.
WORKBOOKS, YAMLS = (".xlsx", ".xlsm"), (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet without a mistake.

    Attributes:
        digest: SHA-256 of its bytes, hexadecimal.
    """

    rows: tuple[Row, ...]
    digest: str
    source: str = ""


def read_sheet(path: Path) -> Sheet:
    """Read a file.

    Raises:
        ConfigError: With every mistake.
    """
    return sheet_of(content_of(path), str(path))


def content_of(path: Path) -> bytes:
    """Return a file's bytes, no more than one too many.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(BYTES + 1)
    except OSError as error:
        detail = error.strerror or type(error).__name__
        raise ConfigError([_at(str(path)).wrong("problem.unreadable", detail=detail)]) from None


def sheet_of(content: bytes, source: str) -> Sheet:
    """Return what bytes say.

    Args:
        source: What the file is called; its ending says what it is.

    Raises:
        ConfigError: With every mistake.
    """
    if len(content) > BYTES:
        raise ConfigError([_at(source).wrong("sheet.large", most=BYTES >> 20)])
    table = _table(content, source)
    rows, problems = _rows(table)
    problems = [*table.problems, *problems]
    if not rows and not problems:
        problems = [_at(source).wrong("sheet.empty")]
    if problems:
        raise ConfigError(sorted(problems, key=lambda each: (each.line, each.column)))
    return Sheet(tuple(rows), sha256(content).hexdigest(), source)


def _at(source: str) -> Place:
    return Place(source, 1, 1)


def _table(content: bytes, source: str) -> Table:
    kind = Path(source).suffix.lower()
    if kind in WORKBOOKS or content.startswith(b"PK\x03\x04"):
        from engine.commission.sheet.workbook import read_workbook

        return read_workbook(content, source)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:  # what Excel saves as plain "CSV" has lost the diacritics already
        return Table(problems=[_at(source).wrong("sheet.not_utf8", position=error.start)])
    return read_written(text, source) if kind in YAMLS else read_delimited(text, source)


def _rows(table: Table) -> tuple[list[Row], list[SheetProblem]]:
    keys, problems = _keys(table)
    rows: list[Row] = []
    seen: dict[tuple[str, str], Cell] = {}
    for place, cells in table.rows:
        told = {keys[n]: cell for n, cell in cells.items() if keys.get(n)}
        others = {n: cell for n, cell in cells.items() if not keys.get(n)}
        headed = {n: cell for n, cell in others.items() if n in keys and table.headings[n].text}
        problems += (others[n].place.wrong("sheet.no_heading") for n in others if n not in headed)
        settings, wrong = _checked(place, told)
        problems += [*wrong, *_unheard(told), *_unplaced(place, told)]
        if settings is not None:
            facts = {table.headings[n].text: cell.text for n, cell in headed.items()}
            rows.append(row_of(settings, facts))
            problems += _twice(told, settings, seen)
    return rows, problems


def _keys(table: Table) -> tuple[Mapping[int, str], list[SheetProblem]]:
    """Return what each column means, by its number; a meaning that two columns have is a mistake."""
    keys: dict[int, str] = {}
    problems: list[SheetProblem] = []
    for number, heading in enumerate(table.headings):
        key = key_of(heading.text)
        if key and key in keys.values():
            problems.append(heading.place.wrong("sheet.column_twice", heading=heading.text, key=key))
        keys[number] = key
    if table.headings and "id" not in keys.values():
        found = ", ".join(heading.text for heading in table.headings)[:200]
        problems.append(table.headings[0].place.wrong("sheet.no_id", found=found))
        table.rows.clear()  # each would say the same
    return keys, problems


def _checked(place: Place, told: Mapping[str, Cell]) -> tuple[RowSettings | None, list[SheetProblem]]:
    settings, flaws = read(RowSettings, {key: cell.text for key, cell in told.items()})
    return settings, [_problem(flaw, place, told) for flaw in flaws]


def _problem(flaw: Flaw, place: Place, told: Mapping[str, Cell]) -> SheetProblem:
    """Return a flaw at its cell; a password that was written out is not repeated."""
    key = str(flaw.path[0]) if flaw.path else ""
    here = told[key].place if key in told else place
    suggestion = "" if key == "password" else flaw.suggestion
    return SheetProblem(here.source, here.line, here.column, key, flaw.code, flaw.values, suggestion)


def _unheard(told: Mapping[str, Cell]) -> Iterator[SheetProblem]:
    """Yield what no program here can do: a driver that is not installed."""
    cell = told.get("driver")
    if cell is not None and cell.text not in registry.names():
        known = registry.names()
        yield cell.place.wrong(
            "problem.unknown_driver",
            "driver",
            nearest(cell.text, known),
            driver=cell.text,
            known=", ".join(known),
        )
    if "password" in told and "username" not in told:
        yield told["password"].place.wrong("sheet.no_username", "password")


def _unplaced(place: Place, told: Mapping[str, Cell]) -> Iterator[SheetProblem]:
    if not any(key in told for key in ("host", "url", "mac", "serial")):
        yield place.wrong("sheet.nowhere")


def _twice(
    told: Mapping[str, Cell], settings: RowSettings, seen: dict[tuple[str, str], Cell]
) -> Iterator[SheetProblem]:
    """Yield what two rows have in common and may not: an id; an address without the channels of a recorder."""
    own = defaultdict(str, {key: str(getattr(settings, key) or "").lower() for key in told})
    channel = f" {own['source']}" if own["source"] else ""
    for key in ("id", "host", "url", "mac", "serial"):
        if not own[key]:
            continue
        mark = key, own[key] + ("" if key == "id" else channel)
        first = seen.setdefault(mark, told[key])
        if first is not told[key]:
            yield told[key].place.wrong(
                "sheet.twice", key, column=key, text=told[key].text, line=first.place.line
            )
