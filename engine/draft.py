"""An event, and what somebody did, before the judge has given it its place in the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rules import normalization
from rules.model import EMPTY, CameraId, Change, Event, EventId, Fact, Kind


@dataclass(frozen=True, slots=True)
class Draft:
    """What happened, without id and sequence number. Fields as in `rules.model.Event`."""

    kind: Kind
    change: Change
    camera: CameraId | None
    at: datetime
    subject: str = ""
    label: str | None = None
    zones: tuple[str, ...] = ()
    score: float | None = None
    box: tuple[float, float, float, float] | None = None
    facts: Mapping[str, Fact] = field(default_factory=lambda: EMPTY)
    clock_suspect: bool = False
    #: Given beforehand by whoever wants to hear when it is kept; else the judge gives one.
    id: str = ""

    def issue(self, event_id: EventId, site: str, seq: int, received_at: datetime, judged: float) -> Event:
        """Return the event with its identity, received and `judged` (engine time) now.

        The one door to the rules: texts come through it in the composed form, whoever sent them.
        """
        return Event(
            id=EventId(self.id) if self.id else event_id,
            site=site,
            seq=seq,
            kind=self.kind,
            change=self.change,
            camera=self.camera,
            at=self.at,
            received_at=received_at,
            clock_suspect=self.clock_suspect,
            subject=normalization.composed(self.subject),
            label=None if self.label is None else normalization.composed(self.label),
            zones=self.zones,
            score=self.score,
            box=self.box,
            facts=normalization.facts(self.facts),
            judged=judged,
        )


@dataclass(frozen=True, slots=True)
class AuditDraft:
    """What somebody did, on its way to the log; no rule sees it. Fields as in `engine.store.model.Audited`."""

    id: str
    deed: str
    at: datetime
    camera: str | None
    body: str
