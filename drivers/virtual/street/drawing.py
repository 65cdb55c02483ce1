"""A street, drawn by our own code: the same seed gives the same street at the same time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from drivers.virtual.street import backdrop
from drivers.virtual.street.figures import EXTENT, PHASES, SKIN, STRIDE, Colour, Kind, Look, Sprite, sprite
from drivers.virtual.street.lens import Lens

#: Left, top, right, bottom; each 0..1.
Box = tuple[float, float, float, float]
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
#: Seconds of one act; it ends with a pause in which nothing moves.
_ACT, _PAUSE = 20.0, 4.5
#: A mover is told as long as this part of it is inside the picture.
_VISIBLE = 0.25
#: Wheels turn too fast to be seen in every phase.
_COARSE = 3
#: Seconds between two vehicles of one lane.
_HEADWAY = 1.0
#: Metres around a mover's foot that it, its shadow and its lights can reach.
_REACH = 9.0
#: Sensor noise, standard deviation of 0..255, by day and by night.
_NOISE = MappingProxyType({False: 1.8, True: 4.5})
_TILE = 64

_SHIRTS: tuple[Colour, ...] = (
    (196, 48, 44), (238, 236, 228), (34, 76, 150), (240, 190, 60), (40, 122, 84), (222, 120, 160), (44, 44, 52),
)  # fmt: skip
_TROUSERS: tuple[Colour, ...] = ((34, 40, 62), (70, 62, 54), (30, 30, 32), (92, 108, 140), (150, 132, 104))
_HAIR: tuple[Colour, ...] = ((26, 22, 22), (44, 34, 28), (72, 66, 62))
_PAINT: tuple[Colour, ...] = (
    (226, 228, 230), (168, 28, 30), (38, 42, 50), (30, 72, 140), (158, 164, 170), (196, 160, 52),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Lane:
    """Where a kind of mover moves: depth band in metres, direction (0: either), speeds in m/s."""

    kind: Kind
    depth: tuple[float, float]
    towards: int
    speed: tuple[float, float]


#: Traffic keeps to the right: what is nearer to the camera goes from left to right.
_LANES = (
    _Lane(Kind.PERSON, (8.9, 9.7), 0, (1.1, 1.5)),
    _Lane(Kind.TWO_WHEELER, (10.9, 11.3), 1, (4.5, 7.0)),
    _Lane(Kind.CAR, (12.2, 12.5), 1, (5.5, 8.0)),
    _Lane(Kind.CAR, (14.2, 14.5), -1, (5.5, 8.0)),
    _Lane(Kind.TWO_WHEELER, (15.3, 15.7), -1, (4.5, 7.0)),
    _Lane(Kind.PERSON, (16.9, 17.7), 0, (1.3, 1.6)),
)
#: Who passes in every act, by lane; a seed picks some more.
_CAST = (0, 1, 2, 3, 4)
_EXTRAS = (0, 1, 4, 5)


@dataclass(frozen=True, slots=True)
class _Mover:
    """One passage: at `start` seconds at `x0` metres, then `speed` metres a second (signed)."""

    look: Look
    z: float
    x0: float
    speed: float
    start: float
    seconds: float

    def x(self, t: float) -> float:
        return self.x0 + self.speed * (t - self.start)

    def phase(self, t: float) -> int:
        far = abs(self.speed) * (t - self.start)
        if self.look.kind is Kind.PERSON:
            return int(far / (STRIDE * 1.68 * self.look.size) * PHASES) % PHASES
        return int(far / 1.9 * PHASES) % PHASES // _COARSE * _COARSE

    @property
    def facing(self) -> int:
        return 1 if self.speed > 0 else -1


def _pick(rng: np.random.Generator, colours: tuple[Colour, ...]) -> Colour:
    return colours[int(rng.integers(len(colours)))]


def _look(rng: np.random.Generator, kind: Kind) -> Look:
    main = _pick(rng, _PAINT if kind is Kind.CAR else _SHIRTS)
    second = _pick(rng, _PAINT if kind is Kind.TWO_WHEELER else _TROUSERS)
    size = float(rng.uniform(0.92, 1.06)) if kind is Kind.PERSON else 1.0
    third = _pick(rng, _HAIR if kind is Kind.PERSON else _TROUSERS)
    return Look(kind, main, second, third, _pick(rng, SKIN), int(rng.integers(4)), size)


def _passage(rng: np.random.Generator, lens: Lens, lane: _Lane, begin: float, active: float) -> _Mover:
    """Return a mover that comes in and has gone again within `active` seconds."""
    z = float(rng.uniform(*lane.depth))
    facing = lane.towards or (1 if rng.random() < 0.5 else -1)
    edge = lens.reach(z) + 0.5 * EXTENT[lane.kind][0] + 0.6  # the shadow comes after
    speed = max(float(rng.uniform(*lane.speed)), 2 * edge / (0.98 * active))
    seconds = 2 * edge / speed
    start = begin + float(rng.uniform(0, active - seconds))
    return _Mover(_look(rng, lane.kind), z, -facing * edge, facing * speed, start, seconds)


def _apart(one: _Mover, other: _Mover) -> bool:
    """Tell whether two movers of one direction never touch (walkers may pass each other)."""
    if one.look.kind is Kind.PERSON or abs(one.z - other.z) > 0.7:
        return True
    ends = one.start + one.seconds, other.start + other.seconds
    apart = min(abs(one.start - other.start), abs(ends[0] - ends[1])) > _HEADWAY
    return apart and (one.start < other.start) == (ends[0] < ends[1])


def _act(rng: np.random.Generator, lens: Lens, begin: float, length: float) -> list[_Mover]:
    extras = [lane for lane in _EXTRAS if rng.random() < 0.6]
    movers: list[_Mover] = []
    for number in (*_CAST, *extras):
        for _ in range(8):
            mover = _passage(rng, lens, _LANES[number], begin, length - min(_PAUSE, length / 4))
            if all(_apart(mover, other) for other in movers):
                movers.append(mover)
                break
    return movers


@lru_cache(maxsize=64)
def _glow(width: int, height: int) -> NDArray[np.uint16]:
    """Return a soft spot, (height, width, 1), 0..256."""
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    spot = np.exp(-3.2 * (rows**2 + columns**2)) - np.exp(-3.2)
    return np.asarray(256 * spot.clip(0), np.uint16)[..., None]


def _clip(
    canvas: NDArray[np.uint8], x: int, y: int, shape: tuple[int, ...]
) -> tuple[slice, slice, slice, slice]:
    """Return rows and columns on the canvas, then in the patch whose top left lies at (x, y)."""
    top, left = max(0, y), max(0, x)
    bottom, right = (
        max(top, min(canvas.shape[0], y + shape[0])),
        max(left, min(canvas.shape[1], x + shape[1])),
    )
    return slice(top, bottom), slice(left, right), slice(top - y, bottom - y), slice(left - x, right - x)


def _in_sight(canvas: NDArray[np.uint8], u: int, v: int, reach: float) -> bool:
    """Tell whether anything of a figure with its foot at (u, v) can be on the canvas."""
    height, width = canvas.shape[:2]
    return bool(-reach < u < width + reach and -reach < v < height + reach)


def _darken(canvas: NDArray[np.uint8], keep: NDArray[np.uint16], x: int, y: int) -> None:
    rows, columns, up, across = _clip(canvas, x, y, keep.shape)
    canvas[rows, columns] = (canvas[rows, columns] * keep[up, across]) >> 8


def _lay(canvas: NDArray[np.uint8], figure: Sprite, x: int, y: int, gain: int) -> None:
    """Put a figure on the canvas; `gain` 0..256 is the light on it."""
    rows, columns, up, across = _clip(canvas, x, y, figure.clear.shape)
    behind = canvas[rows, columns] * figure.clear[up, across]
    canvas[rows, columns] = (behind + figure.colour[up, across] * np.uint16(gain)) >> 8


def _shine(
    canvas: NDArray[np.uint8], centre: tuple[float, float], size: tuple[float, float], colour: Colour
) -> None:
    """Add light in a soft ellipse of `size` pixels."""
    width, height = max(2, round(size[0])), max(2, round(size[1]))
    spot = _glow(width, height)
    rows, columns, up, across = _clip(
        canvas, round(centre[0] - width / 2), round(centre[1] - height / 2), spot.shape
    )
    light = (spot[up, across] * np.array(colour, np.uint16)) >> 8
    canvas[rows, columns] = np.minimum(canvas[rows, columns] + light, 255)


@dataclass(frozen=True, slots=True)
class _View:
    """The part of the scene that is rendered: offset and magnification in pixels."""

    left: float
    top: float
    zoom: float

    def point(self, lens: Lens, x: float, z: float, up: float = 0.0) -> tuple[float, float]:
        u, v = lens.point(x, z, up)
        return (u - self.left) * self.zoom, (v - self.top) * self.zoom


@lru_cache(maxsize=16)
def _painted(lens: Lens, seed: int, night: bool) -> backdrop.Backdrop:
    """Return a street without traffic; it is the longest of what there is to draw, so cameras share it."""
    return backdrop.paint(lens, np.random.default_rng((seed, 2)), night=night)


class Scene:
    """A street with walkers, two-wheelers and cars, periodic in time. One thread at a time.

    Args:
        seed: Chooses houses, traffic and noise.
        night: Street lamps and headlights instead of the sun.
        width: Pixels of the whole scene; likewise `height`. Best 16:9.
        period: Seconds after which the traffic repeats.
    """

    def __init__(
        self, seed: int, *, night: bool = False, width: int = 640, height: int = 360, period: float = 20.0
    ) -> None:
        self.seed, self.night, self.period = seed, night, period
        self.width, self.height = width, height
        self._lens = Lens(width, height)
        self._movers = self._cast(np.random.default_rng((seed, 1)))
        self._backdrop: backdrop.Backdrop | None = None
        self._cut: tuple[Box, tuple[int, int], NDArray[np.uint8]] | None = None
        self._noise: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None

    def _cast(self, rng: np.random.Generator) -> tuple[_Mover, ...]:
        acts = max(1, round(self.period / _ACT))
        length = self.period / acts
        return tuple(mover for act in range(acts) for mover in _act(rng, self._lens, act * length, length))

    def _present(self, t: float) -> list[_Mover]:
        """Return who is in the scene at `t`, farthest first."""
        there = [mover for mover in self._movers if mover.start <= t < mover.start + mover.seconds]
        return sorted(there, key=lambda mover: -mover.z)

    def truth(self, t: float) -> list[tuple[str, Box]]:
        """Return what is in the scene at `t`: label (person, two_wheeler, car) and normalised box.

        A mover is told while at least a quarter of it is in the scene; boxes are clipped to 0..1.
        """
        t %= self.period
        told = ((mover.look.kind.value, self._box(mover, t)) for mover in self._present(t))
        return [(label, box) for label, box in told if box is not None]

    def _box(self, mover: _Mover, t: float) -> Box | None:
        wide, high = (metres * mover.look.size for metres in EXTENT[mover.look.kind])
        x0, y0 = self._lens.point(mover.x(t) - wide / 2, mover.z, high)
        x1, y1 = self._lens.point(mover.x(t) + wide / 2, mover.z)
        left, right = max(0.0, x0 / self.width), min(1.0, x1 / self.width)
        if right - left < _VISIBLE * (x1 - x0) / self.width:
            return None
        return left, max(0.0, y0 / self.height), right, min(1.0, y1 / self.height)

    def render(
        self, t: float, window: Box | None = None, size: tuple[int, int] | None = None
    ) -> NDArray[np.uint8]:
        """Return the picture at `t` seconds.

        Args:
            t: Seconds; the traffic repeats after `period`.
            window: Part of the scene, normalised; default: all of it.
            size: Width and height of the picture in pixels; default: the scene's own.

        Returns:
            RGB, shape (h, w, 3).
        """
        t %= self.period
        window, size = window or WHOLE, size or (self.width, self.height)
        canvas = self._background(window, size).copy()
        view = _View(
            window[0] * self.width, window[1] * self.height, size[0] / ((window[2] - window[0]) * self.width)
        )
        for mover in self._present(t):
            self._draw(canvas, view, mover, t)
        return self._sensed(canvas, t)

    def _street(self) -> backdrop.Backdrop:
        if self._backdrop is None:
            self._backdrop = _painted(self._lens, self.seed, self.night)
        return self._backdrop

    def _background(self, window: Box, size: tuple[int, int]) -> NDArray[np.uint8]:
        """Return the street seen through a window; kept, because a PTZ unit mostly rests."""
        if self._cut is None or self._cut[:2] != (window, size):
            x0, y0, x1, y1 = window
            box = (x0 * self.width, y0 * self.height, x1 * self.width, y1 * self.height)
            image = self._street().image
            if window != WHOLE or size != image.size:
                image = image.resize(size, Image.Resampling.BILINEAR, box)
            self._cut = (window, size, np.asarray(image))
        return self._cut[2]

    def _draw(self, canvas: NDArray[np.uint8], view: _View, mover: _Mover, t: float) -> None:
        x, z = mover.x(t), mover.z
        scale = self._lens.scale(z) * view.zoom
        u, v = (round(part) for part in view.point(self._lens, x, z))
        if not _in_sight(canvas, u, v, _REACH * scale):
            return
        figure = sprite(mover.look, mover.phase(t), round(scale, 1), mover.facing)
        if self.night:
            self._beam(canvas, view, mover, x)
        else:
            _darken(canvas, figure.shadow, u - figure.shadow_foot[0], v - figure.shadow_foot[1])
        self._contact(canvas, mover, (u, v), scale)
        _lay(canvas, figure, u - figure.foot[0], v - figure.foot[1], self._gain(x, z))
        if self.night:
            self._lights(canvas, view, mover, x)

    def _gain(self, x: float, z: float) -> int:
        u, v = self._lens.point(x, z)
        return min(256, round(256 * self._street().lit(u / self.width, v / self.height)))

    @staticmethod
    def _contact(canvas: NDArray[np.uint8], mover: _Mover, foot: tuple[int, int], scale: float) -> None:
        """Darken the ground right under a figure."""
        width = max(2, round(1.15 * EXTENT[mover.look.kind][0] * scale))
        height = max(2, round(0.3 * scale))
        spot = np.asarray(256 - _glow(width, height) * 5 // 8, np.uint16)
        _darken(canvas, spot, foot[0] - width // 2, foot[1] - height // 2)

    def _beam(self, canvas: NDArray[np.uint8], view: _View, mover: _Mover, x: float) -> None:
        """Light the road ahead."""
        if mover.look.kind is Kind.PERSON:
            return
        scale = self._lens.scale(mover.z) * view.zoom
        ahead = EXTENT[mover.look.kind][0] / 2 + 2.6
        centre = view.point(self._lens, x + mover.facing * ahead, mover.z)
        _shine(canvas, centre, (6.4 * scale, 1.1 * scale), (140, 132, 104))

    def _lights(self, canvas: NDArray[np.uint8], view: _View, mover: _Mover, x: float) -> None:
        """Let head and tail lights dazzle a little."""
        if mover.look.kind is Kind.PERSON:
            return
        scale = self._lens.scale(mover.z) * view.zoom
        car = mover.look.kind is Kind.CAR
        front, back, up = (2.0, -2.1, 0.78) if car else (0.58, -0.84, 0.92)
        head = view.point(self._lens, x + mover.facing * front, mover.z, up)
        tail = view.point(self._lens, x + mover.facing * back, mover.z, up - 0.1)
        _shine(canvas, head, (1.1 * scale, 0.9 * scale), (255, 244, 205))
        _shine(canvas, tail, (0.55 * scale, 0.5 * scale), (210, 30, 20))

    def _sensed(self, canvas: NDArray[np.uint8], t: float) -> NDArray[np.uint8]:
        """Add the sensor's noise: the same at the same time."""
        height, width = canvas.shape[:2]
        if self._noise is None or self._noise[0].shape[:2] != (height + _TILE, width + _TILE):
            rng = np.random.default_rng((self.seed, 3))
            noise = np.rint(rng.normal(0, _NOISE[self.night], (height + _TILE, width + _TILE, 1)))
            self._noise = _parts(noise), _parts(-noise)
        down, right = np.random.default_rng((self.seed, round(t * 1000))).integers(_TILE, size=2)
        brighter, darker = (each[down : down + height, right : right + width] for each in self._noise)
        np.minimum(
            canvas, 255 - brighter, out=canvas
        )  # bytes all the way: three times as fast as wider numbers
        np.add(canvas, brighter, out=canvas)
        np.maximum(canvas, darker, out=canvas)
        return np.subtract(canvas, darker, out=canvas)


def _parts(noise: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return what is above zero of a noise, for each of three colours."""
    return np.repeat(noise.clip(0, 255).astype(np.uint8), 3, axis=2)
