"""Walkers, riders and cars, drawn from the side in metres and rasterised at the size they are seen.

Coordinates of a drawing: metres, origin on the ground under the figure's middle, `y` up, facing right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]
Pixels = NDArray[np.uint8]

#: Pictures of one gait cycle or one turn of a wheel.
PHASES = 12
#: Drawn this many times larger, then reduced: smooth edges.
_FINE = 3
#: Metres that one gait cycle (two steps) covers, in body heights.
STRIDE = 0.82
#: A shadow's reach to the right and away from the camera, in heights.
_SHADOW = (0.5, 0.16)

SKIN: tuple[Colour, ...] = ((224, 177, 138), (202, 152, 114), (178, 126, 92))
_DARK: Colour = (28, 28, 32)
_TYRE: Colour = (24, 24, 26)
_METAL: Colour = (150, 152, 156)
_GLASS: Colour = (70, 92, 108)


class Kind(StrEnum):
    """What a figure is; the values are the labels of the truth."""

    PERSON = "person"
    TWO_WHEELER = "two_wheeler"
    CAR = "car"


@dataclass(frozen=True, slots=True)
class Look:
    """How one figure looks.

    Attributes:
        main: Shirt or paint; `second`: trousers or the bike's paint; `third`: hair, hat or helmet.
        variant: 0..3; chooses hats, passengers, body shapes.
        size: Factor on the usual size.
    """

    kind: Kind
    main: Colour
    second: Colour
    third: Colour
    skin: Colour
    variant: int
    size: float = 1.0
    ridden: bool = True


@dataclass(frozen=True, slots=True)
class Sprite:
    """A rasterised figure.

    Attributes:
        colour: (h, w, 3), already multiplied by the coverage.
        clear: (h, w, 1) uint16, 256 where the background shows fully.
        foot: Pixel (x, y) of the ground point.
        shadow: (h, w, 1) uint16, 256 where the ground keeps its light; its own foot: `shadow_foot`.
    """

    colour: Pixels
    clear: NDArray[np.uint16]
    foot: tuple[int, int]
    shadow: NDArray[np.uint16]
    shadow_foot: tuple[int, int]


class Pen:
    """Draws shapes given in metres onto a transparent canvas."""

    def __init__(self, extent: tuple[float, float], scale: float) -> None:
        self._scale = scale
        self._half, self._top = extent[0] / 2, extent[1]
        size = (max(2, math.ceil(extent[0] * scale)), max(2, math.ceil(extent[1] * scale)))
        self.image = Image.new("RGBA", size)
        self._draw = ImageDraw.Draw(self.image)

    def _pixel(self, point: Point) -> Point:
        return ((point[0] + self._half) * self._scale, (self._top - point[1]) * self._scale)

    def poly(self, colour: Colour, *points: Point) -> None:
        """Fill a polygon."""
        self._draw.polygon([self._pixel(point) for point in points], fill=(*colour, 255))

    def disc(self, colour: Colour, centre: Point, radius: float, squash: float = 1.0) -> None:
        """Fill a circle, or an ellipse that is `squash` times as high."""
        (x, y), r = self._pixel(centre), radius * self._scale
        self._draw.ellipse((x - r, y - r * squash, x + r, y + r * squash), fill=(*colour, 255))

    def limb(self, colour: Colour, width: float, *points: Point) -> None:
        """Draw a bent line with round joints and ends."""
        pixels = [self._pixel(point) for point in points]
        self._draw.line(pixels, fill=(*colour, 255), width=max(1, round(width * self._scale)), joint="curve")
        for point in points:
            self.disc(colour, point, width / 2)


def shade(colour: Colour, factor: float) -> Colour:
    """Return a colour made darker or lighter."""
    red, green, blue = (min(255, round(part * factor)) for part in colour)
    return red, green, blue


def _bend(start: Point, *segments: tuple[float, float]) -> tuple[Point, ...]:
    """Return the joints of a limb: each segment is (length, angle from straight down, forward > 0)."""
    points = [start]
    for length, angle in segments:
        x, y = points[-1]
        points.append((x + length * math.sin(angle), y - length * math.cos(angle)))
    return tuple(points)


def _leg(pen: Pen, colour: Colour, hip: Point, height: float, turn: float) -> None:
    thigh = 0.5 * math.sin(turn)
    knee = thigh - 0.12 - 0.75 * max(0.0, math.cos(turn)) ** 2
    joints = _bend(hip, (0.25 * height, thigh), (0.235 * height, knee))
    pen.limb(colour, 0.085 * height, *joints)
    ankle = joints[-1]
    pen.limb(_DARK, 0.05 * height, ankle, (ankle[0] + 0.07 * height, ankle[1] - 0.005 * height))


def _arm(pen: Pen, look: Look, shoulder: Point, height: float, turn: float, tone: float) -> None:
    swing = 0.45 * math.sin(turn)
    joints = _bend(shoulder, (0.165 * height, swing), (0.15 * height, swing + 0.35))
    pen.limb(shade(look.skin, tone), 0.045 * height, *joints)
    pen.limb(shade(look.main, tone), 0.062 * height, *joints[:2])


def _head(pen: Pen, look: Look, centre: Point, height: float) -> None:
    x, y = centre
    pen.limb(look.skin, 0.05 * height, (x - 0.005 * height, y - 0.08 * height), centre)
    pen.disc(look.third, (x - 0.012 * height, y + 0.012 * height), 0.068 * height)
    pen.disc(look.skin, (x + 0.014 * height, y - 0.008 * height), 0.056 * height)
    if look.variant == 1:  # nón lá, the conical hat
        brim = y + 0.028 * height
        pen.poly(
            (226, 208, 158), (x - 0.15 * height, brim), (x + 0.15 * height, brim), (x, y + 0.125 * height)
        )
    elif look.variant == 2:  # a cap
        pen.disc(look.third, (x, y + 0.02 * height), 0.066 * height)
        pen.limb(look.third, 0.025 * height, (x, y + 0.02 * height), (x + 0.1 * height, y + 0.012 * height))
    elif look.variant == 3:  # long hair
        pen.limb(look.third, 0.06 * height, (x - 0.03 * height, y), (x - 0.05 * height, y - 0.1 * height))


def _walker(pen: Pen, look: Look, phase: int) -> None:
    height = 1.68 * look.size
    turn = 2 * math.pi * phase / PHASES
    bob = 0.012 * height * math.cos(2 * turn)
    hip, shoulder = (0.0, 0.5 * height + bob), (0.02 * height, 0.8 * height + bob)
    _arm(pen, look, shoulder, height, turn, 0.7)
    _leg(pen, shade(look.second, 0.7), hip, height, turn + math.pi)
    _leg(pen, look.second, hip, height, turn)
    pen.limb(look.second, 0.125 * height, hip, (0.0, 0.53 * height + bob))
    pen.limb(
        look.main, 0.15 * height, (0.004 * height, 0.57 * height + bob), (0.016 * height, 0.76 * height + bob)
    )
    if look.variant == 2:  # a rucksack
        pen.limb(
            shade(look.third, 1.6),
            0.1 * height,
            (-0.1 * height, 0.62 * height),
            (-0.09 * height, 0.74 * height),
        )
    _head(pen, look, (0.035 * height, 0.92 * height + bob), height)
    _arm(pen, look, shoulder, height, turn + math.pi, 1.0)


def _wheel(pen: Pen, x: float, radius: float, phase: int, rim: Colour) -> None:
    pen.disc(_TYRE, (x, radius), radius)
    pen.disc(rim, (x, radius), 0.66 * radius)
    for spoke in range(5):
        angle = 2 * math.pi * (spoke / 5 + phase / PHASES)
        end = (x + 0.62 * radius * math.cos(angle), radius - 0.62 * radius * math.sin(angle))
        pen.limb(shade(rim, 0.45), 0.12 * radius, (x, radius), end)
    pen.disc(_DARK, (x, radius), 0.18 * radius)


def _bike(pen: Pen, look: Look, phase: int) -> None:
    paint, dark = look.second, shade(look.second, 0.6)
    _wheel(pen, -0.62, 0.29, phase, _METAL)
    _wheel(pen, 0.62, 0.29, phase, _METAL)
    pen.limb(_METAL, 0.06, (0.62, 0.29), (0.48, 0.85))
    pen.poly(_DARK, (-0.45, 0.3), (0.1, 0.24), (0.2, 0.45), (-0.35, 0.52))
    pen.poly(dark, (-0.85, 0.62), (-0.3, 0.45), (0.05, 0.38), (-0.05, 0.68), (-0.8, 0.74))
    pen.poly(paint, (0.05, 0.3), (0.28, 0.36), (0.56, 0.95), (0.4, 1.0), (0.2, 0.5))
    pen.poly(paint, (0.38, 0.52), (0.62, 0.62), (0.9, 0.52), (0.62, 0.57))
    pen.limb(_DARK, 0.12, (-0.7, 0.76), (0.0, 0.74))
    pen.limb(_METAL, 0.08, (-0.1, 0.26), (-0.72, 0.34))
    pen.limb(_DARK, 0.05, (0.44, 0.98), (0.3, 1.06))
    pen.disc((250, 246, 220), (0.56, 0.93), 0.075)
    pen.limb((206, 30, 30), 0.07, (-0.86, 0.7), (-0.84, 0.66))


def _seated(pen: Pen, look: Look, x: float, main: Colour) -> None:
    """Draw somebody on the saddle whose hip is at `x`."""
    hip, shoulder = (x, 0.86), (x + 0.14, 1.34)
    pen.limb(shade(look.third, 0.9), 0.15, hip, (x + 0.36, 0.72), (x + 0.3, 0.36))
    pen.limb(_DARK, 0.09, (x + 0.28, 0.33), (x + 0.42, 0.31))
    pen.limb(main, 0.26, (x + 0.02, 0.92), (x + 0.11, 1.27))
    pen.limb(shade(main, 0.8), 0.1, shoulder, (x + 0.28, 1.08))
    pen.limb(look.skin, 0.08, (x + 0.28, 1.08), (x + 0.5, 1.05))
    pen.disc(look.skin, (x + 0.21, 1.53), 0.105)
    pen.disc(look.skin, (x + 0.17, 1.45), 0.075)
    pen.disc(shade(main, 1.25), (x + 0.18, 1.58), 0.135)
    pen.poly(look.skin, (x + 0.22, 1.45), (x + 0.33, 1.46), (x + 0.33, 1.56), (x + 0.22, 1.56))


def _rider(pen: Pen, look: Look, phase: int) -> None:
    _bike(pen, look, phase)
    if not look.ridden:
        return
    if look.variant == 1:
        _seated(pen, look, -0.56, look.third)
    elif look.variant == 2:  # a delivery box
        pen.poly(look.main, (-0.95, 0.8), (-0.45, 0.8), (-0.45, 1.25), (-0.95, 1.25))
        pen.poly(shade(look.main, 0.75), (-0.95, 1.18), (-0.45, 1.18), (-0.45, 1.25), (-0.95, 1.25))
    _seated(pen, look, -0.18, look.main)


def _car(pen: Pen, look: Look, phase: int) -> None:
    tall = look.variant % 2  # saloon or sport utility
    paint, low, roof = look.main, 0.3, 1.45 + 0.22 * tall
    tail = -2.02 if tall else -1.55
    pen.poly(shade(paint, 0.55), (-2.1, low), (2.1, low), (2.15, 0.5), (-2.15, 0.5))
    body = [(-2.15, 0.45), (2.16, 0.45), (2.14, 0.74), (1.95, 0.86), (1.05, 0.97)]
    cabin = [(0.35, roof - 0.03), (-0.1, roof), (-1.0 - 0.5 * tall, roof), (tail, 1.02), (-2.12, 0.96)]
    pen.poly(paint, *body, *cabin)
    pen.poly(shade(paint, 0.78), (-2.15, 0.45), (2.16, 0.45), (2.15, 0.62), (-2.15, 0.62))
    sill, lintel = 0.99, roof - 0.1
    pen.poly(_GLASS, (-0.22, sill), (0.82, sill), (0.28, lintel), (-0.22, lintel))
    pen.poly(_GLASS, (tail + 0.25, sill), (-0.32, sill), (-0.32, lintel), (-0.95 - 0.42 * tall, lintel))
    pen.poly(shade(_GLASS, 1.5), (0.3, sill), (0.5, sill), (0.16, lintel), (-0.02, lintel))
    for x in (-0.27, 0.86):
        pen.limb(shade(paint, 0.6), 0.025, (x, 0.97), (x, 0.5))
    pen.limb(_METAL, 0.04, (-0.5, 0.84), (-0.36, 0.84))
    pen.limb((252, 248, 226), 0.12, (2.0, 0.76), (1.86, 0.78))
    pen.limb((200, 24, 24), 0.13, (-2.06, 0.86), (-2.06, 0.78))
    for x in (-1.32, 1.36):
        pen.disc(_DARK, (x, 0.4), 0.4)
        _wheel(pen, x, 0.33, phase, (176, 178, 182))


_DRAW: Mapping[Kind, tuple[Callable[[Pen, Look, int], None], tuple[float, float]]] = MappingProxyType(
    {
        Kind.PERSON: (_walker, (1.3, 2.1)),
        Kind.TWO_WHEELER: (_rider, (2.2, 1.85)),
        Kind.CAR: (_car, (4.5, 1.85)),
    }
)
#: Width and height in metres of what is drawn: the boxes of the truth.
EXTENT: Mapping[Kind, tuple[float, float]] = MappingProxyType(
    {Kind.PERSON: (0.75, 1.7), Kind.TWO_WHEELER: (1.85, 1.72), Kind.CAR: (4.35, 1.56)}
)


def _reduced(image: Image.Image) -> Image.Image:
    return image.resize((max(1, image.width // _FINE), max(1, image.height // _FINE)), Image.Resampling.BOX)


def _shadow(alpha: Image.Image, foot: tuple[int, int]) -> tuple[NDArray[np.uint16], tuple[int, int]]:
    """Lay the silhouette on the ground: height goes right and away from the camera."""
    right, away = _SHADOW
    width = alpha.width + math.ceil(right * alpha.height)
    height = max(2, math.ceil(away * alpha.height) + 1)
    # for the output pixel (x, y): h = (height - y) / away above the ground, taken from x - right * h
    matrix = (1.0, right / away, -right * height / away, 0.0, 1 / away, alpha.height - height / away)
    flat = alpha.transform((width, height), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    cover = np.asarray(flat, np.uint16)[..., None]
    return np.asarray(256 - cover * 110 // 256, np.uint16), (foot[0], height)


@lru_cache(maxsize=128)  # eight movers in twelve phases, and some to spare
def sprite(look: Look, phase: int, scale: float, facing: int) -> Sprite:
    """Return a figure at `scale` pixels per metre, walking or rolling phase 0..PHASES-1, facing 1 or -1."""
    draw, extent = _DRAW[look.kind]
    pen = Pen((extent[0] * look.size, extent[1] * look.size), scale * _FINE)
    draw(pen, look, phase)
    image = _reduced(pen.image)
    if facing < 0:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    pixels = np.asarray(image, np.uint16)
    alpha = pixels[..., 3:]
    cover = alpha + alpha // 128  # 255 becomes 256
    foot = (image.width // 2, image.height)
    shadow, shadow_foot = _shadow(image.getchannel("A"), foot)
    colour = np.asarray((pixels[..., :3] * cover) >> 8, np.uint8)
    return Sprite(colour, np.asarray(256 - cover, np.uint16), foot, shadow, shadow_foot)
