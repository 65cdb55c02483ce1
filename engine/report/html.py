"""A report as one HTML file: no script, nothing from elsewhere, and it prints as it should. Blocking: pictures."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files

from engine.report import font, layout
from engine.report.model import (
    KeyValues,
    Paragraph,
    Part,
    Picture,
    Report,
    Section,
    Signatory,
    Table,
    Tone,
    tone_of,
)
from engine.report.picture import BadPicture, drawn
from engine.report.readable import shown
from engine.text import Language, render


def as_html(report: Report) -> bytes:
    """Return a report as a self-contained HTML page, UTF-8; the same report gives the same bytes."""
    return "\n".join(_page(report)).encode()


def _page(report: Report) -> Iterator[str]:
    style = _style()
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; font-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    yield f'<!doctype html>\n<html lang="{report.language}" dir="ltr">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width">\n<meta name="referrer" content="no-referrer">'
    yield f"<title>{_text(report.title)}</title>\n<style>{style}</style>\n</head>\n<body>"
    yield f"<header>\n<h1>{_text(report.title)}</h1>"
    if report.subtitle:
        yield f'<p class="subtitle">{_text(report.subtitle)}</p>'
    yield from _key_values(layout.head(report))
    yield "</header>"
    for section in report.sections:
        yield from _section(section, report.language)
    if report.signatories:
        yield from _signatures(report.signatories, report.language)
    yield "<footer>"
    yield from (f"<p>{_text(line)}</p>" for line in layout.foot(report))
    yield "</footer>\n</body>\n</html>\n"


def _style() -> str:
    """Return the style sheet with the letters in it."""
    faces = "".join(
        '@font-face{font-family:"Report";font-weight:'
        f"{weight};src:url(data:font/ttf;base64,{b64encode(data).decode()})}}\n"
        for weight, data in ((400, font.regular()), (700, font.bold()))
    )
    return faces + (files("engine.report") / "report.css").read_text("utf-8")


def _text(text: str) -> str:
    return escape(shown(text)).replace("\n", "<br>")


def _section(section: Section, language: Language) -> Iterator[str]:
    page = ' class="page"' if section.page else ""
    yield f"<section{page}>\n<h2>{_text(section.heading)}</h2>"
    for part in section.parts:
        yield from _part(part, language)
    yield "</section>"


def _part(part: Part, language: Language) -> Iterable[str]:
    if isinstance(part, Paragraph):
        return (f'<p class="{part.tone}">{_text(part.text)}</p>',)
    if isinstance(part, KeyValues):
        return _key_values(part.rows)
    if isinstance(part, Picture):
        return _picture(part, language)
    return _stacked(part, language) if layout.is_stacked(part) else _table(part, language)


def _key_values(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield "<dl>"
    yield from (f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in rows)
    yield "</dl>"


def _table(table: Table, language: Language) -> Iterator[str]:
    kinds = [["figures"] if column.figures else [] for column in table.columns]
    yield "<table>"
    if table.caption:
        yield f"<caption>{_text(table.caption)}</caption>"
    yield (
        "<colgroup>"
        + "".join(f'<col width="{share:.2%}">' for share in layout.shares(table.columns))
        + "</colgroup>"
    )
    heads = zip(kinds, table.columns, strict=True)
    yield (
        "<thead><tr>"
        + "".join(f"<th{_classes(kind)}>{_text(each.heading)}</th>" for kind, each in heads)
        + "</tr></thead>"
    )
    yield "<tbody>"
    for row in layout.rows(table):
        cells = zip(kinds, row, strict=True)
        yield "<tr>" + "".join(_cell(kind, cell) for kind, cell in cells) + "</tr>"
    yield "</tbody>\n</table>"
    yield from _ending(table, language)


def _cell(kind: Sequence[str], cell: str) -> str:
    tone = tone_of(cell)
    return f"<td{_classes([*kind, *([] if tone is Tone.PLAIN else [f'is-{tone}'])])}>{_text(cell)}</td>"


def _classes(names: Sequence[str]) -> str:
    return f' class="{" ".join(names)}"' if names else ""


def _stacked(table: Table, language: Language) -> Iterator[str]:
    if table.caption:
        yield f'<p class="caption">{_text(table.caption)}</p>'
    headings = [column.heading for column in table.columns]
    for number, row in enumerate(layout.rows(table), 1):
        yield f'<p class="row">{_text(render("report.row", {"number": number}, language))}</p>'
        yield from _key_values(list(zip(headings, row, strict=True)))
    yield from _ending(table, language)


def _ending(table: Table, language: Language) -> Iterator[str]:
    if not table.rows:
        yield f'<p class="note">{_text(render("report.no_rows", {}, language))}</p>'
    if more := layout.left_out(table, language):
        yield f'<p class="bad">{_text(more)}</p>'


def _picture(picture: Picture, language: Language) -> Iterator[str]:
    caption = picture.caption
    yield "<figure>"
    try:
        found = drawn(picture.data)
    except BadPicture as bad:
        yield f'<p class="bad">{_text(render(bad.code, {"bytes": len(picture.data)}, language))}</p>'
    else:
        width, height = found.size
        yield f'<img src="{found.url}" width="{width}" height="{height}" alt="{_text(caption).replace("<br>", " ")}">'
        caption = layout.caption(caption, found.original, found.size, language)
    yield f"<figcaption>{_text(caption)}</figcaption>\n</figure>"


def _signatures(signatories: Sequence[Signatory], language: Language) -> Iterator[str]:
    def word(code: str) -> str:
        return _text(render(code, {}, language))

    yield f'<section class="signatures">\n<h2>{word("report.signatures")}</h2>'
    for each in signatories:
        yield f'<div class="sign"><h3>{_text(each.part)}</h3>'
        yield f'<p><span>{word("report.sign_name")}</span><span class="line">{_text(each.name)}</span></p>'
        yield f'<p><span>{word("report.sign_date")}</span><span class="line"></span></p>'
        yield f'<p><span>{word("report.sign_here")}</span><span class="line high"></span></p></div>'
    yield "</section>"
