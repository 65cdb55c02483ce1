"""A comparison of two models as one HTML file with pictures. Blocking: pictures, a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from engine.bench.duel import Contrast
from engine.commands.models.comparing import Compared
from engine.commands.models.panel import side_by_side
from engine.commands.models.showing import Grid, by_class, by_source, differing, notes, scope, sides, verdict
from engine.commands.output.report import Language, Progress, say_in
from engine.models import ModelFault
from engine.report.html import as_html
from engine.report.model import Column, Paragraph, Part, Picture, Report, Section, Table, Tone
from engine.runtime.clock import SystemClock
from engine.runtime.whole_file import put


def write(found: Compared, path: Path, said: Language) -> None:
    """Write the page.

    Raises:
        ModelFault: It cannot be written.
    """
    made = report(found, SystemClock().now().wall.astimezone(), said)
    try:
        put(path, as_html(made))
    except OSError as error:
        raise ModelFault("model.page", path=path, reason=error.strerror or error) from error


def report(found: Compared, now: datetime, said: Language) -> Report:
    """Return the page as a report.

    Args:
        now: With its time zone.
    """
    sections = [Section(say_in(said, "compare.result"), list(_result(found, said)))]
    if found.sources:
        sections.append(Section(say_in(said, "compare.by_source"), [_table(by_source(found, said))]))
    sections.append(Section(say_in(said, "compare.where"), list(_pictures(found, said))))
    title = say_in(said, "compare.title", a=found.a.file.name, b=found.b.file.name)
    return Report(title, str(found.asked.folder), now, said, scope(found, said), sections)


def _result(found: Compared, said: Language) -> Iterator[Part]:
    yield Paragraph(verdict(found, said), Tone.GOOD if found.judged.mean else Tone.DOUBT)
    yield Paragraph("\n".join(sides(found, said)))
    yield _table(by_class(found, said))
    yield from (Paragraph(note, Tone.NOTE) for note in notes(found, said))


def _table(grid: Grid) -> Table:
    shares = [
        1.6 if i == 0 else 2.0 if len(grid.rows) and "…" in grid.rows[-1][i] else 1.0
        for i in range(len(grid.heads))
    ]
    columns = [
        Column(head, share, figures=i > 0)
        for i, (head, share) in enumerate(zip(grid.heads, shares, strict=True))
    ]
    return Table(columns, grid.rows, upright=True)


def _pictures(found: Compared, said: Language) -> Iterator[Part]:
    if not found.contrasts:
        yield Paragraph(say_in(said, "compare.nowhere"))
        return
    yield Paragraph(say_in(said, "compare.legend"), Tone.NOTE)
    with Progress(say_in(said, "compare.drawing")) as tick:
        for number, each in enumerate(found.contrasts, 1):
            yield _picture(number, each, said)
            tick(number)


def _picture(number: int, each: Contrast, said: Language) -> Part:
    from_where = " · ".join(filter(None, (each.picture.picture.name, each.picture.source, each.picture.clip)))
    caption = f"{number}. {from_where}\n{differing(each, said)}"
    try:
        return Picture(side_by_side(each, said), caption)
    except ModelFault:  # it was there a moment ago
        return Paragraph(caption, Tone.BAD)
