"""An imperfect detector on true boxes: misses, ghosts, jitter, doubles, parts, wrong names. Pure; seeded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scenes.tracks import Box, Scene, Truth, clipped

from engine.vision.boxes import suppress
from engine.vision.model import Detections

NAMES = ("person", "two_wheeler", "car", "heavy", "animal")
#: What each kind is taken for where it is taken for another.
TAKEN_FOR = {
    "person": ("two_wheeler", "animal"),
    "two_wheeler": ("person", "car"),
    "car": ("heavy",),
    "heavy": ("car",),
}
#: Least part that must be seen for an object to be found at all, and from which on it is found as ever.
HIDDEN, SHOWN = 0.25, 0.65
#: Seconds between two spells in which one object is hardly found, and of one spell, in the mean.
SPELLS, SPELL = 12.0, 0.5
#: Chances per object and picture.
MISS, DOUBLE, PART, CONFUSED, RIDER = 0.05, 0.03, 0.07, 0.05, 0.5
#: Standard deviation of each side, as a part of the box's width or height.
JITTER = 0.035
#: Ghosts per picture that come and go at once; places where one keeps coming back, seconds there and not there.
GHOSTS, HAUNTED, THERE, AWAY = 0.06, 2, 0.5, 9.0


@dataclass
class _Raw:
    boxes: list[Box] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    colours: list[np.ndarray] = field(default_factory=list)

    def add(self, box: Box, score: float, label: str, colour: np.ndarray) -> None:
        box = clipped(box)
        if box[2] - box[0] > 0.004 and box[3] - box[1] > 0.004:
            self.boxes.append(box)
            self.scores.append(float(np.clip(score, 0.1, 0.98)))
            self.labels.append(NAMES.index(label))
            self.colours.append(colour)


class Detector:
    """Looks at one scene, picture after picture.

    Args:
        scene: What is looked at.
        fps: Pictures per second.
        seed: Chooses its mistakes.
    """

    def __init__(self, scene: Scene, fps: float, seed: int) -> None:
        self._scene, self._fps = scene, fps
        self._rng = np.random.default_rng((seed, 77))
        self._spells: dict[int, bool] = {}
        self._parts: dict[int, bool] = {}
        self._haunted = [self._place() for _ in range(HAUNTED)]
        self._there = [False] * HAUNTED

    def pictures(self) -> Iterator[tuple[float, list[Truth], Detections]]:
        """Yield every picture's time, truth and detections."""
        for number in range(round(self._scene.seconds * self._fps)):
            t = number / self._fps
            truth = self._scene.truth(t)
            yield t, truth, self._look(truth)

    def _look(self, truth: list[Truth]) -> Detections:
        raw = _Raw()
        for each in truth:
            self._see(each, raw)
        self._ghosts(raw)
        boxes = np.array(raw.boxes, np.float32).reshape(-1, 4)
        scores, labels = np.array(raw.scores, np.float32), np.array(raw.labels, np.int32)
        kept = suppress(boxes, scores, labels, 0.5)
        colours = np.array(raw.colours, np.float32).reshape(-1, 6)
        return Detections(boxes[kept], scores[kept], labels[kept], NAMES, colours[kept])

    def _see(self, each: Truth, raw: _Raw) -> None:
        rng = self._rng
        clear = float(np.clip((each.visible - HIDDEN) / (SHOWN - HIDDEN), 0, 1))
        spell = self._markov(self._spells, each.id, SPELLS, SPELL)
        if rng.random() > (1 - MISS) * clear * (0.45 if spell else 1):
            return
        score = rng.normal(0.74, 0.09) * (0.6 + 0.4 * clear) * (0.5 if spell else 1)
        label = each.label
        if rng.random() < CONFUSED:
            label = TAKEN_FOR[label][int(rng.integers(len(TAKEN_FOR[label])))]
        colour = each.colour + rng.normal(0, 6, 6) + rng.normal(0, 40 * (1 - each.visible), 6)
        part = self._markov(self._parts, each.id, SPELLS, 0.4) or rng.random() < PART
        if each.label == "person" and part:
            bust = np.tile(colour[:3], 2)  # nothing of the trousers is in it
            raw.add(self._jittered(_upper(each.box, 0.4)), score * rng.uniform(0.7, 1.0), "person", bust)
            if rng.random() < 0.4:  # the whole is lost over its part
                return
        raw.add(self._jittered(each.box), score, label, colour)
        if each.label == "two_wheeler" and rng.random() < RIDER:
            raw.add(self._jittered(_rider(each.box)), score * rng.uniform(0.6, 1.1), "person", colour)
        if rng.random() < DOUBLE:
            raw.add(self._jittered(each.box, 0.12), score * rng.uniform(0.5, 0.9), label, colour)

    def _markov(self, states: dict[int, bool], of: int, off: float, on: float) -> bool:
        """Return whether a spell is on that comes and goes at random, as long at every picture rate."""
        was = states.get(of, False)
        states[of] = was ^ (self._rng.random() < 1 / (self._fps * (on if was else off)))
        return states[of]

    def _jittered(self, box: Box, by: float = JITTER) -> Box:
        wide, high = box[2] - box[0], box[3] - box[1]
        a, b, c, d = self._rng.normal(0, by, 4)
        return box[0] + a * wide, box[1] + b * high, box[2] + c * wide, box[3] + d * high

    def _place(self) -> tuple[Box, np.ndarray]:
        x, y, high = self._rng.uniform(0.05, 0.9), self._rng.uniform(0.3, 0.8), self._rng.uniform(0.07, 0.2)
        return (x, y, x + high * 0.22, y + high), self._rng.uniform(60, 190, 6)

    def _ghosts(self, raw: _Raw) -> None:
        rng = self._rng
        for _ in range(int(rng.poisson(GHOSTS))):
            box, colour = self._place()
            raw.add(box, rng.uniform(0.15, 0.65), "person", colour)
        for number, (box, colour) in enumerate(self._haunted):
            turn = THERE if self._there[number] else AWAY
            self._there[number] ^= bool(rng.random() < 1 / (self._fps * turn))
            if self._there[number]:
                raw.add(self._jittered(box), rng.uniform(0.25, 0.65), "person", colour + rng.normal(0, 5, 6))


def _upper(box: Box, part: float) -> Box:
    """Return head and shoulders."""
    return box[0], box[1], box[2], box[1] + part * (box[3] - box[1])


def _rider(box: Box) -> Box:
    """Return who sits on a two-wheeler."""
    wide, high = box[2] - box[0], box[3] - box[1]
    return box[0] + 0.3 * wide, box[1], box[2] - 0.25 * wide, box[3] - 0.3 * high
