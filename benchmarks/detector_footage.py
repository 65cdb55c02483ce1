"""What the detectors are judged on: real and drawn pictures with boxes, and clips as a camera's packets."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from drivers.contract import Codec, CodecParameters, Packet
from drivers.virtual.street.drawing import Scene
from engine.bench.compare import Labelled, open_picture
from engine.bench.labelled import Truth, read
from engine.models import class_of
from engine.models.known import named_labels
from tools.train.halves import half

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
CLASSES = ("person", "two_wheeler", "car", "heavy", "animal")
#: The two folders of labelled pictures.
SETS = ("train", "train2")
CLIPS = (
    "one-by-one-person-detection.mp4", "car-detection.mp4", "person-bicycle-car-detection.gif",
    "people-detection.gif", "worker-zone-detection.gif", "classroom.gif", "face-demographics-walking.gif",
)  # fmt: skip
#: Sources whose camera sees no colour; the deviation of U and V, and the mean Y, below which a picture is grey, dark.
_INFRARED = frozenset({"nir"})
_COLOURLESS, _DARK = 1.0, 60.0
#: First seed of the drawn streets that are judged: training draws from 100 000 and 900 000 on.
_STREETS = 500_000


@dataclass(frozen=True, slots=True)
class Shot:
    """One judged picture, without its pixels.

    Attributes:
        part: One of `SETS` (its validation split), coco or drawn.
        half: Of a validation split: stop or report.
        light: day, night or infrared.
    """

    part: str
    source: str
    half: str
    light: str
    truth: Truth


def validation(which: str = "", folder: str = "train") -> list[Labelled]:
    """Return the pictures of a set's validation split, or of one half of it."""
    place = SHARED / folder
    with (place / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "val"]
    return [
        Labelled(place / row["file"], _labels(place, row["file"]), row["source"], row["clip"])
        for row in rows
        if which in ("", half(row["clip"]))
    ]


def _labels(place: Path, file: str) -> Path:
    return place / "labels" / f"{Path(file).stem}.txt"


def coco() -> list[Labelled]:
    """Return the COCO pictures that nobody trained on (val2017), those without a person among them."""
    pictures = sorted((SHARED / "data" / "coco_cc").glob("val2017_*.jpg"))
    return [Labelled(path, path.with_suffix(".txt"), "coco_cc") for path in pictures]


def shots() -> Iterator[tuple[av.VideoFrame, Shot]]:
    """Yield everything that is judged picture by picture."""
    for part in SETS:
        yield from (_shot(part, each, CLASSES) for each in validation(folder=part))
    ours = (class_of(name) for name in named_labels("coco80"))
    judged = tuple(name if name in ("person", "animal") else None for name in ours)
    yield from (_shot("coco", each, judged) for each in coco())
    for frame, truth in drawn():
        yield frame, Shot("drawn", "drawn", "", "", truth)


def _shot(part: str, told: Labelled, names: tuple[str | None, ...]) -> tuple[av.VideoFrame, Shot]:
    frame = open_picture(told.picture)
    truth = read(told.labels, names, frame.width, frame.height)
    return frame, Shot(part, told.source, half(told.clip), light(frame, told.source), truth)


def light(frame: av.VideoFrame, source: str = "") -> str:
    """Return what a picture was taken by: infrared (no colour but what brightness explains), night (dark), day.

    `nir` is known to be a low-light camera; half of its pictures are green all over, which no threshold tells from
    a lawn.
    """
    table = frame.reformat(64, 64, "yuv444p").to_ndarray().reshape(3, -1).astype(np.float64)
    apart = table - table.mean(axis=1, keepdims=True)
    slope = apart[1:] @ apart[0] / max(float(apart[0] @ apart[0]), 1e-9)
    rest = apart[1:] - slope[:, None] * apart[0]
    if source in _INFRARED or float(np.sqrt((rest**2).mean())) < _COLOURLESS:
        return "infrared"
    return "night" if table[0].mean() < _DARK else "day"


def drawn(streets: int = 24, shots: int = 4) -> Iterator[tuple[av.VideoFrame, Truth]]:
    """Yield pictures of streets as the virtual camera draws them, half of them at night."""
    for seed in range(_STREETS, _STREETS + streets):
        scene = Scene(seed, night=bool(seed % 2))
        rng = np.random.default_rng((seed, 9))
        for t in rng.uniform(0, scene.period, shots):
            told = scene.truth(float(t))
            boxes = np.array([box for _, box in told], np.float32).reshape(-1, 4)
            boxes *= np.array([scene.width, scene.height] * 2, np.float32)
            sure = np.ones(len(told), bool)
            truth = Truth(boxes, tuple(label for label, _ in told), sure, scene.width)
            yield av.VideoFrame.from_ndarray(scene.render(float(t)), format="rgb24"), truth


def clip(path: Path) -> tuple[CodecParameters, list[Packet]]:
    """Return a clip as H.264 packets; what is coded otherwise is coded anew."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        if stream.codec_context.name == "h264":
            base = stream.time_base or Fraction(1, 90_000)
            codec = CodecParameters(Codec.H264, bytes(stream.codec_context.extradata or b""), base)
            return codec, [_packet(each, base) for each in container.demux(stream) if each.size]
        return _coded(container, float(stream.average_rate or 10))


def _packet(each: Any, base: Fraction) -> Packet:
    pts = each.pts or 0
    return Packet(
        bytes(each), pts, pts if each.dts is None else each.dts, each.is_keyframe, float(pts * base)
    )


def _coded(container: Any, fps: float) -> tuple[CodecParameters, list[Packet]]:
    base = Fraction(1, 1000)
    context = av.CodecContext.create("libx264", "w")
    context.pix_fmt, context.time_base = "yuv420p", base
    context.options = {"preset": "veryfast", "crf": "20", "g": "25", "bf": "0"}
    packets: list[Packet] = []
    for number, frame in enumerate(container.decode(video=0)):
        even = (frame.width // 2 * 2, frame.height // 2 * 2)
        small = frame.reformat(*even, format="yuv420p")
        if number == 0:
            context.width, context.height = even
        small.pts, small.time_base = round(number * 1000 / fps), base
        packets += [_packet(each, base) for each in context.encode(small)]
    packets += [_packet(each, base) for each in context.encode(None)]
    return CodecParameters(Codec.H264, b"", base, context.width, context.height), packets
