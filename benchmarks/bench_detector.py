"""How right the shipped detector is, and what it costs, beside others in one run; and whether it meets its bars.

Usage: python benchmarks/bench_detector.py [--json] [--own FILE] [--left-out FILE.json]
Needs ``../shared`` (pictures, models of others) and says so where it is absent. What a detector found in a picture is
remembered under build/detector by content: a second run looks only with what is new. Times are always taken anew.

AP50     average precision at IoU 0.5, all points, on boxes that humans drew; boxes of a teacher alone are
         regions where a finding counts for nothing, so is a person found inside a two-wheeler
val      validation split of ../shared/train; `val2` that of ../shared/train2; `report`: the half of val that early
         stopping did not see; small: below 32x32 pixels of a picture 640 wide, other: all that are not
coco_cc  photographs of COCO's val2017, only people and animals judged; what is found where nobody is counts as false
drawn    the product's own drawn streets, seeds that nobody trained on
source   both validation splits by where they come from, classes with 5 boxes and more; light: likewise
at 0.45  precision / recall at the engine's score, of a class over the sources that have 5 boxes of it
events   tracks that the engine told of a clip with yolox-nano, and how many of them it told with another
         detector too: the same kind (car and heavy are one) and overlap >= 0.3 in at least a quarter of the
         track's sightings; `others` are tracks that yolox-nano did not tell
left out what a net finds in a source of which it learned nothing, as tools/train wrote it (`--left-out`)
CPU      milliseconds of one look in the product, wrapper and suppression included, medians of interleaved rounds

The labels of two-wheelers hold the rider: findings of detectors that box the bare machine are joined with
the person on it before they are judged, but for drawn ones.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import detector_bars as bars
from detector_events import SCORE, Events, events, summed
from detector_footage import CLASSES, SETS, SHARED, coco, shots
from detector_memory import digest, look
from detector_tables import Seen, Table, at_score, grouped, mean, parted, shown, table

from engine.bench.compare import costs, open_picture
from engine.bench.riders import joined
from engine.models import ModelFault, ModelFile, find
from engine.models.library import describe, fingerprint
from engine.vision.crops import Size
from engine.vision.objects import Detector

PEER = "yolox-nano"
OTHERS = {
    PEER: "yolox_nano_float16_quantize.tflite",
    "coco-ssd-v1": "coco_ssd_mobilenet_v1_1.0_quant_2018_06_29.tflite",
    "light-person": "light_person_192.tflite",
}
_LEAST = 0.02
#: Sizes whose cost has a bar.
_BARRED = ((416, 256), (320, 192))
#: What precision and recall are told of.
_SCORED = {"coco_cc": "coco", "val": "train", "val2": "train2", "drawn": "drawn"}


def files(own: Path | None) -> dict[str, ModelFile]:
    """Return the detectors that are compared, ours first.

    Raises:
        ModelFault: There is none of ours.
    """
    mine = _own(own) if own is not None else find("matthan-nano")
    if mine is None:
        raise ModelFault("model.unknown", name="matthan-nano")
    others = {name: describe(SHARED / "data" / "models" / file) for name, file in OTHERS.items()}
    return {mine.name: mine, **others}


def _own(path: Path) -> ModelFile:
    """Return a file of ours: with the labels that the registry knows it by, else with those of today."""
    known = describe(path)
    if known.labels:
        return replace(known, name="own")
    return ModelFile("own", path, fingerprint(path), None, "boxes", CLASSES, "rgb")


def seen(detectors: Mapping[str, Detector], models: Mapping[str, ModelFile]) -> Iterator[Seen]:
    """Yield every picture with what each detector finds in it."""
    for frame, shot in shots():
        key = digest(frame)
        found = {name: look(each, models[name].sha256, frame, key) for name, each in detectors.items()}
        labelled = shot.part != "drawn"
        yield Seen(shot, {name: joined(each) if labelled else each for name, each in found.items()})


def _tables(parts: Mapping[str, list[Seen]]) -> dict[str, Table]:
    """Return what each detector is worth, by part."""
    val, val2 = (parts[name] for name in SETS)
    return {
        "val": table(val, SCORE),
        "report": table([each for each in val if each.shot.half == "report"], SCORE),
        "val, small": table(val, SCORE, small=True),
        "val, other": table(val, SCORE, small=False),
        "val2": table(val2, SCORE),
        "val2, small": table(val2, SCORE, small=True),
        "val2, other": table(val2, SCORE, small=False),
        "coco_cc": table(parts["coco"], SCORE, labels=("person", "animal")),
        "drawn": table(parts["drawn"], SCORE),
    }


def _cost(detectors: Mapping[str, Detector]) -> dict[str, dict[Size, float]]:
    """Return milliseconds of a look at each size."""
    return costs({name: (each, each.sizes) for name, each in detectors.items()}, rounds=60)


def _priced(times: Mapping[str, Mapping[Size, float]]) -> dict[str, dict[str, dict[str, str]]]:
    whole = next(iter(times[PEER].values()))
    return {
        name: {
            f"{w}x{h}": {"ms": f"{ms:.1f}", "of yolox-nano": f"{ms / whole:.3f}"}
            for (w, h), ms in told.items()
        }
        for name, told in times.items()
    }


def _told(clips: Mapping[str, Mapping[str, Events]]) -> dict[str, dict[str, dict[str, str]]]:
    every = {name: summed(each[name] for each in clips.values()) for name in next(iter(clips.values()))}
    return {
        clip: {
            "events": {name: f"{each.found} of {each.all}" for name, each in told.items()},
            "others": {name: str(each.others) for name, each in told.items()},
        }
        for clip, told in {**clips, "all clips": every}.items()
    }


def _figures(
    own: str,
    tables: Mapping[str, Table],
    clips: Mapping[str, Mapping[str, Events]],
    times: Mapping[str, Mapping[Size, float]],
    apart: Mapping[str, float | None],
) -> dict[str, float | None]:
    """Return our own figures by the names that the bars call them."""
    told = summed(each[own] for each in clips.values())
    whole = next(iter(times[PEER].values()))
    person = tables["coco_cc"]["person"][own]
    return {
        "coco_cc: person AP50": person.ap,
        "coco_cc: person precision at 0.45": person.told.precision,
        **{f"val: {label} AP50": row[own].ap for label, row in tables["val"].items()},
        **apart,
        "drawn: mean AP50": mean(tables["drawn"], own),
        "clips: events": told.found,
        "clips: others": told.others,
        **{
            f"CPU of a look: at {w}x{h}, of yolox-nano": times[own][w, h] / whole
            for w, h in _BARRED
            if (w, h) in times[own]
        },
    }


def _apart(left_out: Mapping[str, Any] | None, sources: Iterable[str]) -> dict[str, float | None]:
    """Return what is known of sources left out whole; nothing where nobody left one out."""
    if not left_out:
        return {}
    return {
        "left out whole: classes worse than yolox-nano": bars.worse(left_out),
        "left out whole: sources never left out": bars.untried(left_out, sources),
    }


def _pictures(parts: Mapping[str, list[Seen]]) -> str:
    def without(part: str, label: str) -> int:
        return sum(label not in each.shot.truth.labels for each in parts[part])

    val, val2, photographs = parts["train"], parts["train2"], parts["coco"]
    report = sum(each.shot.half == "report" for each in val)
    return (
        f"{len(val)} val ({report} report), {len(val2)} val2, "
        f"{len(photographs)} coco_cc ({without('coco', 'person')} without a person), {len(parts['drawn'])} drawn"
    )


def _animals(parts: Mapping[str, list[Seen]]) -> str:
    def boxes(part: str) -> int:
        return sum(each.shot.truth.labels.count("animal") for each in parts[part])

    val, val2, photographs = (boxes(part) for part in (*SETS, "coco"))
    return f"{val} boxes in val, {val2} in val2, {photographs} in coco_cc: too few to judge by"


def measure(own: Path | None, left_out: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return everything."""
    models = files(own)
    detectors = {name: Detector(file, least=_LEAST) for name, file in models.items()}
    times = _cost(detectors)
    every = list(seen(detectors, models))
    parts = grouped(every, lambda shot: shot.part)
    real = [each for each in every if each.shot.part in SETS]
    tables, clips = _tables(parts), events(models, PEER)
    by_source = parted(grouped(real, lambda shot: shot.source), SCORE)
    figures = _figures(next(iter(models)), tables, clips, times, _apart(left_out, by_source))
    return {
        "bench": "detector",
        "pictures": _pictures(parts),
        "animals": _animals(parts),
        "CPU of a look": _priced(times),
        "AP50": {part: shown(each, means=part != "coco_cc") for part, each in tables.items()},
        "source": by_source,
        "light": parted(grouped(real, lambda shot: shot.light), SCORE),
        f"at {SCORE}": {part: at_score(parts[name], SCORE) for part, name in _SCORED.items()},
        "clips": _told(clips),
        **({"left out": bars.left_out(left_out)} if left_out else {}),
        "bars": bars.judged(figures),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--own", type=Path, help="a file to judge in place of the shipped one")
    parser.add_argument(
        "--left-out", type=Path, help="figures of sources left out whole, JSON of tools/train"
    )
    options = parser.parse_args()
    if not all((SHARED / name / "manifest.csv").exists() for name in SETS):
        print(json.dumps({"bench": "detector", "skipped": "../shared is not beside this checkout"}))
        return
    open_picture(coco()[0].picture)  # fail early and plainly if pictures cannot be decoded
    left_out = json.loads(options.left_out.read_text("utf-8")) if options.left_out else None
    found = measure(options.own, left_out)
    print(json.dumps(found) if options.json else json.dumps(found, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
