"""What stands and what walks in the scenes of motion: backgrounds, drawn or real, and things with exact masks."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float32]  #: (h, w), 0..255
Mask = NDArray[np.float32]  #: (h, w), 0..1: how much of a pixel a thing covers

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
WIDTH, HEIGHT = 640, 360
MARGIN = 24  #: pixels that a background is larger than the picture on each side, for a camera that shakes
SIZE = (WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN)


def photographs() -> list[Path]:
    """Return the real pictures that lie beside this checkout; none where there are none."""
    return sorted(SHARED.glob("traffic_cctv/*.jpg")) + sorted(SHARED.glob("coco_cc/*.jpg"))


def real(rng: np.random.Generator) -> Grey:
    """Return a part of a real picture, `SIZE` large."""
    paths = photographs()
    picture = cv2.imread(str(paths[int(rng.integers(len(paths)))]), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    scale = max(SIZE[0] / picture.shape[1], SIZE[1] / picture.shape[0])
    whole = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    whole = cv2.resize(whole, (max(whole.shape[1], SIZE[0]), max(whole.shape[0], SIZE[1])))
    y = (whole.shape[0] - SIZE[1]) // 2
    return np.asarray(whole[y : y + SIZE[1], : SIZE[0]], np.float32)


def drawn(rng: np.random.Generator) -> Grey:
    """Return a drawn yard: sky, ground with grain, houses with windows, posts."""
    width, height = SIZE
    ground = np.linspace(rng.uniform(90, 170), rng.uniform(60, 130), height, dtype=np.float32)
    yard = np.repeat(ground[:, None], width, axis=1)
    horizon = int(height * rng.uniform(0.25, 0.45))
    yard[:horizon] += rng.uniform(20, 60)
    for _ in range(int(rng.integers(3, 7))):
        x, wide, high = (int(rng.integers(*span)) for span in ((0, width), (60, 200), (50, 150)))
        house = yard[max(0, horizon - high) : horizon + 20, x : x + wide]
        house[:] = rng.uniform(50, 190)
        for row in range(8, house.shape[0] - 16, 26):
            for column in range(8, house.shape[1] - 14, 24):
                house[row : row + 14, column : column + 11] = rng.uniform(30, 220)
    for _ in range(int(rng.integers(2, 5))):
        x = int(rng.integers(0, width))
        yard[horizon - 60 :, x : x + int(rng.integers(3, 8))] = rng.uniform(30, 80)
    return np.asarray(np.clip(yard + grain(rng, 3, 6) + grain(rng, 14, 10), 0, 255), np.float32)


def grain(rng: np.random.Generator, size: float, strength: float) -> Grey:
    """Return texture of a size in pixels and a strength (standard deviation) in grey levels."""
    rough = cv2.GaussianBlur(rng.normal(0, 1, SIZE[::-1]).astype(np.float32), (0, 0), size)
    return np.asarray(rough * np.float32(strength / rough.std()), np.float32)


def person(rng: np.random.Generator, high: int) -> tuple[Grey, Mask]:
    """Return a standing figure, `high` pixels tall, and what it covers."""
    wide = int(high * 0.42)
    mask = np.zeros((high * 4, wide * 4), np.uint8)
    head, middle = int(high * 4 * 0.07), wide * 2
    cv2.circle(mask, (middle, head + 2), head, 255, -1)
    cv2.ellipse(
        mask, (middle, int(high * 4 * 0.34)), (int(wide * 1.35), int(high * 4 * 0.21)), 0, 0, 360, 255, -1
    )
    apart = int(wide * rng.uniform(0.3, 0.9))
    for side in (-1, 1):
        foot = (middle + side * apart, high * 4 - 4)
        cv2.line(mask, (middle + side * wide // 3, high * 2), foot, 255, int(wide * 0.75))
    small = np.asarray(cv2.resize(mask, (wide, high), interpolation=cv2.INTER_AREA) / 255, np.float32)
    cloth = np.full((high, wide), rng.uniform(20, 235), np.float32)
    cloth[int(high * rng.uniform(0.45, 0.6)) :] = rng.uniform(20, 200)
    cloth[: int(high * 0.15)] = rng.uniform(70, 180)
    return _worn(rng, cloth), small


def car(rng: np.random.Generator, high: int) -> tuple[Grey, Mask]:
    """Return a car from the side, `high` pixels tall, and what it covers."""
    wide = int(high * 2.4)
    mask = np.zeros((high, wide), np.uint8)
    cv2.rectangle(mask, (0, int(high * 0.4)), (wide - 1, int(high * 0.88)), 255, -1)
    roof = np.array([[0.18, 0.42], [0.3, 0.03], [0.72, 0.03], [0.88, 0.42]]) * (wide, high)
    cv2.fillPoly(mask, [roof.astype(np.int32)], 255)
    for x in (0.2, 0.8):
        cv2.circle(mask, (int(wide * x), int(high * 0.82)), int(high * 0.17), 255, -1)
    paint = np.full((high, wide), rng.uniform(20, 240), np.float32)
    for x0, x1 in ((0.3, 0.48), (0.52, 0.7)):
        paint[int(high * 0.1) : int(high * 0.36), int(wide * x0) : int(wide * x1)] = rng.uniform(20, 110)
    for x in (0.2, 0.8):
        cv2.circle(paint, (int(wide * x), int(high * 0.82)), int(high * 0.17), 25.0, -1)
    return _worn(rng, paint), np.asarray(mask / 255, np.float32)


def _worn(rng: np.random.Generator, surface: Grey) -> Grey:
    """Return a surface with folds, a slope of light and small stains."""
    high, wide = surface.shape
    folds = cv2.GaussianBlur(rng.normal(0, 1, surface.shape).astype(np.float32), (0, 0), max(1.5, high / 20))
    slope = np.linspace(-1, 1, wide, dtype=np.float32)[None] * np.float32(rng.uniform(-15, 15))
    rough = surface + folds * np.float32(rng.uniform(5, 14) / folds.std()) + slope
    return np.asarray(np.clip(rough, 0, 255), np.float32)
