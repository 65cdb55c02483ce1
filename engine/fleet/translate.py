"""What a camera showed and how it is, as event drafts; what its device says by itself: `engine.fleet.events.signals`.

Pure apart from remembering what it told last: time comes in with every call.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple, TypeVar

from engine.draft import Draft
from engine.fleet.doubt import Doubt, Doubts, believed
from engine.vision.model import Motion, Sight, Track
from rules.boundary import Crossing, Line, Passage, Spot, Whereabouts, size_of
from rules.compiler.ruleset import RuleSet
from rules.geometry import Polygon, foot, standing_in
from rules.ground import Scale
from rules.model import CONDITIONS, CameraId, Change, Fact, Kind
from rules.trajectory import COMPANY, Path

Box = tuple[float, float, float, float]
News = TypeVar("News", Passage, Crossing)
#: What the moving share of the picture must change by to be told anew: part of what was told, and at least.
OTHER_SHARE, LEAST_SHARE = 0.2, 0.005
#: Seconds for which fewer must be counted before that is told.
FEWER = 1.0


@dataclass(slots=True)
class _Told:
    label: str
    zones: tuple[str, ...]
    at: float
    path: Path
    where: Whereabouts
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
        scale: Makes metres of movements in the picture; None: not known.
        presets: Zones that count only while the PTZ unit is at a preset.
        crowds: (label, zone) of what is counted; label ``any``: all objects. May be set from any thread.
        pose: Returns how the PTZ unit is; None: there is none, or nothing is known.
        seen: The last picture, as far as it is to be believed.
    """

    camera: CameraId
    zones: Mapping[str, Polygon]
    lines: Mapping[str, Line] = field(default_factory=dict)
    scale: Scale | None = None
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
    _counted: dict[tuple[str, str], deque[tuple[float, int]]] = field(default_factory=dict)

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
            drafts += self._ended(track, sight.at, aspect, wall)
        spots = {track.id: _spot(track, sight.at, aspect) for track in sight.tracks}
        company = {track.id for track in sight.tracks if track.label in COMPANY}
        for track in sight.tracks:
            if track.predicted:  # of where it should be by now nothing is told: it is, when it is seen again
                continue
            near = [spots[other] for other in company - {track.id}]
            drafts += self._seen(track, spots[track.id], aspect, near, wall)
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
        self._counted.clear()
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
        zones = self._counting()
        return tuple(sorted({zone for box in motion.boxes for zone in standing_in(_corners(box), zones)}))

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
        self, track: Track, spot: Spot, aspect: float, company: list[Spot], wall: datetime
    ) -> list[Draft]:
        told = self._tracks.get(track.id)
        if told is None:
            return self._begun(track, spot, aspect, wall)
        passages = told.where.step(told.path.spot, spot, self._counting(), aspect)
        crossings, stood = told.path.go(spot, told.where.zones, self.lines, aspect, passages)
        told.path.accompany(company, spot.at, aspect)
        news = crossings or stood or passages or told.label != track.label
        if not news and spot.at - told.at < self.repeat:
            return []
        moved: dict[str, Fact] = {"started": True, "stood": round(stood, 1)} if stood else {}
        told.label = track.label
        return self._going_on(track, told, aspect, _passed(passages) | moved, crossings, wall)

    def _begun(self, track: Track, spot: Spot, aspect: float, wall: datetime) -> list[Draft]:
        """Return that an object is there, and what it crossed before it was sure that it is one."""
        way = [*_way(track, spot.at, aspect), spot]
        where, path = Whereabouts(), Path.begin(way[0])
        passages: Iterable[Passage] = _earlier(
            where.step(way[0], way[0], self._counting(), aspect), spot.at - way[0].at
        )
        crossings: list[Crossing] = []
        for now in way[1:]:
            news = where.step(path.spot, now, self._counting(), aspect)
            crossed, _ = path.go(now, where.zones, self.lines, aspect, news)
            passages = [*passages, *_earlier(news, spot.at - now.at)]
            crossings += _earlier(crossed, spot.at - now.at)
        told = self._tracks[track.id] = _Told(track.label, where.zones, spot.at, path, where)
        again: dict[str, Fact] = {}
        if (before := self._unknown.pop(track.id, None)) is not None:
            passages, again = _since(before.zones, where.zones), {"again": True}
            path.dwelt.update(before.path.dwelt)
            told.missing = before.missing + spot.at - before.path.spot.at
        facts = self._movement(track, told, spot.at, aspect, _passed(passages) | again)
        began = self._object(track, Change.BEGAN, told.zones, wall, facts)
        return [began, *(self._going_on(track, told, aspect, {}, crossings, wall) if crossings else [])]

    def _going_on(
        self,
        track: Track,
        told: _Told,
        aspect: float,
        passed: Mapping[str, Fact],
        crossings: list[Crossing],
        wall: datetime,
    ) -> list[Draft]:
        """Return an event for each line that was crossed, or one; what else is new is told once."""
        told.zones, told.at = told.where.zones, told.path.spot.at
        movement = self._movement(track, told, told.at, aspect, {})
        first, *more = [_line(each) for each in crossings] or [{}]
        return [
            self._object(track, Change.GOES_ON, told.zones, wall, movement | news)
            for news in (dict(passed) | first, *more)
        ]

    def _counting(self) -> Mapping[str, Polygon]:
        """Return the zones that count now."""
        pose = self.pose()
        if not self.presets or pose is None:
            return self.zones
        preset = None if pose.moving else pose.preset
        return {
            zone: polygon for zone, polygon in self.zones.items() if self.presets.get(zone, preset) == preset
        }

    def _movement(
        self, track: Track, told: _Told, at: float, aspect: float, passed: Mapping[str, Fact]
    ) -> dict[str, Fact]:
        velocity = told.path.velocity(track.velocity, aspect)
        own: dict[str, Fact] = {
            "age": round(track.age - told.missing, 2),
            "vx": round(velocity[0], 4),
            "vy": round(velocity[1], 4),
        }
        return own | told.path.facts(at, velocity, aspect, self.scale) | self._pose_facts() | dict(passed)

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

    def _ended(self, track: Track, at: float, aspect: float, wall: datetime) -> list[Draft]:
        """Return that an object is gone: from where, and how it was when it was last seen."""
        told, before = self._tracks.pop(track.id, None), list[Draft]()
        if told is not None:
            before = self._at_last(track, told, at, aspect, wall)
        elif (told := self._unknown.pop(track.id, None)) is None:
            return []
        last = told.path.spot
        passed = _passed(Passage(zone, entered=False) for zone in told.zones) | _ago(at - last.at)
        if stood := told.path.stood(last.at):
            passed["stood"] = round(stood, 1)
        movement = self._movement(track, told, last.at, aspect, passed)
        return [*before, self._object(track, Change.ENDED, told.zones, wall, movement)]

    def _at_last(self, track: Track, told: _Told, at: float, aspect: float, wall: datetime) -> list[Draft]:
        """Return what an object must have passed right before it was seen for the last time."""
        passages = told.where.over(told.path.spot, self._counting(), aspect, at)
        crossings = told.path.over(self.lines, aspect, at)
        if not passages and not crossings:
            return []
        return self._going_on(track, told, aspect, _passed(passages), crossings, wall)

    def _out_of_sight(self, track: Track, at: float, aspect: float, wall: datetime) -> list[Draft]:
        """Return that nobody can look for an object any more: where it was, and not that it went."""
        told = self._tracks.pop(track.id, None)
        if told is None:
            return []
        self._unknown[track.id] = told
        last = replace(track, age=track.age - (at - told.path.spot.at))
        facts = self._movement(last, told, told.path.spot.at, aspect, {"unknown": True})
        return [self._object(last, Change.ENDED, told.zones, wall, facts)]

    def _object(
        self, track: Track, change: Change, zones: tuple[str, ...], wall: datetime, more: Mapping[str, Fact]
    ) -> Draft:
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
            facts=more,
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
            entry: self._count(entry, counted[entry], doubtful(entry), sight.at)
            for entry in sorted(wanted | self._counts.keys())
        }
        drafts = [
            self._crowd(label, zone, count, wall)
            for (label, zone), count in now.items()
            if count != self._counts.get((label, zone))
        ]
        self._counts = {entry: count for entry, count in now.items() if any(count) or entry in wanted}
        return drafts

    def _count(self, entry: tuple[str, str], seen: int, doubtful: bool, at: float) -> _Count:
        most = self._most(entry, seen, at)
        return _Count(seen if doubtful else most, doubtful)

    def _most(self, entry: tuple[str, str], count: int, at: float) -> int:
        """Return the most that were counted lately: more are told at once, fewer when that has lasted."""
        counted = self._counted.setdefault(entry, deque())
        while counted and (counted[0][0] <= at - FEWER or counted[-1][1] <= count):
            counted.popleft() if counted[0][0] <= at - FEWER else counted.pop()
        counted.append((at, count))
        return counted[0][1]

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


def _spot(track: Track, at: float, aspect: float) -> Spot:
    return Spot(foot(track.box), at, size_of(track.box, aspect))


def _way(track: Track, at: float, aspect: float) -> list[Spot]:
    """Return where an object was before it was sure that it is one."""
    return [Spot(foot(box), when, size_of(box, aspect)) for when, box in track.way if when < at]


def _earlier(news: Iterable[News], seconds: float) -> list[News]:
    """Return what was told of an earlier moment, as it is told now."""
    return [replace(each, ago=each.ago + seconds) for each in news]


def _passed(passages: Iterable[Passage]) -> dict[str, Fact]:
    """Return the zones that were entered and left, names parted by blanks, and how long that is ago."""
    told = list(passages)
    entered = " ".join(each.zone for each in told if each.entered)
    left = " ".join(each.zone for each in told if not each.entered)
    facts: dict[str, Fact] = {name: zones for name, zones in (("entered", entered), ("left", left)) if zones}
    return facts | _ago(max((each.ago for each in told), default=0.0))


def _since(before: tuple[str, ...], now: tuple[str, ...]) -> Iterable[Passage]:
    """Return what was entered and left meanwhile, while nobody could see it."""
    yield from (Passage(zone, entered=True) for zone in now if zone not in before)
    yield from (Passage(zone, entered=False) for zone in before if zone not in now)


def _ago(seconds: float) -> dict[str, Fact]:
    """Return how long ago that happened which could not be told before."""
    return {"ago": round(seconds, 2)} if seconds >= 0.005 else {}


def _line(crossing: Crossing) -> dict[str, Fact]:
    return {
        "line": crossing.line,
        "side": crossing.side,
        "direction": crossing.direction,
        **_ago(crossing.ago),
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
