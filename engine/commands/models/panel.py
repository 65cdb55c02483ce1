"""A picture with what two models made of it, side by side. Blocking: pixels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from engine.bench.compare import open_picture
from engine.bench.duel import Contrast, Mark, Outcome
from engine.commands.output.report import Language, say_in
from engine.report import font
from engine.vision.boxes import Box
from rules.text import fraction

#: Pixels: width of one of the two, room between them, a letter.
WIDE, GAP, LETTER = 780, 12, 15
#: Green, red, orange and grey that differ in brightness too.
_COLOURS = {
    Outcome.FOUND: "#2fbf4f",
    Outcome.FALSE: "#e5192b",
    Outcome.MISSED: "#ffb000",
    Outcome.FORGIVEN: "#9aa0a6",
}
_QUALITY, _DASH = 86, 7


def side_by_side(each: Contrast, said: Language) -> bytes:
    """Return a JPEG: A's boxes on the left, B's on the right; where they differ, lines are thick.

    Raises:
        ModelFault: The picture cannot be read any more.
    """
    picture = Image.fromarray(open_picture(each.picture.picture).to_ndarray(format="rgb24"))
    size = (WIDE, max(1, round(picture.height * WIDE / picture.width)))
    scale = (size[0] / picture.width, size[1] / picture.height)
    ground = picture.resize(size)
    sheet = Image.new("RGB", (2 * WIDE + GAP, size[1]), "#ffffff")
    for nth, (letter, marks) in enumerate((("A", each.a), ("B", each.b))):
        panel = ground.copy()
        _draw(panel, marks, scale, _special(each), said)
        _words(ImageDraw.Draw(panel), (4, 4), letter, "#000000", 2 * LETTER)
        sheet.paste(panel, (nth * (WIDE + GAP), 0))
    made = BytesIO()
    sheet.save(made, "JPEG", quality=_QUALITY)
    return made.getvalue()


def _special(each: Contrast) -> frozenset[tuple[str, int]]:
    """Return the objects that only one found."""
    return frozenset((mark.label, mark.number) for mark in (*each.found_a, *each.found_b))


def _draw(
    panel: Image.Image,
    marks: Sequence[Mark],
    scale: tuple[float, float],
    special: frozenset[tuple[str, int]],
    said: Language,
) -> None:
    pen = ImageDraw.Draw(panel)
    for mark in sorted(marks, key=lambda mark: _ORDER.index(mark.outcome)):
        box = tuple(side * scale[i % 2] for i, side in enumerate(mark.box))
        wide = 4 if mark.outcome is Outcome.FALSE or (mark.label, mark.number) in special else 2
        _outline(pen, mark.outcome, (box[0], box[1], box[2], box[3]), wide)
        if mark.outcome is not Outcome.FORGIVEN:
            score = "" if mark.score is None else " " + fraction(f"{mark.score:.2f}", said)
            at = (max(0.0, box[0]), max(0.0, box[1] - LETTER - 4))
            _words(pen, at, say_in(said, f"label.{mark.label}") + score, _COLOURS[mark.outcome], LETTER)


#: What is drawn later lies above.
_ORDER = [Outcome.FORGIVEN, Outcome.FOUND, Outcome.MISSED, Outcome.FALSE]


def _outline(pen: ImageDraw.ImageDraw, outcome: Outcome, box: Box, wide: int) -> None:
    """Draw a box: whole, crossed where nothing is there, broken where nobody found what is."""
    colour, (x0, y0, x1, y1) = _COLOURS[outcome], box
    if outcome is Outcome.MISSED:
        for begin, end in (
            ((x0, y0), (x1, y0)),
            ((x1, y0), (x1, y1)),
            ((x1, y1), (x0, y1)),
            ((x0, y1), (x0, y0)),
        ):
            _dashed(pen, begin, end, colour, wide)
        return
    pen.line([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)], fill=colour, width=wide)
    if outcome is Outcome.FALSE:
        pen.line([(x0, y0), (x1, y1)], fill=colour, width=1)
        pen.line([(x1, y0), (x0, y1)], fill=colour, width=1)


def _dashed(
    pen: ImageDraw.ImageDraw, begin: tuple[float, float], end: tuple[float, float], colour: str, wide: int
) -> None:
    length = max(abs(end[0] - begin[0]), abs(end[1] - begin[1]))
    pieces = max(1, round(length / _DASH / 2))
    for n in range(pieces):
        low, high = (n + 0.25) / pieces, (n + 0.75) / pieces
        points = [
            (begin[0] + (end[0] - begin[0]) * part, begin[1] + (end[1] - begin[1]) * part)
            for part in (low, high)
        ]
        pen.line(points, fill=colour, width=wide)


def _words(pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, colour: str, size: int) -> None:
    """Write on a ground of its own: it must be read on any picture."""
    face = _face(size)
    x0, y0, x1, y1 = pen.textbbox(at, text, font=face)
    pen.rectangle((x0 - 2, y0 - 2, x1 + 2, y1 + 2), fill="#ffffff" if colour == "#000000" else "#000000")
    pen.text(at, text, fill=colour, font=face)


@cache
def _face(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(BytesIO(font.bold()), size)
