"""What lens, sensor and writing do to a drawn picture."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from drivers.virtual.imaging import Caption, Look
from drivers.virtual.street.flaw import flawed

#: Share of the picture's height that a line of writing has, and its outline.
_LINE = 0.055
_GREY = np.array([77, 150, 29], np.uint16)


def seen(picture: NDArray[np.uint8], look: Look) -> NDArray[np.uint8]:
    """Return a picture (h, w, 3) as it comes out of the camera; the same one where nothing is to be done."""
    if look.blur:
        radius = look.blur * picture.shape[1] / 640
        picture = np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))
    if look.colour < 1:
        grey = ((picture @ _GREY) >> 8).astype(np.float32)[..., None]
        picture = (grey + (picture - grey) * np.float32(look.colour)).clip(0, 255).astype(np.uint8)
    if (look.gain, look.lift, look.contrast) != (1.0, 0.0, 1.0):
        picture = _curve(look.gain, look.lift, look.contrast)[picture]
    picture = flawed(picture, look.flaw)
    for caption in look.captions:
        picture = _written(picture, caption)
    return picture


@lru_cache(maxsize=16)
def _curve(gain: float, lift: float, contrast: float) -> NDArray[np.uint8]:
    """Return what becomes of each grey level."""
    levels = np.arange(256, dtype=np.float32) * gain
    return np.asarray(((levels - 128) * contrast + 128 + lift).clip(0, 255), np.uint8)


def _written(picture: NDArray[np.uint8], caption: Caption) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    letters = _letters(caption.text, max(9, round(_LINE * height)))
    mask = letters[:height, :width]
    rows, columns = mask.shape[:2]
    left = round((caption.x + 1) / 2 * (width - columns))
    top = round((1 - caption.y) / 2 * (height - rows))
    shown = picture.copy()
    part = shown[top : top + rows, left : left + columns]
    clear, white = mask[..., :1].astype(np.uint16), mask[..., 1:].astype(np.uint16)
    part[:] = (part * (255 - clear) // 255 + white).astype(np.uint8)
    return shown


@lru_cache(maxsize=256)
def _letters(text: str, pixels: int) -> NDArray[np.uint8]:
    """Return how opaque and how white each pixel of a line is: (h, w, 2)."""
    font = _font(pixels)
    composed = unicodedata.normalize("NFC", text)
    text = "".join(letter if letter.isprintable() else " " for letter in composed)
    left, top, right, bottom = font.getbbox(text, stroke_width=1)
    size = max(1, round(right - left) + 2), max(1, round(bottom - top) + 2)
    layers = []
    for stroke in (1, 0):
        layer = Image.new("L", size)
        ImageDraw.Draw(layer).text((1 - left, 1 - top), text, 255, font, stroke_width=stroke)
        layers.append(np.asarray(layer))
    return np.stack(layers, axis=-1)


@lru_cache(maxsize=16)
def _font(pixels: int) -> ImageFont.FreeTypeFont:
    data = (files("font_source_sans_pro") / "files" / "SourceSansPro-Semibold.ttf").read_bytes()
    return ImageFont.truetype(BytesIO(data), pixels, layout_engine=ImageFont.Layout.BASIC)
