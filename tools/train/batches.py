"""Which pictures make up which batch: a matter of the seed and the batch's number alone.

So a run that was cut goes on with just the batches that it would have seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray

from tools.train import augment
from tools.train.pack import BOX, Floats, Pack
from tools.train.settings import ANIMAL, HEAVY, PERSON, TWO_WHEELER, Settings
from tools.train.teacher import Maps

#: How often pictures with a class are taken more often than others: what is rare among human boxes.
_FAVOUR = {TWO_WHEELER: 1.6, HEAVY: 2.5, PERSON: 2.4, ANIMAL: 6.0}
#: One shaking camera has 429 pictures of the same road, one lobby 1,457; people close up are in few sources only.
_SOURCES = {
    "uab": 0.3, "helmet": 1.5, "intel": 1.5, "tcc": 1.5, "manaus": 1.3,
    "nir": 0.55, "oib": 0.5, "toll": 0.4, "mgl": 1.5, "coco": 2.5, "coco2": 2.5,
}  # fmt: skip
_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one step; boxes and unsure regions are padded with class -1.

    Shapes: pixels (b, 3, h, w) uint8; boxes (b, n, 6); unsure (b, m, 6); soft (b, points, classes).
    """

    pixels: torch.Tensor
    boxes: torch.Tensor
    unsure: torch.Tensor
    soft: torch.Tensor


def _weight(pack: Pack, number: int) -> float:
    there = set(pack.boxes(number)[:, 0].astype(int))
    favour = max((_FAVOUR.get(label, 1.0) for label in there), default=0.7)
    return favour * _SOURCES.get(pack.entries[number].source, 1.0)


def _learned(pack: Pack, part: str, without: Collection[str]) -> NDArray[np.int64]:
    return np.array([i for i in pack.part(part) if pack.entries[i].source not in without], np.int64)


def _padded(rows: list[Floats]) -> torch.Tensor:
    most = max(1, max(len(each) for each in rows))
    padded = np.full((len(rows), most, BOX), -1, np.float32)
    for row, each in zip(padded, rows, strict=True):
        row[: len(each)] = each
    return torch.from_numpy(padded)


class Batches:
    """Batches of one run.

    Args:
        polish: The last phase: no mosaics, mostly the shipped size.
    """

    def __init__(self, pack: Pack, maps: Maps, settings: Settings, *, polish: bool = False) -> None:
        self._pack, self._maps, self._settings = pack, maps, settings
        self._sizes = settings.sizes_polish if polish else settings.sizes
        self._mosaic = 0.0 if polish else settings.mosaic
        self._parts = [_learned(pack, name, settings.without) for name in ("train", "drawn", "free")]
        weights = [np.array([_weight(pack, number) for number in part]) for part in self._parts]
        self._odds = [weight / weight.sum() if len(weight) else weight for weight in weights]

    def _number(self, rng: Generator) -> int:
        chance = rng.random()
        which = (
            1
            if chance < self._settings.drawn
            else 2
            if chance < self._settings.drawn + self._settings.free
            else 0
        )
        if not len(self._parts[which]):
            which = 0
        return int(rng.choice(self._parts[which], p=self._odds[which]))

    def _sample(self, rng: Generator, size: tuple[int, int]) -> augment.Sample:
        if rng.random() < self._mosaic:
            numbers = [self._number(rng) for _ in range(4)]
            made = augment.mosaic(rng, self._pack, self._maps, numbers, size)
        elif rng.random() < self._settings.near:
            made = augment.near(rng, self._pack, self._maps, self._number(rng), size)
        else:
            made = augment.single(rng, self._pack, self._maps, self._number(rng), size)
        return augment.Sample(augment.lit(rng, made.pixels), made.boxes, made.unsure, made.soft)

    def make(self, number: int) -> Batch:
        """Return one batch."""
        rng = np.random.default_rng((self._settings.seed, number))
        size = self._sizes[int(rng.integers(len(self._sizes)))]
        samples = [self._sample(rng, size) for _ in range(self._settings.batch)]
        pixels = torch.from_numpy(np.stack([each.pixels for each in samples])).permute(0, 3, 1, 2)
        soft = torch.from_numpy(np.stack([each.soft for each in samples]))
        boxes, unsure = _padded([each.boxes for each in samples]), _padded([each.unsure for each in samples])
        return Batch(pixels, boxes, unsure, soft)

    def stream(self, first: int, count: int) -> Iterator[Batch]:
        """Yield batches; one thread makes the next ones meanwhile."""
        cv2.setNumThreads(0)
        with ThreadPoolExecutor(1, "batches") as thread:
            pending = [thread.submit(self.make, first + i) for i in range(min(_AHEAD, count))]
            for i in range(count):
                batch = pending.pop(0).result()
                if i + _AHEAD < count:
                    pending.append(thread.submit(self.make, first + i + _AHEAD))
                yield batch
