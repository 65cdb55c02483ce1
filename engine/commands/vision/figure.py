"""A drawing of few kinds of shapes, as SVG and as PNG."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import TypeAlias
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.report import font

Spot = tuple[float, float]
#: Letters that look like those that PNG is written with, where they are installed.
_FAMILY = "'Source Sans Pro','Source Sans 3',sans-serif"
#: Pixels of a PNG for each unit: a screen of twice the dots shows it sharp.
SCALE = 2


@dataclass(frozen=True, slots=True)
class Area:
    """A polygon: filled, or its outline alone. Colours are #rrggbb, `veil` is 0..1 of it."""

    points: Sequence[Spot]
    colour: str
    filled: bool = True
    veil: float = 1.0


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text, from its lower left."""

    at: Spot
    text: str
    size: float = 13
    colour: str = "#222222"
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Photo:
    """A grey picture (h, w) within a rectangle x, y, width, height."""

    grey: NDArray[np.uint8]
    within: tuple[float, float, float, float]


Shape: TypeAlias = Area | Words | Photo


def box(x: float, y: float, width: float, height: float) -> tuple[Spot, ...]:
    """Return a rectangle's corners."""
    return (x, y), (x + width, y), (x + width, y + height), (x, y + height)


@dataclass(slots=True)
class Figure:
    """Shapes, the later ones above, on white."""

    width: float
    height: float
    shapes: list[Shape] = field(default_factory=list)

    def svg(self) -> bytes:
        """Return it as an SVG file that needs no other."""
        size = f'width="{self.width:g}" height="{self.height:g}" viewBox="0 0 {self.width:g} {self.height:g}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{_FAMILY}">'
        ground = '<rect width="100%" height="100%" fill="#ffffff"/>'
        return "\n".join((head, ground, *map(_element, self.shapes), "</svg>", "")).encode()

    def png(self) -> bytes:
        """Return it as a PNG file, `SCALE` pixels for each unit."""
        image = Image.new("RGB", (round(self.width * SCALE), round(self.height * SCALE)), "#ffffff")
        for shape in self.shapes:
            _paint(image, shape)
        made = BytesIO()
        image.save(made, "PNG")
        return made.getvalue()


def _element(shape: Shape) -> str:
    if isinstance(shape, Words):
        weight = ' font-weight="bold"' if shape.bold else ""
        at = f'x="{shape.at[0]:g}" y="{shape.at[1]:g}" font-size="{shape.size:g}"'
        return f'<text {at} fill="{shape.colour}"{weight}>{escape("".join(_lawful(shape.text)))}</text>'
    if isinstance(shape, Photo):
        x, y, width, height = shape.within
        data = b64encode(_jpeg(shape.grey)).decode()
        place = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
        return f'<image {place} preserveAspectRatio="none" href="data:image/jpeg;base64,{data}"/>'
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
    if shape.filled:
        return f'<polygon points="{points}" fill="{shape.colour}" fill-opacity="{shape.veil:.2f}"/>'
    return f'<polygon points="{points}" fill="none" stroke="{shape.colour}" stroke-width="2"/>'


def _lawful(text: str) -> Iterator[str]:
    """Yield the characters that XML may hold: a camera's name may be anything."""
    return (each for each in text if each.isprintable())


def _jpeg(grey: NDArray[np.uint8]) -> bytes:
    made = BytesIO()
    Image.fromarray(grey).save(made, "JPEG", quality=80)
    return made.getvalue()


def _paint(image: Image.Image, shape: Shape) -> None:
    pen = ImageDraw.Draw(image)
    if isinstance(shape, Words):
        letters = BytesIO(font.bold() if shape.bold else font.regular())
        face = ImageFont.truetype(letters, round(shape.size * SCALE))
        at = (shape.at[0] * SCALE, shape.at[1] * SCALE)
        pen.text(at, "".join(_lawful(shape.text)), fill=shape.colour, font=face, anchor="ls")
    elif isinstance(shape, Photo):
        x, y, width, height = (round(each * SCALE) for each in shape.within)
        image.paste(Image.fromarray(shape.grey).convert("RGB").resize((width, height)), (x, y))
    else:
        points = [(x * SCALE, y * SCALE) for x, y in shape.points]
        if not shape.filled:
            pen.line([*points, points[0]], fill=shape.colour, width=2 * SCALE)
            return
        left, top = int(min(x for x, _ in points)), int(min(y for _, y in points))
        size = int(max(x for x, _ in points)) - left + 1, int(max(y for _, y in points)) - top + 1
        mask = Image.new("L", size, 0)
        within = [(x - left, y - top) for x, y in points]
        ImageDraw.Draw(mask).polygon(within, fill=round(255 * shape.veil))
        image.paste(shape.colour, (left, top), mask)
