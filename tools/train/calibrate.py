"""What a score means: the engine asks for 0.45, so that is where a class's findings are best.

The net's scores are as high as its boxes are good, which is lower for small and rare things: by themselves they
would be missed at a threshold that suits cars. Each class gets one number added to its logit, so that 0.45 is where
precision and
recall balance best (F1) of all thresholds at which three of four findings are right. Judged on a mix: the `stop`
half, and what
nobody learned from, photographs of other kinds and empty scenes (`halves`). On the `stop` half alone, whose cameras
are known, people's
threshold came out so low that half of those told on foreign photographs were none. The order of a class's findings
stays;
average precision moves a little, where a point's best class becomes another.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from engine.bench.labelled import Truth, case
from engine.bench.precision import judged
from engine.vision.model import Detections
from tools.train.net import Net
from tools.train.pack import Pack
from tools.train.score import find, truth
from tools.train.settings import CLASSES

#: The engine's default: `detector.score`.
_ASKED = 0.45
#: Thresholds beyond these are chance: there are too few objects to say.
_LEAST, _MOST = 0.15, 0.75
#: Part of the findings that must be right.
_RIGHT = 0.75
#: Of fewer objects nothing is learned: a score means what it meant.
_FEW = 15
#: Parts of the pack that are judged.
_MIX = ("stop", "foreign")

Pair = tuple[Detections, Truth]


def best_threshold(pairs: list[Pair], label: str) -> float:
    """Return the score from which on a class's findings have the best F1 of those of which `_RIGHT` are right."""
    cases = [case(found, there, label) for found, there in pairs]
    objects = sum(len(each.truth) for each in cases)
    if objects < _FEW:
        return _ASKED
    told = sorted((entry for each in cases for entry in judged(each)), key=lambda entry: -entry[0])
    right = np.cumsum([verdict for _, verdict in told])
    count = np.arange(1, len(told) + 1)
    worth = np.where(right >= _RIGHT * count, 2 * right / (count + objects), 0.0)
    return float(np.clip(told[int(worth.argmax())][0], _LEAST, _MOST)) if told and worth.any() else _MOST


def _whole(pack: Pack, number: int) -> Truth:
    """Return what is in a picture, boxes of the teacher's included: people were hardly drawn by humans."""
    there = truth(pack, number)
    return Truth(there.boxes, there.labels, np.ones(len(there.labels), bool), there.width)


@torch.no_grad()
def calibrate(net: Net, pack: Pack) -> dict[str, float]:
    """Mend the shift of a net's logits; return the threshold that each class had."""
    pairs = [(find(net, pack.picture(number)), _whole(pack, number)) for number in pack.part(*_MIX)]
    found = {label: best_threshold(pairs, label) for label in CLASSES}
    net.shift += torch.tensor([_logit(_ASKED) - _logit(score) for score in found.values()])
    return found


def _logit(score: float) -> float:
    return math.log(score / (1 - score))
