"""What goes into the store and what comes out of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import repeat
from types import MappingProxyType

from engine.runtime.clock import Mark
from engine.severity import RANK
from rules.evaluator.evaluator import ACKNOWLEDGE, UNACKNOWLEDGE
from rules.memory import SILENCES
from rules.model import (
    ActionCall,
    Decision,
    DecisionId,
    Event,
    EventId,
    Fact,
    Kind,
    Phase,
    RowChange,
    Severity,
)


@dataclass(frozen=True, slots=True)
class Call:
    """An action to be carried out, before it has an outbox row.

    Attributes:
        nth: Place among the decision's actions; with the decision the idempotency key.
        lane: Rows of one lane are tried in order; another lane's trouble does not stop them.
        rank: Of the decision's severity, the worst is 0.
    """

    decision: DecisionId
    nth: int
    action: str
    params: Mapping[str, Fact]
    lane: str
    rank: int = 1


def calls_of(decision: Decision) -> tuple[Call, ...]:
    """Return what a decision asks for, each in the lane of its action, target and camera.

    What is critical has a lane of its own: it waits for nothing that is not.
    """
    return tuple(
        Call(decision.id, nth, asked.name, asked.params, _lane(asked, decision), RANK[decision.severity])
        for nth, asked in enumerate(decision.actions)
    )


def _lane(asked: ActionCall, decision: Decision) -> str:
    camera = asked.params.get("camera", decision.camera) or ""
    lane = f"{asked.name}/{asked.params.get('target', '')}/{camera}"
    return f"{lane}/critical" if decision.severity is Severity.CRITICAL else lane


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


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An acknowledgement of a decision is taken back."""

    decision: str


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody was there and has seen what a decision tells; nobody has to take care of it therefore."""

    decision: str
    at: datetime
    by: str = ""


#: Acts of operators: somebody has seen an alert; somebody says what it turned out to be.
SEEN, VERDICT = "seen", "verdict"
#: What an operator's event says of who takes care of a decision, or has seen it.
Duty = Acknowledgement | Withdrawal | Seen
#: By the event that says it.
Duties = Mapping[EventId, Duty]
NO_DUTIES: Duties = MappingProxyType({})


def wants_eyes(decision: Decision) -> bool:
    """Return whether somebody must see a decision: what is for information alone belongs in the log."""
    told = decision.phase is Phase.FIRING and not decision.dry_run and decision.rule != SILENCES
    return told and decision.severity != "info"


@dataclass(frozen=True, slots=True)
class Unseen:
    """An alert that nobody has seen.

    Attributes:
        decision: The id of the firing decision.
        ended: When it ended; None: it still holds, or was a moment.
    """

    decision: DecisionId
    ended: datetime | None


def duty_of(event: Event) -> Duty | None:
    """Return who takes care of a decision, or no longer does, by an event; None for every other event."""
    if event.kind is not Kind.OPERATOR or not (decision := event.facts.get("decision")):
        return None
    by = str(event.facts.get("by", ""))
    if event.label == UNACKNOWLEDGE:
        return Withdrawal(str(decision))
    if event.label in (SEEN, VERDICT):  # whoever says what it was has seen it
        return Seen(str(decision), event.received_at, by)
    if event.label != ACKNOWLEDGE:
        return None
    return Acknowledgement(str(decision), event.received_at, by, str(event.facts.get("note", "")))


@dataclass(frozen=True, slots=True)
class Adoption:
    """Rules that are judged by from an event on.

    Attributes:
        seq: Of that event.
        digest: Of the rules; `body`: what they are made of, see `engine.judging.rulebook`.
    """

    seq: int
    digest: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Audited:
    """Something that somebody did, as an entry of the log (`engine.identity.record`).

    Attributes:
        at: When it was done (UTC).
        engine: Engine time when it was judged.
        body: What is told of it, a JSON object; None: that is gone with its age.
        nth: Its place among all of them, which the store gives; 0: not yet.
    """

    id: str
    seq: int
    deed: str
    at: datetime
    engine: float
    camera: str | None
    body: str | None
    nth: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one turn of the judge wants kept, all of it or nothing.

    Attributes:
        mark: Engine time of this turn; carries it over a restart.
        judged: Engine time at which each event was judged, so that a replay judges it then; empty: at `mark`.
        adopted: The rules that events of this turn adopt.
        numbers: The `seq` of each decision in the log, which they share with events; empty: they have none.
        audits: What people did.
        duties: What its events say of who takes care of decisions: read here, once, for the store and for everybody
            who is told.
    """

    events: tuple[Event, ...]
    changes: tuple[RowChange, ...]
    decisions: tuple[Decision, ...]
    calls: tuple[Call, ...]
    mark: Mark
    judged: tuple[float, ...] = ()
    adopted: tuple[Adoption, ...] = ()
    numbers: tuple[int, ...] = ()
    audits: tuple[Audited, ...] = ()
    duties: Duties = field(init=False, repr=False)

    def __post_init__(self) -> None:
        found = {event.id: duty for event in self.events if (duty := duty_of(event)) is not None}
        object.__setattr__(self, "duties", found)

    def times(self) -> Iterator[tuple[Event, float]]:
        """Yield each event with the engine time at which it was judged."""
        return zip(self.events, self.judged or repeat(self.mark.engine), strict=False)

    def numbered(self) -> Iterator[tuple[Decision, int | None]]:
        """Yield each decision with its `seq`."""
        return zip(self.decisions, self.numbers or repeat(None), strict=False)

    def last_seq(self) -> int:
        """Return the highest number given in this turn, 0 where none was."""
        if len(self.events) == 1 and not self.numbers and not self.audits:  # most of them
            return self.events[0].seq
        given = [*[event.seq for event in self.events], *self.numbers, *[told.seq for told in self.audits]]
        return max(given, default=0)


@dataclass(frozen=True, slots=True)
class Damage:
    """What was found damaged or missing when the store was opened.

    Attributes:
        complaint: What SQLite said; empty: nothing is damaged, but an earlier run had kept more than is there.
        quarantine: Where the damaged file lies, in which nothing was changed; empty: there is none.
        saved: Rows carried over into the new database, by table.
        lost: Entries of the log known to be missing; None when the damage hides how many there were.
    """

    complaint: str
    quarantine: str
    saved: Mapping[str, int]
    lost: int | None


@dataclass(frozen=True, slots=True)
class Deletion:
    """Rows or files that were deleted and are not yet an event of the log; a person shall read of them there.

    Attributes:
        what: ``events``, ``decisions``, ``promises``, ``letters``, ``pictures``, ``audit`` (what is told of records,
            which stay) or ``memory`` (of rules).
        why: ``age``, ``room`` (the quota or the disk was full), ``damage`` or ``version`` (of another program).
        first: Smallest `seq` of them, where they have one; `last` the greatest.
        since: When the oldest of them was made (UTC); `until` the newest.
    """

    what: str
    why: str
    rows: int
    first: int | None = None
    last: int | None = None
    since: datetime | None = None
    until: datetime | None = None


#: Label of the engine's event that tells of a deletion.
FORGOT = "engine.forgot"


def told_deletion(event: Event) -> tuple[str, str, int] | None:
    """Return what deletion an event tells of (what, why, rows); None for every other event."""
    if event.kind is not Kind.ENGINE or event.label != FORGOT:
        return None
    facts = event.facts
    return str(facts.get("what", "")), str(facts.get("why", "")), int(facts.get("rows", 0))


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
        settled: Whether what counts from nothing counts; False: some of it may be lost, rules must be adopted anew.
    """

    mark: Mark | None
    last_seq: int
    rows: tuple[RowChange, ...]
    clean: bool
    damage: Damage | None = None
    adopted: Adoption | None = None
    settled: bool = True


#: Attempts after which an outbox row lets the others of its lane pass; indexes know it (0004_log.sql).
YIELDS = 3


class DeliveryState(StrEnum):
    """What became of one try of an outbox row."""

    DUE = "due"  #: to be tried again
    DONE = "done"  #: the row is gone: the outbox holds only what is to be done
    DEAD = "dead"  #: given up, now a dead letter; a person must look


@dataclass(frozen=True, slots=True)
class Pending:
    """An outbox row, or a dead letter, with all that an action needs.

    Attributes:
        attempts: Tries so far.
        created: Engine time when it was decided (or sent again by a person).
        next_at: Engine time before which it is not to be tried; of a dead letter when it was given up.
        detail: What the last try said.
    """

    id: int
    key: str
    action: str
    params: Mapping[str, Fact]
    lane: str
    attempts: int
    created: float
    next_at: float
    detail: str
    decision: Decision
    event: Event | None


@dataclass(slots=True)
class Counts:
    """What is still to be done, and what was given up, as stored now."""

    due: int = 0
    dead: int = 0
