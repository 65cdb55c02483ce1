"""What a camera showed or said, as event drafts: the one place that gives device facts their meaning.

Pure apart from remembering what it told last: time comes in with every call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from drivers.contract import Signal
from engine.draft import Draft
from engine.vision.model import Motion, Sight, Track
from rules.geometry import Polygon, standing_in
from rules.model import CameraId, Change, Fact, Kind

#: A device clock further off than this is not believed.
SUSPECT = timedelta(seconds=5)


@dataclass(slots=True)
class _Told:
    label: str
    zones: tuple[str, ...]
    at: float


@dataclass(slots=True)
class Translator:
    """One camera's translator; used by its thread alone.

    Attributes:
        zones: Polygons by name in 0..1.
        repeat: Seconds between two `goes_on` events of a track whose label and zones stay.
        settle: Pictures with motion in a row before motion is told.
        calm: Seconds without motion before its end is told.
    """

    camera: CameraId
    zones: Mapping[str, Polygon]
    repeat: float = 1.0
    settle: int = 2
    calm: float = 3.0
    _run: str = "0"
    _tracks: dict[int, _Told] = field(default_factory=dict)
    _moving: bool = False
    _streak: int = 0
    _moved_at: float = 0.0

    def begin(self, wall: datetime) -> None:
        """Start a new stream: its tracks count from 1 again, and must not be taken for the old ones."""
        self._run = f"{int(wall.timestamp()):x}"

    def sight(self, sight: Sight, wall: datetime) -> list[Draft]:
        """Return what one analysed picture adds to the story; usually nothing."""
        drafts = self._motion(sight, wall)
        for track in sight.ended:
            drafts += self._ended(track, wall)
        for track in sight.tracks:
            drafts += self._seen(track, sight.at, wall)
        return drafts

    def lost(self, wall: datetime) -> list[Draft]:
        """Return the ends of everything that was going on: nothing is seen any more."""
        drafts = [
            self._draft(Kind.OBJECT, Change.ENDED, wall, self._subject(track), told.label)
            for track, told in self._tracks.items()
        ]
        if self._moving:
            drafts.append(self._draft(Kind.MOTION, Change.ENDED, wall, "motion", None))
        self._tracks.clear()
        self._moving, self._streak = False, 0
        return drafts

    def _motion(self, sight: Sight, wall: datetime) -> list[Draft]:
        believable = len(sight.motion.boxes) > 0 and not sight.cut
        self._streak = self._streak + 1 if believable else 0
        if believable:
            self._moved_at = sight.at
        if not self._moving and self._streak >= self.settle:
            self._moving = True
            return [self._motion_draft(Change.BEGAN, sight.motion, wall)]
        if self._moving and sight.at - self._moved_at >= self.calm:
            self._moving = False
            return [self._motion_draft(Change.ENDED, sight.motion, wall)]
        return []

    def _motion_draft(self, change: Change, motion: Motion, wall: datetime) -> Draft:
        share = round(float(motion.share), 4)
        zones = {zone for box in motion.boxes for zone in standing_in(_corners(box), self.zones)}
        return Draft(
            Kind.MOTION,
            change,
            self.camera,
            wall,
            subject="motion",
            zones=tuple(sorted(zones)),
            score=share,
            facts={"share": share},
        )

    def _seen(self, track: Track, at: float, wall: datetime) -> list[Draft]:
        zones = standing_in(track.box, self.zones)
        told = self._tracks.get(track.id)
        if told and (told.label, told.zones) == (track.label, zones) and at - told.at < self.repeat:
            return []
        self._tracks[track.id] = _Told(track.label, zones, at)
        return [self._object(track, Change.GOES_ON if told else Change.BEGAN, zones, wall)]

    def _ended(self, track: Track, wall: datetime) -> list[Draft]:
        if self._tracks.pop(track.id, None) is None:
            return []
        return [self._object(track, Change.ENDED, (), wall)]

    def _object(self, track: Track, change: Change, zones: tuple[str, ...], wall: datetime) -> Draft:
        facts: dict[str, Fact] = {
            "age": round(track.age, 2),
            "vx": round(track.velocity[0], 4),
            "vy": round(track.velocity[1], 4),
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

    def _subject(self, track: int) -> str:
        return f"track:{self._run}.{track}"

    def _draft(self, kind: Kind, change: Change, wall: datetime, subject: str, label: str | None) -> Draft:
        return Draft(kind, change, self.camera, wall, subject=subject, label=label)


def _corners(box: Iterable[float]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (round(float(value), 4) for value in box)
    return x0, y0, x1, y1


@dataclass(slots=True)
class Signals:
    """One camera's signals, told when they are news.

    Devices tell the state of every property on each subscription, and some repeat it for ever.
    """

    camera: CameraId
    _states: dict[str, bool] = field(default_factory=dict)

    def tell(self, said: Signal, wall: datetime) -> Draft | None:
        """Return a signal as a draft, None where it says nothing new.

        A device time that is far off is marked and not used.
        """
        subject = f"signal:{said.topic}:{said.source}"
        change = self._change(subject, said)
        if change is None:
            return None
        suspect = abs(said.at - wall) > SUSPECT
        at = wall if suspect or said.initial else said.at
        facts: dict[str, Fact] = {**said.items, "initial": said.initial}
        if said.state is not None:
            facts["state"] = said.state
        return Draft(
            Kind.SIGNAL,
            change,
            self.camera,
            at,
            subject=subject,
            label=said.topic,
            facts=facts,
            clock_suspect=suspect and not said.initial,
        )

    def _change(self, subject: str, said: Signal) -> Change | None:
        if said.state is None:
            return Change.NOTED
        before = self._states.get(subject)
        self._states[subject] = said.state
        if said.state == before:
            return Change.GOES_ON if said.state and not said.initial else None
        if not said.state:
            return None if before is None and said.initial else Change.ENDED
        return Change.BEGAN


def health(camera: CameraId, label: str, change: Change, wall: datetime, **facts: Fact) -> Draft:
    """Return a change of a camera's own state: ``online``, ``lost``, ``refused``, ``failed``."""
    return Draft(Kind.CAMERA, change, camera, wall, subject="camera", label=label, facts=facts)
