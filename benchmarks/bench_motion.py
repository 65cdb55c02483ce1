"""What motion costs: the kernel against copying the memory it must touch, and against OpenCV's MOG2.

Usage: python benchmarks/bench_motion.py [--json] [--rounds N]
Every path sees the same drawn pictures (texture, sensor noise, moving rectangles) in interleaved rounds;
times are CPU microseconds of this thread per picture, medians of the rounds. Ratios are what to compare.

copy        memcpy of every stream that the kernels read or write: luma, background, deviation, last grid, marks,
            foreground
luma_copy   memcpy of the luma alone
kernel      the compiled pass (shrink, compare, mark, learn) and the neighbour step
feed        all of MotionDetector.feed: the kernel, what only light changed, regions, flicker, boxes
mog2        cv2.BackgroundSubtractorMOG2 without shadows, one thread, on the picture as it is
grid_mog2   the same after cv2.resize (INTER_AREA) to our grid
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from itertools import cycle
from statistics import median
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.vision.motion.detector import MotionDetector

SIZES = ((320, 180), (640, 360), (1280, 720), (1920, 1080))
Picture = NDArray[np.uint8]


def pictures(width: int, height: int, count: int = 12) -> list[Picture]:
    """Draw a wall with noise and three things that move."""
    rng = np.random.default_rng(7)
    wall = cv2.resize(rng.integers(60, 180, (height // 8, width // 8)).astype(np.float32), (width, height))
    made = []
    for number in range(count):
        picture = np.clip(wall + rng.normal(0, 3, wall.shape), 0, 255).astype(np.uint8)
        for thing in range(3):
            x, y = (number * 11 + thing * 97) % (width - width // 8), height * (thing + 1) // 5
            picture[y : y + height // 6, x : x + width // 10] = 40 + 80 * thing
        made.append(picture)
    return made


def paths(width: int, height: int) -> dict[str, Callable[[Picture], object]]:
    """Return what is measured, each warmed up with its own state."""
    cv2.setNumThreads(1)
    whole, part = MotionDetector(width, height), MotionDetector(width, height)
    cells = part._cells
    grid = (cells.cols, cells.rows)
    mog2, grid_mog2 = (cv2.createBackgroundSubtractorMOG2(detectShadows=False) for _ in range(2))
    state: tuple[NDArray[Any], ...] = (cells.state, cells.grids[0], cells.marks, cells.kept)
    into: list[NDArray[Any]] = [np.empty_like(each) for each in state]
    luma = np.empty((height, width), np.uint8)
    made = pictures(width, height)
    for picture in made * 2:
        whole.feed(picture)
        part.feed(picture)

    def copy(picture: Picture) -> None:
        np.copyto(luma, picture)
        for source, target in zip(state, into, strict=True):
            np.copyto(target, source)

    def kernel(picture: Picture) -> int:
        cells.scan(picture, part._steady)
        return cells.judge()

    def on_grid(picture: Picture) -> object:
        return grid_mog2.apply(cv2.resize(picture, grid, interpolation=cv2.INTER_AREA))

    return {
        "copy": copy,
        "luma_copy": lambda picture: np.copyto(luma, picture),
        "kernel": kernel,
        "feed": whole.feed,
        "mog2": mog2.apply,
        "grid_mog2": on_grid,
    }


def measure(width: int, height: int, rounds: int) -> dict[str, float]:
    """Return each path's CPU microseconds per picture."""
    shown = cycle(pictures(width, height))
    tried = paths(width, height)
    calls = {name: 3 if "mog2" in name else 24 for name in tried}
    times: dict[str, list[float]] = {name: [] for name in tried}
    for number in range(rounds + 2):
        for name, path in tried.items():
            sample = [next(shown) for _ in range(calls[name])]
            began = time.thread_time_ns()
            for picture in sample:
                path(picture)
            spent = (time.thread_time_ns() - began) / 1000 / calls[name]
            if number >= 2:  # the first rounds warm caches and models up
                times[name].append(spent)
    return {name: median(each) for name, each in times.items()}


def run(rounds: int) -> dict[str, Any]:
    """Measure every size."""
    found: dict[str, Any] = {
        "bench": "motion", "unit": "CPU us per picture", "python": platform.python_version(),
        "opencv": cv2.__version__, "rounds": rounds,
    }  # fmt: skip
    for width, height in SIZES:
        spent = measure(width, height, rounds)
        found[f"{width}x{height}"] = {
            **{name: round(each, 1) for name, each in spent.items()},
            "kernel/copy": round(spent["kernel"] / spent["copy"], 2),
            "feed/copy": round(spent["feed"] / spent["copy"], 2),
            "mog2/feed": round(spent["mog2"] / spent["feed"], 1),
            "grid_mog2/feed": round(spent["grid_mog2"] / spent["feed"], 1),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    found = run(options.rounds)
    print(json.dumps(found) if options.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
