"""What a trial tells in shorthand, as the events that the engine would have seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from rules import normalization
from rules.explain.playback import Arrival
from rules.kinds.object import Track
from rules.kinds.shorthand import DAY, TrialEvent
from rules.model import CameraId, Event, EventId, Instant
from rules.trials.cue import OF_SITE, Cue
from rules.trials.trial import Trial, TrialFile
from rules.trials.trial_objects import TrialObjects

#: Events that one trial may come to; a track told every millisecond for a day is a slip.
MOST_EVENTS = 100_000
#: Seconds for which a trial goes on after its last event and expectation.
TAIL = 1.0


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
        return moment + DAY if moment < self.start and moment < DAY else moment

    def wall(self, seconds: float) -> datetime:
        """Return seconds since the first day's midnight as aware UTC; days of 23 and 25 hours are the zone's."""
        days, rest = divmod(seconds, DAY)
        midnight = datetime.combine(self.trial.day or self.file.day, datetime.min.time(), self.zone)
        return (midnight + timedelta(days=days, seconds=rest)).astimezone(UTC)

    def instant(self, seconds: float) -> Instant:
        """Return wall and engine time; the engine began when the trial did."""
        wall = self.wall(seconds)
        return Instant(wall, (wall - self.wall(self.start)).total_seconds())

    @cached_property
    def counted(self) -> datetime:
        """From when on decisions count (wall)."""
        since = self.trial.since
        return self.wall(self.start if since is None else self.seconds(since))

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
            for shift in cue.body.shifts[-1:]
        ]
        return max(times, default=self.start) + TAIL


def span_of(cue: Cue) -> list[float]:
    """Return every moment that a cue names, in order."""
    body = cue.body
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
    events: list[TrialEvent] = []
    for index, cue in enumerate(trial.events):
        for each in stage.events(index, cue):
            if each.seconds <= calendar.end:
                events.append(each)
            if len(events) > MOST_EVENTS:
                raise SceneTooLong(trial.name)
    events.sort(key=lambda each: each.seconds)
    return [_arrival(number, each, calendar) for number, each in enumerate(events, start=1)]


def _arrival(number: int, written: TrialEvent, calendar: Calendar) -> Arrival:
    now = calendar.instant(written.seconds)
    event = Event(
        id=EventId(f"e{number}"),
        site="trial",
        seq=number,
        kind=written.kind,
        change=written.change,
        camera=None if written.camera is None else CameraId(written.camera),
        at=now.wall,
        received_at=now.wall,
        subject=normalization.composed(written.subject),
        label=None if written.label is None else normalization.composed(written.label),
        zones=written.zones,
        score=written.score,
        box=written.box,
        facts=normalization.facts(written.facts),
    )
    return Arrival(event, now)


class _Stage:
    """Tells the cues of one trial; knows which objects are being seen."""

    def __init__(self, file: TrialFile, trial: Trial, calendar: Calendar) -> None:
        self._camera = trial.camera or file.camera
        self._clock = calendar.seconds
        self._objects = TrialObjects(file.cameras, trial, self._camera, calendar.seconds, calendar.end)

    def events(self, index: int, cue: Cue) -> Iterator[TrialEvent]:
        """Yield what a cue comes to, in order; of what repeats, each time."""
        for turn, shift in enumerate(cue.body.shifts):
            for event in self._events(index, cue, turn):
                yield replace(event, seconds=event.seconds + shift) if shift else event

    def _events(self, index: int, cue: Cue, turn: int) -> Iterable[TrialEvent]:
        body = cue.body
        camera = body.camera or (None if cue.key in OF_SITE else self._camera)
        if isinstance(body, Track):
            return self._objects.events(index, body, camera or self._camera, turn)
        return cue.shorthand.events(body, camera, self._clock) if cue.shorthand.events else ()
