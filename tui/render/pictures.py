"""From a JPEG and what the engine sees in it to what a terminal can show. Pure; run it in a thread.

Two ways: `half_blocks` makes lines of half-blocks (every terminal; two pixels per cell, labels as real
text), `annotate` draws at full size for terminals with graphics of their own.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache, lru_cache
from itertools import groupby
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError
from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from engine.api.wire import Box
from tui.render import marks as marking
from tui.render.marks import CROSS, DRAWN, NONE, Marks

Pixel = tuple[int, int, int]
#: Row, first column, text and style of a label.
Tag = tuple[int, int, str, Style]
#: Smallest change of a pixel (0..255) that is shown: below it is sensor noise, which would cost an SSH
#: line its whole width twice a second.
NOISE: Final = 10
#: Bits kept per colour: more neighbours are equal, so that lines are shorter; not visible in half-blocks.
BITS: Final = 5
#: Pixels decoded at most: a picture that claims more is not a camera's.
MOST_PIXELS: Final = 40_000_000
OBJECT: Final[Pixel] = (255, 175, 95)
ZONE: Final[Pixel] = (95, 175, 215)
UNSEEN: Final[Pixel] = (158, 158, 158)
#: Dashes of a broken line, and the gaps between them, in widths of the line.
DASH: Final = 3
#: How much of a zone's line covers the picture (0..255).
VEIL: Final = 110
_TAG = Style(color="#121212", bgcolor="#ffaf5f", bold=True)
_UNSEEN_TAG = Style(color="#121212", bgcolor="#9e9e9e")
_ZONE_TAG = Style(color="#5fafd7", bgcolor="#121212")


class UndecodablePicture(Exception):
    """The bytes are not a picture that can be shown."""


class Line(Enum):
    """How a box is drawn."""

    WHOLE = auto()
    BROKEN = auto()
    DIM = auto()  #: broken, and grey


@dataclass(frozen=True, slots=True)
class Overlay:
    """Something drawn over the picture: a box (two points) or a zone (three or more), in 0..1."""

    points: tuple[tuple[float, float], ...]
    label: str
    zone: bool = False
    line: Line = Line.WHOLE

    @classmethod
    def box(cls, box: Box, label: str, line: Line = Line.WHOLE) -> Overlay:
        """Return an object's box."""
        return cls(((box[0], box[1]), (box[2], box[3])), label, line=line)


@dataclass(frozen=True, slots=True)
class HalfBlocks:
    """A picture as terminal lines.

    Attributes:
        image: What the lines show, without overlays; the next call compares with it.
        lines: `rows` strips of `columns` cells.
    """

    image: Image.Image
    lines: tuple[Strip, ...]


def decode(data: bytes) -> Image.Image:
    """Return a picture in RGB.

    Raises:
        UndecodablePicture: It is damaged, of an unknown format, or unreasonably large.
    """
    try:
        image = Image.open(io.BytesIO(data))
        if image.width * image.height > MOST_PIXELS:
            raise UndecodablePicture(f"{image.width}x{image.height}")
        return image.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise UndecodablePicture(str(error)) from error  # Pillow raises SyntaxError for broken PNG chunks


def fit(width: int, height: int, columns: int, rows: int, cell: tuple[int, int] = (1, 2)) -> tuple[int, int]:
    """Return the most (columns, rows) that keep a picture's shape, at least 1x1.

    Args:
        cell: Width and height of a cell; only their ratio counts.
    """
    if min(width, height, columns, rows) <= 0:
        return 1, 1
    scale = min(columns * cell[0] / width, rows * cell[1] / height)
    fitted = round(width * scale / cell[0]), round(height * scale / cell[1])
    return max(1, min(columns, fitted[0])), max(1, min(rows, fitted[1]))


def half_blocks(
    image: Image.Image,
    overlays: Sequence[Overlay],
    columns: int,
    rows: int,
    before: Image.Image | None = None,
    marks: Marks = NONE,
) -> HalfBlocks:
    """Return a picture as half-blocks, at most `columns` x `rows` cells.

    Args:
        image: RGB.
        before: `HalfBlocks.image` of the picture shown now; pixels that hardly changed keep its colour.
        marks: What a person puts on it.
    """
    columns, rows = fit(image.width, image.height, columns, rows)
    small = image.resize((columns, rows * 2), Image.Resampling.BOX)
    calm = _calm(ImageOps.posterize(small, BITS), before)
    drawn = calm.copy()
    _draw(drawn, overlays, width=1)
    marking.draw(drawn, marks.strokes, width=1)
    tags = [*_tags(overlays, columns, rows), *marking.tags(marks, columns, rows)]
    return HalfBlocks(calm, tuple(_line(drawn, row, tags) for row in range(rows)))


def annotate(image: Image.Image, overlays: Sequence[Overlay], width: int, marks: Marks = NONE) -> Image.Image:
    """Return a picture at most `width` pixels wide with overlays and their labels drawn in."""
    drawn = ImageOps.contain(image, (width, image.height)) if image.width > width else image.copy()
    size = max(12, drawn.height // 24)
    _draw(drawn, overlays, width=max(2, drawn.height // 240))
    pen, font = ImageDraw.Draw(drawn), _font(size)
    for overlay in overlays:
        x, y = _corner(overlay, drawn.width, drawn.height)
        text = _printable(overlay.label, font)
        left, top, right, bottom = pen.textbbox((x + 4, max(0, y - size - 4)), text, font=font)
        ground, ink = ((18, 18, 18), ZONE) if overlay.zone else (_colour(overlay), (18, 18, 18))
        pen.rectangle((left - 4, top - 2, right + 4, bottom + 2), fill=ground)
        pen.text((x + 4, max(0, y - size - 4)), text, fill=ink, font=font)
    marking.draw(drawn, marks.strokes, width=max(2, drawn.height // 240))
    _write(drawn, marks, size)
    return drawn


def _write(image: Image.Image, marks: Marks, size: int) -> None:
    """Write the characters of marks; the crosshair is two lines."""
    pen, font = ImageDraw.Draw(image), _font(size)
    for glyph in marks.glyphs:
        x, y = glyph.at[0] * (image.width - 1), glyph.at[1] * (image.height - 1)
        if glyph.text == CROSS:
            pen.line((x - size, y, x + size, y), fill=DRAWN, width=2)
            pen.line((x, y - size, x, y + size), fill=DRAWN, width=2)
        else:
            pen.ellipse((x - 3, y - 3, x + 3, y + 3), fill=DRAWN)
            pen.text((x + 5, y - size / 2), glyph.text, fill=DRAWN, font=font)


def _calm(image: Image.Image, before: Image.Image | None) -> Image.Image:
    if before is None or before.size != image.size:
        return image
    moved = [band.point(lambda value: 255 if value > NOISE else 0) for band in _difference(image, before)]
    mask = ImageChops.lighter(ImageChops.lighter(moved[0], moved[1]), moved[2])
    return Image.composite(image, before, mask)


def _difference(image: Image.Image, before: Image.Image) -> tuple[Image.Image, ...]:
    return ImageChops.difference(image, before).split()


def _corner(overlay: Overlay, width: int, height: int) -> tuple[int, int]:
    left = min(x for x, _ in overlay.points)
    top = min(y for _, y in overlay.points)
    return int(max(0.0, min(1.0, left)) * width), int(max(0.0, min(1.0, top)) * height)


def _draw(image: Image.Image, overlays: Iterable[Overlay], width: int) -> None:
    """Draw zones, half transparent, and objects' boxes above them."""
    across, down = image.width - 1, image.height - 1
    veil = Image.new("L", image.size, 0)
    zones, boxes = ImageDraw.Draw(veil), ImageDraw.Draw(image)
    placed = [(overlay, [(x * across, y * down) for x, y in overlay.points]) for overlay in overlays]
    for points in (points for overlay, points in placed if overlay.zone):
        zones.line([*points, points[0]], fill=VEIL, width=width)
    image.paste(ZONE, mask=veil)
    for overlay, points in ((overlay, points) for overlay, points in placed if not overlay.zone):
        (x0, y0), (x1, y1) = points
        corners = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        if overlay.line is Line.WHOLE:
            boxes.rectangle(corners, outline=OBJECT, width=width)
        else:
            _break(boxes, corners, _colour(overlay), width)


def _colour(overlay: Overlay) -> Pixel:
    return UNSEEN if overlay.line is Line.DIM else OBJECT


def _break(pen: ImageDraw.ImageDraw, corners: Box, colour: Pixel, width: int) -> None:
    """Draw a box with broken lines."""
    x0, y0, x1, y1 = (round(each) for each in corners)
    dash = DASH * width
    for x in range(x0, x1, 2 * dash):
        for y in (y0, y1):
            pen.line((x, y, min(x + dash - 1, x1), y), fill=colour, width=width)
    for y in range(y0, y1, 2 * dash):
        for x in (x0, x1):
            pen.line((x, y, x, min(y + dash - 1, y1)), fill=colour, width=width)


def _tags(overlays: Iterable[Overlay], columns: int, rows: int) -> Iterator[Tag]:
    """Yield the labels, each where it covers no other: above its box, else in it, else under it."""
    taken: set[tuple[int, int]] = set()
    for overlay in sorted(overlays, key=lambda overlay: not overlay.zone):
        x, y = _corner(overlay, columns, rows)
        bottom = int(max(0.0, min(1.0, max(y for _, y in overlay.points))) * rows)
        text = overlay.label[: max(0, columns)]
        left = max(0, min(x, columns - cell_len(text)))
        wishes = [min(max(0, row), rows - 1) for row in ((y,) if overlay.zone else (y - 1, y, bottom))]
        cells = [{(row, left + offset) for offset in range(cell_len(text))} for row in wishes]
        free = next((index for index, wanted in enumerate(cells) if not wanted & taken), 0)
        taken |= cells[free]
        yield wishes[free], left, text, _style_of(overlay)


def _style_of(overlay: Overlay) -> Style:
    if overlay.zone:
        return _ZONE_TAG
    return _UNSEEN_TAG if overlay.line is Line.DIM else _TAG


def _line(image: Image.Image, row: int, tags: Iterable[Tag]) -> Strip:
    width = image.width
    upper, lower = (_row(image, 2 * row), _row(image, 2 * row + 1))
    runs = groupby(zip(upper, lower, strict=True))
    strip = Strip([_cells(pair, sum(1 for _ in run)) for pair, run in runs], width)
    for at, column, text, style in tags:
        if at == row and text:
            tag = Strip([Segment(text, style)], cell_len(text))
            parts = (strip.crop(0, column), tag, strip.crop(column + tag.cell_length, width))
            strip = Strip.join(parts).crop(0, width)
    return strip


def _row(image: Image.Image, y: int) -> list[Pixel]:
    data = image.crop((0, y, image.width, y + 1)).tobytes()
    return list(zip(data[0::3], data[1::3], data[2::3], strict=True))


def _cells(pair: tuple[Pixel, Pixel], count: int) -> Segment:
    upper, lower = pair
    # A plain cell is a space: it needs one colour, not two.
    return Segment((" " if upper == lower else "▀") * count, _style(upper, lower))


@lru_cache(maxsize=8192)
def _style(upper: Pixel, lower: Pixel) -> Style:
    return Style.from_color(Color.from_rgb(*upper), Color.from_rgb(*lower))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return a font with Vietnamese letters where the machine has one, else Pillow's own."""
    for name in ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf"):
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def _printable(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """Return text that the font can draw: without diacritics where it is Pillow's own, which has none."""
    if isinstance(font, ImageFont.FreeTypeFont) and font.getname()[0] != "Aileron":
        return text
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(char for char in plain if not unicodedata.combining(char))
