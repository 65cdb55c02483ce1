"""Figures of one decoded picture: how bright, how much of it clipped, how sharp. Numpy only."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from engine.vision.picture import luma, readable

_FULL_RANGE = 2  # AVCOL_RANGE_JPEG
#: Pixels that are measured, twice those of a 4K picture; of a larger one every second, or third.
MOST = 16_000_000
#: Grey levels next to black, and to white, that count as it.
_CLIPPED = 5


@dataclass(frozen=True, slots=True)
class Figures:
    """What a picture measures.

    Attributes:
        mean: Grey level, 0 to 255; `spread`: its standard deviation.
        black: Share of the picture that is black, 0 to 1; likewise `white`.
        sharpness: Variance of the Laplacian in the middle.
    """

    mean: float
    spread: float
    black: float
    white: float
    sharpness: float


def figures(frame: VideoFrame) -> Figures:
    """Measure a picture (blocking: some ms per megapixel)."""
    levels = _full(frame)
    share = 1 / max(1, levels.size)
    return Figures(
        float(levels.mean()),
        float(levels.std()),
        float(np.count_nonzero(levels <= _CLIPPED)) * share,
        float(np.count_nonzero(levels >= 255 - _CLIPPED)) * share,
        sharpness(levels),
    )


def sharpness(levels: NDArray[np.float32]) -> float:
    """Return the variance of the Laplacian in the middle of a picture: edges of overlays lie outside."""
    high, wide = levels.shape
    middle = levels[high // 4 : high - high // 4, wide // 4 : wide - wide // 4]
    if min(middle.shape) < 3:
        return 0.0
    inner = middle[1:-1, 1:-1]
    around = middle[:-2, 1:-1] + middle[2:, 1:-1] + middle[1:-1, :-2] + middle[1:-1, 2:]
    return float((around - 4 * inner).var())


def _full(frame: VideoFrame) -> NDArray[np.float32]:
    """Return the grey levels from 0 to 255, however they are coded."""
    shown = readable(frame)
    plane = luma(frame)
    every = max(1, math.ceil(math.sqrt(plane.size / MOST)))  # a hostile stream may be of any size
    levels: NDArray[np.float32] = plane[::every, ::every].astype(np.float32)
    name = shown.format.name
    if not (name.startswith("yuvj") or name == "gray" or frame.color_range == _FULL_RANGE):
        levels -= 16
        levels *= 255 / 219
        np.clip(levels, 0, 255, out=levels)
    return levels
