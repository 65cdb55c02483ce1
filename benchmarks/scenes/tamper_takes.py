"""Takes of a scene in which something happens to the camera: a still scene, things that move, noise, real coding.

Nothing is of a real fault: each is made the way its cause makes it (light is mixed, the lens blurs before the
sensor adds its noise, the coder comes last), over real and drawn pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scenes.tamper import Effect, Rgb

from drivers.virtual.street.drawing import Scene

SHARED = Path(__file__).parents[2].parent / "shared"
#: Folders of real pictures: pictures of roads, yards, shops and homes, most of them from cameras that hang.
REAL = ("train/images/*.jpg", "train2/images/*.jpg", "data/coco_cc/*.jpg", "data/traffic_cctv/*.jpg")
#: Part of a picture's sides that is seen: the rest is there to be turned to.
SEEN = 0.78
FPS = 5


@dataclass(frozen=True, slots=True)
class View:
    """A scene: what is seen of it, and around."""

    name: str
    picture: Rgb

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of what is seen, even."""
        height, width = self.picture.shape[:2]
        return int(width * SEEN) // 2 * 2, int(height * SEEN) // 2 * 2

    def window(self, right: float, down: float) -> Rgb:
        """Return what is seen with the camera turned by so many of its widths and heights, as far as there is any."""
        width, height = self.size
        rest = self.picture.shape[1] - width, self.picture.shape[0] - height
        left = round(min(max(0.0, rest[0] / 2 + right * width), rest[0]))
        top = round(min(max(0.0, rest[1] / 2 + down * height), rest[1]))
        return self.picture[top : top + height, left : left + width].copy()


def real(report: bool, count: int, seed: int) -> list[View]:
    """Return views of real pictures: half of the files are for tuning, the other half for what is reported."""
    files = [path for each in REAL for path in sorted(SHARED.glob(each)) if path.stat().st_size > 8000]
    mine = [path for number, path in enumerate(files) if number % 2 == int(report)]
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(mine))[: count * 2]
    wide = (path for path in (mine[number] for number in chosen) if _wide(path))
    return [_view(path) for path, _ in zip(wide, range(count), strict=False)]


def _wide(path: Path) -> bool:
    with Image.open(path) as picture:
        return picture.width >= picture.height * 1.2


def _view(path: Path) -> View:
    with Image.open(path) as picture:
        small = picture.convert("RGB")
        small.thumbnail((960, 960))
    return View(path.stem, np.asarray(small, np.float32))


def drawn(count: int, seed: int) -> list[View]:
    """Return views of drawn streets, by day and by night."""
    return [View(f"street{n}", _street(n, n % 3 == 2)) for n in range(seed, seed + count)]


@cache
def _street(seed: int, night: bool) -> Rgb:
    scene = Scene(seed, night=night, width=640, height=360)
    return scene.render(3.0, size=(640, 360)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Coding:
    """How a take is coded.

    Attributes:
        rate: x264's constant rate factor; above 51: kilobits a second.
        gop: Seconds from keyframe to keyframe.
    """

    rate: int = 27
    gop: float = 2.0

    def options(self) -> dict[str, str]:
        """Return what x264 is told."""
        gop = str(max(1, round(self.gop * FPS)))
        told = {"preset": "veryfast", "g": gop, "keyint_min": gop, "sc_threshold": "0", "bf": "0"}
        return told | ({"crf": str(self.rate)} if self.rate <= 51 else {})


def coded(frames: Iterator[NDArray[np.uint8]], coding: Coding) -> Iterator[av.VideoFrame]:
    """Return pictures (h, w, 3) as they come out of a decoder."""
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    for packet in _packets(frames, coding):
        yield from decoder.decode(packet)
    yield from decoder.decode(None)


def _packets(frames: Iterator[NDArray[np.uint8]], coding: Coding) -> Iterator[av.Packet[av.VideoStream]]:
    encoder = None
    for number, each in enumerate(frames):
        if encoder is None:
            encoder = _encoder(each.shape[1], each.shape[0], coding)
        frame = av.VideoFrame.from_ndarray(each, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        yield from encoder.encode(frame)
    if encoder is not None:
        yield from encoder.encode(None)


def _encoder(width: int, height: int, coding: Coding) -> av.VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate, encoder.thread_count = Fraction(1, FPS), Fraction(FPS), 1
    encoder.options = coding.options() | {"tune": "zerolatency"}
    if coding.rate > 51:
        encoder.bit_rate = coding.rate * 1000
    return encoder


@dataclass(frozen=True, slots=True)
class Take:
    """A scene and what happens in it.

    Attributes:
        noise: Deviation of the sensor's noise, of 255.
        walkers: Things that go through the picture.
    """

    view: View
    seed: int
    noise: float = 2.0
    walkers: int = 2

    def frames(self, effect: Effect, seconds: float, begin: float) -> Iterator[NDArray[np.uint8]]:
        """Return its pictures; the effect begins after so many seconds of peace."""
        rng = np.random.default_rng((self.seed, 1))
        walkers = [_Walker(np.random.default_rng((self.seed, 2, n)), self.view) for n in range(self.walkers)]
        for number in range(round(seconds * FPS)):
            at = number / FPS
            t = at - begin
            picture = self.view.window(*effect.turned(t))
            for walker in walkers:
                walker.into(picture, at)
            picture = effect.light(picture, t)
            noise = rng.normal(0, self.noise * effect.noise(t), picture.shape[:2])
            noisy = (picture + noise[..., None].astype(np.float32)).clip(0, 255)
            yield effect.sensor(noisy, t).clip(0, 255).astype(np.uint8)


class _Walker:
    """A piece of another place that goes through the picture, in the shape of an upright oval."""

    def __init__(self, rng: np.random.Generator, view: View) -> None:
        width, height = view.size
        tall = int(rng.uniform(0.15, 0.4) * height)
        wide = max(4, int(tall * rng.uniform(0.3, 0.6)))
        top = int(rng.uniform(0, view.picture.shape[0] - tall))
        left = int(rng.uniform(0, view.picture.shape[1] - wide))
        self._piece = view.picture[top : top + tall, left : left + wide] * np.float32(rng.uniform(0.4, 1.1))
        rows, columns = np.mgrid[-1 : 1 : tall * 1j, -1 : 1 : wide * 1j]
        self._mask = ((rows**2 + columns**2) < 1)[..., None]
        self._y = int(rng.uniform(0.3, 1.0) * (height - tall))
        self._speed = rng.uniform(0.05, 0.2) * width * rng.choice([-1, 1])
        self._x, self._way = rng.uniform(0, width), width * rng.uniform(1.3, 3)

    def into(self, picture: Rgb, at: float) -> None:
        """Draw it where it is at a time, in seconds."""
        tall, wide = self._mask.shape[:2]
        x = int((self._x + self._speed * at) % self._way) - wide
        left, right = max(0, x), min(picture.shape[1], x + wide)
        if left < right:
            part = picture[self._y : self._y + tall, left:right]
            mask = self._mask[: len(part), left - x : right - x]
            np.copyto(part, self._piece[: len(part), left - x : right - x], where=mask)
