"""What a person puts on a picture (lines, points, a crosshair), and the part of it that is shown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw
from rich.cells import cell_len
from rich.style import Style

Spot = tuple[float, float]
Pixel = tuple[int, int, int]
#: Row, first column, text and style of what stands in cells.
Tag = tuple[int, int, str, Style]
#: The crosshair; drawn as lines where there are pixels.
CROSS: Final = "┼"
DRAWN: Final[Pixel] = (255, 215, 95)
FAINT: Final[Pixel] = (128, 128, 128)
ARROW: Final[Pixel] = (135, 215, 135)
_GLYPH = Style(color="#121212", bgcolor="#ffd75f", bold=True)
_CROSS = Style(color="#ffffff", bgcolor="#af0000", bold=True)


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through points in 0..1."""

    points: tuple[Spot, ...]
    closed: bool = False
    tone: Pixel = DRAWN


@dataclass(frozen=True, slots=True)
class Glyph:
    """A few characters at a point in 0..1."""

    at: Spot
    text: str


@dataclass(frozen=True, slots=True)
class Marks:
    """All that is put on a picture; later glyphs stand over earlier ones."""

    strokes: tuple[Stroke, ...] = ()
    glyphs: tuple[Glyph, ...] = ()


NONE: Final = Marks()


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a picture that is shown: a square of it in 0..1, by its corner and how often it is enlarged."""

    left: float = 0.0
    top: float = 0.0
    zoom: int = 1

    @classmethod
    def about(cls, at: Spot, zoom: int) -> Window:
        """Return the part about a point, inside the picture."""
        most = 1 - 1 / zoom
        left, top = (min(most, max(0.0, value - 0.5 / zoom)) for value in at)
        return cls(left, top, zoom)

    def shown(self, at: Spot) -> Spot:
        """Return where a point of the picture is in the part."""
        return (at[0] - self.left) * self.zoom, (at[1] - self.top) * self.zoom

    def meant(self, at: Spot) -> Spot:
        """Return which point of the picture is at a place of the part."""
        return at[0] / self.zoom + self.left, at[1] / self.zoom + self.top

    def cut(self, image: Image.Image) -> Image.Image:
        """Return the part of an image."""
        if self.zoom == 1:
            return image
        (x0, y0), (x1, y1) = self.meant((0.0, 0.0)), self.meant((1.0, 1.0))
        wide, high = image.size
        left, top = int(x0 * wide), int(y0 * high)
        return image.crop((left, top, max(left + 1, round(x1 * wide)), max(top + 1, round(y1 * high))))

    def placed(self, marks: Marks) -> Marks:
        """Return marks as they lie in the part; glyphs outside it are left out."""
        strokes = tuple(
            Stroke(tuple(map(self.shown, each.points)), each.closed, each.tone) for each in marks.strokes
        )
        glyphs = (Glyph(self.shown(each.at), each.text) for each in marks.glyphs)
        inside = tuple(each for each in glyphs if 0 <= each.at[0] <= 1 and 0 <= each.at[1] <= 1)
        return Marks(strokes, inside)


WHOLE: Final = Window()


def draw(image: Image.Image, strokes: Iterable[Stroke], width: int) -> None:
    """Draw lines into an image."""
    across, down = image.width - 1, image.height - 1
    pen = ImageDraw.Draw(image)
    for stroke in strokes:
        places = [(x * across, y * down) for x, y in stroke.points]
        if stroke.closed:
            places += places[:1]
        if len(places) > 1:
            pen.line(places, fill=stroke.tone, width=width)


def tags(marks: Marks, columns: int, rows: int) -> Iterator[Tag]:
    """Yield what stands in cells."""
    for glyph in marks.glyphs:
        width = cell_len(glyph.text)
        column = max(0, min(int(glyph.at[0] * columns), columns - width))
        row = max(0, min(int(glyph.at[1] * rows), rows - 1))
        yield row, column, glyph.text, _CROSS if glyph.text == CROSS else _GLYPH
