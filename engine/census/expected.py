"""A list of the cameras that should be there: YAML or CSV, every problem of it at once with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from engine.census import mac
from engine.census.sighting import Expected
from engine.census.table import read_table
from engine.config.addresses import Host, Url
from engine.config.configuration import read_text
from engine.config.settings import Section
from rules.document.scalars import Slug, problem
from rules.document.source import Document, Flaw, Gravity, Problem, parse
from rules.document.suggestions import slug
from rules.document.validation import nearest, read

#: Entries at most: as many as one call looks for.
MOST = 4096
#: What people call the columns.
COLUMNS = ("id", "name", "url", "host", "mac", "serial", "source")


def _mac(text: str) -> str:
    told = mac.normal(text)
    if not told:
        raise problem("mac")
    return told


Mac = Annotated[str, AfterValidator(_mac)]
Short = Annotated[str, Field(max_length=200)]


class ExpectedEntry(Section):
    """One camera that should be there. What is not known beforehand is left out."""

    id: Slug = Field(description="Short name, as in the configuration; not given: made of `name`.")
    name: Short = Field("", description="Display name.")
    url: Url | None = Field(None, description="Where it should be: an address with its scheme.")
    host: Host | None = Field(None, description="Where it should be, where no more is known: host alone.")
    mac: Mac | None = Field(None, description="Hardware address, e.g. 02:1f:aa:00:00:01.")
    serial: Short = Field("", description="Serial number, in quotes where it is digits alone.")
    source: Short = Field("", description="Video-source token, for a camera of a recorder.")

    def expected(self) -> Expected:
        """Return it as the census compares it."""
        host = self.host or (urlsplit(self.url).hostname if self.url else None) or ""
        return Expected(self.id, self.name, self.url or "", host, self.mac or "", self.serial, self.source)


@dataclass(frozen=True, slots=True)
class ExpectedList:
    """What a list says.

    Attributes:
        cameras: The entries that are right, in their order.
        problems: Everything that is wrong, or doubtful, in the order of the file.
        texts: The file by its name, for caret lines.
    """

    cameras: tuple[Expected, ...]
    problems: tuple[Problem, ...]
    texts: Mapping[str, str]

    @property
    def wrong(self) -> bool:
        """Whether a problem is an error."""
        return any(each.severity is Gravity.ERROR for each in self.problems)


def read_file(path: Path) -> ExpectedList:
    """Read a file: CSV by its name (``.csv``, ``.tsv``), else YAML."""
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    if not read_text(str(path), path, texts, problems):
        return ExpectedList((), tuple(problems), texts)
    return read_list(texts[str(path)], str(path))


def read_list(text: str, source: str) -> ExpectedList:
    """Read a list.

    Args:
        text: YAML (a list, or one under `cameras`), or CSV with a heading line.
        source: The file's name; its ending says which of them it is.
    """
    if source.lower().endswith((".csv", ".tsv")):
        document = read_table(text, source, MOST)
        if not document.problems and not _headed(document.data):  # each row would say that it has no id
            return ExpectedList((), (), {source: text})
        return _read(document, (), source, text)
    document = parse(text, source)
    below: tuple[str, ...] = ("cameras",) if isinstance(document.data, dict) else ()
    return _read(document, below, source, text)


def _headed(rows: object) -> bool:
    """Return whether a table has any column that is ours, or is written much like one."""
    keys = {key for row in rows for key in row} if isinstance(rows, list) else set[str]()
    return any(key in COLUMNS or nearest(key, COLUMNS) for key in keys)


def _read(document: Document, below: tuple[str, ...], source: str, text: str) -> ExpectedList:
    rows: Any = document.data
    for step in below:
        rows = rows.get(step)
    problems = list(document.problems)
    if not isinstance(rows, list):
        if not problems:
            problems.append(document.locate(Flaw(below, "problem.list")))
        return ExpectedList((), tuple(problems), {source: text})
    if len(rows) > MOST:
        problems.append(document.locate(Flaw(below, "problem.too_long", {"max_length": MOST})))
    entries, flaws = _entries(rows[:MOST])
    flaws += _twice(entries, rows, document, below)
    problems += [document.locate(flaw.under(*below)) for flaw in flaws]
    problems.sort(key=lambda each: (each.line, each.column))
    return ExpectedList(tuple(each.expected() for each in entries.values()), tuple(problems), {source: text})


def _entries(rows: Sequence[object]) -> tuple[dict[int, ExpectedEntry], list[Flaw]]:
    """Return the entries that are right, by their place in the list, and what is wrong with the others."""
    entries: dict[int, ExpectedEntry] = {}
    flaws: list[Flaw] = []
    for index, row in enumerate(rows):
        foreign = list(_foreign(row))
        flaws += (flaw.under(index) for flaw in foreign)
        entry, wrong = read(ExpectedEntry, _ours(row))
        flaws += (flaw.under(index) for flaw in wrong)
        if entry is not None:
            entries[index] = entry
    return entries, flaws


def _ours(row: object) -> object:
    """Return a row without the columns that are none of ours, and with an id."""
    if not isinstance(row, dict):
        return row
    told = {key: value for key, value in row.items() if key in COLUMNS and value is not None}
    if "id" not in told and isinstance(told.get("name"), str) and (made := slug(told["name"])):
        told["id"] = made
    return told


def _foreign(row: object) -> Iterator[Flaw]:
    """Yield columns that are not ours and are written much like one: others are somebody else's business."""
    for key in row if isinstance(row, dict) else ():
        if key not in COLUMNS and (guess := nearest(str(key), COLUMNS)):
            yield Flaw((str(key),), "problem.unknown_key", {"key": str(key)}, guess, on_key=True)


def _twice(
    entries: Mapping[int, ExpectedEntry],
    rows: Sequence[object],
    document: Document,
    below: tuple[str, ...],
) -> list[Flaw]:
    """Return entries that share an id."""
    first: dict[str, int] = {}
    flaws: list[Flaw] = []
    for index, entry in entries.items():
        if (before := first.setdefault(entry.id, index)) != index:
            line = document.places[(*below, before)].value[0]
            row = rows[index]
            key = "id" if isinstance(row, dict) and "id" in row else "name"
            flaws.append(Flaw((index, key), "problem.duplicate_camera", {"id": entry.id, "line": line}))
    return flaws
