"""What a score means: the engine asks for 0.45, so that is where a class's findings are best.

The net's scores are as high as its boxes are good, which is lower for small and rare things: by themselves they
would be missed at a threshold that suits cars. Each class gets one number added to its logit, so that
0.45 is where precision and recall on the `stop` half balance best (F1). The order of a class's findings stays;
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
_LEAST, _MOST = 0.15, 0.6

Pair = tuple[Detections, Truth]


def best_threshold(pairs: list[Pair], label: str) -> float:
    """Return the score from which on a class's findings have the best F1."""
    cases = [case(found, there, label) for found, there in pairs]
    objects = sum(len(each.truth) for each in cases)
    told = sorted((entry for each in cases for entry in judged(each)), key=lambda entry: -entry[0])
    right = np.cumsum([verdict for _, verdict in told])
    worth = 2 * right / (np.arange(1, len(told) + 1) + objects)
    return float(np.clip(told[int(worth.argmax())][0], _LEAST, _MOST)) if told else _ASKED


def _whole(pack: Pack, number: int) -> Truth:
    """Return what is in a picture, boxes of the teacher's included: people were hardly drawn by humans."""
    there = truth(pack, number)
    return Truth(there.boxes, there.labels, np.ones(len(there.labels), bool), there.width)


@torch.no_grad()
def calibrate(net: Net, pack: Pack) -> dict[str, float]:
    """Shift the logits of a net in place; return the threshold that each class had."""
    pairs = [(find(net, pack.picture(number)), _whole(pack, number)) for number in pack.part("stop")]
    found = {label: best_threshold(pairs, label) for label in CLASSES}
    shift = torch.tensor([_logit(_ASKED) - _logit(score) for score in found.values()])
    for head in net.heads:
        head.logit.bias += shift
    return found


def _logit(score: float) -> float:
    return math.log(score / (1 - score))
