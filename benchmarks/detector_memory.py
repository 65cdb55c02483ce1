"""What detectors found in earlier runs, so that only what changed is looked at again.

Kept in ``build/detector``, by all that it follows from: the model's content, the picture's, the code that looks and the
runtime below it. Whatever of that changes is looked at anew; deleting the folder costs minutes and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import av
import numpy as np

from engine.bench.compare import see
from engine.vision.model import Detections
from engine.vision.objects import Detector

ROOT = Path(__file__).resolve().parents[1]
_PLACE = ROOT / "build" / "detector"
_CODE = ("engine/vision", "engine/bench/compare.py", "engine/models/registry.toml")
_RUNTIMES = ("ai-edge-litert", "tflite-runtime", "numpy", "av")


@cache
def code() -> str:
    """Return a digest of the code that looks at pictures, and of what runs it."""
    digest = hashlib.sha256(repr([_version(name) for name in _RUNTIMES]).encode())
    for place in (ROOT / each for each in _CODE):
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def remembered(make: Callable[[], Any], *key: object) -> Any:
    """Return what JSON holds under a key, made and written down where it holds nothing."""
    path = _PLACE / f"{hashlib.sha256(repr((code(), *key)).encode()).hexdigest()[:32]}.json"
    if path.exists():
        return json.loads(path.read_text("utf-8"))
    told = make()
    _PLACE.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(told), "utf-8")
    part.replace(path)
    return told


def look(detector: Detector, sha256: str, frame: av.VideoFrame, picture: str) -> Detections:
    """Return what a detector finds in a whole picture, or found there once.

    Args:
        sha256: Of the model's file.
        picture: Digest of the picture.
    """

    def make() -> list[Any]:
        found = see(detector, frame)
        return [found.boxes.tolist(), found.scores.tolist(), found.labels.tolist()]

    boxes, scores, labels = remembered(make, "look", sha256, picture)
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores, np.float32),
        np.array(labels, np.int32),
        detector.names,
    )


def digest(frame: av.VideoFrame) -> str:
    """Return a digest of a picture's pixels."""
    return (
        hashlib.sha256(frame.to_ndarray(format="rgb24").tobytes()).hexdigest()
        + f" {frame.width}x{frame.height}"
    )
