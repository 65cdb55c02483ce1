"""Trackers from PyPI on the same detections; run by an environment of their own (`bench-peers`).

Usage: PEERS/bin/python track_peers.py < scenes.json > tracks.json

In: ``{"fps": 5, "name": "bytetrack", "settings": {...}, "scenes": [[[boxes, scores, labels], ...], ...]}``, boxes in
0..1. Out: for every scene and picture a list of [id, box]. Nothing of Mắt Thần is imported here.
"""

from __future__ import annotations

import json
import sys
import warnings
from importlib import import_module
from typing import Any

#: Both have been made for pixels.
SIDE = 1000.0


def bytetrack(fps: float, settings: dict[str, Any], pictures: list[Any]) -> list[Any]:
    """Run supervision's ByteTrack; `lost` is in seconds (its own measure: pictures at 30 a second)."""
    np, sv = import_module("numpy"), import_module("supervision")
    rest = {name: value for name, value in settings.items() if name != "lost"}
    tracker = sv.ByteTrack(frame_rate=fps, lost_track_buffer=round(30 * settings["lost"]), **rest)
    told = []
    for boxes, scores, labels in pictures:
        found = sv.Detections(
            xyxy=np.array(boxes, float).reshape(-1, 4) * SIDE,
            confidence=np.array(scores, float),
            class_id=np.array(labels, int),
        )
        kept = tracker.update_with_detections(found)
        told.append([[int(i), (b / SIDE).tolist()] for i, b in zip(kept.tracker_id, kept.xyxy, strict=True)])
    return told


def norfair(fps: float, settings: dict[str, Any], pictures: list[Any]) -> list[Any]:
    """Run Norfair; `lost` is in seconds, `least` the score of what it is given, `seen`: only what was seen is told."""
    np, library = import_module("numpy"), import_module("norfair")
    tracker = library.Tracker(
        distance_function=settings["distance"],
        distance_threshold=settings["threshold"],
        hit_counter_max=max(2, round(fps * settings["lost"])),
        initialization_delay=settings["delay"],
    )
    told = []
    for number, (boxes, scores, labels) in enumerate(pictures):
        found = [
            library.Detection(
                np.array(box, float).reshape(2, 2) * SIDE,
                np.array([score, score]),
                data=number,
                label=label if settings.get("labels") else None,
            )
            for box, score, label in zip(boxes, scores, labels, strict=True)
            if score >= settings["least"]
        ]
        objects = tracker.update(found)
        shown = [each for each in objects if not settings["seen"] or each.last_detection.data == number]
        told.append([[each.id, (each.estimate.reshape(-1) / SIDE).tolist()] for each in shown])
    return told


def main() -> None:
    """Read what is asked, answer."""
    warnings.simplefilter("ignore")
    asked = json.load(sys.stdin)
    run = {"bytetrack": bytetrack, "norfair": norfair}[asked["name"]]
    json.dump([run(asked["fps"], asked["settings"], pictures) for pictures in asked["scenes"]], sys.stdout)


if __name__ == "__main__":
    main()
