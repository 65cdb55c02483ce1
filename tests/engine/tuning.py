"""A drawn yard for the tuner: a wall with noise, leaves in a corner that gusts stir, somebody who walks through."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from engine.vision.tuner.film import Film

FPS, HIGH, WIDE = 5, 180, 320
#: Where the leaves are, in 0..1: x0, y0, x1, y1.
LEAVES = (0.75, 0.0, 1.0, 0.3)
Pictures = NDArray[np.uint8]


def yard(
    count: int = 150,
    *,
    seed: int = 0,
    leaves: bool = True,
    walks: Sequence[int] = (60,),
    contrast: int = 70,
    plain: bool = False,
) -> Pictures:
    """Draw it, (count, HIGH, WIDE).

    Args:
        walks: Pictures at which somebody comes in from the left; they take 40 to walk through.
        contrast: How much brighter than the wall their clothes are, at most; they are chequered.
        plain: Whether the wall is smooth.
    """
    rng = np.random.default_rng(seed)
    wall = _texture(rng, 98, 102, 4) if plain else _texture(rng, 70, 130, 4)
    tree = _texture(rng, 60, 150, 2)
    clothes = 100 + rng.integers(0, contrast + 1, (15, 6)).repeat(4, 0).repeat(4, 1)
    return np.array([_picture(rng, wall, tree, at, leaves, walks, clothes) for at in range(count)])


def _texture(rng: np.random.Generator, low: int, high: int, size: int) -> NDArray[np.float64]:
    cells = rng.integers(low, high, (HIGH // size + 1, WIDE // size + 1))
    return cells.repeat(size, 0).repeat(size, 1)[:HIGH, :WIDE].astype(float)


def _picture(
    rng: np.random.Generator, wall: NDArray[np.float64], tree: NDArray[np.float64], at: int, leaves: bool,
    walks: Sequence[int], clothes: NDArray[np.int64],
) -> Pictures:  # fmt: skip
    drawn = wall.copy()
    if leaves:
        stirred = np.roll(tree, rng.integers(-4, 5, 2), (0, 1)) if at % 25 < 6 else tree
        part = slice(0, int(LEAVES[3] * HIGH)), slice(int(LEAVES[0] * WIDE), WIDE)
        drawn[part] = stirred[part]
    for begin in walks:
        x = (at - begin) * 8
        if 0 <= x < WIDE:
            drawn[70:130, x : x + 24] = clothes[:, : WIDE - x]
    return np.clip(drawn + rng.normal(0, 2, drawn.shape), 0, 255).astype(np.uint8)


def film_of(pictures: Pictures) -> Film:
    """Return pictures as a film."""
    count = len(pictures)
    times = tuple(number / FPS for number in range(count))
    return Film(pictures, times, (False,) * count, FPS, WIDE * 2, HIGH * 2)


def clip_of(pictures: Pictures, path: Path) -> Path:
    """Write pictures as a clip, 640x360 in H.264."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDE * 2, HIGH * 2, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "23", "g": "25"}
        for picture in pictures.repeat(2, 1).repeat(2, 2):
            frame = av.VideoFrame.from_ndarray(picture, "gray").reformat(format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
