"""Draws reports on A4 with ReportLab. Heavy: `engine.report.pdf` imports it when a report is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from html import escape
from io import BytesIO
from itertools import zip_longest

from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    Image,
    KeepTogether,
    LongTable,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Spacer,
    TableStyle,
)
from reportlab.platypus import Paragraph as Text

from engine.report import font, layout
from engine.report.model import (
    KeyValues,
    Paragraph,
    Part,
    Picture,
    Report,
    Signatory,
    Table,
    Tone,
    tone_of,
)
from engine.report.picture import BadPicture, drawn
from engine.report.readable import pieces, shown
from engine.text import Language, render

rl_config.useA85 = 0  # streams as bytes: a quarter smaller

_MARGIN, _FOOT = 15 * mm, 22 * mm
#: Signs of a cell, and of other texts, in one piece: what is longer goes on in the next row, or paragraph, so that none
#: is higher than a page, and none is broken into lines by a method that takes the square of its length.
_CELL, _LONG = 200, 2000
#: What must be left of a page for a table's caption, its headings and a row or two.
_ROOM = 30 * mm
#: Columns that fit a page that stands.
_UPRIGHT = 6
_INK, _GREY, _LINE = HexColor("#111111"), HexColor("#555555"), HexColor("#bbbbbb")
_TONES = {
    Tone.NOTE: _GREY,
    Tone.GOOD: HexColor("#1a7f37"),
    Tone.DOUBT: HexColor("#9a6700"),
    Tone.BAD: HexColor("#b3261e"),
}
_BODY = ParagraphStyle("body", fontName="Report", fontSize=9.5, leading=13, textColor=_INK, spaceAfter=3)
_NAME = ParagraphStyle("name", _BODY, textColor=_GREY, spaceAfter=0)
_VALUE = ParagraphStyle("value", _BODY, spaceAfter=0)
_CELLS = ParagraphStyle("cell", _BODY, fontSize=8, leading=10, spaceAfter=0)
_FIGURES = ParagraphStyle("figures", _CELLS, alignment=TA_RIGHT)
_TITLE = ParagraphStyle("title", _BODY, fontName="Report-Bold", fontSize=18, leading=22)
_SUBTITLE = ParagraphStyle("subtitle", _BODY, fontSize=11, leading=14, textColor=_GREY)
_HEADING = ParagraphStyle("heading", _BODY, fontName="Report-Bold", fontSize=13, leading=16, spaceBefore=12)
_STRONG = ParagraphStyle("strong", _BODY, fontName="Report-Bold", spaceBefore=6)
_CAPTION = ParagraphStyle("caption", _BODY, fontSize=8.5, leading=11, textColor=_GREY)
#: Of cells without a text too: else the library names a font that is not in the file.
_LETTERS = ("FONTNAME", (0, 0), (-1, -1), "Report")
_ROWS = TableStyle(
    [
        _LETTERS,
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ]
)
_HEADED = TableStyle([("LINEBELOW", (0, 0), (-1, 0), 1.0, _INK)], parent=_ROWS)
_LINED = TableStyle(
    [_LETTERS, ("LINEBELOW", (1, 0), (1, -1), 0.6, _INK), ("VALIGN", (0, 0), (-1, -1), "BOTTOM")]
)
_PLAIN = TableStyle(
    [
        _LETTERS,
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
        ("LEFTPADDING", (0, 0), (0, -1), 0),
    ]
)


def built(report: Report) -> bytes:
    """Return a report as PDF."""
    _glyphs()
    made = BytesIO()
    document = BaseDocTemplate(
        made,
        pagesize=A4,
        title=_line(report.title),
        author=_line(report.site),
        subject=_line(report.subtitle),
        creator="matthan",
        lang=report.language,
        initialFontName="Report",
        invariant=1,
        pageCompression=1,
    )
    document.addPageTemplates([_page("upright", A4), _page("wide", landscape(A4))])
    document.build(list(_story(report)), canvasmaker=partial(_Numbered, report=report))
    return made.getvalue()


@cache
def _glyphs() -> frozenset[str]:
    """Return every sign that there is a letter for; the library knows our fonts from then on."""
    known = []
    for name, data in (("Report", font.regular()), ("Report-Bold", font.bold())):
        made = TTFont(name, BytesIO(data))
        pdfmetrics.registerFont(made)
        known.append(frozenset(map(chr, made.face.charToGlyph)))
    pdfmetrics.registerFontFamily("Report", "Report", "Report-Bold", "Report", "Report-Bold")
    return frozenset.intersection(*known)


def _shown(text: str) -> str:
    return shown(text, _glyphs().__contains__)


def _line(text: str) -> str:
    """Return a text for one line of bounded length, as what names a document takes it."""
    told = _shown(text[:300]).replace("\n", " ")
    return told if len(told) <= 200 else told[:199] + "…"


def _page(name: str, size: tuple[float, float]) -> PageTemplate:
    width, height = size[0] - 2 * _MARGIN, size[1] - _MARGIN - _FOOT
    frame = Frame(_MARGIN, _FOOT, width, height, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
    return PageTemplate(name, [frame], pagesize=size)


class _Numbered(Canvas):
    """Draws the foot of every page when it is known how many there are."""

    def __init__(self, *args: object, report: Report, **named: object) -> None:
        super().__init__(*args, **named)  # type: ignore[arg-type]
        self._report, self._pages = report, list[dict[str, object]]()
        self.setDateFormatter(lambda *_: report.made_at.strftime("D:%Y%m%d%H%M%S%z'")[:-3] + "'00'")

    def showPage(self) -> None:
        """Keep a page until all are there."""
        self._pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]

    def save(self) -> None:
        """Draw the foot of each page, and write them."""
        for number, page in enumerate(self._pages, 1):
            self.__dict__.update(page)
            self._foot(number, len(self._pages))
            super().showPage()
        super().save()

    def _foot(self, number: int, pages: int) -> None:
        width = self._pagesize[0]  # type: ignore[attr-defined]
        self.setStrokeColor(_LINE)
        self.line(_MARGIN, _FOOT - 4 * mm, width - _MARGIN, _FOOT - 4 * mm)
        self.setFillColor(_GREY)
        self.setFont("Report", 7)
        lang = self._report.language
        told = [_line(self._report.title), *layout.foot(self._report)]
        for at, line in enumerate(told):
            self.drawString(
                _MARGIN, _FOOT - 7 * mm - at * 3 * mm, _fitting(line, width - 2 * _MARGIN - 30 * mm)
            )
        page = render("report.page", {"page": number, "pages": pages}, lang)
        self.drawRightString(width - _MARGIN, _FOOT - 7 * mm, page)


def _fitting(line: str, width: float) -> str:
    """Return as much of a line as fits a width."""
    while pdfmetrics.stringWidth(line, "Report", 7) > width:
        line = line[:-2] + "…"
    return line


# -- what stands on the pages -------------------------------------------------------------------


def _story(report: Report) -> Iterator[Flowable]:
    yield from _texts(report.title, _TITLE)
    if report.subtitle:
        yield from _texts(report.subtitle, _SUBTITLE)
    yield Spacer(0, 4)
    yield from _key_values(layout.head(report))
    lies = False
    for section in report.sections:
        for place, part in enumerate(section.parts or (Paragraph(""),)):
            if _is_wide(part) != lies:
                lies = not lies
                yield from _turned(lies)
            elif place == 0 and section.page:
                yield PageBreak()
            if place == 0:
                yield from _headed(section.heading, part)
            yield from _part(part, report.language)
    if lies:
        yield from _turned(False)
    if report.signatories:
        yield from _signatures(report.signatories, report.language)


def _texts(text: str, style: ParagraphStyle, most: int = _LONG) -> Iterator[Text]:
    for piece in pieces(_shown(text), most):
        yield _one(piece, style)


def _is_wide(part: Part) -> bool:
    """Return whether a part needs a page that lies."""
    if not isinstance(part, Table) or part.upright:
        return False
    return len(part.columns) > _UPRIGHT and not layout.is_stacked(part)


def _turned(lies: bool) -> tuple[Flowable, Flowable]:
    return NextPageTemplate("wide" if lies else "upright"), PageBreak()


def _headed(text: str, below: Part | None = None) -> Iterator[Flowable]:
    """Yield a heading that is not left alone at a page's end; a long table below it may be broken all the same."""
    *before, last = _texts(text, _HEADING)
    if isinstance(below, Table):
        yield CondPageBreak(_ROOM)
    else:
        last.keepWithNext = 1
    yield from (*before, last)


def _part(part: Part, language: Language) -> Iterable[Flowable]:
    if isinstance(part, Paragraph):
        return _texts(part.text, _toned(part.tone))
    if isinstance(part, KeyValues):
        return _key_values(part.rows)
    if isinstance(part, Picture):
        return _picture(part, language)
    return _stacked(part, language) if layout.is_stacked(part) else _table(part, language)


@cache
def _toned(tone: Tone) -> ParagraphStyle:
    if tone is Tone.PLAIN:
        return _BODY
    letters = "Report-Bold" if tone is Tone.BAD else "Report"
    return ParagraphStyle(tone.value, _BODY, fontName=letters, textColor=_TONES[tone])


@cache
def _meant(style: ParagraphStyle, tone: Tone) -> ParagraphStyle:
    """Return a cell's style in a tone."""
    if tone is Tone.PLAIN:
        return style
    letters = "Report-Bold" if tone in (Tone.BAD, Tone.DOUBT) else "Report"
    return ParagraphStyle(f"{style.name}-{tone}", style, fontName=letters, textColor=_TONES[tone])


def _key_values(rows: Sequence[tuple[str, str]]) -> Iterator[Flowable]:
    if not rows:
        return
    width = A4[0] - 2 * _MARGIN
    cells = [row for name, value in rows for row in _cells((name, value), (_NAME, _VALUE), 2 * _CELL)]
    yield LongTable(cells, colWidths=[width * 0.28, width * 0.72], style=_PLAIN)
    yield Spacer(0, 4)


def _cells(
    row: Sequence[str], styles: Sequence[ParagraphStyle], most: int = _CELL
) -> Iterator[list[Text | str]]:
    """Yield a row as rows of which none is higher than a page."""
    columns = (
        list(_texts(text, _meant(style, tone_of(text)), most))
        for text, style in zip(row, styles, strict=True)
    )
    yield from map(list, zip_longest(*columns, fillvalue=""))


def _one(piece: str, style: ParagraphStyle) -> Text:
    return Text(escape(piece).replace("\n", "<br/>"), style)


def _table(table: Table, language: Language) -> Iterator[Flowable]:
    if table.caption:
        yield CondPageBreak(_ROOM)
        yield from _texts(table.caption, _STRONG)
    width = (A4[1] if _is_wide(table) else A4[0]) - 2 * _MARGIN
    styles = [_FIGURES if column.figures else _CELLS for column in table.columns]
    headings = [column.heading[:_CELL] for column in table.columns]
    cells = [next(_cells(headings, [_heading(style) for style in styles]))]
    cells += [each for row in layout.rows(table) for each in _cells(row, styles)]
    shares = layout.shares(table.columns)
    yield LongTable(cells, colWidths=[width * share for share in shares], repeatRows=1, style=_HEADED)
    yield Spacer(0, 6)
    yield from _ending(table, language)


@cache
def _heading(style: ParagraphStyle) -> ParagraphStyle:
    return ParagraphStyle(f"{style.name}-heading", style, fontName="Report-Bold")


def _stacked(table: Table, language: Language) -> Iterator[Flowable]:
    if table.caption:
        yield from _texts(table.caption, _STRONG)
    headings = [column.heading for column in table.columns]
    for number, row in enumerate(layout.rows(table), 1):
        yield from _texts(render("report.row", {"number": number}, language), _STRONG)
        yield from _key_values(list(zip(headings, row, strict=True)))
    yield from _ending(table, language)


def _ending(table: Table, language: Language) -> Iterator[Flowable]:
    if not table.rows:
        yield from _texts(render("report.no_rows", {}, language), _toned(Tone.NOTE))
    if more := layout.left_out(table, language):
        yield from _texts(more, _toned(Tone.BAD))


def _picture(picture: Picture, language: Language) -> Iterator[Flowable]:
    try:
        found = drawn(picture.data)
    except BadPicture as bad:
        yield from _texts(render(bad.code, {"bytes": len(picture.data)}, language), _toned(Tone.BAD))
        yield from _texts(picture.caption, _CAPTION)
        return
    width, height = A4[0] - 2 * _MARGIN, 110 * mm
    scale = min(width / found.size[0], height / found.size[1], 0.75)  # no pixel larger than on a screen
    image = Image(BytesIO(found.jpeg), found.size[0] * scale, found.size[1] * scale, hAlign="LEFT")
    caption = layout.caption(picture.caption, found.original, found.size, language)
    first, *more = _texts(caption, _CAPTION)
    yield KeepTogether([Spacer(0, 4), image, first])
    yield from more


def _signatures(signatories: Sequence[Signatory], language: Language) -> Iterator[Flowable]:
    def word(code: str) -> str:
        return render(code, {}, language)

    yield from _headed(word("report.signatures"))
    for each in signatories:
        rows = list(_cells((word("report.sign_name"), each.name), (_NAME, _VALUE)))
        rows += [[_one(word(code), _NAME), ""] for code in ("report.sign_date", "report.sign_here")]
        heights = [None] * (len(rows) - 2) + [20, 42]
        lined = LongTable(rows, colWidths=[30 * mm, 90 * mm], rowHeights=heights, style=_LINED, hAlign="LEFT")
        *before, last = _texts(each.part, _STRONG)
        yield from before
        yield KeepTogether([last, lined])
