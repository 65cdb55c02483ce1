"""What the detectors are judged on: real and drawn pictures with boxes, and clips as a camera's packets."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from drivers.contract import Codec, CodecParameters, Packet
from drivers.virtual.street.drawing import Scene
from engine.bench.compare import Labelled
from engine.bench.labelled import Truth
from tools.train.halves import half

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
CLASSES = ("person", "two_wheeler", "car", "heavy")
CLIPS = (
    "one-by-one-person-detection.mp4", "car-detection.mp4", "person-bicycle-car-detection.gif",
    "people-detection.gif", "worker-zone-detection.gif", "classroom.gif", "face-demographics-walking.gif",
)  # fmt: skip
#: First seed of the drawn streets that are judged: training draws from 100 000 and 900 000 on.
_STREETS = 500_000


def validation(which: str = "") -> list[Labelled]:
    """Return the pictures of the validation split, or of one half of it."""
    folder = SHARED / "train"
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "val"]
    chosen = [folder / row["file"] for row in rows if which in ("", half(row["clip"]))]
    return [Labelled(path, folder / "labels" / f"{path.stem}.txt") for path in chosen]


def coco() -> list[Labelled]:
    """Return the COCO pictures that nobody trained on (val2017)."""
    pictures = sorted((SHARED / "data" / "coco_cc").glob("val2017_*.jpg"))
    return [Labelled(path, path.with_suffix(".txt")) for path in pictures]


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
