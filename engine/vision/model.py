"""What vision hands on: struct-of-arrays inside, frozen values outside. Coordinates are 0..1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]  #: shape (n, 4): x0, y0, x1, y1 in 0..1
Luma = NDArray[np.uint8]  #: shape (h, w), 0..255, row stride may exceed w


@dataclass(frozen=True, slots=True)
class Motion:
    """Moving regions of one picture.

    Attributes:
        share: Moving part of the picture, 0..1.
        boxes: Regions, largest first.
    """

    share: float
    boxes: Boxes


@dataclass(frozen=True, slots=True)
class Detections:
    """Objects of one picture: `boxes` (n, 4), `scores` (n,) in 0..1, `labels` (n,) into `names`."""

    boxes: Boxes
    scores: NDArray[np.float32]
    labels: NDArray[np.int32]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.scores)


@dataclass(frozen=True, slots=True)
class Track:
    """One object followed over time.

    Attributes:
        id: Counts from 1 within the camera's run.
        label: Majority label; ``moving`` where no detector classified it.
        score: Best score of that label lately, 0..1 (for ``moving``: 0).
        box: Where it is now.
        velocity: Picture widths and heights per second.
        age: Seconds since it was first seen.
        seen: Pictures it was seen in.
    """

    id: int
    label: str
    score: float
    box: tuple[float, float, float, float]
    velocity: tuple[float, float]
    age: float
    seen: int


@dataclass(frozen=True, slots=True)
class Sight:
    """What one analysed picture showed.

    Attributes:
        at: Host's monotonic seconds of the packet.
        width: Of the picture as it is seen, upright and in square pixels; likewise `height`.
        tracks: Confirmed objects seen now.
        ended: Confirmed objects given up with this picture.
        cut: The whole picture changed (light switched, camera moved): motion is not to be believed.
    """

    at: float
    width: int
    height: int
    motion: Motion
    tracks: tuple[Track, ...]
    ended: tuple[Track, ...]
    cut: bool = False
