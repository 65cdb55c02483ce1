"""What a net finds in sources of which it has learned nothing, beside what the published one finds there.

Leave-one-group-out cross-validation: the only figures that say whether cameras were learned, or seeing. Only boxes
that humans drew
count, and only pictures of the left-out sources: all of a small one, `MOST` of a large one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch

from engine.bench.compare import see
from engine.bench.labelled import Score, marks
from engine.bench.riders import joined
from engine.models.library import describe
from engine.vision.objects import Detector
from tools.train.export import load
from tools.train.pack import Pack
from tools.train.score import find, truth, views
from tools.train.settings import CLASSES

#: As in the bench.
_LEAST = 0.02


def left_out(pack: Pack, checkpoints: Sequence[Path], published: Path) -> dict[str, Any]:
    """Return the figures of some runs: ``{"folds": [{"without", "samples", "sources": {source: {class: {...}}}}]}``."""
    detector = Detector(describe(published), least=_LEAST)
    return {"folds": [_fold(pack, checkpoint, detector) for checkpoint in checkpoints]}


def _fold(pack: Pack, checkpoint: Path, published: Detector) -> dict[str, Any]:
    settings = torch.load(checkpoint, map_location="cpu", weights_only=True)["settings"]
    net, step = load(checkpoint)
    without = settings["without"]
    watched = views(pack, without)
    sources = {}
    for source in without:
        numbers = watched[source]
        own = marks([(joined(find(net, pack.picture(i))), truth(pack, i)) for i in numbers], CLASSES)
        theirs = marks([(joined(_seen(published, pack, i)), truth(pack, i)) for i in numbers], CLASSES)
        sources[source] = _rows(own, theirs)
    return {"without": list(without), "samples": step * settings["batch"], "sources": sources}


def _seen(detector: Detector, pack: Pack, number: int) -> Any:
    pixels = np.ascontiguousarray(pack.picture(number))
    return see(detector, av.VideoFrame.from_ndarray(pixels, format="rgb24"))


def _rows(own: Mapping[str, Score], theirs: Mapping[str, Score]) -> dict[str, dict[str, float]]:
    return {
        name: {"own": mark.ap or 0.0, "published": theirs[name].ap or 0.0, "boxes": mark.objects}
        for name, mark in own.items()
        if mark.objects
    }
