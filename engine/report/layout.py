"""What both renderings decide alike: bounds, which tables are told row by row, the words of a report itself. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.report.model import Column, Report, Table
from engine.text import Language, render

#: Columns that a page is wide enough for; of a table with more each row is told by itself.
MOST_COLUMNS = 10
#: Rows of a table that are shown; the report says how many more there are.
MOST_ROWS = 10_000


def is_stacked(table: Table) -> bool:
    """Return whether each row of a table is told by itself, a line for each column."""
    return len(table.columns) > MOST_COLUMNS


def rows(table: Table) -> Sequence[Sequence[str]]:
    """Return the rows that are shown."""
    return table.rows[:MOST_ROWS]


def left_out(table: Table, language: Language) -> str:
    """Return how many rows are not shown, as a sentence; nothing where all are."""
    left = len(table.rows) - MOST_ROWS
    return render("report.rows_left_out", {"left": left, "shown": MOST_ROWS}, language) if left > 0 else ""


def shares(columns: Sequence[Column]) -> list[float]:
    """Return the part of the width that each column gets; none less than a third of an equal part."""
    least = sum(column.share for column in columns) / len(columns) / 3
    wanted = [max(column.share, least) for column in columns]
    return [each / sum(wanted) for each in wanted]


def head(report: Report) -> list[tuple[str, str]]:
    """Return what stands below every title: whose report it is, and when it was made."""
    lang, at = report.language, report.made_at
    offset = at.strftime("%z")
    moment = {
        "year": f"{at.year:04}", "month": f"{at.month:02}", "day": f"{at.day:02}",
        "time": at.strftime("%H:%M:%S"), "offset": f"{offset[:3]}:{offset[3:5]}",
    }  # fmt: skip
    return [
        (render("report.site", {}, lang), report.site),
        (render("report.made_at", {}, lang), render("report.moment", moment, lang)),
    ]


def foot(report: Report) -> Iterator[str]:
    """Yield the lines that bind a report to what it is about."""
    footer, lang = report.footer, report.language
    if footer.digest:
        yield render("report.digest", {"digest": footer.digest}, lang)
    if footer.fingerprint:
        yield render("report.fingerprint", {"fingerprint": footer.fingerprint}, lang)


def caption(text: str, original: tuple[int, int], size: tuple[int, int], language: Language) -> str:
    """Return what stands below a picture; where it is shown smaller than it is, that too."""
    if original == size:
        return text
    width, height = original
    scaled = render("report.picture_scaled", {"width": width, "height": height}, language)
    return f"{text} ({scaled})" if text else scaled
