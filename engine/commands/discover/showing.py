"""How ``matthan discover`` tells what it found: a table for people, CSV for spreadsheets, JSON for programs."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from enum import StrEnum
from textwrap import wrap
from typing import TYPE_CHECKING

from engine.census.compare import By, Census, Entry, State
from engine.commands.output.terminal import complain, data, document, line, out, width_of
from engine.text import Language, render
from rules.model import Fact, Sentence

if TYPE_CHECKING:
    from engine.commands.discover.looking import Look

#: Columns of CSV, and keys of JSON beside what an answer says.
COLUMNS = (
    "state", "id", "name", "address", "url", "source", "manufacturer", "model", "serial", "mac", "firmware", "driver",
    "before", "known_by", "trouble",
)  # fmt: skip
_COLOURS = {
    State.NEW: "cyan",
    State.CONFIGURED: "green",
    State.MOVED: "yellow",
    State.GONE: "red",
    State.MISSING: "red",
    State.UNEXPECTED: "magenta",
    State.OTHER: None,
}
#: Cells that a column of the table takes at most.
_WIDEST = 28
_INDENT = "    "
#: What a spreadsheet would take for the beginning of a formula (OWASP).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Form(StrEnum):
    """For whom it is told."""

    PEOPLE = "people"
    CSV = "csv"
    JSON = "json"


def exit_code(census: Census) -> int:
    """Return 0 where all that is expected is there; without a list where anybody is."""
    if census.expected:
        return 1 if census.missing else 0
    return 0 if any(each.sighting for each in census.entries) else 1


def show(look: Look, census: Census, form: Form, lang: Language, *, interrupted: bool) -> None:
    """Print what was found on standard output; what went wrong, and what is doubtful, beside it."""
    if interrupted:
        complain(render("census.interrupted", {}, lang))
    compared = bool(look.wanted.expected or look.wanted.site or look.bunch or look.wanted.scope.sweep)
    if form is Form.JSON:
        data(json.dumps([told(each, lang) for each in census.entries], ensure_ascii=False, indent=1))
    elif form is Form.CSV:
        document(as_csv(census.entries, lang, marked=not sys.stdout.isatty()))
    elif compared and census.entries:
        for row, colour in rows(census.entries, lang, width_of(sys.stdout)):
            out(row, colour)
    else:
        for each in census.entries:
            _plainly(each)
    _beside(look, census, form, lang, interrupted=interrupted)


def _plainly(entry: Entry) -> None:
    if entry.sighting is not None:
        first = entry.sighting.answers[0]
        name, model = entry.sighting.name or "-", first.model or "-"
        out(f"{line(entry.sighting.address):<16} {line(name):<24} {line(model):<20} {first.url}")


def _beside(look: Look, census: Census, form: Form, lang: Language, *, interrupted: bool) -> None:
    """Say how much was found, and everything that a person should know of the look."""
    for driver, said in look.search.troubles.items():
        complain(render(f"discovery.trouble+{said.code}", {**said.values, "driver": driver}, lang))
    if look.search.left_out:
        complain(
            render("census.too_many", {"most": len(look.search.found), "count": look.search.left_out}, lang)
        )
    if away := list(look.search.elsewhere):
        places = _named(away, 6)
        complain(render("census.elsewhere", {"count": len(away), "places": places}, lang))
    for doubt in census.doubts:
        complain(render(doubt.code, doubt.values, lang))
    if not any(each.sighting for each in census.entries) and form is not Form.JSON and not interrupted:
        complain(_nobody(look, lang))
    if (whole := summary(census)) is not None:
        out(render(whole.code, whole.values, lang), err=form is not Form.PEOPLE)


def _nobody(look: Look, lang: Language) -> str:
    """Say where nobody answered; a sweep waits for no time that people set, and needs no common network."""
    if look.wanted.scope.sweep:
        values: dict[str, Fact] = {"hosts": len(look.wanted.scope.hosts), "places": look.wanted.places}
        return render("census.nobody_swept", values, lang)
    return render("discovery.nobody", {"seconds": f"{look.wait:g}", "places": look.wanted.places}, lang)


def summary(census: Census) -> Sentence | None:
    """Return what it comes to: "24 of 25 found, missing: gate-3"; nothing where nothing was expected."""
    if not census.expected:
        return None
    values: dict[str, Fact] = {
        "found": census.found,
        "expected": census.expected,
        "missing": _named(census.missing),
    }
    return Sentence("census.some_missing" if census.missing else "census.all_found", values)


def _named(ids: Sequence[str], most: int = 20) -> str:
    return ", ".join(ids[:most]) + (f" +{len(ids) - most}" if len(ids) > most else "")


def told(entry: Entry, lang: Language) -> dict[str, object]:
    """Return an entry for programs; the keys of what answered are its best answer's."""
    seen = entry.sighting
    first = asdict(seen.answers[0]) if seen else {}
    who = seen.identity if seen else None
    return {
        **first,
        **_values(entry, lang),
        "identity": first.get("identity", ""),
        "urls": list(first.get("urls", ())),
        "macs": list(seen.macs) if seen else [],
        "hardware": who.hardware if who else "",
        "sources": list(seen.sources) if seen else [],
        "configured": entry.configured,
        "answers": [asdict(each) for each in seen.answers] if seen else [],
    }


def _values(entry: Entry, lang: Language) -> dict[str, str]:
    seen = entry.sighting
    who = seen.identity if seen else None
    values = (
        entry.state.value,
        entry.id,
        entry.name or (seen.name if seen else ""),
        seen.address if seen else "",
        seen.url if seen else "",
        entry.source,
        who.manufacturer if who else "",
        who.model if who and who.model else seen.answers[0].model if seen else "",
        who.serial if who else "",
        seen.macs[0] if seen and seen.macs else "",
        who.firmware if who else "",
        seen.driver if seen else "",
        entry.before,
        entry.known_by.value,
        render(seen.trouble.code, seen.trouble.values, lang) if seen and seen.trouble else "",
    )
    return dict(zip(COLUMNS, values, strict=True))


def as_csv(entries: Sequence[Entry], lang: Language, *, marked: bool) -> str:
    """Return a table for spreadsheets: RFC 4180, no cell of which is a formula.

    Args:
        marked: For a file: lines end as the standard says, and a byte-order mark stands first, without which Excel
            takes UTF-8 for something else. A terminal wants neither.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n" if marked else "\n")
    writer.writerow(COLUMNS)
    for each in entries:
        writer.writerow([harmless(value) for value in _values(each, lang).values()])
    return ("\ufeff" if marked else "") + file.getvalue()


def harmless(text: str) -> str:
    """Return a cell that no spreadsheet reckons with, on one line: names come from strangers."""
    plain = line(text)
    return f"'{plain}" if plain.startswith(_FORMULA) else plain


def rows(entries: Sequence[Entry], lang: Language, width: int = 0) -> list[tuple[str, str | None]]:
    """Return the table's lines with their colours, the heading first; columns without a word are left out.

    Args:
        width: Of the terminal: where a line is wider, each note stands below its row. 0: there is none.
    """
    heading = [render(f"census_column.{name}", {}, lang) for name in _SHOWN]
    told = [_cells(each, lang) for each in entries]
    kept = [at for at, name in enumerate(_SHOWN) if name in _ALWAYS or any(row[at] != "-" for row in told)]
    table = [[row[at] for at in kept] for row in [heading, *told]]
    widths = [min(max(map(len, column)), _WIDEST) for column in zip(*table, strict=True)]
    colours = [None, *(_COLOURS[each.state] for each in entries)]
    plain = [_row(row, widths) for row in table]
    if not width or max(map(len, plain)) <= width:
        return list(zip(plain, colours, strict=True))
    return [
        (each, colour)
        for row, colour in zip(table, colours, strict=True)
        for each in _in_two(row, widths, width)
    ]


_SHOWN = ("state", "camera", "address", "model", "serial", "mac", "firmware", "note")
#: Columns that are shown though nobody has anything to say there.
_ALWAYS = frozenset({"state", "camera", "address", "note"})


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    *first, note = cells
    return "  ".join(
        [f"{cell:<{width}}" for cell, width in zip(first, widths, strict=False)] + [note]
    ).rstrip()


def _in_two(cells: Sequence[str], widths: Sequence[int], width: int) -> Iterator[str]:
    """Yield a row, and below it its note, in as many lines as that needs."""
    yield _row([*cells[:-1], ""], widths)
    for each in wrap(
        cells[-1], max(20, width - len(_INDENT)), break_long_words=False, break_on_hyphens=False
    ):
        yield _INDENT + each


def _cells(entry: Entry, lang: Language) -> list[str]:
    values = _values(entry, lang)
    camera = entry.id or values["name"] or "-"
    model = f"{values['manufacturer']} {values['model']}".strip()
    channel = f" [{entry.source}]" if entry.source else ""
    return [
        render(f"census_state.{entry.state}", {}, lang),
        line(camera + channel),
        line(values["address"] or "-"),
        line(model or "-"),
        line(values["serial"] or "-"),
        line(values["mac"] or "-"),
        line(values["firmware"] or "-"),
        line(_note(entry, values, lang)),
    ]


def _note(entry: Entry, values: dict[str, str], lang: Language) -> str:
    """Return what a person should know beside: where it was, why nobody knows who it is, where it is opened."""
    if entry.state is State.MOVED:
        how = render(f"census_by.{entry.known_by or By.ADDRESS}", {}, lang)
        return render("census.moved", {"before": entry.before, "url": values["url"], "by": how}, lang)
    if entry.state in (State.MISSING, State.GONE):
        return entry.before
    return values["trouble"] or values["url"]
