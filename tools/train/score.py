"""How good the net is while it learns: the product's own arithmetic on the pictures kept for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import cv2
import numpy as np
import torch

from engine.bench.labelled import Truth, marks, mean
from engine.vision.boxes import suppress
from engine.vision.model import Detections
from tools.train.net import Net, boxes, grid
from tools.train.pack import Pack, Pixels
from tools.train.settings import CLASSES, FINAL, GREY

_LEAST, _SAME = 0.02, 0.5
#: Pictures of a left-out source that are looked at each time.
MOST = 150


def letterboxed(picture: Pixels, size: tuple[int, int]) -> tuple[Pixels, float, tuple[int, int]]:
    """Return the picture in the middle of a canvas, its scale and its corner there."""
    height, width = picture.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    small = cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    canvas = np.full((size[1], size[0], 3), GREY, np.uint8)
    left, top = (size[0] - small.shape[1]) // 2, (size[1] - small.shape[0]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas, scale, (left, top)


@torch.no_grad()
def find(net: Net, picture: Pixels, size: tuple[int, int] = FINAL) -> Detections:
    """Return what a net finds, in pixels of the picture."""
    canvas, scale, (left, top) = letterboxed(picture, size)
    pixels = torch.from_numpy(canvas).permute(2, 0, 1)[None].float()
    logits, reach = net(pixels.contiguous(memory_format=torch.channels_last))
    best, labels = logits[0].sigmoid().max(-1)
    kept = best >= _LEAST
    found = boxes(reach, *grid(*size))[0][kept].numpy()
    found = (found - np.array([left, top] * 2)) / scale
    scores, groups = best[kept].numpy(), labels[kept].numpy().astype(np.int32)
    alive = suppress(found.astype(np.float32), scores, groups, _SAME)
    return Detections(found[alive].astype(np.float32), scores[alive], groups[alive], CLASSES)


def truth(pack: Pack, number: int) -> Truth:
    """Return what is in a packed picture."""
    rows = pack.boxes(number)
    names = tuple(CLASSES[int(label)] for label in rows[:, 0])
    return Truth(rows[:, 1:5], names, rows[:, 5] >= 1, pack.entries[number].width)


def views(pack: Pack, without: Collection[str] = ()) -> dict[str, list[int]]:
    """Return what a net is watched by, name -> pictures: what is learnt, what may be forgotten, what it never saw.

    ``stop`` shares its cameras with the training pictures: it rises while a net learns them by heart.
    ``photographs`` fall where it
    forgets, and a source that is left out whole tells when to stop.
    """
    told = {
        "stop": pack.part("stop"),
        "photographs": pack.part("foreign"),
        "drawn": pack.part("drawn-report"),
    }
    for source in sorted(without):
        there = [i for i, entry in enumerate(pack.entries) if entry.source == source]
        told[source] = there[:: max(1, len(there) // MOST)]
    return told


def score(net: Net, pack: Pack, numbers: Sequence[int]) -> dict[str, float]:
    """Return AP50 of each class that these pictures have, and their mean."""
    net.eval()
    told = marks(((find(net, pack.picture(i)), truth(pack, i)) for i in numbers), CLASSES)
    values = {name: round(mark.ap, 4) for name, mark in told.items() if mark.ap is not None}
    return {**values, "mean": round(mean(told.values()) or 0.0, 4)}
