"""What covers, smears, turns or breaks a drawn picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Picture = NDArray[np.uint8]
_Light = NDArray[np.float32]

#: Deviation of a sensor's noise in what covers the lens: no camera sends the same picture twice.
_NOISE = 2.0
_CLOTH, _PAINT, _BLUE = (46, 42, 38), (150, 148, 152), (16, 16, 176)
#: Of what a turned camera sees: a part of the street, enlarged.
_PART = (0.42, 0.30, 0.98, 0.86)
#: What an infrared filter that is stuck open makes of the three colours.
_CAST = np.array([[0.95, 0.30, 0.15], [0.25, 0.45, 0.15], [0.45, 0.15, 0.55]], np.float32)


def flawed(picture: Picture, flaw: str) -> Picture:
    """Return a picture (h, w, 3) with a flaw; one that is not drawn leaves it as it is."""
    draw = _FLAWS.get(flaw)
    return picture if draw is None else draw(picture)


def _covered(picture: Picture) -> Picture:
    """Cloth right before the lens: a little light comes through, and nothing of the scene."""
    height, width = picture.shape[:2]
    light = np.asarray(
        Image.fromarray(picture).resize((4, 3)).resize((width, height), Image.Resampling.BICUBIC)
    )
    return _sensed(np.array(_CLOTH, np.float32) + light * np.float32(0.06), picture)


def _sprayed(picture: Picture) -> Picture:
    """Paint on the glass, far nearer than anything that is in focus: soft blots, the scene between them."""
    opaque = _blots(picture.shape[1], picture.shape[0])[..., None]
    mixed = picture * (1 - opaque) + np.array(_PAINT, np.float32) * opaque
    return _sensed(mixed, picture)


@lru_cache(maxsize=8)
def _blots(width: int, height: int) -> _Light:
    rng = np.random.default_rng(7)
    mask = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mask)
    for x, y, size in rng.random((26, 3)):
        radius = (0.06 + 0.14 * size) * width
        draw.ellipse((x * width - radius, y * height - radius, x * width + radius, y * height + radius), 245)
    soft = mask.filter(ImageFilter.GaussianBlur(width / 50))
    opaque: _Light = np.asarray(soft, np.float32) / np.float32(255)
    return opaque


def _turned(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    left, top, right, bottom = _PART
    box = (left * width, top * height, right * width, bottom * height)
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC, box))


def _infrared(picture: Picture) -> Picture:
    return np.asarray((picture @ _CAST.T + 12).clip(0, 255), np.uint8)


def _striped(picture: Picture) -> Picture:
    """Interference: bands that shift with each picture, and rows that are torn sideways."""
    rng, height = _chance(picture), picture.shape[0]
    rows = np.arange(height)
    bands = 55 * np.sign(np.sin(rows * (2 * np.pi * 14 / height) + rng.uniform(0, 6.3)))
    torn = picture.astype(np.float32) + bands[:, None, None]
    for row in rng.integers(0, height, height // 6):
        torn[row] = np.roll(torn[row], int(rng.integers(8, 64)), axis=0)
    return np.asarray(torn.clip(0, 255), np.uint8)


def _card(picture: Picture) -> Picture:
    return np.broadcast_to(np.array(_BLUE, np.uint8), picture.shape).copy()


def _sensed(light: NDArray[np.float32] | NDArray[np.float64], picture: Picture) -> Picture:
    noise = _chance(picture).normal(0, _NOISE, picture.shape[:2])[..., None]
    return np.asarray((light + noise).clip(0, 255), np.uint8)


def _chance(picture: Picture) -> np.random.Generator:
    """Return a source of chance that is another one for each picture, and the same each time."""
    return np.random.default_rng(int(picture.sum()))


_FLAWS: Mapping[str, Callable[[Picture], Picture]] = {
    "covered": _covered,
    "sprayed": _sprayed,
    "turned": _turned,
    "infrared": _infrared,
    "stripes": _striped,
    "signal_loss": _card,
}
