"""A street, drawn by our own code: the same seed gives the same street at the same time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]


class Scene:
    """A street with walkers, two-wheelers and cars, periodic in time.

    Args:
        seed: Chooses buildings, traffic and noise.
        night: Street lamps and headlights instead of the sun.
        width: Pixels of the whole scene; likewise `height`.
        period: Seconds after which the traffic repeats.
    """

    def __init__(
        self, seed: int, *, night: bool = False, width: int = 640, height: int = 360, period: float = 20.0
    ) -> None:
        raise NotImplementedError

    def render(self, t: float, window: Box | None = None, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
        """Return the picture at `t` seconds: shape (h, w, 3), RGB; `window` normalised, `size` (w, h)."""
        raise NotImplementedError

    def truth(self, t: float) -> list[tuple[str, Box]]:
        """Return what is in the scene at `t`: label (person, two_wheeler, car) and normalised box."""
        raise NotImplementedError
