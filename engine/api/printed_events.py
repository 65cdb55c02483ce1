"""A recording as ``matthan events --json`` printed it: one event of the API a line.

A line has engine time too; where it has none (an older engine printed it, or a person wrote it) it is reckoned from
the wall clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from engine.api import wire
from rules.evaluator.adoption import adopted
from rules.evaluator.evaluator import GAPS
from rules.explain.playback import Arrival
from rules.model import CameraId, Change, Event, EventId, Instant, Kind


class BadRecording(ValueError):
    """A line of a printed recording is not an event; `line` counts from 1."""

    def __init__(self, line: int, detail: str) -> None:
        super().__init__(f"line {line}: {detail}")
        self.line, self.detail = line, detail


def printed(lines: Iterable[str]) -> Iterator[Arrival]:
    """Yield the events of a printed recording, one JSON object per line, oldest first.

    Raises:
        BadRecording: A line is not an event.
    """
    clock = _Reckoning()
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield clock.judged(_event(number, line))


def _event(number: int, line: str) -> Event:
    try:
        each = wire.Event.model_validate_json(line)
        return Event(
            id=EventId(each.id),
            site=each.site,
            seq=each.seq,
            kind=Kind(each.kind),
            change=Change(each.change),
            camera=None if each.camera is None else CameraId(each.camera),
            at=each.at,
            received_at=each.received_at or each.at,
            clock_suspect=each.clock_suspect,
            subject=each.subject,
            label=each.label,
            zones=each.zones,
            score=each.score,
            box=each.box,
            facts=each.facts,
            judged=each.engine,
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise BadRecording(number, f"{'.'.join(map(str, first['loc']))} {first['msg']}".strip()) from None
    except ValueError as error:  # a kind or a change of a newer engine
        raise BadRecording(number, str(error)) from None


@dataclass(slots=True)
class _Reckoning:
    """Engine time as it was told, else from the wall clock: it runs with it, and never back."""

    engine: float = 0.0
    wall: datetime | None = None

    def judged(self, event: Event) -> Arrival:
        """Return an event with its moment.

        After a restart other rules and the gap are judged when watching ended; the gap takes its own time.
        """
        wall = event.received_at
        gap = event.kind is Kind.ENGINE and event.label in GAPS
        until = min(event.at, wall) if gap or adopted(event) else wall
        if event.judged is not None:
            self.engine = event.judged
        elif self.wall is not None:
            self.engine += max(0.0, (until - self.wall).total_seconds())
        arrival = Arrival(event, Instant(wall, self.engine))
        if gap:
            self.engine += (wall - until).total_seconds()
        self.wall = wall if gap else until
        return arrival
