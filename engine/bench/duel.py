"""Two detectors on the same pictures: what each found of them, and where they differ."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import av
import numpy as np

from engine.bench.compare import Labelled, open_picture, see
from engine.bench.difference import Difference, Pair, Verdict, differences
from engine.bench.labelled import Truth, case, read
from engine.bench.precision import FALSE, FORGIVEN, HALF, matches
from engine.bench.riders import joined
from engine.bench.tally import Tally, average, tally
from engine.models import ModelFault
from engine.vision.boxes import Box, overlap
from engine.vision.model import Detections
from engine.vision.objects import Detector


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture: what is in it, what two detectors found, and the CPU milliseconds that each took."""

    picture: Labelled
    truth: Truth
    a: Detections
    b: Detections
    ms: tuple[float, float] = (0.0, 0.0)


def seen(picture: Labelled, names: Sequence[str | None], a: Detector, b: Detector) -> Seen:
    """Let two detectors look at a picture.

    Args:
        names: Our name of each class number of the labels.

    Raises:
        ModelFault: The picture or its labels cannot be read.
    """
    frame = open_picture(picture.picture)
    try:
        truth = read(picture.labels, names, frame.width, frame.height)
    except (OSError, ValueError) as error:
        raise ModelFault("model.bad_labels", path=picture.labels, reason=error) from error
    (found_a, ms_a), (found_b, ms_b) = _timed(a, frame), _timed(b, frame)
    return Seen(picture, truth, joined(found_a), joined(found_b), (ms_a, ms_b))


def _timed(detector: Detector, frame: av.VideoFrame) -> tuple[Detections, float]:
    """Return what a look finds, and its CPU milliseconds, its crop among them."""
    begin = time.thread_time()
    found = see(detector, frame)
    return found, (time.thread_time() - begin) * 1e3


@dataclass(frozen=True, slots=True)
class Judged:
    """What pictures say of two models.

    Attributes:
        pairs: Each class's findings, by A and by B; classes without an object are left out.
        units: How many independent ones there are: clips, or pictures.
        classes: The difference in AP50 of each class with enough objects.
        mean: Of their mean; None: too few units, or objects.
        absent: The findings of classes without an object: none of them is right.
    """

    pairs: Mapping[str, Pair]
    units: int
    classes: Mapping[str, Difference]
    mean: Difference | None
    absent: Mapping[str, Pair]

    @property
    def counted(self) -> Mapping[str, Pair]:
        """The classes that are in the mean: those with enough objects, all where none has."""
        return {name: self.pairs[name] for name in self.classes} or self.pairs

    @property
    def means(self) -> tuple[float, float]:
        """Mean AP50 of A and of B."""
        sides = zip(*((ap50(a), ap50(b)) for a, b in self.counted.values()), strict=True)
        mine, other = (sum(side) / len(side) for side in sides)
        return mine, other

    @property
    def verdict(self) -> Verdict:
        """Which is better."""
        return self.mean.verdict if self.mean else Verdict.FEW


def ap50(sums: Tally) -> float:
    """Return the average precision of a class that has objects."""
    return average(sums, np.ones(len(sums.objects))) or 0.0


def judge(pictures: Sequence[Seen], labels: Sequence[str], seed: int = 1) -> Judged:
    """Judge two models on pictures.

    Args:
        labels: The classes that are judged.
        seed: Of the drawn units (`engine.bench.difference`).
    """
    numbers: dict[str, int] = {}
    units = [numbers.setdefault(unit(each.picture), len(numbers)) for each in pictures]
    pairs = {label: _pair(pictures, label, units, len(numbers)) for label in labels}
    told = {label: pair for label, pair in pairs.items() if pair[0].objects.any()}
    absent = {label: pair for label, pair in pairs.items() if label not in told}
    return Judged(told, len(numbers), *differences(told, len(numbers), seed), absent)


def unit(picture: Labelled) -> str:
    """Return what a picture is one of: its clip, else itself."""
    return picture.clip or str(picture.picture)


def _pair(pictures: Sequence[Seen], label: str, units: Sequence[int], count: int) -> Pair:
    mine = tally([case(each.a, each.truth, label) for each in pictures], units, count)
    return mine, tally([case(each.b, each.truth, label) for each in pictures], units, count)


class Outcome(StrEnum):
    """What became of a box."""

    FOUND = "found"
    FALSE = "false"
    MISSED = "missed"  #: an object that no finding is of
    FORGIVEN = "forgiven"  #: a finding where nobody looked with care, or a rider: neither right nor wrong


@dataclass(frozen=True, slots=True)
class Mark:
    """One box of a picture, in its pixels.

    Attributes:
        score: Of a finding; None: it is an object that was missed.
        number: Which object of its class it is; negative: none.
    """

    outcome: Outcome
    label: str
    box: Box
    score: float | None = None
    number: int = FALSE


_OF = {FALSE: Outcome.FALSE, FORGIVEN: Outcome.FORGIVEN}


def marks(found: Detections, truth: Truth, labels: Sequence[str], score: float) -> list[Mark]:
    """Return what one model made of a picture, with what it tells at a score."""
    told: list[Mark] = []
    for label in labels:
        each = case(found, truth, label)
        matched = matches(each)
        for i in np.flatnonzero(each.scores >= score):
            of = int(matched[i])
            told.append(
                Mark(_OF.get(of, Outcome.FOUND), label, _box(each.detections[i]), float(each.scores[i]), of)
            )
        got = set(matched[each.scores >= score].tolist())
        told += [
            Mark(Outcome.MISSED, label, _box(box), None, n)
            for n, box in enumerate(each.truth)
            if n not in got
        ]
    return told


def _box(row: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Box:
    x0, y0, x1, y1 = (float(side) for side in row)
    return x0, y0, x1, y1


@dataclass(frozen=True, slots=True)
class Contrast:
    """A picture on which two models differ, and in what.

    Attributes:
        found_a: Objects that A alone found; likewise `found_b`.
        false_a: What A alone told and is not there; likewise `false_b`.
    """

    picture: Labelled
    a: Sequence[Mark]
    b: Sequence[Mark]
    found_a: Sequence[Mark]
    found_b: Sequence[Mark]
    false_a: Sequence[Mark]
    false_b: Sequence[Mark]

    @property
    def weight(self) -> int:
        """In how many boxes they differ."""
        return len(self.found_a) + len(self.found_b) + len(self.false_a) + len(self.false_b)


def contrast(each: Seen, labels: Sequence[str], score: float) -> Contrast:
    """Return in what two models differ on a picture."""
    a, b = (marks(found, each.truth, labels, score) for found in (each.a, each.b))
    return Contrast(
        each.picture, a, b, _missed_alone(b, a), _missed_alone(a, b), _false_alone(a, b), _false_alone(b, a)
    )


def _missed_alone(mine: Sequence[Mark], other: Sequence[Mark]) -> list[Mark]:
    """Return the objects that one missed and the other did not."""
    both = {(mark.label, mark.number) for mark in other if mark.outcome is Outcome.MISSED}
    return [m for m in mine if m.outcome is Outcome.MISSED and (m.label, m.number) not in both]


def _false_alone(mine: Sequence[Mark], other: Sequence[Mark]) -> list[Mark]:
    """Return what one told falsely and the other did not."""
    theirs = [mark for mark in other if mark.outcome is Outcome.FALSE]
    return [m for m in mine if m.outcome is Outcome.FALSE and not any(_alike(m, each) for each in theirs)]


def _alike(one: Mark, other: Mark) -> bool:
    return one.label == other.label and overlap(one.box, other.box) >= HALF


def worst(pictures: Sequence[Seen], labels: Sequence[str], score: float, most: int) -> list[Contrast]:
    """Return the pictures on which two models differ most, those first; at most so many."""
    told = [contrast(each, labels, score) for each in pictures]
    told = [each for each in told if each.weight]
    return sorted(told, key=lambda each: (-each.weight, str(each.picture.picture)))[:most]


def sources(pictures: Sequence[Seen]) -> dict[str, list[Seen]]:
    """Return the pictures of each source, by name; nothing where none has one."""
    told: dict[str, list[Seen]] = {}
    for each in sorted(pictures, key=lambda each: each.picture.source):
        if each.picture.source:
            told.setdefault(each.picture.source, []).append(each)
    return told
