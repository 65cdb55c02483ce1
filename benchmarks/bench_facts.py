"""How right facts are: lines crossed, zones entered and left, stays, halts, speeds, on scenes with exact answers.

Usage: python benchmarks/bench_facts.py [--json] [--scenes N] [--seed N] [--peers PYTHON]

Scenes are those of `scenes/facts.py` (seeds from 100 on; 0 to 99 are for tuning), seen at 5 and 10 pictures a second.
given    identities as they are, boxes as a detector gives them: what `rules.boundary` makes of trembling
tracked  the same boxes through the engine's own Tracker: broken and stolen identities count against it
An event is right where the same happened to the same object (boxes overlap) within `NEARBY` seconds, or while it stood
on the boundary. What nobody could know may be told, and need not: within 0.3 s of coming into view or going out of it,
with feet hidden by a wall, along a boundary (never further than 0.12 of its size), within 5 % of a line's ends.
Seconds in a zone are compared when it is left, counts each second (right: so many were there within `NEARBY` seconds).
Peers, given the same tracks: `plain`, every step over a boundary told (as 0.7.0 did), and supervision's LineZone and
PolygonZone (foot point as anchor), as they are and with crossings that must last for 2 pictures (`steady`).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import hypot
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from scenes.actors import Box
from scenes.belongings import LEFT, belongings
from scenes.facts import LONG, Scene, scene

from engine.draft import Draft
from engine.fleet.translate import Translator
from engine.vision.model import Detections, Motion, Sight, Track
from engine.vision.tracking.assignment import assigned
from engine.vision.tracking.tracker import Tracker
from rules.boundary import Line
from rules.geometry import crossings, foot, inside
from rules.ground import Ground
from rules.model import CameraId, Change, Fact, Kind

#: Seconds by which what is told may be off: when first seen or gone, a track needs as long to be sure.
NEARBY = 1.5
HERE = Path(__file__).parent
NAMES = ("person", "two_wheeler", "car", "bag")
NOTHING = Motion(0.0, np.empty((0, 4), np.float32))
WHOLE = np.array([[0.0, 0.0, 1.0, 1.0]], np.float32)
WALL = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    """What was told: where, what, of which track, when it happened, where that was then, and how late it was told."""

    where: str
    what: str
    track: int
    at: float
    box: Box
    late: float = 0.0


# -- tracks ------------------------------------------------------------------------------------------


def given(drawn: Scene, fps: float) -> Iterator[Sight]:
    """Yield sights whose identities are the actors' own; gone after 2.5 seconds without a detection."""
    last: dict[int, tuple[float, Track]] = {}
    first: dict[int, float] = {}
    for at, found in [*drawn.pictures(fps), (LONG + 3, [])]:
        tracks = []
        for number, label, score, box in found:
            if number < 0:
                continue
            first.setdefault(number, at)
            track = Track(number, label, score, box, (0.0, 0.0), at - first[number] + 2, 9)
            last[number] = at, track
            tracks.append(track)
        gone = [number for number, (seen, _) in last.items() if at - seen > 2.5]
        yield Sight(at, 1280, 720, NOTHING, tuple(tracks), tuple(last.pop(number)[1] for number in gone))


def tracked(drawn: Scene, fps: float) -> Iterator[Sight]:
    """Yield sights of the engine's tracker."""
    tracker = Tracker()
    for at, found in [*drawn.pictures(fps), *((LONG + k / fps, []) for k in range(int(5 * fps)))]:
        detections = Detections(
            np.array([box for *_, box in found], np.float32).reshape(-1, 4),
            np.array([score for _, _, score, _ in found], np.float32),
            np.array([NAMES.index(label) for _, label, _, _ in found], np.int32),
            NAMES,
        )
        told = tracker.update(at, detections, WHOLE)
        yield Sight(at, 1280, 720, NOTHING, told.tracks, told.ended, unknown=told.unknown)


# -- what is told --------------------------------------------------------------------------------------


def drafts(drawn: Scene, sights: Iterable[Sight]) -> list[tuple[float, Draft]]:
    """Return what the engine tells, and when."""
    points, width, length = drawn.ground
    lines = {name: Line(line) for name, line in drawn.lines.items()}
    translator = Translator(
        CameraId("c"),
        drawn.zones,
        lines=lines,
        scale=Ground(points, width, length) if points else None,
        crowds=frozenset(("any", zone) for zone in drawn.zones),
    )
    return [
        (sight.at, draft)
        for sight in sights
        for draft in translator.sight(sight, WALL)
        if draft.kind in (Kind.OBJECT, Kind.CROWD)
    ]


def ours(found: Iterable[tuple[float, Draft]]) -> list[Told]:
    """Return the crossings, entries and exits among drafts."""
    return [
        Told(
            str(where),
            what,
            int(draft.subject.rpartition(".")[2]),
            at - late,
            draft.box or (0, 0, 0, 0),
            late,
        )
        for at, draft in found
        for late in [float(draft.facts.get("ago", 0.0))]
        for where, what in _news(draft)
    ]


def _news(draft: Draft) -> Iterator[tuple[Fact, str]]:
    facts = draft.facts
    if "line" in facts:
        yield facts["line"], str(facts["side"])
    for what in ("entered", "left"):
        yield from ((zone, what) for zone in str(facts.get(what, "")).split())


def plain(drawn: Scene, sights: Sequence[Sight]) -> list[list[Any]]:
    """Return every step over a boundary, as 0.7.0 told it."""
    feet: dict[int, tuple[float, float]] = {}
    within: dict[int, set[str]] = {}
    found: list[list[Any]] = []
    for sight in sights:
        for track in sight.tracks:
            here, before = foot(track.box), feet.get(track.id)
            for name, line in drawn.lines.items() if before else ():
                found += [
                    [name, side, track.id, sight.at] for _, side in crossings(before or here, here, line)
                ]
            now = {name for name, zone in drawn.zones.items() if inside(here, zone)}
            was = within.get(track.id, set())
            found += [[name, "entered", track.id, sight.at] for name in sorted(now - was)]
            found += [[name, "left", track.id, sight.at] for name in sorted(was - now)]
            feet[track.id], within[track.id] = here, now
        for track in sight.ended:
            found += [[name, "left", track.id, sight.at] for name in sorted(within.pop(track.id, set()))]
            feet.pop(track.id, None)
    return found


def asked(
    drawn: Sequence[Scene], sights: Sequence[Sequence[Sight]], peers: str, steady: int
) -> list[list[list[Any]]]:
    """Return what supervision tells of the same tracks."""
    scenes = [
        {
            "lines": each.lines,
            "zones": each.zones,
            "pictures": [[s.at, [[t.id, [float(v) for v in t.box]] for t in s.tracks]] for s in seen],
        }
        for each, seen in zip(drawn, sights, strict=True)
    ]
    words = [peers, str(HERE / "facts_peer.py")]
    text = json.dumps({"steady": steady, "scenes": scenes})
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=True)
    found: list[list[list[Any]]] = json.loads(done.stdout)
    return found


def placed(found: Iterable[Sequence[Any]], sights: Sequence[Sight]) -> list[Told]:
    """Return a peer's events, each with the box of its track by then."""
    boxes: dict[tuple[int, float], Box] = {}
    last: dict[int, Box] = {}
    for sight in sights:
        last |= {track.id: track.box for track in sight.tracks}
        boxes |= {(number, sight.at): box for number, box in last.items()}
    return [Told(where, what, track, at, boxes[track, at]) for where, what, track, at in found]


# -- how right it is ---------------------------------------------------------------------------------


def right(drawn: Scene, told: Sequence[Told], kind: str) -> tuple[int, int, int, list[Told], list[Any]]:
    """Return how many were right, told and true, and which were wrong and missed."""
    wanted = [each for each in drawn.truth if each.where.startswith(kind)]
    said = [each for each in told if each.where.startswith(kind)]
    costs = {
        (i, j): abs(event.at - truth.at)
        for i, event in enumerate(said)
        for j, truth in enumerate(wanted)
        if (event.where, event.what) == (truth.where, truth.what)
        and truth.span[0] - NEARBY <= event.at <= truth.span[1] + NEARBY
        and _same(drawn, event, truth.actor)
    }
    pairs = assigned(costs, 2 * LONG)
    used, hit = {i for i, _ in pairs}, {j for _, j in pairs}
    wrong = [each for i, each in enumerate(said) if i not in used]
    missed = [each for j, each in enumerate(wanted) if j not in hit and each.plain]
    plain = [each for j, each in enumerate(wanted) if j in hit and each.plain]
    return len(plain), len(plain) + len(wrong), len(plain) + len(missed), wrong, missed


def _same(drawn: Scene, event: Told, actor: int) -> bool:
    """Return whether an event is about an actor: its box was his lately."""
    for at in (event.at + event.late - k / 10 for k in range(31)):
        box = drawn.shown(drawn.actors[actor], at)
        if box is not None:
            wide, high = box[2] - box[0], box[3] - box[1]
            x, y = (event.box[0] + event.box[2]) / 2, (event.box[1] + event.box[3]) / 2
            if abs(x - (box[0] + box[2]) / 2) < wide and abs(y - (box[1] + box[3]) / 2) < high:
                return True
    return False


def share(parts: Iterable[tuple[int, int, int, Any, Any]]) -> dict[str, float]:
    """Return precision and recall over all scenes."""
    hit, told, true = (sum(column) for column in list(zip(*parts, strict=True))[:3])
    return {
        "precision": round(hit / max(told, 1), 3),
        "recall": round(hit / max(true, 1), 3),
        "told": told,
        "true": true,
    }


def run(count: int, first: int, peers: str) -> dict[str, Any]:
    """Measure."""
    drawn = [scene(first + k) for k in range(count)]
    found: dict[str, Any] = {"bench": "facts", "scenes": count, "seconds": LONG, "first seed": first}
    sources: dict[str, Callable[[Scene, float], Iterator[Sight]]] = {"given": given, "tracked": tracked}
    for fps in (5, 10):
        for name, source in sources.items():
            sights = [list(source(each, fps)) for each in drawn]
            began = time.thread_time()
            told = [drafts(each, seen) for each, seen in zip(drawn, sights, strict=True)]
            spent = (time.thread_time() - began) / sum(map(len, sights))
            tried = {"matthan": [ours(each) for each in told]}
            tried["plain"] = [placed(plain(d, s), s) for d, s in zip(drawn, sights, strict=True)]
            for steady in (1, 2) if peers else ():
                heard = asked(drawn, sights, peers, steady)
                tried["supervision" + (" steady" if steady > 1 else "")] = [
                    placed(h, s) for h, s in zip(heard, sights, strict=True)
                ]
            rows = found.setdefault("what is told", {})
            rows[f"{name} {fps} fps"] = {who: _row(drawn, each) for who, each in tried.items()}
            late = [
                event.late for each in tried["matthan"] for event in each if event.where.startswith("line")
            ]
            found[f"{name} {fps} fps"] = {
                "late, median s": round(median(late), 2), "late, 95th s": round(_late(late), 2),
                "us per picture": round(1e6 * spent), **measured(drawn, told),
            }  # fmt: skip
    return found | {"bags": _bags(count, first)}


def _row(drawn: Sequence[Scene], told: Sequence[Sequence[Told]]) -> dict[str, float]:
    row: dict[str, float] = {}
    for kind in ("line", "zone"):
        shares = share(right(d, t, kind) for d, t in zip(drawn, told, strict=True))
        row |= {f"{kind}s {name}": value for name, value in shares.items()}
    return row


# -- what is left and removed ------------------------------------------------------------------------


def abandoned(found: Iterable[tuple[float, Draft]]) -> Iterator[Told]:
    """Yield when bags came to be left, and when they were removed; not with the end of the film."""
    left: set[str] = set()
    for at, draft in found:
        if draft.label != "bag":
            continue
        facts, box = draft.facts, draft.box or (0, 0, 0, 0)
        late, number = float(facts.get("ago", 0.0)), int(draft.subject.rpartition(".")[2])
        gone = draft.change is Change.ENDED
        if not gone and min(float(facts["still"]), float(facts["alone"])) >= LEFT:
            if draft.subject not in left:
                yield Told("left", "left", number, at, box)
            left.add(draft.subject)
        else:
            left.discard(draft.subject)
        moved = at - late < LONG - NEARBY and (gone or facts.get("started") is True)
        if moved and float(facts.get("stood", 0.0)) >= LEFT:
            yield Told("removed", "removed", number, at - late, box, late)


def _bags(count: int, first: int) -> dict[str, dict[str, float]]:
    """Return how right it is what is told to be left and removed."""
    drawn = [belongings(first + k) for k in range(count)]
    rows: dict[str, dict[str, float]] = {}
    for fps in (5, 10):
        told = [list(abandoned(drafts(each, tracked(each, fps)))) for each in drawn]
        for what in ("left", "removed"):
            parts = [right(each, found, what) for each, found in zip(drawn, told, strict=True)]
            rows[f"{what}, tracked {fps} fps"] = share(parts)
    return rows


# -- stays, halts, speeds ----------------------------------------------------------------------------


def measured(drawn: Sequence[Scene], told: Sequence[Sequence[tuple[float, Draft]]]) -> dict[str, float]:
    """Return how far stays, halts and speeds are off."""
    speeds, resting, halts = [], [], []
    for each, found in zip(drawn, told, strict=True):
        for at, draft in found:
            for actor in each.actors:
                now, before = actor.at(at), actor.at(at - 1.2)
                if not now or not before or not _about(each, actor, at, draft):
                    continue
                pace, was = hypot(*now[1]), hypot(*before[1])
                kmh = draft.facts.get("kmh")
                if pace > 0.5 and pace == was and isinstance(kmh, float) and draft.change is not Change.ENDED:
                    speeds.append(abs(kmh / 3.6 - pace) / pace)
                if pace == was == 0.0 and isinstance(kmh, float):
                    resting.append(kmh)
                still = float(draft.facts.get("still", 0))
                if pace == 0.0 and still > 0 and draft.change is Change.GOES_ON:
                    halts.append(abs(still - (at - _halted(actor, at))))
    return {
        "speed error, median": round(median(speeds), 3),
        "kmh of who stands, 95th": round(_late(resting), 2),
        **stays(drawn, told),
        "stops error, median s": round(median(halts), 2),
        "stops error, 95th s": round(_late(halts), 2),
    }


def stays(drawn: Sequence[Scene], told: Sequence[Sequence[tuple[float, Draft]]]) -> dict[str, float]:
    """Return how far the seconds in a zone are off when it is left, and how often its count is right."""
    pairs = list(zip(drawn, told, strict=True))
    off = [error for each, found in pairs for error in _stays(each, found)]
    right = [one for each, found in pairs for zone in each.zones for one in _counts(each, found, zone)]
    return {
        "dwell error, median s": round(median(off), 2),
        "dwell error, 95th s": round(_late(off), 2),
        "counts right": round(sum(right) / len(right), 3),
    }


def _stays(drawn: Scene, found: Sequence[tuple[float, Draft]]) -> Iterator[float]:
    for at, draft in found:
        event = next(iter(ours([(at, draft)])), None)
        if event is None or event.what != "left" or event.where not in drawn.zones:
            continue
        for truth in drawn.truth:
            near = (truth.where, truth.what) == (event.where, "left") and abs(truth.at - event.at) <= NEARBY
            if near and truth.plain and _same(drawn, event, truth.actor):
                dwelt = float(draft.facts.get(f"dwell:{event.where}", 0.0))
                yield abs(
                    dwelt
                    - 0.1
                    * sum(_there(drawn, event.where, k / 10, truth.actor) for k in range(int(10 * truth.at)))
                )
                break


def _counts(drawn: Scene, found: Sequence[tuple[float, Draft]], zone: str) -> Iterator[bool]:
    """Yield for each second in which somebody is there, or told to be, whether so many were there within `NEARBY`."""
    news = [
        (at, int(d.facts.get("count", 0))) for at, d in found if d.kind is Kind.CROWD and d.zones == (zone,)
    ]
    true = [
        sum(_there(drawn, zone, k / 4, each) for each in range(len(drawn.actors)))
        for k in range(int(4 * LONG))
    ]
    for second in range(1, int(LONG)):
        count = next((n for at, n in reversed(news) if at <= second), 0)
        lately = true[max(0, int(4 * (second - NEARBY))) : 4 * second + 1]
        if count or any(lately):
            yield count in lately


def _there(drawn: Scene, zone: str, at: float, actor: int) -> bool:
    box = drawn.shown(drawn.actors[actor], at)
    return box is not None and inside(foot(box), drawn.zones[zone])


def _late(found: Sequence[float]) -> float:
    """Return what 95 of 100 do not exceed."""
    return sorted(found)[int(0.95 * len(found))]


def _about(drawn: Scene, actor: Any, at: float, draft: Draft) -> bool:
    box = drawn.shown(actor, at)
    return bool(
        box
        and draft.box
        and all(abs(a - b) < 0.25 * (box[3] - box[1]) for a, b in zip(box, draft.box, strict=True))
    )


def _halted(actor: Any, at: float) -> float:
    return max(float(t) for t, *_ in actor.way if t <= at)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--scenes", type=int, default=24)
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument(
        "--peers", default=os.environ.get("MATTHAN_PEERS", ""), help="Python that has supervision"
    )
    options = parser.parse_args()
    found = run(options.scenes, options.seed, options.peers)
    print(json.dumps(found) if options.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
