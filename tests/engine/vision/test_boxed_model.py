"""The detector in the box does what its card says, on pictures that anyone can draw."""

from __future__ import annotations

import av
import numpy as np
import pytest

from drivers.virtual.scene import Scene
from engine.models import find, registry
from engine.vision.compare import see
from engine.vision.labelled import Truth, marks, mean
from engine.vision.objects import Detector

NAME = "matthan-nano"
#: Mean AP50 on the drawn pictures below. Low on purpose: it finds a broken file, not a slightly worse one.
FLOOR = 0.5

pytestmark = pytest.mark.skipif(NAME not in registry(), reason="no model is in the box yet")


def _drawn() -> list[tuple[av.VideoFrame, Truth]]:
    told = []
    for seed in range(700_000, 700_008):
        scene = Scene(seed, night=bool(seed % 2))
        for t in (3.0, 9.0):
            boxes = np.array([box for _, box in scene.truth(t)], np.float32).reshape(-1, 4)
            boxes *= np.array([scene.width, scene.height] * 2, np.float32)
            labels = tuple(label for label, _ in scene.truth(t))
            frame = av.VideoFrame.from_ndarray(scene.render(t), format="rgb24")
            told.append((frame, Truth(boxes, labels, np.ones(len(labels), bool), scene.width)))
    return told


def test_it_recognises_drawn_figures() -> None:
    file = find(NAME)
    assert file is not None
    detector = Detector(file, least=0.02)
    assert detector.names == ("person", "two_wheeler", "car", "heavy")
    told = marks([(see(detector, frame), truth) for frame, truth in _drawn()], detector.names)
    assert (mean(told.values()) or 0) >= FLOOR, told


def test_it_is_small() -> None:
    file = find(NAME)
    assert file is not None
    assert file.path.stat().st_size <= 2_000_000
