"""Detectors side by side on this machine: what each costs, and how right it is on labelled pictures."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import av
import numpy as np
from av.error import FFmpegError

from engine.bench.labelled import Score, Truth, marks, mean, read
from engine.bench.riders import joined
from engine.models import ModelFault, class_of
from engine.vision import crops
from engine.vision.crops import Size
from engine.vision.model import Detections
from engine.vision.objects import Detector
from engine.vision.picture import rgb

#: File names of pictures.
PICTURES = (".jpg", ".jpeg", ".png")
#: So much better (AP50) must a detector be to be worth twice the time.
WORTH = 0.05


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured of one detector.

    Attributes:
        ms: CPU milliseconds of one look, median.
        ap: Score of each class it was judged on; empty: no labelled pictures were given.
    """

    name: str
    ms: float
    ap: Mapping[str, Score]

    @property
    def mean(self) -> float | None:
        """Mean AP50 of the classes that have objects."""
        return mean(self.ap.values())


@dataclass(frozen=True, slots=True)
class Labelled:
    """One labelled picture: its file and its label file.

    Attributes:
        source: Where it came from, as a manifest says; empty: nothing says so.
        clip: What it is a moment of; pictures of one clip are alike. Empty: of nothing else.
    """

    picture: Path
    labels: Path
    source: str = ""
    clip: str = ""


def pictures(folder: Path) -> list[Path]:
    """Return the pictures of a folder, or of ``images`` in it, by name; none where there is no folder."""
    images = _images(folder)
    there = images.iterdir() if images.is_dir() else ()
    return sorted(path for path in there if path.suffix.lower() in PICTURES)


def _images(folder: Path) -> Path:
    return folder / "images" if (folder / "images").is_dir() else folder


def labelled(folder: Path) -> list[Labelled]:
    """Return the labelled pictures of a folder: labels beside them, or in ``labels`` beside ``images``.

    Raises:
        ModelFault: There is none.
    """
    texts = folder / "labels" if (folder / "labels").is_dir() else _images(folder)
    found = [Labelled(path, texts / f"{path.stem}.txt") for path in pictures(folder)]
    found = [each for each in found if each.labels.exists()]
    if not found:
        raise ModelFault("model.no_pictures", folder=folder)
    return found


def open_picture(path: Path) -> av.VideoFrame:
    """Decode a picture as a camera's frame would come.

    Raises:
        ModelFault: It cannot be decoded, or not the whole of it.
    """
    try:
        with av.open(str(path)) as container:
            container.streams.video[0].codec_context.options = {"err_detect": "explode"}
            return next(container.decode(video=0))
    except (OSError, FFmpegError, StopIteration, IndexError) as error:
        raise ModelFault("model.bad_picture", path=path) from error


def see(detector: Detector, frame: av.VideoFrame) -> Detections:
    """Return what a detector finds in a whole picture, in its pixels, as the engine would look at it."""
    return look(detector, frame, crops.whole((frame.width, frame.height), detector.sizes))


def look(detector: Detector, frame: av.VideoFrame, part: crops.Part) -> Detections:
    """Return what a detector finds in a part of a picture, in pixels of the picture."""
    found = detector.detect(rgb(frame, part.rect, part.size))
    x0, y0, x1, y1 = part.rect
    boxes = found.boxes * np.array([x1 - x0, y1 - y0] * 2, np.float32) + np.array([x0, y0] * 2, np.float32)
    return Detections(np.asarray(boxes, np.float32), found.scores, found.labels, found.names)


def cost(detectors: Mapping[str, Detector], rounds: int = 20) -> dict[str, float]:
    """Return CPU milliseconds of one look of each at its first size, medians of interleaved rounds."""
    told = costs({name: (each, (each.size,)) for name, each in detectors.items()}, rounds)
    return {name: times[detectors[name].size] for name, times in told.items()}


def costs(
    looks: Mapping[str, tuple[Detector, Sequence[Size]]], rounds: int = 20
) -> dict[str, dict[Size, float]]:
    """Return CPU milliseconds of one look of each detector at each of these sizes, medians of interleaved rounds."""
    rng = np.random.default_rng(1)
    pairs = [(name, size) for name, (_, sizes) in looks.items() for size in sizes]
    noise = {size: rng.integers(0, 255, (size[1], size[0], 3)).astype(np.uint8) for _, size in pairs}
    taken: dict[tuple[str, Size], list[float]] = {pair: [] for pair in pairs}
    for _ in range(rounds):
        for name, size in pairs:
            begin = time.thread_time()
            looks[name][0].detect(noise[size])
            taken[name, size].append((time.thread_time() - begin) * 1e3)
    return {
        name: {size: median(taken[name, size][1:]) for size in sizes} for name, (_, sizes) in looks.items()
    }


def pairs(
    detector: Detector, pictures: Iterable[Labelled], names: Sequence[str | None]
) -> Iterator[tuple[Detections, Truth]]:
    """Yield what is found in each picture, two-wheelers with their riders, and what is there.

    Args:
        names: Our name of each class number of the labels.
    """
    for each in pictures:
        frame = open_picture(each.picture)
        yield joined(see(detector, frame)), read(each.labels, names, frame.width, frame.height)


def compare(
    detectors: Mapping[str, Detector], pictures: Sequence[Labelled], names: Sequence[str]
) -> list[Result]:
    """Measure every detector; classes that nobody reports or labels are left out.

    Args:
        pictures: Empty: the cost alone.
        names: The labels' class names in their order, a model's or ours.
    """
    times = cost(detectors)
    ours = [class_of(name) for name in names]
    judged = tuple(dict.fromkeys(name for name in ours if name))
    results = []
    for name, detector in detectors.items():
        told = marks(pairs(detector, pictures, ours), judged) if pictures else {}
        results.append(Result(name, times[name], {key: mark for key, mark in told.items() if mark.objects}))
    return results


def choice(results: Sequence[Result]) -> Result | None:
    """Return the best by AP; one of half its cost or less that is nearly as right goes before it.

    Without labelled pictures nothing is known but the cost, and None is returned.
    """
    judged = sorted((each for each in results if each.mean is not None), key=lambda each: -(each.mean or 0))
    best = judged[0] if judged else None
    for each in judged[1:]:
        if best is not None and each.ms <= best.ms / 2 and (each.mean or 0) >= (best.mean or 0) - WORTH:
            best = each
    return best
