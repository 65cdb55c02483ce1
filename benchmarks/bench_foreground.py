"""How right motion is about each pixel: scenes with exact masks, beside OpenCV's MOG2 and KNN.

Usage: python benchmarks/bench_foreground.py [--json] [--seeds A:B] [--scenes NAME ...]
Every scene (scenes/motion.py: what a camera meets, drawn backgrounds, and real ones where pictures lie beside the
checkout) is seen by all, 5 pictures a second. After the first 10 s, in which nothing moves, the foreground of each
picture is held against the truth, pixel by pixel.

f, precision, recall    of our foreground, scaled up to the picture
peer, by                the best F of MOG2 and KNN with their defaults: on the picture and on our grid, what they
                        call shadow counted and not counted
lead                    f - peer
quiet_told              part of the pictures without anything in which motion was told all the same; bar: 0.02
missed                  part of those with something larger than 600 pixels in which none was told (who stands still
                        does not move)
regions                 per picture with something; a thing is 1

Keyframes (scenes/pulses.py): a still place, coded coarsely, 2 s from keyframe to keyframe. Of the pictures after one,
and of all others, the part in which motion was told: by a detector that knows of keyframes, as the engine's does, and
by one that does not.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scenes import pulses as coded
from scenes.motion import FPS, SCENES, WARM, pictures
from scenes.motion_pictures import HEIGHT, WIDTH, photographs

from engine.vision.motion.detector import MotionDetector

Mask = NDArray[np.bool_]
GRID = (WIDTH // 2, HEIGHT // 2)
PULSES_WARM = 25  #: pictures at the beginning of a still place that nobody is judged by
NOISES, FACTORS = (2.0, 4.5, 8.0), (32, 38, 42)
SEEN = 600  #: pixels of things in a picture from which their motion is to be told


class Peer:
    """A subtractor with its defaults; two readings of what it says."""

    def __init__(self, make: Any, small: bool) -> None:
        self._model, self._small = make(), small

    def feed(self, picture: NDArray[np.uint8]) -> tuple[Mask, Mask]:
        """Return the foreground without and with what it takes for shadow."""
        shown = cv2.resize(picture, GRID, interpolation=cv2.INTER_AREA) if self._small else picture
        said = self._model.apply(shown)
        return scaled(said == 255), scaled(said > 0)


def scaled(mask: Mask) -> Mask:
    """Return a mask of any size as one of the picture's: its outline, interpolated."""
    return np.asarray(cv2.resize(mask.astype(np.uint8) * 255, (WIDTH, HEIGHT)) >= 128)


def peers() -> dict[str, Peer]:
    """Return who else is asked."""
    makers = {"mog2": cv2.createBackgroundSubtractorMOG2, "knn": cv2.createBackgroundSubtractorKNN}
    return {
        f"{name} {size}": Peer(make, size == "grid")
        for name, make in makers.items()
        for size in ("full", "grid")
    }


def judge(name: str, seeds: Iterable[int], photographed: bool) -> dict[str, Any]:
    """Show a scene to all, once per seed; return what they made of it."""
    hits: dict[str, NDArray[np.int64]] = {}
    told: Counter[str] = Counter()
    for seed in seeds:
        others, ours = peers(), MotionDetector(WIDTH, HEIGHT, fps=FPS)
        for number, (picture, truth) in enumerate(pictures(name, seed=seed, photographed=photographed)):
            motion = ours.feed(picture)
            said = {"ours": scaled(ours.foreground)}
            for peer, model in others.items():
                said[peer], said[f"{peer} with shadow"] = model.feed(picture)
            if number < WARM:
                continue
            for who, mask in said.items():
                found = np.array([(mask & truth).sum(), mask.sum(), truth.sum()], np.int64)
                hits[who] = hits.get(who, np.zeros(3, np.int64)) + found
            kind = "there" if truth.sum() > SEEN else "" if truth.any() else "quiet"
            told[kind] += 1
            told[f"{kind} told"] += len(motion.boxes) > 0
            told[f"{kind} regions"] += len(motion.boxes)
    return _figures(hits, told)


def pulses(noise: float, factor: int, seeds: Iterable[int]) -> dict[str, float]:
    """Return in which part of a still place's pictures motion was told."""
    told: Counter[str] = Counter()
    for seed in seeds:
        knows, blind = (MotionDetector(WIDTH, HEIGHT, fps=FPS) for _ in range(2))
        for number, (picture, refreshed) in enumerate(coded.pictures(seed=seed, noise=noise, factor=factor)):
            found = {
                "known": knows.feed(picture, refreshed=refreshed),
                "unknown": blind.feed(picture),
            }
            if number < PULSES_WARM:
                continue
            kind = "keyframe" if refreshed else "other"
            told[kind] += 1
            told.update(f"{kind} {who}" for who, motion in found.items() if len(motion.boxes))
    return {
        f"{kind}_{who}": round(told[f"{kind} {who}"] / told[kind], 3)
        for who in ("known", "unknown")
        for kind in ("keyframe", "other")
    }


def _figures(hits: dict[str, NDArray[np.int64]], told: Counter[str]) -> dict[str, Any]:
    f = {who: float(2 * both / max(1, said + true)) for who, (both, said, true) in hits.items()}
    both, said, true = hits["ours"]
    best = max((who for who in f if who != "ours"), key=lambda who: f[who])
    return {
        "f": round(f["ours"], 3), "precision": round(float(both / max(1, said)), 3),
        "recall": round(float(both / max(1, true)), 3), "peer": round(f[best], 3), "by": best,
        "lead": round(f["ours"] - f[best], 3),
        "quiet_told": round(told["quiet told"] / max(1, told["quiet"]), 3),
        "missed": round(1 - told["there told"] / max(1, told["there"]), 3),
        "regions": round(told["there regions"] / max(1, told["there"]), 2),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--seeds", default="100:102", help="first and last + 1; 0 to 9 were used to tune")
    parser.add_argument("--scenes", nargs="*", default=list(SCENES), choices=list(SCENES))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    first, last = (int(each) for each in options.seeds.split(":"))
    found: dict[str, Any] = {
        "bench": "foreground", "seeds": options.seeds, "python": platform.python_version(), "opencv": cv2.__version__
    }  # fmt: skip
    grounds = {"drawn": False, "real": True} if photographs() else {"drawn": False}
    with ProcessPoolExecutor(2) as pool:
        said = {
            name: {
                ground: pool.submit(judge, name, range(first, last), real) for ground, real in grounds.items()
            }
            for name in options.scenes
        }
        coarse = {
            f"noise {noise}, crf {factor}": pool.submit(pulses, noise, factor, range(first, last))
            for noise in NOISES
            for factor in FACTORS
        }
    found["scene"] = {
        name: {ground: job.result() for ground, job in jobs.items()} for name, jobs in said.items()
    }
    found["keyframes"] = {name: job.result() for name, job in coarse.items()}
    print(json.dumps(found) if options.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
