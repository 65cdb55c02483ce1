"""How right tracks are on scenes with exact identities: ours against supervision's ByteTrack and Norfair.

Usage: python benchmarks/bench_tracks.py [--json] [--seeds FIRST:LAST] [--peers PYTHON]

Every tracker gets the same detections of the same imperfect detector (`scenes/tracks_detector.py`): misses, spells of
them, ghosts, doubles, parts, wrong names, riders found twice, bodies that hide each other. Peers run in PYTHON, an
environment of their own (``pip install -e '.[bench-peers]'``; default: $MATTHAN_PEERS, else this one), with those of
some settings that were best for them on seed 0; where they are not installed they are left out, and it says so.
Only ours is told colours: the others have no use for them.

IDF1           Ristani et al. 2016, boxes matched from an overlap (IoU) of 0.5 on
switches       identity switches, CLEAR MOT
recall         part of the boxes asked for (at least 30 % of the object to be seen) that were told; likewise precision
on_nothing_%   told boxes that overlap no true one by 0.3, hidden ones included
told_per_true  told objects per true one
ms             CPU milliseconds per picture, ours alone
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scenes.tracks import CASTS, Truth, scene
from scenes.tracks_detector import Detector
from track_metrics import Score, Told, judge

from engine.vision.model import Detections
from engine.vision.tracking.tracker import Tracker

RATES = (5, 10)
#: As PETS 2009 has it: people in groups, dozens of them, 7 pictures a second.
CROWD, CROWD_RATE = "crowd", 7
EVERYWHERE = np.array([[0, 0, 1, 1]], np.float32)
PEERS: dict[str, dict[str, Any]] = {
    "bytetrack": {
        "lost": 2, "track_activation_threshold": 0.45, "minimum_matching_threshold": 0.95,
        "minimum_consecutive_frames": 1,
    },
    "norfair": {
        "distance": "iou", "threshold": 0.95, "lost": 2, "delay": 2, "seen": True, "least": 0.35, "labels": True,
    },
}  # fmt: skip
Film = list[tuple[float, list[Truth], Detections]]


def films(names: Sequence[str], seeds: Sequence[int], fps: float) -> list[Film]:
    """Return what a detector says of scenes, with the truth."""
    return [list(Detector(scene(name, seed), fps, seed).pictures()) for name in names for seed in seeds]


def ours(film: Film) -> tuple[list[list[Told]], float]:
    """Return what our tracker tells of each picture, and the CPU seconds that it took."""
    tracker, told = Tracker(), []
    began = time.thread_time()
    for at, _, found in film:
        told.append([(each.id, each.box) for each in tracker.update(at, found, EVERYWHERE).tracks])
    return told, time.thread_time() - began


def theirs(python: str, name: str, fps: float, made: Sequence[Film]) -> list[list[list[Told]]]:
    """Return what a peer tells."""
    scenes = [
        [[each.boxes.tolist(), each.scores.tolist(), each.labels.tolist()] for _, _, each in film]
        for film in made
    ]
    asked = {"fps": fps, "name": name, "settings": PEERS[name], "scenes": scenes}
    program = str(Path(__file__).parent / "track_peers.py")
    done = subprocess.run(
        [python, program], input=json.dumps(asked), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [
        [[(id, tuple(box)) for id, box in picture] for picture in told] for told in json.loads(done.stdout)
    ]


def judged(made: Sequence[Film], told: Sequence[Sequence[Sequence[Told]]]) -> dict[str, float]:
    """Return the figures of one tracker over films."""
    score = Score()
    for film, boxes in zip(made, told, strict=True):
        judge(score, [(truth, each) for (_, truth, _), each in zip(film, boxes, strict=True)])
    figures: dict[str, float] = score.figures()
    return figures


def ours_judged(made: Sequence[Film]) -> dict[str, float]:
    """Return ours, with what it costs."""
    runs = [ours(film) for film in made]
    spent = sum(seconds for _, seconds in runs) / sum(len(film) for film in made)
    return {**judged(made, [told for told, _ in runs]), "ms": round(spent * 1000, 2)}


def compared(python: str, fps: float, made: Sequence[Film], found: dict[str, Any]) -> dict[str, Any]:
    """Return everybody's figures; who is not installed is named in `found`."""
    figures: dict[str, Any] = {"ours": ours_judged(made)}
    for name in PEERS:
        try:
            figures[name] = {**judged(made, theirs(python, name, fps, made)), "ms": ""}
        except subprocess.CalledProcessError as error:
            found[f"{name} left out"] = error.stderr.strip().splitlines()[-1]
    return figures


def run(seeds: Sequence[int], python: str) -> dict[str, Any]:
    """Measure everything."""
    found: dict[str, Any] = {
        "bench": "tracks",
        "seeds": f"{seeds[0]} to {seeds[-1]}",
        "scenes": ", ".join(CASTS),
    }
    tables: dict[str, dict[str, Any]] = {"all scenes": {}, "one scene, ours": {}}
    rates = {}
    for fps in RATES:
        made = {name: films([name], seeds, fps) for name in CASTS}
        rates[f"{fps} a second"] = compared(
            python, fps, [film for each in made.values() for film in each], found
        )
        tables["one scene, ours"][f"{fps} a second"] = {
            name: ours_judged(each) for name, each in made.items()
        }
    tables["all scenes"] = rates
    crowd = films([CROWD], seeds, CROWD_RATE)
    tables["crowd"] = {f"{CROWD_RATE} a second": compared(python, CROWD_RATE, crowd, found)}
    return found | tables


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--seeds", default="100:103", help="FIRST:LAST, the last one left out")
    parser.add_argument(
        "--peers",
        default=os.environ.get("MATTHAN_PEERS", sys.executable),
        help="Python of an environment with the peers",
    )
    options = parser.parse_args()
    found = run(range(*map(int, options.seeds.split(":"))), options.peers)
    print(json.dumps(found) if options.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
