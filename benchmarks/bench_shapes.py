"""What each input size of the detector is worth, and what it costs: the figures behind `engine.vision.crops`.

Usage: python benchmarks/bench_shapes.py [--json] [--own FILE] [--every N]
Needs ``../shared`` (pictures) and says so where it is absent.

ms       CPU milliseconds of one look, medians of interleaved rounds
whole    looks at whole pictures of the validation splits, by their shape: mean AP50 of the classes, and how often
         `crops.whole` takes that size there
known    the part of the objects drawn by humans that whole looks find surely (score .45, IoU 0.5), all sizes
         together, by an object's side (root of its area) in pixels of the model's input
own      the part found surely in a look of their own of objects that the whole look at the first size shows too
         small (`crops.is_close`), beside that whole look; `chosen`: the size that `crops` takes for each
confirmed by a second look  of what a whole look at the smallest size finds (score .45) and shows too small, the part
         that a look of its own finds under the same label; wrong: nothing lies there

The pictures have 512 pixels at most on their longer side: the largest size enlarges them, and can show no more than
there is. What it does for people far off a camera of 1,080 lines is in `known` alone.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from detector_footage import CLASSES, SHARED, validation
from numpy.typing import NDArray

from engine.bench.compare import Labelled, costs, look, open_picture
from engine.bench.labelled import Truth, marks, mean, read
from engine.bench.precision import HALF, covered, overlaps
from engine.models import ModelFault, ModelFile, find
from engine.models.library import fingerprint
from engine.vision import crops
from engine.vision.model import Boxes, Detections
from engine.vision.objects import Detector

_SURE, _LEAST = 0.45, 0.02
#: Animals are too few for a figure by size.
_JUDGED = CLASSES[:4]
#: Kinds of pictures by width over height, from the first number on.
ASPECTS = {"wide": 1.5, "4:3": 1.15, "square or tall": 0.0}
#: Sides of objects in pixels of the input, from the first number on.
SIDES = (0, 16, 24, 32, 40, 48, 64, 96)


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture and what is there; `seen`: whole looks at it by size."""

    frame: av.VideoFrame
    truth: Truth
    seen: dict[crops.Size, Detections]

    @property
    def size(self) -> crops.Size:
        """Width and height."""
        return self.frame.width, self.frame.height


def detector(own: Path | None) -> Detector | None:
    """Return what is judged: a file of ours with five classes, or with four; None: there is none."""
    if own is None:
        found = find("matthan-nano")
        return None if found is None else Detector(found, least=_LEAST)
    file = ModelFile("own", own, fingerprint(own), None, "boxes", CLASSES, "rgb")
    try:
        return Detector(file, least=_LEAST)
    except ModelFault:
        return Detector(ModelFile("own", own, file.sha256, None, "boxes", _JUDGED, "rgb"), least=_LEAST)


def pictures(every: int) -> list[Labelled]:
    """Return every so manieth picture of both validation splits."""
    told = [each for folder in ("train", "train2") for each in validation(folder=folder)]
    return told[::every]


def shots(judged: Detector, every: int) -> Iterator[Shot]:
    """Yield the pictures with their whole looks."""
    for each in pictures(every):
        frame = open_picture(each.picture)
        whole = {size: crops.whole((frame.width, frame.height), (size,)) for size in judged.sizes}
        seen = {size: look(judged, frame, part) for size, part in whole.items()}
        yield Shot(frame, read(each.labels, CLASSES, frame.width, frame.height), seen)


def aspect(size: crops.Size) -> str:
    """Return the kind of a picture."""
    return next(name for name, least in ASPECTS.items() if size[0] / size[1] >= least)


def hits(found: Detections, truth: Truth) -> NDArray[np.bool_]:
    """Return which objects are found surely, under their own name."""
    sure = found.scores >= _SURE
    names = np.array([found.names[label] for label in found.labels[sure]])
    same = names[:, None] == np.array(truth.labels)[None]
    return np.asarray(((overlaps(found.boxes[sure], truth.boxes) >= HALF) & same).any(axis=0), bool)


def sides(boxes: Boxes, part: crops.Part) -> NDArray[np.float64]:
    """Return the sides of objects, given in pixels of the picture, in pixels of a look."""
    return np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])) / part.shrink


def whole(kept: Sequence[Shot], sizes: Sequence[crops.Size]) -> dict[str, dict[str, str]]:
    """Return the worth of whole looks by kind of picture and size."""
    table: dict[str, dict[str, str]] = {}
    for kind in ASPECTS:
        some = [each for each in kept if aspect(each.size) == kind]
        chosen = [crops.whole(each.size, sizes).size for each in some]
        for size in sizes:
            ap = mean(marks([(each.seen[size], each.truth) for each in some], _JUDGED).values())
            row = table.setdefault(f"{named(size)} (whole)", {})
            row[f"{kind} ({len(some)})"] = f"{ap or 0:.3f}" + (
                f", {chosen.count(size)}x" if chosen.count(size) else ""
            )
    return table


def known(kept: Sequence[Shot], sizes: Sequence[crops.Size]) -> dict[str, dict[str, str]]:
    """Return how surely objects are found by their size in the input."""
    told: dict[str, list[tuple[float, bool]]] = {name: [] for name in _JUDGED}
    for each in kept:
        for size in sizes:
            found = hits(each.seen[size], each.truth)
            large = sides(each.truth.boxes, crops.whole(each.size, (size,)))
            for i in np.flatnonzero(each.truth.sure):
                if each.truth.labels[i] in told:
                    told[each.truth.labels[i]].append((float(large[i]), bool(found[i])))
    ends = (*SIDES[1:], np.inf)
    return {
        f"{name} (known)": {
            f"{low}..{high} px": _part([hit for side, hit in rows if low <= side < high])
            for low, high in zip(SIDES, ends, strict=True)
        }
        for name, rows in told.items()
    }


def own(judged: Detector, kept: Sequence[Shot]) -> dict[str, dict[str, str]]:
    """Return how surely objects that were shown too small are found in looks of their own."""
    told: dict[str, list[bool]] = {}
    for each in kept:
        scale = np.array(each.size * 2, np.float32)
        first = crops.whole(each.size, judged.sizes[:1])
        before = hits(each.seen[judged.sizes[0]], each.truth)
        for i in np.flatnonzero(each.truth.sure):
            box = tuple((each.truth.boxes[i] / scale).tolist())
            if each.truth.labels[i] not in _JUDGED or crops.is_close(first, box, each.size, judged.sizes):
                continue
            told.setdefault(f"whole {named(judged.sizes[0])}", []).append(bool(before[i]))
            for name, sizes in (*((named(size), (size,)) for size in judged.sizes), ("chosen", judged.sizes)):
                part = crops.closer([], [box], each.size, sizes)[0]
                told.setdefault(name, []).append(bool(hits(look(judged, each.frame, part), each.truth)[i]))
    return {"own": {name: _part(rows) for name, rows in told.items()}}


def second(judged: Detector, kept: Sequence[Shot]) -> dict[str, dict[str, str]]:
    """Return which part of what a whole look at the smallest size finds a second look, of its own, confirms."""
    told: dict[str, list[bool]] = {}
    small = min(judged.sizes)
    for each in kept:
        found, scale = each.seen[small], np.array(each.size * 2, np.float32)
        part = crops.whole(each.size, (small,))
        for i in np.flatnonzero(found.scores >= _SURE):
            box = tuple((found.boxes[i] / scale).tolist())
            right = _is_right(found, int(i), each.truth)
            if right is None or crops.is_close(part, box, each.size, judged.sizes):
                continue
            own = look(judged, each.frame, crops.closer([], [box], each.size, judged.sizes)[0])
            same = (own.scores >= _SURE) & (own.labels == found.labels[i])
            hit = overlaps(own.boxes[same], found.boxes[i : i + 1]) >= HALF
            surely = "below .6" if found.scores[i] < 0.6 else "from .6 on"
            told.setdefault(f"{'right' if right else 'wrong'}, {surely}", []).append(bool(hit.any()))
    return {"confirmed by a second look": {name: _part(rows) for name, rows in sorted(told.items())}}


def _is_right(found: Detections, i: int, truth: Truth) -> bool | None:
    """Return whether there is what was found; None: nobody can say, something lies there."""
    name = found.names[found.labels[i]]
    if name not in _JUDGED:
        return None
    there = overlaps(found.boxes[i : i + 1], truth.boxes)[0]
    if any(name == label for label, both in zip(truth.labels, there, strict=True) if both >= HALF):
        return True
    beside = len(there) and (there.max() >= 0.3 or covered(found.boxes[i : i + 1], truth.boxes)[0] >= HALF)
    return None if beside else False


def named(size: crops.Size) -> str:
    """Return a size as people write it."""
    return f"{size[0]}x{size[1]}"


def _part(rows: Sequence[bool]) -> str:
    return f"{np.mean(rows):.2f} of {len(rows)}" if rows else "-"


def measure(judged: Detector, every: int) -> dict[str, Any]:
    """Return everything."""
    kept = list(shots(judged, every))
    ms = costs({"": (judged, judged.sizes)})[""]
    return {
        "bench": "shapes",
        "pictures": len(kept),
        "cost": {
            named(size): f"{each:.1f} ms, {each / (size[0] * size[1]) * 1e5:.1f} per 100,000 pixels"
            for size, each in ms.items()
        },
        **whole(kept, judged.sizes),
        **known(kept, judged.sizes),
        **own(judged, kept),
        **second(judged, kept),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    parser.add_argument("--own", type=Path, help="a file to judge in place of the shipped one")
    parser.add_argument("--every", type=int, default=1, help="judge every so manieth picture")
    options = parser.parse_args()
    there = all((SHARED / name / "manifest.csv").exists() for name in ("train", "train2"))
    judged = detector(options.own) if there else None
    if judged is None:
        why = "matthan-nano is not there" if there else "../shared is not beside this checkout"
        print(json.dumps({"bench": "shapes", "skipped": why}))
        return
    found = measure(judged, options.every)
    print(json.dumps(found) if options.json else json.dumps(found, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
