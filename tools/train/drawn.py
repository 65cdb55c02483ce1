"""Pictures of the product's own drawn street, with the boxes that its renderer knows exactly."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from drivers.virtual.street.drawing import WHOLE, Box, Scene
from tools.train.pack import BOX, Floats, Source
from tools.train.settings import CLASSES

#: First seed of streets to train on and to report on; the demo's seeds are small numbers.
TRAIN, REPORT = 100_000, 900_000
_SIZE = (448, 252)


def _window(rng: np.random.Generator) -> Box:
    """Return the whole scene, or a part as a PTZ head or the motion gate would show it."""
    if rng.random() < 0.5:
        return WHOLE
    side = float(rng.uniform(0.35, 0.9))
    left, top = rng.uniform(0, 1 - side, 2)
    return float(left), float(top), float(left + side), float(top + side)


def _seen(truth: list[tuple[str, Box]], window: Box) -> Floats:
    """Return boxes in pixels of the picture; what is mostly outside of the window is left out."""
    rows = []
    for label, (x0, y0, x1, y1) in truth:
        wide, high = window[2] - window[0], window[3] - window[1]
        moved = np.array([x0 - window[0], y0 - window[1], x1 - window[0], y1 - window[1]])
        moved /= np.array([wide, high, wide, high])
        inside = moved.clip(0, 1)
        kept = (inside[2] - inside[0]) * (inside[3] - inside[1])
        if kept > 0.35 * (moved[2] - moved[0]) * (moved[3] - moved[1]):
            rows.append([CLASSES.index(label), *(inside * np.array(_SIZE * 2)), 1.0])
    return np.array(rows, np.float32).reshape(-1, BOX)


def scenes(count: int, first: int, part: str, shots: int = 6) -> Iterator[Source]:
    """Yield pictures of `count` streets, half of them at night, each at some moments."""
    for seed in range(first, first + count):
        rng = np.random.default_rng((seed, 4))
        scene = Scene(seed, night=bool(seed % 2), width=640, height=360)
        for shot in range(shots):
            t, window = float(rng.uniform(0, scene.period)), _window(rng)
            pixels = scene.render(t, window, _SIZE)
            boxes = _seen(scene.truth(t), window)
            yield f"drawn-{seed}-{shot}", "drawn", f"drawn-{seed}", part, pixels, boxes
