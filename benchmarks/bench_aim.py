"""What aiming costs: each measure of one picture against one pass over its memory.

Usage: python benchmarks/bench_aim.py [--json] [--rounds N]
Times are milliseconds of processor per picture, medians of the rounds; ratios are to `pass`.

pass        the mean of the whole luma: everything is read once
focus       sharpness of the middle quarter
exposure    histogram, mean and shares of the whole
moved       comparison with the reference, once a second at most
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray

from engine.commission.aim.exposure import exposure
from engine.commission.aim.sharpness import sharpness
from engine.vision.quality.reference import compared

SIZES = ((640, 360), (1920, 1080), (3840, 2160))
Picture = NDArray[np.uint8]


def picture(width: int, height: int) -> Picture:
    """Draw a street of boxes with a sensor's noise."""
    random = np.random.default_rng(7)
    scene = np.full((height, width), 110.0)
    for _ in range(200):
        x, y = random.integers(0, width), random.integers(0, height)
        scene[y : y + height // 8, x : x + width // 12] = random.uniform(30, 220)
    return np.clip(scene + random.normal(0, 3, scene.shape), 0, 255).astype(np.uint8)


def cost(work: Callable[[], object], rounds: int) -> float:
    """Return the milliseconds of processor of one call."""
    spent = []
    for _ in range(rounds):
        start = time.thread_time()
        work()
        spent.append(time.thread_time() - start)
    return 1000 * median(spent)


def measured(width: int, height: int, rounds: int) -> dict[str, float]:
    """Return what each measure costs of one size."""
    seen = picture(width, height)
    paths: dict[str, Callable[[], object]] = {
        "pass": lambda: seen.sum(dtype=np.uint32),
        "focus": lambda: sharpness(seen),
        "exposure": lambda: exposure(seen),
        "moved": lambda: compared(seen, seen),
    }
    costs = {name: cost(path, rounds) for name, path in paths.items()}
    told = {f"{name} ms": round(each, 2) for name, each in costs.items()}
    ratios = {
        f"{name} / pass": round(costs[name] / costs["pass"], 1) for name in ("focus", "exposure", "moved")
    }
    return told | ratios


def main() -> None:
    """Print a table, or one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args()
    found = {f"{width}x{height}": measured(width, height, asked.rounds) for width, height in SIZES}
    if asked.json:
        print(json.dumps({"bench": "aim"} | found))
        return
    for size, figures in found.items():
        print(size, figures)


if __name__ == "__main__":
    main()
