"""What may happen to a camera's picture: faults that must be told, and weather that must not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from engine.vision.model import Cause

Rgb: TypeAlias = NDArray[np.float32]
Rng: TypeAlias = np.random.Generator


class Effect:
    """Nothing at all; each method is one place where something may happen, `t` seconds after it begins."""

    cause: Cause | None = None

    def __init__(self, rng: Rng, size: tuple[int, int]) -> None:
        self.rng, (self.width, self.height) = rng, size
        self.made()

    def made(self) -> None:
        """Draw what chance decides."""

    def turned(self, t: float) -> tuple[float, float]:
        """Return where the camera looks: right and down, in pictures' widths and heights."""
        return 0.0, 0.0

    def moving(self, t: float) -> bool:
        """Return whether its PTZ unit says that it moves."""
        return False

    def light(self, picture: Rgb, t: float) -> Rgb:
        """Return what falls on the sensor."""
        return picture

    def noise(self, t: float) -> float:
        """Return how many times its noise the sensor adds."""
        return 1.0

    def sensor(self, picture: Rgb, t: float) -> Rgb:
        """Return what goes into the coder."""
        return picture

    # -- what they are made of

    def pick(self, low: float, high: float) -> float:
        """Return a number by chance."""
        return float(self.rng.uniform(low, high))

    def plane(self) -> tuple[Rgb, Rgb]:
        """Return rows and columns, 0..1, (h, w)."""
        rows, columns = np.mgrid[0 : 1 : self.height * 1j, 0 : 1 : self.width * 1j].astype(np.float32)
        return rows, columns

    def clouds(self, size: float) -> Rgb:
        """Return soft shapes of a size (of the picture's width) and of deviation 1 about 0, (h, w)."""
        cells = max(2, round(1 / size)), max(2, round(self.height / self.width / size))
        coarse = Image.fromarray(self.rng.normal(0, 1, cells[::-1]).astype(np.float32))
        soft = np.asarray(coarse.resize((self.width, self.height), Image.Resampling.BICUBIC))
        shapes: Rgb = ((soft - soft.mean()) / (soft.std() + 1e-6)).astype(np.float32)
        return shapes


def blurred(picture: Rgb, radius: float) -> Rgb:
    """Return a picture (h, w, 3) out of focus: Gaussian of so many pixels."""
    image = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), np.float32)


def mixed(picture: Rgb, other: Rgb, share: Rgb | float) -> Rgb:
    """Return a picture with so much of another over it."""
    weight = np.asarray(share, np.float32)
    weight = weight[..., None] if weight.ndim == 2 else weight
    return picture + (other - picture) * weight


def added(picture: Rgb, plane: NDArray[np.floating[Any]]) -> Rgb:
    """Return a picture with so much more light (h, w) on it."""
    brighter: Rgb = (picture + plane[..., None]).astype(np.float32)
    return brighter


def grey(picture: Rgb) -> Rgb:
    """Return a picture without colour."""
    bright = picture @ np.array([0.3, 0.59, 0.11], np.float32)
    return np.repeat(bright[..., None], 3, axis=2)


def ramp(t: float, seconds: float) -> float:
    """Return 0 before it begins, 1 after so many seconds."""
    return min(max(t / seconds, 0.0), 1.0) if seconds else float(t >= 0)


# -- faults


class Covered(Effect):
    """A hand, a cap, a cloth or a sheet right before the lens, far out of focus; light leaks in from a side."""

    cause = Cause.COVERED

    def made(self) -> None:
        dark = self.rng.random() < 0.6
        level = self.pick(4, 45) if dark else self.pick(70, 190)
        tint = self.rng.uniform(0.75, 1.25, 3)
        rows, columns = self.plane()
        angle = self.pick(0, 6.28)
        slope = np.cos(angle) * (columns - 0.5) + np.sin(angle) * (rows - 0.5)
        shade = level * (1 + self.pick(0, 0.7) * slope + 0.12 * self.clouds(0.4))
        self.over = (shade[..., None] * tint).clip(0, 255).astype(np.float32)
        self.slope = slope
        self.leak = self.pick(0, 0.06)

    def light(self, picture: Rgb, t: float) -> Rgb:
        if t < 0:
            return picture
        behind = blurred(picture, self.width / 12)
        edge = ((ramp(t, 0.6) * 1.6 - 0.8 - self.slope) * 8).clip(0, 1)
        return mixed(picture, mixed(self.over, behind, self.leak), edge)


class Sprayed(Effect):
    """Paint or mud on the glass: blots out of focus, hardly any light through them, the rest as it was."""

    cause = Cause.SPRAYED

    def made(self) -> None:
        share = self.pick(0.4, 0.9)
        field = self.clouds(0.28) + 0.5 * self.clouds(0.14)
        level = np.quantile(field, 1 - share)
        self.mask = ((field - level) * self.pick(2, 5) + 0.5).clip(0, 1) * self.pick(0.88, 1.0)
        self.order = (self.clouds(0.5) * 0.25 + 0.5).clip(0, 1)
        colour = self.rng.choice([15, 40, 120, 180, 225]) * self.rng.uniform(0.7, 1.1, 3)
        self.paint = (colour + 8 * self.clouds(0.2)[..., None]).clip(0, 255).astype(np.float32)

    def light(self, picture: Rgb, t: float) -> Rgb:
        if t < 0:
            return picture
        here = (ramp(t, 1.5) * 2 - self.order).clip(0, 1)
        return mixed(picture, self.paint, self.mask * here)


class Defocused(Effect):
    """The lens was turned out of focus."""

    cause = Cause.DEFOCUSED

    def made(self) -> None:
        self.radius = self.pick(0.010, 0.03) * self.width

    def light(self, picture: Rgb, t: float) -> Rgb:
        return blurred(picture, self.radius * ramp(t, 1.0)) if t > 0 else picture


class Turned(Effect):
    """Somebody pushed it: it looks to a side."""

    cause: Cause | None = Cause.TURNED

    def made(self) -> None:
        side = self.rng.choice([-1, 1])
        across = self.pick(0.10, 0.14)
        self.way = (side * across, self.pick(-0.14, 0.14))

    def turned(self, t: float) -> tuple[float, float]:
        share = ramp(t, 0.8)
        return self.way[0] * share, self.way[1] * share


class TurnedAway(Effect):
    """It was turned to where nothing is of what it saw: `other` is put in by who makes the take."""

    cause = Cause.TURNED
    other: Rgb

    def light(self, picture: Rgb, t: float) -> Rgb:
        return self.other if t > 0.4 else picture


class Creeping(Turned):
    """It sinks, or is turned by a hair again and again."""

    def turned(self, t: float) -> tuple[float, float]:
        share = ramp(t, 90)
        return self.way[0] * share, self.way[1] * share


class Frozen(Effect):
    """The sensor's last picture goes on and on; half of the time with the clock written into it going on."""

    cause = Cause.FROZEN

    def made(self) -> None:
        self.kept: Rgb | None = None
        self.clock = self.rng.random() < 0.5

    def sensor(self, picture: Rgb, t: float) -> Rgb:
        if t >= 0:
            self.kept = picture if self.kept is None else self.kept
            picture = self.kept
        return written(picture, f"2026-11-30 18:{t % 3600:08.3f}") if self.clock else picture


class Dark(Effect):
    """The light goes, and nothing is seen."""

    cause = Cause.DARK

    def made(self) -> None:
        self.left, self.seconds = self.pick(0.0, 0.02), self.pick(5, 20)

    def light(self, picture: Rgb, t: float) -> Rgb:
        return picture * np.float32(1 - (1 - self.left) * ramp(t, self.seconds))

    def noise(self, t: float) -> float:
        return 1 + 0.8 * ramp(t, self.seconds)


class Bright(Effect):
    """A lamp or a laser into the lens, or the iris stands open."""

    cause = Cause.BRIGHT

    def made(self) -> None:
        self.gain, self.lift = self.pick(1.5, 4), self.pick(190, 300)
        rows, columns = self.plane()
        y, x = self.pick(0.3, 0.7), self.pick(0.3, 0.7)
        self.glow = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / self.pick(0.5, 3))

    def light(self, picture: Rgb, t: float) -> Rgb:
        share = ramp(t, 0.5)
        lit = picture * np.float32(self.gain) + np.float32(self.lift) * self.glow[..., None] * 1.3
        return mixed(picture, lit, share)


class Infrared(Effect):
    """By day, the infrared filter is not before the sensor: colours go, all is tinged with pink."""

    cause = Cause.INFRARED

    def made(self) -> None:
        self.fade = self.pick(0.5, 0.8)
        self.tint = np.array([self.pick(1.1, 1.3), self.pick(0.75, 0.92), self.pick(1.05, 1.3)], np.float32)

    def light(self, picture: Rgb, t: float) -> Rgb:
        pink = mixed(picture, grey(picture) * 0.9 + 25, self.fade) * self.tint
        return mixed(picture, pink, ramp(t, 0.5))


class Stripes(Effect):
    """Bands that roll, lines that are broken, a pattern laid over: cable, supply, sensor."""

    cause = Cause.STRIPES

    def made(self) -> None:
        self.kind = self.rng.choice(["bands", "lines", "herringbone"])
        self.strength, self.period = self.pick(25, 70), self.pick(0.04, 0.2)
        self.speed, self.lean = self.pick(0.1, 0.7), self.pick(0.3, 2)
        self.share = self.pick(0.06, 0.2)

    def sensor(self, picture: Rgb, t: float) -> Rgb:
        if t < 0:
            return picture
        rows, columns = self.plane()
        if self.kind == "bands":
            wave = np.sin(6.283 * (rows / self.period + self.speed * t / self.period))
            return added(picture, np.tanh(3 * wave) * self.strength)
        if self.kind == "herringbone":
            wave = np.sin(
                6.283 * (columns / self.period * 3 + rows * self.lean / self.period + self.speed * t * 5)
            )
            return added(picture, wave * self.strength)
        broken = picture.copy()
        for row in np.flatnonzero(self.rng.random(self.height) < self.share):
            broken[row] = np.roll(broken[row], int(self.rng.integers(self.width)), axis=0) + self.pick(
                -60, 60
            )
        return broken


class SignalLoss(Effect):
    """A card in place of the picture: blue, black or grey, with a word on it or none."""

    cause = Cause.SIGNAL_LOSS

    def made(self) -> None:
        colour = [(0, 0, 190), (0, 0, 0), (16, 16, 16), (90, 90, 90), (20, 60, 160)][self.rng.integers(5)]
        card = np.zeros((self.height, self.width, 3), np.float32) + np.array(colour, np.float32)
        word = str(self.rng.choice(["VIDEO LOSS", "NO SIGNAL", "MAT TIN HIEU", ""]))
        self.card = written(card, word, (self.pick(0.05, 0.5), self.pick(0.1, 0.8)), self.pick(0.06, 0.14))

    def sensor(self, picture: Rgb, t: float) -> Rgb:
        return picture if t < 0 else self.card


def written(picture: Rgb, text: str, at: tuple[float, float] = (0.02, 0.02), size: float = 0.05) -> Rgb:
    """Return a picture with a line of white letters that are edged in black."""
    image = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    place = at[0] * image.width, at[1] * image.height
    letters = max(8, round(size * image.height))
    draw = ImageDraw.Draw(image)
    draw.text(place, text, "white", font_size=letters, stroke_width=1, stroke_fill="black")
    return np.asarray(image, np.float32)


# -- what is no fault


class LightJump(Effect):
    """Exposure jumps, a lamp is switched: darker or brighter all at once, and the noise with it."""

    def made(self) -> None:
        self.gain = float(self.rng.choice([self.pick(0.3, 0.7), self.pick(1.3, 1.8)]))
        _, columns = self.plane()
        self.fall = 1 - self.pick(0, 0.5) * np.abs(columns - self.pick(0, 1))

    def light(self, picture: Rgb, t: float) -> Rgb:
        return picture * (np.float32(self.gain) * self.fall)[..., None] if t >= 0 and t % 20 < 12 else picture

    def noise(self, t: float) -> float:
        return 1 / self.gain if t >= 0 and t % 20 < 12 else 1.0


class Dusk(Effect):
    """Night mode comes on: no colour, the infrared lamp lights the middle, foliage turns bright, noise."""

    def made(self) -> None:
        rows, columns = self.plane()
        self.spot = np.exp(-((rows - 0.55) ** 2 + (columns - 0.5) ** 2) / self.pick(0.12, 0.4))
        self.gain, self.mix = self.pick(0.5, 1.1), self.rng.dirichlet([2, 2, 2]).astype(np.float32)

    def light(self, picture: Rgb, t: float) -> Rgb:
        dim = picture * np.float32(1 - 0.75 * ramp(t, 15))
        if t < 15:
            return dim
        bright = picture @ self.mix * (0.12 + self.gain * self.spot) + 6
        return np.repeat(bright[..., None], 3, axis=2).astype(np.float32)

    def noise(self, t: float) -> float:
        return 1 + 1.5 * ramp(t, 15)


class Headlights(Effect):
    """Cars that turn in: broad glare that sweeps over the picture, again and again."""

    def light(self, picture: Rgb, t: float) -> Rgb:
        if t < 0 or t % 6 > 3:
            return picture
        rows, columns = self.plane()
        x = t % 6 / 3 * 1.6 - 0.3
        glow = np.exp(-(((columns - x) / 0.35) ** 2 + ((rows - 0.6) / 0.5) ** 2))
        return added(picture * (1 + glow[..., None]), 90 * glow)


class Rain(Effect):
    """Streaks all over, different ones in each picture, and less contrast."""

    def made(self) -> None:
        self.count = int(self.pick(100, 500))
        self.long = self.pick(0.03, 0.1)

    def light(self, picture: Rgb, t: float) -> Rgb:
        if t < 0:
            return picture
        image = Image.new("L", (self.width, self.height))
        draw = ImageDraw.Draw(image)
        for x, y in self.rng.random((self.count, 2)) * (self.width, self.height):
            draw.line((x, y, x + self.width * 0.01, y + self.long * self.height), int(self.pick(30, 110)))
        return picture * np.float32(0.85) + 20 + np.asarray(image, np.float32)[..., None]


class RainOver(Rain):
    """It rained, and stops: less differs from picture to picture than it did for long."""

    def light(self, picture: Rgb, t: float) -> Rgb:
        return super().light(picture, -t) if t < 0 else picture * np.float32(0.85) + 20


class Fog(Effect):
    """It becomes thick within two minutes; the near stays."""

    def made(self) -> None:
        self.thick = self.pick(0.4, 0.75)

    def light(self, picture: Rgb, t: float) -> Rgb:
        rows, _ = self.plane()
        veil = self.thick * ramp(t, 120) * (1 - 0.5 * rows)
        return mixed(picture, np.full_like(picture, 175), veil)


class Lorry(Effect):
    """A lorry comes, fills the picture for five seconds, and goes: a side with seams, boards, a word."""

    def made(self) -> None:
        colour = self.rng.uniform(40, 210) * self.rng.uniform(0.8, 1.2, 3)
        side = np.zeros((self.height, self.width, 3), np.float32) + colour.astype(np.float32)
        side *= (1 + 0.06 * self.clouds(0.3))[..., None]
        for x in np.arange(self.pick(0, 0.2), 1, self.pick(0.12, 0.4)):
            side[:, int(x * self.width)] *= 0.6
        word = "VAN TAI 29C-123.45" if self.rng.random() < 0.6 else ""
        self.side = written(side, word, (0.15, 0.35), 0.15)

    def light(self, picture: Rgb, t: float) -> Rgb:
        _, columns = self.plane()
        here = (columns < ramp(t, 1.2) * 1.01) & (columns >= ramp(t - 6.2, 1.2) * 1.01)
        return np.where(here[..., None], self.side, picture)


class Crowd(Effect):
    """People all over the picture, each going a way of its own."""

    def made(self) -> None:
        self.people = self.rng.random((int(self.pick(25, 60)), 7))

    def light(self, picture: Rgb, t: float) -> Rgb:
        if t < 0:
            return picture
        image = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
        draw = ImageDraw.Draw(image)
        for x, y, speed, size, *colour in self.people[self.people[:, 1].argsort()]:
            tall = (0.15 + 0.35 * y + 0.1 * size) * self.height
            left = ((x + (speed - 0.5) * 0.3 * t) % 1.2 - 0.1) * self.width
            top = y * self.height - tall * 0.3
            shade = tuple(int(40 + 160 * each) for each in colour)
            draw.ellipse((left + tall * 0.07, top, left + tall * 0.21, top + tall * 0.17), (150, 110, 90))
            draw.rectangle((left, top + tall * 0.17, left + tall * 0.28, top + tall * 0.6), shade)
            draw.rectangle(
                (left + tall * 0.04, top + tall * 0.6, left + tall * 0.24, top + tall), (50, 50, 60)
            )
        return np.asarray(image, np.float32)


class Patrol(Turned):
    """Its PTZ unit turns it, and says so."""

    cause = None

    def moving(self, t: float) -> bool:
        return -0.2 <= t <= 2


class Drift(Effect):
    """Hours of daylight in two minutes: it fades to a fifth, shadows wander."""

    def made(self) -> None:
        self.shadow = self.clouds(0.25)

    def light(self, picture: Rgb, t: float) -> Rgb:
        share = ramp(t, 120)
        moved = np.roll(self.shadow, int(share * self.width / 3), axis=1)
        dark = 1 - 0.45 * (moved > 0.6) * ramp(t, 30)
        return picture * (dark * (1 - 0.75 * share))[..., None].astype(np.float32)

    def noise(self, t: float) -> float:
        return 1 + ramp(t, 120)


class Glare(Effect):
    """The low sun in a corner of the picture, and its veil over the rest."""

    def made(self) -> None:
        self.y, self.x = self.pick(0, 0.4), self.pick(0, 1)

    def light(self, picture: Rgb, t: float) -> Rgb:
        rows, columns = self.plane()
        far = (rows - self.y) ** 2 + (columns - self.x) ** 2
        glow = ramp(t, 20) * (np.exp(-far / 0.02) + 0.35 * np.exp(-far / 0.25))
        return added(picture, 240 * glow)


FAULTS: Mapping[str, Callable[[Rng, tuple[int, int]], Effect]] = {
    "covered": Covered, "sprayed": Sprayed, "defocused": Defocused, "turned": Turned, "turned away": TurnedAway,
    "frozen": Frozen, "signal loss": SignalLoss, "stripes": Stripes, "bright": Bright, "dark": Dark,
    "infrared": Infrared,
}  # fmt: skip
CALM: Mapping[str, Callable[[Rng, tuple[int, int]], Effect]] = {
    "nothing": Effect, "light jump": LightJump, "night mode": Dusk, "headlights": Headlights,
    "rain": Rain, "rain over": RainOver,
    "fog": Fog, "lorry": Lorry, "crowd": Crowd, "PTZ move": Patrol, "daylight drift": Drift, "glare": Glare,
}  # fmt: skip
