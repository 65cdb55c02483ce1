"""What a run is made of; every number that shapes the result stands here."""

from __future__ import annotations

from dataclasses import dataclass

CLASSES = ("person", "two_wheeler", "car", "heavy")
PERSON, TWO_WHEELER, CAR, HEAVY = range(4)
STRIDES = (8, 16, 32)
#: The shipped net's input, width and height: 16:9 with little padding, multiples of 32.
FINAL = (416, 256)
#: Beyond the picture, as `engine.vision.picture.rgb` fills it.
GREY = 114


@dataclass(frozen=True, slots=True)
class Settings:
    """One training run.

    Attributes:
        seed: Everything random follows from it and from the number of the sample.
        batch: Samples of one step.
        rate: Learning rate of the constant phase.
        decay: Weight decay.
        ema: Most the running mean of the weights keeps in one step; `ema_polish`: while the rate falls, so that
            little of the restless weights before is left in what is shipped.
        warm: Samples over which the rate rises.
        sizes: Inputs that batches take turns at, width and height; small ones are cheap. `sizes_polish`: mostly
            as shipped.
        mosaic: Share of samples made of four pictures.
        near: Share of the others that are cut around an object.
        drawn: Share of pictures that are drawn; `free`: that only the teacher has seen.
        every: Samples between two evaluations.
    """

    seed: int = 4
    batch: int = 32
    rate: float = 3e-3
    decay: float = 0.03
    ema: float = 0.9992
    ema_polish: float = 0.998
    warm: int = 6_000
    sizes: tuple[tuple[int, int], ...] = (*((320, 192),) * 5, (416, 256))
    sizes_polish: tuple[tuple[int, int], ...] = (FINAL, FINAL, (320, 192))
    mosaic: float = 0.5
    near: float = 0.4
    drawn: float = 0.07
    free: float = 0.05
    every: int = 16_000
