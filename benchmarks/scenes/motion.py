"""Scenes whose moving pixels are known exactly: who judges motion detectors asks here what was really there.

A scene is a background (drawn, or a real photograph), one disturbance (noise, night, light, a camera that shakes,
shadows, leaves, water, a coarse encoder) and people and cars that cross it, linger and leave; two fifths of the
pictures are quiet. Things are drawn with soft edges at sub-pixel places; a pixel counts as moving where a thing
covers half of it. Shadows, light and leaves never count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from scenes.motion_pictures import HEIGHT, MARGIN, SIZE, WIDTH, Grey, Mask, car, drawn, grain, person, real

FPS = 5
WARM = (
    50  #: pictures at the beginning that nobody is judged by, and in which nothing moves but the disturbance
)
COUNT = 150

Picture = NDArray[np.uint8]
Truth = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that crosses: its look, when it is there and where its upper left corner is."""

    surface: Grey
    mask: Mask
    begin: int
    places: list[tuple[float, float]]

    def at(self, number: int) -> tuple[float, float] | None:
        """Return its place in one picture; None: it is not there."""
        step = number - self.begin
        return self.places[step] if 0 <= step < len(self.places) else None


class Stage:
    """What a disturbance may do: to the background, to what is laid over it, to the finished picture."""

    shadow = 1.0
    noise = 2.5
    traffic = False

    def __init__(self, rng: np.random.Generator, background: Grey) -> None:
        self.background = background
        self.seed = int(rng.integers(1 << 30))
        self.y, self.x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float32)

    def chance(self, number: int) -> np.random.Generator:
        """Return what is random in one picture."""
        return np.random.default_rng((self.seed, number))

    def still(self, number: int) -> Grey:
        """Return the background as it is in one picture."""
        return self.background

    def lit(self, picture: Grey, number: int) -> Grey:
        """Return a picture, things and all, under that picture's light."""
        return picture

    def shift(self, number: int) -> tuple[float, float]:
        """Return how far the camera sways, pixels right and down."""
        return 0.0, 0.0


class Night(Stage):
    """Little light, much gain: dark, low contrast, strong noise."""

    noise = 9.0

    def lit(self, picture: Grey, number: int) -> Grey:
        """Return a picture under that picture's light."""
        return picture * np.float32(0.38) + np.float32(12)


class Exposure(Stage):
    """The whole picture jumps every few seconds: automatic exposure."""

    def lit(self, picture: Grey, number: int) -> Grey:
        """Return a picture under that picture's light."""
        level = self.chance(number // 23).uniform(0.68, 1.3)
        return picture * np.float32(level if number > WARM - 12 else 1.0)


class Lamp(Stage):
    """A lamp lights a part of the picture, on and off; headlights sweep over it in between."""

    def lit(self, picture: Grey, number: int) -> Grey:
        """Return a picture under that picture's light."""
        y, x = self.y, self.x
        where = self.seed % 3 * 200 + 120
        light = np.float32(0.75) + np.zeros_like(picture)
        if number // 19 % 2:
            light += np.exp(-((x - where) ** 2 + (y - 120) ** 2) / np.float32(2 * 170**2)) * np.float32(0.65)
        if number % 57 > 50:
            beam = (number % 57 - 50) * 110
            light += np.exp(-((x - beam) ** 2 / 9000 + (y - 260) ** 2 / 12000)) * np.float32(0.6)
        return picture * light


class Shake(Stage):
    """A mast in the wind: the picture sways by several pixels, a little of it at every picture."""

    def shift(self, number: int) -> tuple[float, float]:
        """Return how far the camera sways."""
        gust = 0.35 + 0.65 * np.sin(number / 17) ** 2
        own = self.chance(number)
        dx = 5.5 * np.sin(number * 1.9) + own.normal(0, 1.6)
        dy = 2.5 * np.sin(number * 2.7 + 1) + own.normal(0, 0.9)
        return float(dx * gust), float(dy * gust)


class Shadows(Stage):
    """Hard sun: everything casts a shadow beside itself, and a cloud passes slowly."""

    shadow = 0.58

    def lit(self, picture: Grey, number: int) -> Grey:
        """Return a picture under that picture's light."""
        x = np.arange(SIZE[0], dtype=np.float32)[None]
        cloud = 1 - 0.25 / (1 + np.exp((np.abs(x - number * 6 + 200) - 180) / 30))
        return picture * cloud.astype(np.float32)


class Leaves(Stage):
    """Trees in the wind over a part of the picture; people walk before them too."""

    def __init__(self, rng: np.random.Generator, background: Grey) -> None:
        super().__init__(rng, background)
        self.foliage = np.clip(95 + grain(rng, 2.2, 32) + grain(rng, 9, 18), 5, 235).astype(np.float32)
        crown = np.zeros(SIZE[::-1], np.float32)
        for _ in range(3):
            place = (int(rng.integers(0, SIZE[0])), int(rng.integers(60, 270)))
            cv2.ellipse(
                crown, place, (int(rng.integers(60, 120)), int(rng.integers(50, 110))), 0, 0, 360, 1.0, -1
            )
        self.crown = cv2.GaussianBlur(crown, (0, 0), 3)

    def still(self, number: int) -> Grey:
        """Return the background as it is in one picture."""
        y, x = self.y, self.x
        wind = np.float32(0.5 + 0.5 * np.sin(number / 23) ** 2)
        t = number / FPS
        dx = wind * (3.0 * np.sin(t * 4.1 + x / 37 + y / 53) + 2.5 * np.sin(t * 7.3 + y / 11 - x / 17))
        dy = wind * (2.0 * np.sin(t * 5.2 - x / 29 + y / 31) + 1.5 * np.sin(t * 8.9 + x / 9))
        tree = cv2.remap(self.foliage, x + dx.astype(np.float32), y + dy.astype(np.float32), cv2.INTER_LINEAR)
        return np.asarray(self.background * (1 - self.crown) + tree * self.crown, np.float32)


class Water(Stage):
    """A canal across the picture: glints that run, nothing of them twice at the same place."""

    def still(self, number: int) -> Grey:
        """Return the background as it is in one picture."""
        y, x = self.y, self.x
        t = number / FPS
        waves = np.sin(x / 9 + 1.3 * np.sin(y / 13 + t) + t * 3.1) + np.sin(y / 4 - x / 23 - t * 4.3)
        glint = np.maximum(waves + np.sin(x / 5 + y / 3 + t * 6.7) - 1.6, 0) * 60
        band = 1 / (1 + np.exp((np.abs(y - 260) - 45) / 3))
        canal = 70 + waves * 10 + glint
        return np.asarray(self.background * (1 - band) + canal * band, np.float32)


class Road(Stage):
    """Two lanes that are hardly ever empty."""

    traffic = True


SCENES: dict[str, type[Stage]] = {
    "noise": Stage, "night": Night, "exposure": Exposure, "lamp": Lamp, "shake": Shake, "shadows": Shadows,
    "leaves": Leaves, "water": Water, "encoder": Stage, "road": Road,
}  # fmt: skip


def pictures(name: str, *, seed: int, photographed: bool = False) -> Iterator[tuple[Picture, Truth]]:
    """Yield `COUNT` pictures of 640x360 at `FPS` and their exact masks.

    Args:
        name: One of `SCENES`.
        seed: Everything random follows from it.
        photographed: The background is a real picture (they lie beside the checkout, not in it).
    """
    rng = np.random.default_rng(seed)
    stage = SCENES[name](rng, (real if photographed else drawn)(rng))
    things = _traffic(rng) if stage.traffic else [_thing(rng, begin) for begin in _beginnings(rng)]
    made = (_picture(stage, things, number) for number in range(COUNT))
    return _coded(made) if name == "encoder" else made


def _beginnings(rng: np.random.Generator) -> list[int]:
    """Return when things come: one at a time, sometimes two, with as long a pause between."""
    found, number = [], WARM
    while number < COUNT - 20:
        found += [number] * int(rng.integers(1, 3))
        number += int(rng.integers(38, 52))
    return found


def _thing(rng: np.random.Generator, begin: int) -> Thing:
    make, high = (person, rng.integers(60, 150)) if rng.random() < 0.65 else (car, rng.integers(40, 90))
    surface, mask = make(rng, int(high))
    wide, length, side = mask.shape[1], int(rng.integers(18, 30)), rng.random() < 0.5
    ground = MARGIN + HEIGHT * rng.uniform(0.55, 0.97) - high
    ways = np.linspace(MARGIN - wide, MARGIN + WIDTH, length) if make is car else _stroll(rng, wide, length)
    places = [(float(x), float(ground)) for x in (ways if side else ways[::-1])]
    return Thing(surface, mask, begin, places)


def _traffic(rng: np.random.Generator) -> list[Thing]:
    """Return cars on two lanes, one after the other."""
    found = []
    for lane in range(2):
        number, high, pace = WARM // 2, int(rng.integers(45, 75)), float(rng.uniform(18, 42))
        while number < COUNT:
            surface, mask = car(rng, int(high * rng.uniform(0.85, 1.15)))
            wide, ground = mask.shape[1], MARGIN + HEIGHT * (0.7 + 0.25 * lane) - mask.shape[0]
            ways = np.arange(MARGIN - wide, MARGIN + WIDTH, pace)[:: -1 if lane else 1]
            found.append(Thing(surface, mask, number, [(float(x), float(ground)) for x in ways]))
            number += int(wide / pace + rng.uniform(1, 9))
    return found


def _stroll(rng: np.random.Generator, wide: int, length: int) -> NDArray[np.float64]:
    """Return the way of somebody who comes in, may stand a while, and goes on or back the way he came."""
    stop, far = int(rng.integers(0, 8)), rng.uniform(0.2, 0.8) * WIDTH
    half = (length - stop) // 2
    there = np.linspace(MARGIN - wide, far, half)
    away = there[::-1] if rng.random() < 0.4 else np.linspace(far, MARGIN + WIDTH, half)
    return np.concatenate([there, np.full(stop, far), away])


def _picture(stage: Stage, things: list[Thing], number: int) -> tuple[Picture, Truth]:
    picture, covered = stage.still(number).copy(), np.zeros(SIZE[::-1], np.float32)
    for thing in things:
        if (place := thing.at(number)) is not None:
            surface, mask = _placed(thing.surface, place), _placed(thing.mask, place)
            if stage.shadow < 1:
                _cast(picture, thing, place, stage.shadow)
            picture = picture * (1 - mask) + surface * mask
            covered = np.maximum(covered, mask)
    lit = stage.lit(picture.astype(np.float32), number)
    own = stage.chance(number + COUNT)
    noisy = _seen(lit, stage.shift(number)) + _sensor(own, stage.noise)
    return np.clip(noisy, 0, 255).astype(np.uint8), _seen(covered, stage.shift(number)) >= 0.5


def _placed(part: Grey, place: tuple[float, float]) -> Grey:
    move = np.array([[1, 0, place[0]], [0, 1, place[1]]], np.float32)
    return np.asarray(cv2.warpAffine(part, move, SIZE), np.float32)


def _cast(picture: Grey, thing: Thing, place: tuple[float, float], strength: float) -> None:
    """Lay a thing's shadow on the ground: its mask, sheared and flat."""
    high = thing.mask.shape[0]
    foot = place[1] + high
    move = np.array([[1, -0.55, place[0] + 0.55 * high], [0, 0.35, foot - 0.35 * high]], np.float32)
    flat = cv2.GaussianBlur(cv2.warpAffine(thing.mask, move, SIZE), (0, 0), 1.5)
    picture *= 1 - flat * np.float32(1 - strength)


def _seen(whole: Grey, shift: tuple[float, float]) -> Grey:
    move = np.array([[1, 0, shift[0] - MARGIN], [0, 1, shift[1] - MARGIN]], np.float32)
    return np.asarray(cv2.warpAffine(whole, move, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR), np.float32)


def _sensor(rng: np.random.Generator, strength: float) -> Grey:
    """Return noise of a sensor behind its denoiser: a little of it reaches over two pixels."""
    rough = rng.normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32)
    soft = cv2.GaussianBlur(rough, (0, 0), 0.7)
    return soft * np.float32(strength / soft.std())


def _coded(made: Iterator[tuple[Picture, Truth]]) -> Iterator[tuple[Picture, Truth]]:
    """Yield the pictures as they come out of x264 at a bitrate that is too low, a keyframe every 2 s."""
    coder, reader = av.CodecContext.create("libx264", "w"), av.CodecContext.create("h264", "r")
    coder.width, coder.height, coder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    coder.time_base, coder.framerate, coder.bit_rate = Fraction(1, FPS), Fraction(FPS), 90_000
    coder.options = {"preset": "veryfast", "tune": "zerolatency", "g": str(FPS * 2), "bf": "0"}
    for number, (picture, truth) in enumerate(made):
        frame = av.VideoFrame.from_ndarray(picture, "gray").reformat(format="yuv420p")
        frame.pts = number
        for packet in coder.encode(frame):
            for shown in reader.decode(packet):
                yield np.asarray(shown.reformat(format="gray").to_ndarray(), np.uint8), truth
