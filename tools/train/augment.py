"""From packed pictures to samples: geometry (with boxes and the teacher's maps), then light and noise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tools.train.pack import BOX, Entry, Floats, Pack, Pixels
from tools.train.settings import CLASSES, GREY, PERSON, STRIDES
from tools.train.teacher import SIZE, Maps

#: Part of a box that must stay visible, and pixels of its shorter side, for it to be asked for.
_VISIBLE, _LEAST = 0.3, 3.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What the net sees and should say.

    Attributes:
        pixels: (h, w, 3) RGB.
        boxes: (n, `BOX`) to be found; `unsure`: (m, `BOX`) regions in which a class is not judged.
        soft: (points, classes) the teacher's scores on the net's grid.
    """

    pixels: Pixels
    boxes: Floats
    unsure: Floats
    soft: Floats


Area = tuple[int, int, int, int]  #: x0, y0, x1, y1 on the canvas


class Canvas:
    """A sample in the making: pictures are laid on it, each into an area of its own."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.width, self.height = size
        self.pixels = np.full((self.height, self.width, 3), GREY, np.uint8)
        self.soft = [np.zeros((self.height // s, self.width // s, len(CLASSES)), np.float32) for s in STRIDES]
        self.boxes: list[Floats] = []
        self.unsure: list[Floats] = []

    def lay(self, pack: Pack, maps: Maps, number: int, matrix: Floats, area: Area) -> None:
        """Lay one picture on an area.

        Args:
            matrix: (2, 3), pixels of the picture to pixels of the canvas; no rotation.
        """
        picture, (x0, y0, x1, y1) = pack.picture(number), area
        moved = matrix - np.array([[0, 0, x0], [0, 0, y0]], np.float32)
        how = cv2.INTER_LINEAR
        if abs(matrix[1, 1]) < 0.6:  # shrunk further than the filter reaches: halve it first
            picture = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            moved = moved * np.array([2, 2, 1], np.float32)
        self.pixels[y0:y1, x0:x1] = cv2.warpAffine(
            picture, moved, (x1 - x0, y1 - y0), flags=how, borderValue=(GREY, GREY, GREY)
        )
        self._soften(pack, maps, number, matrix, area)
        self._box(pack.boxes(number), matrix, area)

    def _soften(self, pack: Pack, maps: Maps, number: int, matrix: Floats, area: Area) -> None:
        """Bend the teacher's maps like the picture, each from the level of the fitting scale."""
        entry, levels = pack.entries[number], maps.levels(number)
        known = SIZE / max(entry.width, entry.height)  # the teacher's pixels per pixel of the picture
        zoom = abs(float(matrix[1, 1])) / known
        for target, stride in zip(self.soft, STRIDES, strict=True):
            level = int(np.clip(np.rint(np.log2(stride / zoom / STRIDES[0])), 0, len(STRIDES) - 1))
            cell = STRIDES[level] / known  # pixels of the picture
            bent = np.empty((2, 3), np.float32)
            bent[:, :2] = matrix[:, :2] * cell / stride
            bent[:, 2] = (matrix[:, :2].sum(axis=1) * cell / 2 + matrix[:, 2]) / stride - 0.5
            x0, y0, x1, y1 = (round(side / stride) for side in area)
            bent[:, 2] -= (x0, y0)
            if x1 > x0 and y1 > y0:
                target[y0:y1, x0:x1] = cv2.warpAffine(levels[level], bent, (x1 - x0, y1 - y0))

    def _box(self, boxes: Floats, matrix: Floats, area: Area) -> None:
        if not len(boxes):
            return
        corners = boxes[:, 1:5].reshape(-1, 2, 2) * np.diag(matrix[:, :2]) + matrix[:, 2]
        low, high = corners.min(axis=1), corners.max(axis=1)
        inside = np.clip(np.concatenate([low, high], axis=1), np.tile(area[:2], 2), np.tile(area[2:], 2))
        sides = inside[:, 2:] - inside[:, :2]
        kept = sides.prod(axis=1) >= _VISIBLE * (high - low).prod(axis=1)
        kept &= sides.min(axis=1) >= _LEAST
        moved = np.concatenate([boxes[:, :1], inside, boxes[:, 5:]], axis=1).astype(np.float32)
        touching = sides.min(axis=1) > 0
        self.boxes.append(moved[kept])
        self.unsure.append(moved[~kept & touching])

    def done(self) -> Sample:
        """Return the sample: a rider is no person to be found, and none to be denied."""
        boxes = np.concatenate([*self.boxes, np.empty((0, BOX), np.float32)])
        riders = boxes[boxes[:, 0] == 1].copy()
        riders[:, 0] = 0
        unsure = np.concatenate([*self.unsure, riders, np.empty((0, BOX), np.float32)])
        soft = np.concatenate([level.reshape(-1, len(CLASSES)) for level in self.soft])
        return Sample(self.pixels, boxes, unsure, soft)


def _placed(
    rng: Generator, pack: Pack, number: int, size: tuple[int, int], zoom: tuple[float, float], *, flip: bool
) -> Floats:
    """Return a matrix that scales a picture by chance (1: just all of it) and lays it where it shows."""
    entry = pack.entries[number]
    scale = min(size[0] / entry.width, size[1] / entry.height)
    scale *= float(np.exp(rng.uniform(np.log(zoom[0]), np.log(zoom[1]))))
    stretch = float(np.exp(rng.uniform(-0.12, 0.12)))
    sx, sy = scale * stretch, scale / stretch
    room = size[0] - entry.width * sx, size[1] - entry.height * sy
    left, top = (float(rng.uniform(min(0, free), max(0, free))) for free in room)
    return _matrix(entry, (sx, sy), (left, top), flip=flip)


def _matrix(entry: Entry, scale: tuple[float, float], corner: tuple[float, float], *, flip: bool) -> Floats:
    """Return the matrix that lays a whole picture's upper left corner there."""
    (sx, sy), (left, top) = scale, corner
    if flip:
        return np.array([[-sx, 0, left + entry.width * sx], [0, sy, top]], np.float32)
    return np.array([[sx, 0, left], [0, sy, top]], np.float32)


def _around(rng: Generator, entry: Entry, box: Floats, size: tuple[int, int], *, flip: bool) -> Floats:
    """Return a matrix that shows a box at a size by chance, with no more beyond the picture than must be."""
    wide, high = float(box[2] - box[0]), float(box[3] - box[1])
    whole = min(size[0] / entry.width, size[1] / entry.height)
    share = float(np.exp(rng.uniform(np.log(0.15), np.log(0.95))))
    scale = min(share * size[1] / high, 0.95 * size[0] / wide)
    scale = float(np.clip(scale, 0.6 * whole, 5 * whole))
    stretch = float(np.exp(rng.uniform(-0.12, 0.12)))
    sides = (scale * stretch, scale / stretch)
    x0 = entry.width - float(box[2]) if flip else float(box[0])
    corner = []
    for at, length, side, part, total in zip(
        (x0, float(box[1])), (wide, high), sides, size, (entry.width, entry.height), strict=True
    ):
        free, room = part - length * side, part - total * side
        place = float(rng.uniform(min(0, free), max(0, free))) - at * side
        corner.append(float(np.clip(place, min(0, room), max(0, room))))
    return _matrix(entry, sides, (corner[0], corner[1]), flip=flip)


def single(rng: Generator, pack: Pack, maps: Maps, number: int, size: tuple[int, int]) -> Sample:
    """Return one picture, smaller or larger than the canvas."""
    canvas = Canvas(size)
    matrix = _placed(rng, pack, number, size, (0.6, 1.9), flip=rng.random() < 0.5)
    canvas.lay(pack, maps, number, matrix, (0, 0, *size))
    return canvas.done()


def near(rng: Generator, pack: Pack, maps: Maps, number: int, size: tuple[int, int]) -> Sample:
    """Return the part of a picture around one of its objects, as the engine cuts it where something moves."""
    boxes = pack.boxes(number)
    if not len(boxes):
        return single(rng, pack, maps, number, size)
    odds = np.where(boxes[:, 0] == PERSON, 2.0, 1.0)
    box = boxes[rng.choice(len(boxes), p=odds / odds.sum())]
    canvas = Canvas(size)
    matrix = _around(rng, pack.entries[number], box[1:5], size, flip=rng.random() < 0.5)
    canvas.lay(pack, maps, number, matrix, (0, 0, *size))
    return canvas.done()


def mosaic(rng: Generator, pack: Pack, maps: Maps, numbers: list[int], size: tuple[int, int]) -> Sample:
    """Return four pictures around a point: more objects, other neighbourhoods."""
    canvas = Canvas(size)
    x, y = (int(side * rng.uniform(0.3, 0.7) / 8) * 8 for side in size)
    areas = ((0, 0, x, y), (x, 0, size[0], y), (0, y, x, size[1]), (x, y, size[0], size[1]))
    for number, area in zip(numbers, areas, strict=True):
        inner = area[2] - area[0], area[3] - area[1]
        matrix = _placed(rng, pack, number, inner, (0.9, 2.6), flip=rng.random() < 0.5)
        matrix[:, 2] += area[:2]
        canvas.lay(pack, maps, number, matrix, area)
    return canvas.done()


def lit(rng: Generator, pixels: Pixels) -> Pixels:
    """Return the picture under other light: colour, gamma, grey, dusk, blur, noise, JPEG."""
    if rng.random() < 0.6:
        hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(np.int16) + int(rng.integers(-9, 10))) % 180
        hsv[..., 1] = cv2.multiply(hsv[..., 1], float(rng.uniform(0.4, 1.5)))
        pixels = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    if rng.random() < 0.7:
        pixels = cv2.LUT(pixels, _curve(rng))
    if rng.random() < 0.12:  # a camera at night sees infrared
        pixels = np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    if rng.random() < 0.12:
        pixels = cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.4, 1.3)))
    if rng.random() < 0.15:
        grain = rng.standard_normal(pixels.shape, np.float32) * float(rng.uniform(2, 10))
        pixels = np.clip(pixels + grain, 0, 255).astype(np.uint8)
    if rng.random() < 0.12:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 70))]
        pixels = cv2.imdecode(cv2.imencode(".jpg", pixels, quality)[1], cv2.IMREAD_COLOR)
    return pixels


def _curve(rng: Generator) -> NDArray[np.uint8]:
    """Return a table of 256: gamma, contrast, brightness."""
    levels = np.linspace(0, 1, 256) ** float(np.exp(rng.uniform(-0.5, 0.5)))
    levels = (levels - 0.5) * float(rng.uniform(0.75, 1.25)) + 0.5 + float(rng.uniform(-0.1, 0.1))
    return np.asarray(np.clip(levels * 255, 0, 255), np.uint8)
