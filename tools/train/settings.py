"""What a run is made of; every number that shapes the result stands here."""

from __future__ import annotations

from dataclasses import dataclass

CLASSES = ("person", "two_wheeler", "car", "heavy", "animal")
PERSON, TWO_WHEELER, CAR, HEAVY, ANIMAL = range(5)
#: The numbers of COCO's eighty classes that are ours, in our order; the likelier one counts.
THEIRS = ((0,), (1, 3), (2,), (5, 7), (14, 15, 16, 17, 18, 19))
STRIDES = (8, 16, 32)
#: The input that is judged and mostly shipped for, width and height: 16:9 with little padding, multiples of 32.
FINAL = (416, 256)
#: What the file holds a graph for, the usual one first; the engine chooses by measured worth (docs/design/vision.md).
SHIPPED = (FINAL, (352, 288), (320, 192), (640, 384))
#: Beyond the picture, as `engine.vision.picture.rgb` fills it.
GREY = 114


@dataclass(frozen=True, slots=True)
class Settings:
    """One training run.

    Attributes:
        seed: Everything random follows from it and from the number of the sample.
        batch: Samples of one step.
        rate: Learning rate of the heads in the constant phase.
        neck, body: The pyramid's and the body's part of it; 0: it stays as it is, which also saves a third of the
        time. What
            the body has learned of eighty classes from 118,000 photographs is what a few cameras would make it forget.
        decay: Weight decay: none, it would pull away from what the weights know.
        ema: Most the running mean of the weights keeps in one step; `ema_polish`: while the rate falls, so that
            little of the restless weights before is left in what is shipped.
        warm: Samples over which the rate rises.
        sizes: Inputs that batches take turns at, width and height; small ones are cheap. `sizes_polish`: as shipped.
        mosaic: Share of samples made of four pictures.
        near: Share of the others that are cut around an object.
        drawn: Share of pictures that are drawn; `free`: that only the teacher has seen.
        every: Samples between two evaluations.
        without: Sources that are left out whole, and watched.
    """

    seed: int = 4
    batch: int = 32
    rate: float = 1.5e-4
    neck: float = 0.5
    body: float = 0.15
    decay: float = 0.0
    ema: float = 0.9992
    ema_polish: float = 0.998
    warm: int = 2_000
    sizes: tuple[tuple[int, int], ...] = (*((320, 192),) * 5, FINAL)
    sizes_polish: tuple[tuple[int, int], ...] = (FINAL, FINAL, (352, 288), (320, 192))
    mosaic: float = 0.5
    near: float = 0.4
    drawn: float = 0.15
    free: float = 0.05
    every: int = 8_000
    without: tuple[str, ...] = ()
