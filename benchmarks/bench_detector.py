"""How right the shipped detector is, and what it costs, beside others in one run.

Usage: python benchmarks/bench_detector.py [--json] [--own FILE]
Needs ``../shared`` (pictures, models of others) and says so where it is absent.

AP50     average precision at IoU 0.5, all points, on boxes that humans drew; boxes of a teacher alone are
         regions where a finding counts for nothing, so is a person found inside a two-wheeler
*_small  objects below 32x32 pixels of a picture 640 wide; the others without them are not shown
ms       CPU milliseconds of one look, medians of interleaved rounds
report   the half of the validation split that early stopping did not see
drawn    the product's own drawn streets, seeds that nobody trained on
events   tracks that the engine told of a clip with yolox-nano, and which part of them it told with another
         detector too: the same kind (car and heavy are one) and overlap >= 0.3 in at least a quarter of the
         track's sightings; `others` are tracks that yolox-nano did not tell

The labels of two-wheelers hold the rider: findings of detectors that box the bare machine are joined with
the person on it before they are judged.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from detector_footage import CLASSES, CLIPS, SHARED, clip, coco, drawn, validation

from engine.bench.compare import Labelled, cost, open_picture, pairs, see
from engine.bench.labelled import Truth, marks, mean
from engine.models import ModelFault, ModelFile, find
from engine.models.known import named_labels
from engine.models.library import describe, fingerprint
from engine.vision.analyzer import Analyzer
from engine.vision.boxes import Box, overlap
from engine.vision.model import Detections
from engine.vision.objects import Detector
from engine.vision.pool import DetectorPool

OTHERS = {
    "yolox-nano": "yolox_nano_float16_quantize.tflite",
    "coco-ssd-v1": "coco_ssd_mobilenet_v1_1.0_quant_2018_06_29.tflite",
    "light-person": "light_person_192.tflite",
}
_LEAST = 0.02
_KIN = {"heavy": "car"}
#: Score and pictures per second of the clips' run: the engine's defaults.
_SCORE, _FPS = 0.45, 5.0


def files(own: Path | None) -> dict[str, ModelFile]:
    """Return the detectors that are compared, ours first."""
    told: dict[str, ModelFile] = {}
    if own is not None:
        told["own"] = ModelFile("own", own, fingerprint(own), None, "boxes", CLASSES, "rgb")
    else:
        try:
            found = find("matthan-nano")
        except ModelFault:
            found = None
        if found is not None:
            told["matthan-nano"] = found
    for name, file in OTHERS.items():
        told[name] = describe(SHARED / "data" / "models" / file)
    return told


Pair = tuple[Detections, Truth]


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def table(
    told: Mapping[str, list[Pair]], *, small: bool | None = None, labels: Iterable[str] = CLASSES
) -> dict[str, Any]:
    """Return AP50 per class and their mean, by detector, the numbers of boxes in the rows' names."""
    result = {}
    for name, seen in told.items():
        each = {key: mark for key, mark in marks(seen, tuple(labels), small=small).items() if mark.objects}
        rows = {f"{key} ({mark.objects})": _shown(mark.ap) for key, mark in each.items()}
        result[name] = {**rows, "mean": _shown(mean(each.values()))}
    return result


@dataclass(slots=True)
class Told:
    """One track: where it was when, by the engine's own numbers."""

    kind: str
    places: dict[float, Box] = field(default_factory=dict)


def tracks(path: Path, file: ModelFile) -> list[Told]:
    """Return what the engine tells of a clip."""
    codec, packets = clip(path)
    pool = DetectorPool(file)
    look = Analyzer(codec, fps=_FPS, pool=pool, score=_SCORE)
    told: dict[int, Told] = {}
    for packet in packets:
        sight = look.feed(packet)
        for track in sight.tracks if sight else ():
            kind = _KIN.get(track.label, track.label)
            told.setdefault(track.id, Told(kind)).places[sight.at if sight else 0.0] = track.box
            told[track.id].kind = kind
    pool.close()
    return [each for each in told.values() if each.kind in CLASSES]


def same(one: Told, others: Iterable[Told]) -> bool:
    """Tell whether others hold a track in at least a quarter of its sightings."""
    alike = [each for each in others if each.kind == one.kind]
    hits = sum(
        any(at in each.places and overlap(box, each.places[at]) >= 0.3 for each in alike)
        for at, box in one.places.items()
    )
    return 4 * hits >= len(one.places)


def events(models: Mapping[str, ModelFile]) -> dict[str, Any]:
    """Return event recall of each detector against yolox-nano, over all clips and by clip."""
    rows: dict[str, dict[str, Any]] = {name: {} for name in models}
    sums = {name: [0, 0, 0] for name in models}
    for path in (SHARED / "data" / "video" / name for name in CLIPS):
        truth = tracks(path, models["yolox-nano"])
        for name, file in models.items():
            mine = truth if name == "yolox-nano" else tracks(path, file)
            found, more = sum(same(each, mine) for each in truth), sum(not same(each, truth) for each in mine)
            rows[name][path.name] = f"{found} of {len(truth)}, {more} others"
            sums[name] = [a + b for a, b in zip(sums[name], (found, len(truth), more), strict=True)]
    for name, (found, all_of, more) in sums.items():
        share = f" ({found / all_of:.0%})" if all_of else ""
        rows[name]["events, all clips"] = f"{found} of {all_of}{share}, {more} others"
    return {f"{name} (clips)": row for name, row in rows.items()}


def measure(own: Path | None) -> dict[str, Any]:
    """Return everything."""
    models = files(own)
    detectors = {name: Detector(file, least=_LEAST) for name, file in models.items()}
    times = cost(detectors, rounds=60)

    def look(pictures: list[Labelled], names: tuple[str | None, ...]) -> dict[str, list[Pair]]:
        found = {name: pairs(each, pictures, names) for name, each in detectors.items()}
        return {name: list(seen) for name, seen in found.items()}

    real, kept = look(validation(), CLASSES), set(validation("report"))
    chosen = [number for number, each in enumerate(validation()) if each in kept]
    half = {name: [seen[number] for number in chosen] for name, seen in real.items()}
    people = look(coco(), tuple("person" if name == "person" else None for name in named_labels("coco80")))
    streets = list(drawn())
    painted = {
        name: [(see(each, frame), truth) for frame, truth in streets] for name, each in detectors.items()
    }
    return {
        "bench": "detector",
        "pictures": f"{len(validation())} val ({len(chosen)} report), "
        f"{len(coco())} coco, {len(streets)} drawn",
        **{
            name: {"ms": f"{times[name]:.1f}", "ms/yolox-nano": f"{times[name] / times['yolox-nano']:.2f}"}
            for name in models
        },
        **_parted("val", table(real)),
        **_parted("report", table(half)),
        **_parted("val_small", table(real, small=True)),
        **_parted("coco", table(people, labels=("person",))),
        **_parted("drawn", table(painted)),
        **events(models),
    }


def _parted(part: str, told: dict[str, Any]) -> dict[str, Any]:
    return {f"{name} ({part})": row for name, row in told.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--own", type=Path, help="a file to judge in place of the shipped one")
    options = parser.parse_args()
    if not (SHARED / "train" / "manifest.csv").exists():
        print(json.dumps({"bench": "detector", "skipped": "../shared is not beside this checkout"}))
        return
    open_picture(coco()[0].picture)  # fail early and plainly if pictures cannot be decoded
    found = measure(options.own)
    print(json.dumps(found) if options.json else json.dumps(found, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
