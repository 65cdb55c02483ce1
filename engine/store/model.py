"""What goes into the store and what comes out of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import repeat

from engine.clock import Mark
from rules.evaluator import ACKNOWLEDGE, UNACKNOWLEDGE
from rules.model import ActionCall, Decision, DecisionId, Event, Fact, Kind, RowChange


@dataclass(frozen=True, slots=True)
class Call:
    """An action to be carried out, before it has an outbox row.

    Attributes:
        nth: Place among the decision's actions; with the decision the idempotency key.
        lane: Rows of one lane are tried in order; another lane's trouble does not stop them.
    """

    decision: DecisionId
    nth: int
    action: str
    params: Mapping[str, Fact]
    lane: str


def calls_of(decision: Decision) -> tuple[Call, ...]:
    """Return what a decision asks for, each in the lane of its action, target and camera."""
    return tuple(
        Call(decision.id, nth, asked.name, asked.params, _lane(asked, decision))
        for nth, asked in enumerate(decision.actions)
    )


def _lane(asked: ActionCall, decision: Decision) -> str:
    camera = asked.params.get("camera", decision.camera) or ""
    return f"{asked.name}/{asked.params.get('target', '')}/{camera}"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody has seen a decision and takes care of it; the first one counts.

    Attributes:
        at: When it was judged by this machine's clock (UTC).
    """

    decision: str
    at: datetime
    by: str = ""
    note: str = ""


def acknowledgement(event: Event) -> Acknowledgement | None:
    """Return what an event acknowledges; None for every other event."""
    decision = event.facts.get("decision")
    if event.kind is not Kind.OPERATOR or event.label != ACKNOWLEDGE or not decision:
        return None
    by, note = event.facts.get("by", ""), event.facts.get("note", "")
    return Acknowledgement(str(decision), event.received_at, str(by), str(note))


def withdrawn(event: Event) -> str | None:
    """Return the decision whose acknowledgement an event takes back; None for every other event."""
    decision = event.facts.get("decision")
    if event.kind is not Kind.OPERATOR or event.label != UNACKNOWLEDGE or not decision:
        return None
    return str(decision)


@dataclass(frozen=True, slots=True)
class Adoption:
    """Rules that are judged by from an event on.

    Attributes:
        seq: Of that event.
        digest: Of the rules; `body`: what they are made of, see `engine.rulebook`.
    """

    seq: int
    digest: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one turn of the judge wants kept, all of it or nothing.

    Attributes:
        mark: Engine time of this turn; carries it over a restart.
        judged: Engine time at which each event was judged, so that a replay judges it then; empty: at `mark`.
        adopted: The rules that events of this turn adopt.
    """

    events: tuple[Event, ...]
    changes: tuple[RowChange, ...]
    decisions: tuple[Decision, ...]
    calls: tuple[Call, ...]
    mark: Mark
    judged: tuple[float, ...] = ()
    adopted: tuple[Adoption, ...] = ()

    def times(self) -> Iterator[tuple[Event, float]]:
        """Yield each event with the engine time at which it was judged."""
        return zip(self.events, self.judged or repeat(self.mark.engine), strict=False)


@dataclass(frozen=True, slots=True)
class Damage:
    """A damaged database that was set aside when the store was opened.

    Attributes:
        complaint: What SQLite said.
        quarantine: Where the damaged file lies; nothing in it was changed.
        saved: Rows carried over into the new database, by table.
        lost: Events known to be missing; None when the damage hides how many there were.
    """

    complaint: str
    quarantine: str
    saved: Mapping[str, int]
    lost: int | None


@dataclass(frozen=True, slots=True)
class Resume:
    """Where the last run left off.

    Attributes:
        mark: None on the first run.
        last_seq: Highest event number ever given; 0 on the first run.
        rows: What rules remembered, ready for `Memory.apply`.
        clean: Whether the last run ended in order (True on the first run).
        damage: What was found damaged at this start, if anything.
        adopted: The rules that `rows` belong to; None: not known, they must be adopted anew.
    """

    mark: Mark | None
    last_seq: int
    rows: tuple[RowChange, ...]
    clean: bool
    damage: Damage | None = None
    adopted: Adoption | None = None


#: Attempts after which an outbox row lets the others of its lane pass.
YIELDS = 3


class State(StrEnum):
    """What became of an outbox row."""

    DUE = "due"  #: to be tried (again)
    DONE = "done"
    DEAD = "dead"  #: given up; a person must look


@dataclass(frozen=True, slots=True)
class Pending:
    """An outbox row with all that an action needs.

    Attributes:
        attempts: Tries so far.
        created: Engine time when it was decided.
        next_at: Engine time before which it is not to be tried.
        detail: What the last try said.
    """

    id: int
    key: str
    action: str
    params: Mapping[str, Fact]
    lane: str
    state: State
    attempts: int
    created: float
    next_at: float
    detail: str
    decision: Decision
    event: Event | None


@dataclass(slots=True)
class Counts:
    """Outbox rows by state, as stored now."""

    due: int = 0
    done: int = 0
    dead: int = 0
