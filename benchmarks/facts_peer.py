"""supervision's LineZone and PolygonZone on given tracks; run by an environment of its own (`bench-peers`).

Usage: PEERS/bin/python facts_peer.py < scenes.json > told.json

In: ``{"steady": N, "scenes": [{"lines": {name: points}, "zones": {name: points}, "pictures": PICTURES}]}``, PICTURES
being ``[[at, [[id, box], ...]], ...]``, all in 0..1; `steady`: pictures for which a crossing must last (its
`minimum_crossing_threshold`). Out: for every scene a list of [where, what, id, at]. Nothing of Mắt Thần is imported
here.
"""

from __future__ import annotations

import json
import sys
import warnings
from importlib import import_module
from typing import Any

#: Both have been made for pixels.
WIDE, HIGH = 1280, 720


def told(scene: dict[str, Any], steady: int) -> list[list[Any]]:
    """Return what is crossed, entered and left in one scene; who is gone has left."""
    np, sv = import_module("numpy"), import_module("supervision")
    anchor = [sv.Position.BOTTOM_CENTER]
    points = {name: [sv.Point(x * WIDE, y * HIGH) for x, y in line] for name, line in scene["lines"].items()}
    lines = {
        name: sv.LineZone(*line, triggering_anchors=anchor, minimum_crossing_threshold=steady)
        for name, line in points.items()
    }
    zones = {
        name: sv.PolygonZone(np.array(zone) * [WIDE, HIGH], triggering_anchors=anchor)
        for name, zone in scene["zones"].items()
    }
    last = {number: at for at, tracks in scene["pictures"] for number, _ in tracks}
    within: dict[str, set[int]] = {name: set() for name in zones}
    found: list[list[Any]] = []
    for at, tracks in scene["pictures"]:
        ids = [number for number, _ in tracks]
        boxes = np.array([box for _, box in tracks], float).reshape(-1, 4) * [WIDE, HIGH, WIDE, HIGH]
        seen = sv.Detections(xyxy=boxes, tracker_id=np.array(ids, int), class_id=np.zeros(len(ids), int))
        for name, line in lines.items():
            for side, crossed in zip(("left", "right"), line.trigger(seen), strict=True):
                found += [[name, side, number, at] for number, hit in zip(ids, crossed, strict=True) if hit]
        for name, zone in zones.items():
            now = (
                {number for number, hit in zip(ids, zone.trigger(seen), strict=True) if hit} if ids else set()
            )
            found += [[name, "entered", number, at] for number in sorted(now - within[name])]
            gone = {number for number in within[name] - now if number in ids or at > last[number]}
            found += [[name, "left", number, at] for number in sorted(gone)]
            within[name] = within[name] - gone | now
    return found


def main() -> None:
    warnings.simplefilter("ignore")
    asked = json.load(sys.stdin)
    print(json.dumps([told(scene, asked["steady"]) for scene in asked["scenes"]]))


if __name__ == "__main__":
    main()
