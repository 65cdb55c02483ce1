"""What a trial tells in shorthand, as the events that the engine would have seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from rules import letters
from rules.explain.playback import Arrival
from rules.model import CONDITIONS, CameraId, Change, Event, EventId, Fact, Instant, Kind
from rules.mqtt_message import facts_of, subject_of
from rules.trials.trial import (
    Crowd,
    Cue,
    Happening,
    Health,
    Motion,
    Mqtt,
    Noted,
    Plain,
    Plate,
    Signal,
    Track,
    Trial,
    TrialFile,
)
from rules.trials.trial_objects import Actors, Told

_DAY = 86400.0
#: Events that one trial may come to; a track told every millisecond for a day is a slip.
MOST_EVENTS = 100_000
#: Seconds for which a trial goes on after its last event and expectation.
TAIL = 1.0
_ENDS = {"lost": Change.ENDED, "refused": Change.ENDED, "failed": Change.ENDED}


class SceneTooLong(ValueError):
    """A trial comes to more than `MOST_EVENTS` events."""


@dataclass(frozen=True)
class Calendar:
    """A trial's times of day as instants."""

    file: TrialFile
    trial: Trial

    @cached_property
    def zone(self) -> ZoneInfo:
        """Where the site is."""
        return ZoneInfo(self.file.timezone)

    @cached_property
    def start(self) -> float:
        """Seconds since the first day's midnight at which the trial begins."""
        times = [_time(cue) for cue in self.trial.events]
        times += [each.at for each in self.trial.expect if each.at is not None]
        return self.trial.start if self.trial.start is not None else times[0] if times else 0.0

    def seconds(self, moment: float) -> float:
        """Return a written moment with its day: one that is earlier than the start is on the next."""
        return moment + _DAY if moment < self.start and moment < _DAY else moment

    def wall(self, seconds: float) -> datetime:
        """Return seconds since the first day's midnight as aware UTC; days of 23 and 25 hours are the zone's."""
        days, rest = divmod(seconds, _DAY)
        midnight = datetime.combine(self.trial.day or self.file.day, datetime.min.time(), self.zone)
        return (midnight + timedelta(days=days, seconds=rest)).astimezone(UTC)

    def instant(self, seconds: float) -> Instant:
        """Return wall and engine time; the engine began when the trial did."""
        wall = self.wall(seconds)
        return Instant(wall, (wall - self.wall(self.start)).total_seconds())

    @cached_property
    def end(self) -> float:
        """Seconds at which the trial ends."""
        if self.trial.until is not None:
            return self.seconds(self.trial.until)
        written = [each.to if each.to is not None else each.at for each in self.trial.expect]
        times = [self.seconds(each) for each in written if each is not None]
        times += [
            self.seconds(each) + shift
            for cue in self.trial.events
            for each in span_of(cue)
            for shift in body_of(cue).shifts[-1:]
        ]
        return max(times, default=self.start) + TAIL


def body_of(cue: Cue) -> Happening:
    """Return what a cue tells."""
    (name,) = cue.model_fields_set
    body: Happening = getattr(cue, name)
    return body


def span_of(cue: Cue) -> list[float]:
    """Return every moment that a cue names, in order."""
    body = body_of(cue)
    return [
        each for each in (getattr(body, name, None) for name in ("from_", "at", "to")) if each is not None
    ]


def _time(cue: Cue) -> float:
    return span_of(cue)[0]


def arrivals(file: TrialFile, trial: Trial, calendar: Calendar) -> list[Arrival]:
    """Return a trial's events until its end in order of time, numbered from 1.

    Raises:
        SceneTooLong: There are more than `MOST_EVENTS`.
    """
    stage = _Stage(file, trial, calendar)
    told: list[Told] = []
    for index, cue in enumerate(trial.events):
        for each in stage.tell(index, cue):
            if each.seconds <= calendar.end:
                told.append(each)
            if len(told) > MOST_EVENTS:
                raise SceneTooLong(trial.name)
    told.sort(key=lambda each: each.seconds)
    return [_arrival(number, each, calendar) for number, each in enumerate(told, start=1)]


def _arrival(number: int, told: Told, calendar: Calendar) -> Arrival:
    now = calendar.instant(told.seconds)
    event = Event(
        id=EventId(f"e{number}"),
        site="trial",
        seq=number,
        kind=told.kind,
        change=told.change,
        camera=None if told.camera is None else CameraId(told.camera),
        at=now.wall,
        received_at=now.wall,
        subject=letters.composed(told.subject),
        label=None if told.label is None else letters.composed(told.label),
        zones=told.zones,
        score=told.score,
        box=told.box,
        facts=letters.facts(told.facts),
    )
    return Arrival(event, now)


class _Stage:
    """Tells the cues of one trial; knows which objects are being seen."""

    def __init__(self, file: TrialFile, trial: Trial, calendar: Calendar) -> None:
        self._camera = trial.camera or file.camera
        self._calendar = calendar
        self._actors = Actors(file.cameras, trial, self._camera, calendar.seconds, calendar.end)

    def tell(self, index: int, cue: Cue) -> Iterator[Told]:
        """Return what a cue comes to, in order; of what repeats, each time."""
        for turn, shift in enumerate(body_of(cue).shifts):
            for told in self._tell(index, cue, turn):
                yield replace(told, seconds=told.seconds + shift) if shift else told

    def _tell(self, index: int, cue: Cue, turn: int) -> Iterable[Told]:
        camera = body_of(cue).camera or self._camera
        match body_of(cue):
            case Track() as track:
                return self._actors.play(index, track, camera, turn)
            case Motion() as motion:
                return self._motion(motion, camera)
            case Crowd() as crowd:
                return self._crowd(crowd, camera)
            case Signal() as signal:
                return self._signal(signal, camera)
            case Health() as health:
                return [self._health(health, camera)]
            case Plate() as plate:
                return [self._plate(plate, camera)]
            case Mqtt() as mqtt:
                return [self._mqtt(mqtt)]
            case Plain() as plain:
                return [self._plain(plain, camera)]
            case Noted() as noted:
                return [self._noted(Kind.ENGINE if cue.engine else Kind.OPERATOR, noted)]
        return ()

    def _at(self, moment: float) -> float:
        return self._calendar.seconds(moment)

    def _motion(self, motion: Motion, camera: str) -> Iterator[Told]:
        zones = tuple(motion.zone or ())
        for now, change in self._both(motion.from_, motion.to):
            share = motion.share if change is Change.BEGAN else 0.0
            facts = {"share": share, **motion.facts}
            yield Told(now, Kind.MOTION, change, camera, "motion", None, zones, share, None, facts)

    def _signal(self, signal: Signal, camera: str) -> Iterator[Told]:
        subject = f"signal:{signal.topic}:{signal.source}"
        if signal.at is not None:
            now = self._at(signal.at)
            said: dict[str, Fact] = {"initial": False, **signal.facts}
            yield Told(now, Kind.SIGNAL, Change.NOTED, camera, subject, signal.topic, facts=said)
        elif signal.from_ is not None:
            for now, change in self._both(signal.from_, signal.to):
                facts = {"initial": False, "state": change is Change.BEGAN, **signal.facts}
                yield Told(now, Kind.SIGNAL, change, camera, subject, signal.topic, facts=facts)

    def _both(self, start: float, end: float | None) -> Iterator[tuple[float, Change]]:
        yield self._at(start), Change.BEGAN
        if end is not None:
            yield self._at(end), Change.ENDED

    def _crowd(self, crowd: Crowd, camera: str) -> Iterator[Told]:
        subject = f"crowd:{crowd.zone}:{crowd.label}"
        for now, change in self._both(crowd.from_, crowd.to):
            count = crowd.count if change is Change.BEGAN else 0
            facts = {"count": count, **crowd.facts}
            yield Told(now, Kind.CROWD, change, camera, subject, crowd.label, (crowd.zone,), facts=facts)

    def _health(self, health: Health, camera: str) -> Told:
        now, other = self._at(health.at), Change.NOTED if health.state == "discovered" else Change.BEGAN
        change, subject = _ENDS.get(health.state, other), "camera"
        if health.state in CONDITIONS:
            change, subject = Change.ENDED if health.over else Change.BEGAN, f"camera:{health.state}"
        return Told(now, Kind.CAMERA, change, camera, subject, health.state, facts=health.facts)

    def _plate(self, plate: Plate, camera: str) -> Told:
        text, zones, now = letters.plate(plate.text), tuple(plate.zone or ()), self._at(plate.at)
        facts = {"plate": text, **plate.facts}
        return Told(
            now, Kind.PLATE, Change.NOTED, camera, f"plate:{text}", text, zones, plate.score, facts=facts
        )

    def _mqtt(self, mqtt: Mqtt) -> Told:
        facts = {**facts_of(mqtt.payload.encode(), retained=mqtt.retained), **mqtt.facts}
        now, subject = self._at(mqtt.at), subject_of(mqtt.topic)
        return Told(now, Kind.MQTT, Change.NOTED, mqtt.camera, subject, mqtt.topic, facts=facts)

    def _noted(self, kind: Kind, noted: Noted) -> Told:
        now = self._at(noted.at)
        subject = str(kind) if kind is Kind.ENGINE else f"{kind}:{noted.name}"
        return Told(now, kind, Change.NOTED, noted.camera, subject, noted.name, facts=noted.facts)

    def _plain(self, plain: Plain, camera: str) -> Told:
        return Told(
            self._at(plain.at),
            Kind(plain.kind),
            Change(plain.change),
            camera,
            plain.subject,
            plain.label,
            tuple(plain.zones),
            plain.score,
            plain.box,
            plain.facts,
        )
