"""The street without traffic: house fronts, pavements, road, trees, poles, and the light on them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from drivers.virtual.street.figures import Colour, shade
from drivers.virtual.street.lens import FAR_KERB, FRONTS, MIDDLE, NEAR_KERB, Lens

_FINE = 2
_WALLS: tuple[Colour, ...] = (
    (214, 186, 122), (176, 200, 186), (206, 158, 138), (216, 208, 190), (150, 176, 196), (196, 190, 150),
)  # fmt: skip
_SIGNS: tuple[Colour, ...] = ((178, 34, 40), (24, 92, 160), (22, 120, 84), (226, 148, 30), (120, 46, 120))
_GLASS: Colour = (74, 92, 104)
_WARM: Colour = (255, 214, 150)
#: Colours of the ground by the sun: pavement, kerb, asphalt, marking.
_PAVING, _KERB, _ASPHALT, _MARK = (168, 158, 146), (196, 192, 184), (98, 98, 102), (214, 214, 208)
_AMBIENT = np.array([0.17, 0.19, 0.27], np.float32)
_LAMP = np.array([1.0, 0.8, 0.5], np.float32)
#: Shops that may stand on the ground floor.
_LIT = MappingProxyType({"open": 0.9, "shutter": 0.0, "glass": 0.65})


@dataclass(frozen=True, slots=True)
class Backdrop:
    """The street's background.

    Attributes:
        image: RGB picture of the whole street.
        light: (h, w) float32 at an eighth of the size; how bright a figure is there, 1 in daylight.
    """

    image: Image.Image
    light: NDArray[np.float32]

    def lit(self, u: float, v: float) -> float:
        """Return the light at a normalised point."""
        rows, columns = self.light.shape
        row, column = int(v * rows), int(u * columns)
        return float(self.light[min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)])


class _Painter:
    """Draws in metres of the street onto two layers: what is seen by day, and what glows at night."""

    def __init__(self, lens: Lens, rng: np.random.Generator) -> None:
        self.rng = rng
        self.lens = Lens(lens.width * _FINE, lens.height * _FINE)
        size = (self.lens.width, self.lens.height)
        self.day = Image.new("RGB", size, (186, 206, 222))
        self.glow = Image.new("RGB", size)
        self._day, self._glow = ImageDraw.Draw(self.day), ImageDraw.Draw(self.glow)

    def pick(self, colours: tuple[Colour, ...]) -> Colour:
        return colours[int(self.rng.integers(len(colours)))]

    def ground(self, colour: Colour, x0: float, z0: float, x1: float, z1: float) -> None:
        """Fill a rectangle of the ground."""
        corners = [(x0, z0), (x1, z0), (x1, z1), (x0, z1)]
        self._day.polygon([self.lens.point(x, z) for x, z in corners], fill=colour)

    def wall(
        self,
        colour: Colour,
        x0: float,
        low: float,
        x1: float,
        high: float,
        glow: float = 0.0,
        z: float = FRONTS,
        tint: Colour = _WARM,
    ) -> None:
        """Fill an upright rectangle, `low` to `high` metres over the ground; it glows in `tint` at night."""
        left, top = self.lens.point(x0, z, high)
        right, bottom = self.lens.point(x1, z, low)
        box = (left, top, max(left, right), max(top, bottom))
        self._day.rectangle(box, fill=colour)
        self._glow.rectangle(box, fill=shade(tint, glow))

    def disc(self, colour: Colour, x: float, up: float, radius: float, z: float) -> None:
        """Fill an upright disc."""
        (u, v), r = self.lens.point(x, z, up), radius * self.lens.scale(z)
        self._day.ellipse((u - r, v - r, u + r, v + r), fill=colour)
        self._glow.ellipse((u - r, v - r, u + r, v + r), fill=(0, 0, 0))

    def curve(self, colour: Colour, points: list[tuple[float, float]], width: float, z: float) -> None:
        """Draw a line through upright points (x, up); `width` in metres."""
        pixels = [self.lens.point(x, z, up) for x, up in points]
        self._day.line(pixels, fill=colour, width=max(1, round(width * self.lens.scale(z))))


def _window(paint: _Painter, x0: float, low: float, x1: float, high: float) -> None:
    glow = 0.75 if paint.rng.random() < 0.35 else 0.0
    paint.wall((232, 230, 222), x0 - 0.08, low - 0.08, x1 + 0.08, high + 0.08)
    paint.wall(_GLASS, x0, low, x1, high, glow)
    paint.wall(shade(_GLASS, 1.35), x0 + 0.1, low + 0.55 * (high - low), (x0 + x1) / 2, high - 0.1, glow)
    middle = (x0 + x1) / 2
    paint.wall((232, 230, 222), middle - 0.03, low, middle + 0.03, high)


def _sign(paint: _Painter, x0: float, x1: float) -> None:
    colour = paint.pick(_SIGNS)
    paint.wall(colour, x0, 2.75, x1, 3.35, 0.7, tint=colour)
    cursor = x0 + 0.35
    while cursor < x1 - 0.6:  # strokes that look like lettering from afar
        width = float(paint.rng.uniform(0.12, 0.3))
        paint.wall((246, 240, 224), cursor, 2.93, cursor + width, 3.17, 1.0)
        cursor += width + (0.08 if paint.rng.random() < 0.8 else 0.3)


def _shop(paint: _Painter, x0: float, x1: float) -> None:
    style = ("open", "shutter", "glass")[int(paint.rng.integers(3))]
    glow = _LIT[style]
    left, right = x0 + 0.3, x1 - 0.3
    if style == "shutter":
        paint.wall((152, 158, 164), left, 0.05, right, 2.65)
        for rib in np.arange(0.15, 2.6, 0.17):
            paint.wall((126, 132, 138), left, float(rib), right, float(rib) + 0.04)
        return
    paint.wall((66, 60, 56) if style == "open" else _GLASS, left, 0.05, right, 2.65, glow)
    for x in np.arange(left + 0.2, right - 0.4, 0.62):
        for shelf in (0.5, 1.1, 1.7):
            goods = paint.pick((*_SIGNS, *_WALLS))
            paint.wall(shade(goods, 0.75), float(x), shelf, float(x) + 0.42, shelf + 0.36, 0.7 * glow)
    if style == "glass":
        for x in (left + (right - left) / 3, left + 2 * (right - left) / 3):
            paint.wall((210, 210, 206), x - 0.04, 0.05, x + 0.04, 2.65)


def _balcony(paint: _Painter, x0: float, x1: float, wall: Colour) -> None:
    paint.wall(shade(wall, 0.62), x0 + 0.1, 3.42, x1 - 0.1, 3.6)
    for x in np.arange(x0 + 0.2, x1 - 0.2, 0.22):
        paint.wall((60, 62, 66), float(x), 3.6, float(x) + 0.05, 4.35)
    paint.wall((60, 62, 66), x0 + 0.1, 4.35, x1 - 0.1, 4.43)


def _house(paint: _Painter, x0: float, x1: float) -> None:
    wall = paint.pick(_WALLS)
    paint.wall(wall, x0, 0, x1, 9)
    paint.wall(shade(wall, 0.72), x1 - 0.14, 0, x1, 9)
    paint.wall(shade(wall, 0.6), x0, 0, x1, 0.18)
    _shop(paint, x0, x1)
    _sign(paint, x0 + 0.15, x1 - 0.2)
    middle = (x0 + x1) / 2
    _window(paint, x0 + 0.6, 3.75, middle - 0.25, 5.4)
    _window(paint, middle + 0.25, 3.75, x1 - 0.6, 5.4)
    if paint.rng.random() < 0.6:
        _balcony(paint, x0, x1, wall)
    else:  # an air conditioner
        paint.wall((224, 224, 220), middle - 0.4, 3.45, middle + 0.4, 3.72)


def _awning(paint: _Painter, x0: float, x1: float) -> None:
    colour = paint.pick(_SIGNS)
    for index, x in enumerate(np.arange(x0, x1 - 0.3, 0.4)):
        tone = colour if index % 2 else (236, 232, 222)
        paint.wall(tone, float(x), 2.3, float(x) + 0.4, 2.75, 0.15, z=FRONTS - 0.8, tint=tone)


def _houses(paint: _Painter) -> None:
    end = paint.lens.reach(FRONTS) + 1
    x = -end - float(paint.rng.uniform(0, 3))
    while x < end:
        width = float(paint.rng.uniform(3.6, 5.2))
        _house(paint, x, x + width)
        if paint.rng.random() < 0.4:
            _awning(paint, x + 0.3, x + width - 0.2)
        x += width


def _ground(paint: _Painter) -> None:
    far, near = paint.lens.reach(FRONTS) + 1, 6.0
    paint.ground(_PAVING, -far, FAR_KERB, far, FRONTS)
    paint.ground(_ASPHALT, -far, NEAR_KERB, far, FAR_KERB)
    paint.ground(_PAVING, -far, near, far, NEAR_KERB)
    for z in (*np.arange(FAR_KERB + 0.5, FRONTS, 0.7), *np.arange(near, NEAR_KERB - 0.3, 0.6)):
        paint.ground(shade(_PAVING, 0.88), -far, float(z), far, float(z) + 0.05)
    for x in np.arange(-far, far, 0.6):
        paint.ground(shade(_PAVING, 0.9), float(x), near, float(x) + 0.03, NEAR_KERB)
        paint.ground(shade(_PAVING, 0.9), float(x), FAR_KERB, float(x) + 0.04, FRONTS)
    paint.ground(shade(_PAVING, 0.72), -far, FRONTS - 0.35, far, FRONTS)  # the houses' shade
    paint.ground(_KERB, -far, FAR_KERB, far, FAR_KERB + 0.22)
    paint.ground(shade(_ASPHALT, 0.7), -far, FAR_KERB - 0.18, far, FAR_KERB)
    paint.ground(_KERB, -far, NEAR_KERB - 0.2, far, NEAR_KERB)
    paint.ground(shade(_ASPHALT, 0.8), -far, NEAR_KERB, far, NEAR_KERB + 0.12)
    for x in np.arange(-far, far, 3.0):
        paint.ground(_MARK, float(x), MIDDLE - 0.06, float(x) + 1.5, MIDDLE + 0.06)


def _cover(paint: _Painter) -> None:
    """Put a manhole cover and a patch of newer asphalt on the road, so that no street is bare."""
    x = float(paint.rng.uniform(-4, 4))
    paint.ground(shade(_ASPHALT, 0.9), x, NEAR_KERB + 0.6, x + float(paint.rng.uniform(1.5, 3)), MIDDLE - 0.5)
    x = float(paint.rng.uniform(-4, 4))
    paint.ground(shade(_ASPHALT, 0.62), x, MIDDLE + 0.8, x + 0.7, MIDDLE + 1.5)
    paint.ground(shade(_ASPHALT, 0.85), x + 0.08, MIDDLE + 0.9, x + 0.62, MIDDLE + 1.4)


def _tree(paint: _Painter, x: float) -> None:
    z, rng = FRONTS - 0.4, paint.rng
    paint.ground((92, 80, 62), x - 0.5, z - 0.45, x + 0.5, z + 0.35)
    paint.wall((98, 78, 58), x - 0.13, 0, x + 0.13, 3.6, z=z)
    paint.wall((78, 62, 46), x + 0.05, 0, x + 0.13, 3.6, z=z)
    for layer in range(3):
        for _ in range(24):
            angle, far = float(rng.uniform(0, 2 * math.pi)), float(rng.uniform(0, 1.25 - 0.25 * layer))
            green = shade((62, 104, 58), 0.72 + 0.24 * layer + float(rng.uniform(-0.08, 0.08)))
            centre = (x + 1.25 * far * math.cos(angle), 4.5 + 0.18 * layer + 0.75 * far * math.sin(angle))
            paint.disc(green, *centre, float(rng.uniform(0.16, 0.4)), z)


def _pole(paint: _Painter, x: float) -> None:
    z = FRONTS - 0.2
    paint.wall((138, 136, 130), x - 0.12, 0, x + 0.12, 9, z=z)
    paint.wall((112, 110, 106), x + 0.04, 0, x + 0.12, 9, z=z)
    paint.wall((84, 84, 84), x - 0.3, 3.3, x + 0.3, 4.0, z=z)
    reach = paint.lens.reach(z) + 1
    for cable in range(5):
        up, sag = 5.55 - 0.13 * cable, 0.25 + 0.05 * cable
        steps = np.linspace(-1, 1, 25)
        points = [(x + float(s) * 2 * reach, up - sag + sag * abs(2 * abs(float(s)) - 1) ** 2) for s in steps]
        paint.curve((40, 40, 42), points, 0.035, z)


def _lamps(lens: Lens, centres: tuple[float, ...]) -> NDArray[np.float32]:
    """Return the street lamps' light, (h, w), at an eighth of the size."""
    height, width = max(2, lens.height // 8), max(2, lens.width // 8)
    rows, columns = np.mgrid[0:height, 0:width]
    light = np.zeros((height, width), np.float32)
    for x in centres:
        u, v = lens.point(x, MIDDLE + 1)
        across, along = 3.6 * lens.scale(MIDDLE), 1.7 * lens.scale(MIDDLE)
        light += np.exp(-(((columns * 8 - u) / across) ** 2) - ((rows * 8 - v) / along) ** 2)
    return np.asarray(0.25 + 0.6 * np.minimum(light, 1), np.float32)


def _grain(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the roughness of walls and asphalt: fine grain over soft stains."""
    rows, columns = shape
    stains = Image.fromarray(rng.normal(0, 4, (rows // 24 + 1, columns // 24 + 1)).astype(np.float32))
    soft = np.asarray(stains.resize((columns, rows), Image.Resampling.BICUBIC))
    return np.asarray(soft + rng.normal(0, 3, shape), np.float32)


def _by_night(
    day: NDArray[np.float32], glow: NDArray[np.float32], light: NDArray[np.float32]
) -> NDArray[np.float32]:
    rows, columns = day.shape[:2]
    wide = Image.fromarray(light).resize((columns, rows), Image.Resampling.BILINEAR)
    lamp = (np.asarray(wide)[..., None] - 0.25) * _LAMP
    return np.asarray(day * (_AMBIENT + lamp) + glow * 0.75, np.float32)


def paint(lens: Lens, rng: np.random.Generator, *, night: bool) -> Backdrop:
    """Paint one street; the generator decides what stands in it."""
    painter = _Painter(lens, rng)
    _ground(painter)
    _cover(painter)
    _houses(painter)
    for x in (float(rng.uniform(-8, -4)), float(rng.uniform(3, 8))):
        _tree(painter, x)
    pole = float(rng.uniform(-3, 3))
    _pole(painter, pole)
    size = (lens.width, lens.height)
    day = np.asarray(painter.day.resize(size, Image.Resampling.BOX), np.float32)
    day = day + _grain((lens.height, lens.width), rng)[..., None]
    light = np.ones((1, 1), np.float32)
    if night:
        glow = np.asarray(painter.glow.resize(size, Image.Resampling.BOX), np.float32)
        light = _lamps(lens, (pole - 6.5, pole, pole + 6.5))
        day = _by_night(day, glow, light)
    return Backdrop(Image.fromarray(day.clip(0, 255).astype(np.uint8)), light)
