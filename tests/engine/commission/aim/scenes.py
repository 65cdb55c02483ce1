"""Pictures that measures are tried with: a street of boxes, blurred, lit, shifted, with a sensor's noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]


def street(seed: int = 1, width: int = 640, height: int = 360) -> NDArray[np.float64]:
    """Return a scene of many things of several sizes, 0..255, a border wider than what is shown."""
    random = np.random.default_rng(seed)
    scene = np.full((height, width), 110.0)
    scene += np.linspace(-30, 30, height)[:, None]
    for _ in range(220):
        x, y = random.integers(0, width), random.integers(0, height)
        w, h = random.integers(4, width // 8), random.integers(4, height // 6)
        scene[y : y + h, x : x + w] = random.uniform(30, 220)
    return scene


def blurred(scene: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """Return a scene out of focus (Gaussian, by its spectrum)."""
    rows, columns = (np.fft.fftfreq(size)[:, None] for size in scene.shape)
    damp = np.exp(-2 * (np.pi * radius) ** 2 * (rows**2 + columns.T**2))
    return np.fft.ifft2(np.fft.fft2(scene) * damp).real


def taken(scene: NDArray[np.float64], *, noise: float = 0.0, seed: int = 7) -> Luma:
    """Return what a camera makes of a scene."""
    grain = np.random.default_rng(seed).normal(0, noise, scene.shape) if noise else 0.0
    return np.clip(np.rint(scene + grain), 0, 255).astype(np.uint8)


def window(scene: NDArray[np.float64], x: int, y: int, width: int, height: int) -> NDArray[np.float64]:
    """Return what of a scene is seen from a corner."""
    return scene[y : y + height, x : x + width]
