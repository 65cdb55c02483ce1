"""What a camera showed and how it is, as event drafts; what its device says by itself: `engine.fleet.events.signals`.

Pure apart from remembering what it told last: time comes in with every call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from engine.draft import Draft
from engine.fleet.doubt import Doubt, Doubts, believed
from engine.vision.model import Motion, Sight, Track
from rules.compiler.ruleset import RuleSet
from rules.geometry import Polygon, foot, standing_in
from rules.model import CONDITIONS, CameraId, Change, Fact, Kind
from rules.trajectory import COMPANY, Crossing, Line, Path

Box = tuple[float, float, float, float]
#: What the moving share of the picture must change by to be told anew: part of what was told, and at least.
OTHER_SHARE, LEAST_SHARE = 0.2, 0.005


@dataclass(slots=True)
class _Told:
    label: str
    zones: tuple[str, ...]
    at: float
    path: Path
    missing: float = 0.0  #: seconds in which nobody could look for it: no part of its age


class _Count(NamedTuple):
    """How many there are; `least`: as far as they could be looked for."""

    number: int
    least: bool


@dataclass(frozen=True, slots=True)
class PtzPose:
    """How a PTZ unit is, as far as it is known."""

    preset: str | None = None
    moving: bool = False


def crowds(rules: RuleSet) -> frozenset[tuple[str, str]]:
    """Return (label, zone) of every crowd that some rule counts: nothing else is told."""
    patterns = (pattern for rule in rules.rules for pattern in rule.patterns if pattern.kind is Kind.CROWD)
    return frozenset(
        (label, zone) for each in patterns for label in each.labels or () for zone in each.zones or ()
    )


@dataclass(slots=True)
class Translator:
    """One camera's translator; used by its thread alone.

    Attributes:
        zones: Polygons by name in 0..1.
        repeat: Seconds between two `goes_on` events of a track whose label and zones stay, and of motion whose
            share or zones changed.
        settle: Pictures with motion in a row before motion is told.
        calm: Seconds without motion before its end is told.
        lines: Lines by name.
        metres: How many metres the picture is wide where things move; None: not known.
        presets: Zones that count only while the PTZ unit is at a preset.
        crowds: (label, zone) of what is counted; label ``any``: all objects. May be set from any thread.
        pose: Returns how the PTZ unit is; None: there is none, or nothing is known.
        seen: The last picture, as far as it is to be believed.
    """

    camera: CameraId
    zones: Mapping[str, Polygon]
    lines: Mapping[str, Line] = field(default_factory=dict)
    metres: float | None = None
    presets: Mapping[str, str] = field(default_factory=dict)
    crowds: frozenset[tuple[str, str]] = frozenset()
    pose: Callable[[], PtzPose | None] = lambda: None
    repeat: float = 1.0
    settle: int = 2
    calm: float = 3.0
    seen: Sight | None = None
    _run: str = "0"
    _tracks: dict[int, _Told] = field(default_factory=dict)
    _unknown: dict[int, _Told] = field(default_factory=dict)
    _doubts: Doubts = field(default_factory=Doubts)
    _moving: Draft | None = None
    _moving_at: float = 0.0
    _streak: int = 0
    _moved_at: float = 0.0
    _counts: dict[tuple[str, str], _Count] = field(default_factory=dict)

    def begin(self, wall: datetime) -> None:
        """Start a new stream: its tracks count from 1 again, and must not be taken for the old ones."""
        self._run = f"{int(wall.timestamp()):x}"

    def sight(self, sight: Sight, wall: datetime) -> list[Draft]:
        """Return what one analysed picture adds to the story; usually nothing."""
        doubt = self._doubts.of(sight)
        self.seen = sight = believed(sight, doubt)
        drafts, aspect = self._motion(sight, wall), sight.width / sight.height
        for track in sight.unknown:
            drafts += self._out_of_sight(track, sight.at, aspect, wall)
        for track in sight.ended:
            drafts += self._ended(track, aspect, wall)
        company = [(track.id, foot(track.box)) for track in sight.tracks if track.label in COMPANY]
        for track in sight.tracks:
            if (
                not track.predicted
            ):  # of where it should be by now nothing is told: it is, when it is seen again
                drafts += self._seen(
                    track, sight.at, aspect, [at for id_, at in company if id_ != track.id], wall
                )
        if doubt is Doubt.NOTHING:  # whom the tracker has given up nobody will find again
            there = {track.id for track in sight.unknown}
            self._unknown = {number: told for number, told in self._unknown.items() if number in there}
        return drafts + self._crowds(sight, wall, doubt)

    def lost(self, wall: datetime) -> list[Draft]:
        """Return the ends of everything that was going on: nothing is seen any more.

        They say where it was, and not that it went: nobody saw it leave, nor how long it had stood by then.
        """
        drafts = [
            self._unseen(Kind.OBJECT, wall, self._subject(track), told.label, told.zones)
            for track, told in self._tracks.items()
        ]
        if self._moving:
            drafts.append(self._unseen(Kind.MOTION, wall, "motion", None, self._moving.zones))
        for label, zone in self._counts:  # nobody knows how many there are: not even that there are none
            drafts.append(self._unseen(Kind.CROWD, wall, f"crowd:{zone}:{label}", label, (zone,)))
        self._counts.clear()
        self._tracks.clear()
        self._unknown.clear()
        self._moving, self._streak = None, 0
        return drafts

    def _motion(self, sight: Sight, wall: datetime) -> list[Draft]:
        believable = len(sight.motion.boxes) > 0 and not sight.cut
        self._streak = self._streak + 1 if believable else 0
        if believable:
            self._moved_at = sight.at
        if self._moving is None:
            begins = self._streak >= self.settle
            return [self._go_on_moving(Change.BEGAN, sight, wall)] if begins else []
        if sight.at - self._moved_at >= self.calm:
            ended = replace(self._motion_draft(Change.ENDED, sight.motion, wall), zones=self._moving.zones)
            self._moving = None
            return [ended]
        if believable and sight.at - self._moving_at >= self.repeat and self._otherwise(sight.motion):
            return [self._go_on_moving(Change.GOES_ON, sight, wall)]
        return []

    def _go_on_moving(self, change: Change, sight: Sight, wall: datetime) -> Draft:
        self._moving_at = sight.at
        self._moving = self._motion_draft(change, sight.motion, wall)
        return self._moving

    def _otherwise(self, motion: Motion) -> bool:
        """Return whether motion is so much more or less, or elsewhere, that it should be told anew."""
        told = self._moving
        if told is None or told.score is None:
            return True
        more = abs(float(motion.share) - told.score)
        return more >= max(LEAST_SHARE, told.score * OTHER_SHARE) or self._moved_in(motion) != told.zones

    def _moved_in(self, motion: Motion) -> tuple[str, ...]:
        return tuple(sorted({zone for box in motion.boxes for zone in self._standing_in(_corners(box))}))

    def _motion_draft(self, change: Change, motion: Motion, wall: datetime) -> Draft:
        share = round(float(motion.share), 4)
        return Draft(
            Kind.MOTION,
            change,
            self.camera,
            wall,
            subject="motion",
            zones=self._moved_in(motion),
            score=share,
            facts={"share": share, **self._pose_facts()},
        )

    def _seen(
        self, track: Track, at: float, aspect: float, company: list[tuple[float, float]], wall: datetime
    ) -> list[Draft]:
        zones, here = self._standing_in(track.box), foot(track.box)
        told = self._tracks.get(track.id)
        if told is None:
            begun = self._tracks[track.id] = _Told(track.label, zones, at, Path.begin(here, at))
            passed = _passed((), zones)
            if (before := self._unknown.pop(track.id, None)) is not None:
                passed = _passed(before.zones, zones) | {"again": True}
                begun.path.dwelt.update(before.path.dwelt)
                begun.missing = before.missing + at - before.path.at
            return [
                self._object(
                    track, Change.BEGAN, zones, wall, self._movement(track, begun, at, aspect, passed)
                )
            ]
        crossings, stood = told.path.go(here, at, zones, self.lines, aspect)
        told.path.accompany(company, at, aspect)
        news = crossings or stood or (told.label, told.zones) != (track.label, zones)
        if not news and at - told.at < self.repeat:
            return []
        passed = _passed(told.zones, zones)
        if stood:
            passed |= {"started": True, "stood": round(stood, 1)}
        told.label, told.zones, told.at = track.label, zones, at
        movement = self._movement(track, told, at, aspect, passed)
        drafts = [self._object(track, Change.GOES_ON, zones, wall, movement | _line(crossings[:1]))]
        for crossing in crossings[1:]:  # each line is an event of its own; what else is new is told once
            again = {name: value for name, value in movement.items() if name not in _NEWS}
            drafts.append(self._object(track, Change.GOES_ON, zones, wall, again | _line([crossing])))
        return drafts

    def _standing_in(self, box: Box) -> tuple[str, ...]:
        """Return the zones that hold a box's foot and count now."""
        zones = standing_in(box, self.zones)
        pose = self.pose()
        if not self.presets or pose is None:
            return zones
        preset = None if pose.moving else pose.preset
        return tuple(zone for zone in zones if self.presets.get(zone, preset) == preset)

    def _movement(
        self, track: Track, told: _Told, at: float, aspect: float, passed: Mapping[str, Fact]
    ) -> dict[str, Fact]:
        age: dict[str, Fact] = {"age": round(track.age - told.missing, 2)}
        return (
            age | told.path.facts(at, track.velocity, aspect, self.metres) | self._pose_facts() | dict(passed)
        )

    def aimed(self, draft: Draft) -> Draft:
        """Return what the device said by itself, knowing how its PTZ unit is; callable from any thread."""
        return replace(draft, facts={**draft.facts, **self._pose_facts()}) if self.pose() else draft

    def _pose_facts(self) -> dict[str, Fact]:
        """Return how the PTZ unit is, as far as it is known."""
        pose = self.pose()
        if pose is None:
            return {}
        rests: dict[str, Fact] = {} if pose.preset is None or pose.moving else {"preset": pose.preset}
        return {"ptz_moving": pose.moving, **rests}

    def _ended(self, track: Track, aspect: float, wall: datetime) -> list[Draft]:
        """Return that an object is gone: from where, and how it was when it was last seen."""
        told = self._tracks.pop(track.id, None) or self._unknown.pop(track.id, None)
        if told is None:
            return []
        stood = told.path.stood(told.path.at)
        passed = _passed(told.zones, ())
        if stood:
            passed["stood"] = round(stood, 1)
        movement = self._movement(track, told, told.path.at, aspect, passed)
        return [self._object(track, Change.ENDED, told.zones, wall, movement)]

    def _out_of_sight(self, track: Track, at: float, aspect: float, wall: datetime) -> list[Draft]:
        """Return that nobody can look for an object any more: where it was, and not that it went."""
        told = self._tracks.pop(track.id, None)
        if told is None:
            return []
        self._unknown[track.id] = told
        last = replace(track, age=track.age - (at - told.path.at))
        facts = self._movement(last, told, told.path.at, aspect, {"unknown": True})
        return [self._object(last, Change.ENDED, told.zones, wall, facts)]

    def _object(
        self, track: Track, change: Change, zones: tuple[str, ...], wall: datetime, more: Mapping[str, Fact]
    ) -> Draft:
        facts: dict[str, Fact] = {
            "vx": round(track.velocity[0], 4),
            "vy": round(track.velocity[1], 4),
            **more,
        }
        return Draft(
            Kind.OBJECT,
            change,
            self.camera,
            wall,
            subject=self._subject(track.id),
            label=track.label,
            zones=zones,
            score=round(track.score, 3) if track.score else None,
            box=_corners(track.box),
            facts=facts,
        )

    def _crowds(self, sight: Sight, wall: datetime, doubt: Doubt) -> list[Draft]:
        """Return the counts that changed; at first also those of none: a rule may wait for few."""
        wanted = {entry for entry in self.crowds if entry[1] in self.zones}
        if not wanted and not self._counts:
            return []
        counted: Counter[tuple[str, str]] = Counter()
        for track in sight.tracks:
            told = self._tracks.get(track.id)
            for zone in told.zones if told else ():
                counted[track.label, zone] += 1
                counted["any", zone] += 1
        doubtful = self._doubtful(doubt)
        now = {
            entry: _Count(counted[entry], doubtful(entry)) for entry in sorted(wanted | self._counts.keys())
        }
        drafts = [
            self._crowd(label, zone, count, wall)
            for (label, zone), count in now.items()
            if count != self._counts.get((label, zone))
        ]
        self._counts = {entry: count for entry, count in now.items() if any(count) or entry in wanted}
        return drafts

    def _doubtful(self, doubt: Doubt) -> Callable[[tuple[str, str]], bool]:
        """Return what tells whether there may be more of a label in a zone than are seen."""
        if doubt is not Doubt.NOTHING:
            return lambda _: True
        unknown = {
            (name, zone)
            for told in self._unknown.values()
            for zone in told.zones
            for name in (told.label, "any")
        }
        return unknown.__contains__

    def _crowd(self, label: str, zone: str, now: _Count, wall: datetime) -> Draft:
        subject, before = f"crowd:{zone}:{label}", self._counts.get((label, zone))
        if now.least and not now.number:  # nobody knows how many there are: not even that there are none
            return self._unseen(Kind.CROWD, wall, subject, label, (zone,))
        going = before is not None and before.number > 0
        change = Change.ENDED if not now.number else Change.GOES_ON if going else Change.BEGAN
        least: dict[str, Fact] = {"unknown": True} if now.least else {}
        facts: dict[str, Fact] = {"count": now.number, **least, **self._pose_facts()}
        return Draft(Kind.CROWD, change, self.camera, wall, subject, label, (zone,), facts=facts)

    def _subject(self, track: int) -> str:
        return f"track:{self._run}.{track}"

    def _unseen(
        self, kind: Kind, wall: datetime, subject: str, label: str | None, zones: tuple[str, ...]
    ) -> Draft:
        """Return that something is seen no more, and that nobody knows what became of it."""
        facts: dict[str, Fact] = {"unknown": True, **self._pose_facts()}
        return Draft(kind, Change.ENDED, self.camera, wall, subject, label, zones, facts=facts)


#: Facts that tell something new, and are told once.
_NEWS = frozenset({"entered", "left", "started", "stood"})


def _passed(before: tuple[str, ...], now: tuple[str, ...]) -> dict[str, Fact]:
    """Return the zones that were entered and left, names parted by blanks."""
    entered = " ".join(zone for zone in now if zone not in before)
    left = " ".join(zone for zone in before if zone not in now)
    return {name: zones for name, zones in (("entered", entered), ("left", left)) if zones}


def _line(crossings: list[Crossing]) -> dict[str, Fact]:
    return {
        name: value
        for each in crossings
        for name, value in (("line", each.line), ("side", each.side), ("direction", each.direction))
    }


def _corners(box: Iterable[float]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (round(float(value), 4) for value in box)
    return x0, y0, x1, y1


def health(camera: CameraId, label: str, change: Change, wall: datetime, **facts: Fact) -> Draft:
    """Return a change of a camera's own state (``online``, ``lost``, …), or of what is the matter with it.

    What is the matter (``deaf``, …) has a subject of its own: its end must not end what the state began.
    """
    subject = f"camera:{label}" if label in CONDITIONS else "camera"
    return Draft(Kind.CAMERA, change, camera, wall, subject=subject, label=label, facts=facts)
