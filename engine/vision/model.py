"""What vision hands on: struct-of-arrays inside, frozen values outside. Coordinates are 0..1."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]  #: shape (n, 4): x0, y0, x1, y1 in 0..1
Luma = NDArray[np.uint8]  #: shape (h, w), 0..255, row stride may exceed w


class Disturbance(StrEnum):
    """Why a picture's changes are those of the picture as a whole, and no motion."""

    NONE = ""
    LIGHT = "light"  #: exposure jumped, a lamp was switched, headlights passed over everything
    SHAKE = "shake"  #: the camera itself sways
    VIEW = "view"  #: the camera looks elsewhere: it was turned, or its PTZ unit moves


@dataclass(frozen=True, slots=True)
class Motion:
    """Moving regions of one picture.

    Attributes:
        share: Moving part of the picture, 0..1.
        boxes: Regions, largest first.
        disturbance: What the whole picture did; while it did, nothing in it is said to have moved.
    """

    share: float
    boxes: Boxes
    disturbance: Disturbance = Disturbance.NONE


@dataclass(frozen=True, slots=True)
class Detections:
    """Objects of one picture: `boxes` (n, 4), `scores` (n,) in 0..1, `labels` (n,) into `names`.

    `colours` (n, 6), where somebody looked: mean Y, U, V, 0..255, of the upper and of the lower half. `close`
    (n,): whether it was seen surely, and as well as it can be (`engine.vision.crops.is_close`); None: all were.
    """

    boxes: Boxes
    scores: NDArray[np.float32]
    labels: NDArray[np.int32]
    names: tuple[str, ...]
    colours: NDArray[np.float32] | None = None
    close: NDArray[np.bool_] | None = None

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
        predicted: It was not seen in this picture: `box` is where it should be by now.
        way: Where it was seen before it was told, the oldest first: only when it is told for the first time.
    """

    id: int
    label: str
    score: float
    box: tuple[float, float, float, float]
    velocity: tuple[float, float]
    age: float
    seen: int
    predicted: bool = False
    way: tuple[tuple[float, tuple[float, float, float, float]], ...] = ()


class Cause(StrEnum):
    """Why a picture cannot be relied upon."""

    COVERED = "covered"  #: something stands right before the lens
    SPRAYED = "sprayed"  #: paint, mud, a web on the glass: what is behind is gone, or blotched
    DEFOCUSED = "defocused"
    TURNED = "turned"  #: it looks elsewhere than its reference picture
    FROZEN = "frozen"  #: always the same picture, or pictures whose time stands still
    DARK = "dark"
    BRIGHT = "bright"
    INFRARED = "infrared"  #: the infrared filter or lamp is stuck
    STRIPES = "stripes"  #: bands, broken lines, interference
    SIGNAL_LOSS = "signal_loss"  #: the recorder's or encoder's card in place of a picture


@dataclass(frozen=True, slots=True)
class Impairment:
    """Something is the matter with the picture itself.

    Attributes:
        confidence: 0..1.
        since: When it began, in the seconds of `Sight.at`.
    """

    cause: Cause
    confidence: float
    since: float


@dataclass(frozen=True, slots=True)
class Sight:
    """What one analysed picture showed.

    Attributes:
        at: Host's monotonic seconds of the packet.
        width: Of the picture as it is seen, upright and in square pixels; likewise `height`.
        tracks: Confirmed objects that are there: seen now, or predicted for a moment.
        ended: Confirmed objects that are gone: they were looked for, and not found.
        cut: The whole picture changed (light switched, camera moved): motion is not to be believed.
        unknown: Confirmed objects that nobody could look for: where they were last. Neither there nor gone.
        impairments: What is the matter with the picture itself, the surest first.
    """

    at: float
    width: int
    height: int
    motion: Motion
    tracks: tuple[Track, ...]
    ended: tuple[Track, ...]
    cut: bool = False
    unknown: tuple[Track, ...] = ()
    impairments: tuple[Impairment, ...] = ()
