"""What the engine tells of clips with one detector, and which part of it with another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from detector_footage import CLASSES, CLIPS, SHARED, clip
from detector_memory import remembered

from engine.models import ModelFile
from engine.models.library import fingerprint
from engine.vision.analyzer import Analyzer
from engine.vision.boxes import Box, overlap
from engine.vision.pool import DetectorPool

_KIN = {"heavy": "car"}
#: Score and pictures per second of the clips' run: the engine's defaults.
SCORE, _FPS = 0.45, 5.0


@dataclass(slots=True)
class Told:
    """One track: where it was when, by the engine's own numbers."""

    kind: str
    places: dict[float, Box] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Events:
    """Tracks that were told with the first detector, how many of them with this one, and how many more."""

    all: int
    found: int
    others: int


def tracks(path: Path, file: ModelFile) -> list[Told]:
    """Return what the engine tells of a clip."""
    told = remembered(lambda: _told(path, file), "tracks", file.sha256, fingerprint(path), SCORE, _FPS)
    return [Told(kind, {at: tuple(box) for at, box in places}) for kind, places in told]


def _told(path: Path, file: ModelFile) -> list[Any]:
    codec, packets = clip(path)
    pool = DetectorPool(file)
    look = Analyzer(codec, fps=_FPS, pool=pool, score=SCORE)
    told: dict[int, Told] = {}
    for packet in packets:
        sight = look.feed(packet)
        for track in sight.tracks if sight else ():
            kind = _KIN.get(track.label, track.label)
            told.setdefault(track.id, Told(kind)).places[sight.at if sight else 0.0] = track.box
            told[track.id].kind = kind
    pool.close()
    return [
        [each.kind, [[at, list(map(float, box))] for at, box in each.places.items()]]
        for each in told.values()
        if each.kind in CLASSES
    ]


def same(one: Told, others: Iterable[Told]) -> bool:
    """Tell whether others hold a track in at least a quarter of its sightings."""
    alike = [each for each in others if each.kind == one.kind]
    hits = sum(
        any(at in each.places and overlap(box, each.places[at]) >= 0.3 for each in alike)
        for at, box in one.places.items()
    )
    return 4 * hits >= len(one.places)


def counted(truth: list[Told], mine: list[Told]) -> Events:
    """Return how many events of the truth are mine, and what else is; animals count only there."""
    events = [each for each in truth if each.kind != "animal"]
    return Events(
        len(events), sum(same(each, mine) for each in events), sum(not same(each, truth) for each in mine)
    )


def events(models: Mapping[str, ModelFile], peer: str) -> dict[str, dict[str, Events]]:
    """Return what each detector tells of what `peer` tells, by clip."""
    found = {}
    for name in CLIPS:
        path = SHARED / "data" / "video" / name
        truth = tracks(path, models[peer])
        found[name] = {key: counted(truth, tracks(path, file)) for key, file in models.items()}
    return found


def summed(told: Iterable[Events]) -> Events:
    """Return the sum over clips."""
    every = list(told)
    return Events(*(sum(getattr(each, name) for each in every) for name in ("all", "found", "others")))
