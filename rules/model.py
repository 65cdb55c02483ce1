"""Events in, decisions out: the frozen values that the evaluator works on.

Nothing here knows a file, a clock or a camera. A sentence is stored as code and values and rendered
at the rim, in Vietnamese or English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NewType

CameraId = NewType("CameraId", str)
EventId = NewType("EventId", str)
DecisionId = NewType("DecisionId", str)
RuleName = NewType("RuleName", str)

#: A value that an event may carry.
Fact = str | int | float | bool
EMPTY: Mapping[str, Fact] = MappingProxyType({})
_NO_TEXT: Mapping[str, str] = MappingProxyType({})


#: What may be the matter with a camera beside its state. Events of its kind with these labels begin and end, each
#: with a subject of its own (``camera:deaf``); they say nothing of whether the camera sees.
CONDITIONS = frozenset({"deaf", "blind", "impaired", "clock", "noisy", "behind", "slowed"})


class Kind(StrEnum):
    """What an event is about."""

    OBJECT = "object"
    MOTION = "motion"
    SIGNAL = "signal"
    CAMERA = "camera"
    ENGINE = "engine"
    OPERATOR = "operator"
    CROWD = "crowd"  #: how many of a label are in a zone
    PLATE = "plate"
    MQTT = "mqtt"
    DECISION = "decision"  #: another rule's; made by the evaluator, never stored
    CLOCK = "clock"  #: a time of day; a timer, never an event


class Change(StrEnum):
    """What happened to it."""

    BEGAN = "began"  #: object appeared, motion started, signal on, camera online
    GOES_ON = "goes_on"  #: still so (tracks repeat it about once a second while seen)
    ENDED = "ended"  #: object gone, motion stopped, signal off, camera lost
    NOTED = "noted"  #: has no duration (operator act, engine.gap, a stateless signal)


@dataclass(frozen=True, slots=True)
class Instant:
    """Two clocks, read once.

    Attributes:
        wall: Aware UTC.
        engine: Engine time in seconds: persisted, never runs back; what timers count.
    """

    wall: datetime
    engine: float


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, with an identity from birth.

    Attributes:
        id: UUIDv7.
        site: Which site it happened at; `seq` counts within it, from 1, without holes.
        at: When it happened by its source's clock; `received_at` by ours.
        clock_suspect: The two disagree so much that `at` is not to be trusted.
        subject: What it continues: ``track:17``, ``motion``, ``signal:VideoSource/MotionAlarm:src0``.
            Events of one subject begin, go on and end; `for:` counts per (camera, subject).
        label: Object class or signal name.
        zones: Every zone of the camera that holds the object's foot point now.
        score: 0..1.
        box: ``(x0, y0, x1, y1)`` normalised 0..1.
        facts: Whatever else a condition may read.
        judged: Engine time at which it was judged, in seconds; None: nobody knows (yet). No part of what it is.
    """

    id: EventId
    site: str
    seq: int
    kind: Kind
    change: Change
    camera: CameraId | None
    at: datetime
    received_at: datetime
    clock_suspect: bool = False
    subject: str = ""
    label: str | None = None
    zones: tuple[str, ...] = ()
    score: float | None = None
    box: tuple[float, float, float, float] | None = None
    facts: Mapping[str, Fact] = field(default_factory=lambda: EMPTY)
    judged: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence not yet in any language: key of ``text/{vi,en}.toml`` and what it names."""

    code: str
    values: Mapping[str, Fact] = field(default_factory=lambda: EMPTY)


class Phase(StrEnum):
    """Life of a decision (as Prometheus' alerts; pending ones are never sent)."""

    FIRING = "firing"
    RESOLVED = "resolved"
    ESCALATED = "escalated"  #: nobody acknowledged it in time
    SILENCED = "silenced"  #: would have fired; somebody had asked for silence


class Severity(StrEnum):
    """How urgent a decision is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class ActionCall:
    """An action that a decision asks for: its name in the action table and its parameters."""

    name: str
    params: Mapping[str, Fact] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class Decision:
    """A rule's verdict, with the reason why.

    Attributes:
        id: Hash of rule, key, phase, and of what made it fire (`cause`, `via`; of an end: of what it ends). A replay
            makes the same one, and no other decision has it.
        key: What the rule kept apart, e.g. ``cam-1/track:17``.
        since: When the condition began to hold (wall).
        cause: The event (or, for a timer, the event that armed it).
        via: The other rule's decision through which that event made it fire; empty: none.
        reason: Why, for the operator and the case file; every condition with value and bound.
        actions: What is to be done, in order.
        message: Longer text by language; empty where the rule has none.
        dedup: By what receivers put decisions together.
        what_to_do: What the officer on duty is to do, by language; empty where the rule says nothing.
        dry_run: The rule is only tried out: nothing is to be done.
        alert: The id of the firing that it belongs to, a firing's own for itself; empty: nobody knows (an end that was
            kept before 0.5, whose firing is gone).
    """

    id: DecisionId
    rule: RuleName
    phase: Phase
    key: str
    camera: CameraId | None
    at: datetime
    since: datetime
    cause: EventId
    severity: Severity
    title: Mapping[str, str]
    reason: Sentence
    actions: tuple[ActionCall, ...] = ()
    message: Mapping[str, str] = field(default_factory=lambda: _NO_TEXT)
    dedup: str = ""
    dry_run: bool = False
    via: str = ""
    alert: DecisionId = DecisionId("")
    what_to_do: Mapping[str, str] = field(default_factory=lambda: _NO_TEXT)

    @property
    def dedup_key(self) -> str:
        """By what receivers put decisions together, also where the rule says nothing."""
        return self.dedup or f"{self.rule}/{self.key}"


#: Plain data that JSON keeps: None, numbers, text, lists and mappings of them.
Json = object


@dataclass(frozen=True, slots=True)
class Row:
    """What a rule remembers about one key. Serialisable, versioned by `rules.memory.VERSION`.

    Attributes:
        state: What it stands for, see `rules.memory`.
        since: Engine time when the condition began to hold.
        since_wall: The same moment by the wall clock.
        due: Engine time of the next timer, None when there is none.
        cause: Event that began it.
        subject: ``(camera, subject)`` of that event, joined by ``/``; finds the row again.
        reason: What held when it began: a timer that fires later has no event to ask.
        edition: `Rule.edition` of the rule that made it; rows of another edition mean something else.
        data: What a combination gathered: lists, numbers and text only, as JSON keeps them.
    """

    state: str
    since: float
    since_wall: datetime
    due: float | None
    cause: EventId
    subject: str
    reason: Sentence = Sentence("")
    edition: str = ""
    data: Json = None


@dataclass(frozen=True, slots=True)
class RowChange:
    """A memory row that moved: its new content, or None where it is to be deleted."""

    rule: RuleName
    key: str
    row: Row | None


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule raised: it is unhealthy, and the others went on."""

    rule: RuleName
    error: str


@dataclass(frozen=True, slots=True)
class Step:
    """The result of one step: what was decided and which memory rows moved.

    Attributes:
        faults: Rules that raised in this step.
        evicted: The rule of each subject that was given up because the rule remembered too many.
    """

    decisions: tuple[Decision, ...] = ()
    changes: tuple[RowChange, ...] = ()
    faults: tuple[Fault, ...] = ()
    evicted: tuple[RuleName, ...] = ()
