"""Judging: one pure step from an event (or a timer's tick) to decisions.

``step(rules, memory, event, now)`` reads no clock, writes nothing and remembers nothing itself: the same
arguments give the same result, live, in a replay and after a restart.

What holds is followed per rule and subject. It begins with an event that matches and goes on until an
event of the same subject does not match (an object has left the zone or is gone, motion has stopped, the
camera is back). It fires when it has held for `for:`, and is resolved when it ends. A cooldown counts per
camera (unless the rule says otherwise); a firing that falls within comes at its end, if it still holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from heapq import heapify, heappop, heappush

from rules import reasons
from rules.memory import FIRING, PENDING, QUIET, QUIET_MARK, Memory, timer
from rules.model import (
    CameraId,
    Change,
    Decision,
    DecisionId,
    Event,
    EventId,
    Fault,
    Instant,
    Kind,
    Phase,
    Row,
    RowChange,
    RuleName,
    Sentence,
    Step,
)
from rules.ruleset import Rule, RuleSet, Telling

#: Rows that one rule may have at once; beyond it the oldest is given up, and counted.
ROWS_PER_RULE = 1000
#: Engine events after which nothing is known of what was being seen.
GAPS = frozenset({"gap", "engine.gap"})
_SEEN = (Kind.OBJECT, Kind.MOTION)
_NOTHING = Step()


def step(rules: RuleSet, memory: Memory, event: Event | None, now: Instant) -> Step:
    """Judge one event, or let timers fire.

    Args:
        rules: What is judged.
        memory: What is remembered; not written. Apply `Step.changes` to it before the next step.
        event: What happened, or None for a tick of the clock.
        now: When; timers that are due by now fire first, each at its own time.

    Returns:
        Decisions in order, and the rows that moved.
    """
    due = memory.next_due()
    if (due is None or due > now.engine) and (event is None or _irrelevant(rules, memory, event, now)):
        return _NOTHING
    round_ = _Round(rules, memory, now)
    round_.timers()
    if event is not None:
        round_.event(event)
    return round_.result()


def forget(rules: RuleSet, memory: Memory) -> tuple[RowChange, ...]:
    """Return the changes that drop the rows of rules that no longer exist (after a reload)."""
    return tuple(RowChange(rule, key, None) for rule, key, _ in memory.rows() if rule not in rules.named)


def decision_id(rule: RuleName, key: str, phase: Phase, cause: EventId) -> DecisionId:
    """Return the identity of a decision: the same in every replay."""
    told = "\0".join((rule, key, phase, cause))
    return DecisionId(sha256(told.encode()).hexdigest()[:32])


def subject_key(event: Event) -> str:
    """Return what an event is about, as rows know it."""
    return f"{event.camera or ''}/{event.subject or event.kind}"


def _irrelevant(rules: RuleSet, memory: Memory, event: Event, now: Instant) -> bool:
    """Return whether an event matches nothing and ends nothing: the fast way out for nearly all of them."""
    if memory and (memory.of_subject(subject_key(event)) or _blinds(event)):
        return False
    candidates = rules.candidates(event)
    if not candidates:
        return True
    try:
        return not any(rule.holds(event, now.wall) for rule in candidates)
    except Exception:  # a rule raised: the full round finds out which one and goes on with the others
        return False


def _blinds(event: Event) -> bool:
    lost = event.kind is Kind.CAMERA and event.change is Change.ENDED
    return lost or (event.kind is Kind.ENGINE and event.label in GAPS)


class _Round:
    """One step's work: reads memory, collects what moves beside it."""

    def __init__(self, rules: RuleSet, memory: Memory, now: Instant) -> None:
        self._rules, self._memory, self._now = rules, memory, now
        self._moved: dict[tuple[RuleName, str], Row | None] = {}
        self._grown: dict[RuleName, int] = {}
        self._heap = memory.due(now.engine)
        heapify(self._heap)
        self._decisions: list[Decision] = []
        self._faults: list[Fault] = []
        self._evicted = 0

    def result(self) -> Step:
        changes = tuple(
            RowChange(rule, key, row)
            for (rule, key), row in self._moved.items()
            if row != self._memory.get(rule, key)
        )
        return Step(tuple(self._decisions), changes, tuple(self._faults), self._evicted)

    # -- rows --------------------------------------------------------------------------------

    def _row(self, rule: RuleName, key: str) -> Row | None:
        if (rule, key) in self._moved:
            return self._moved[rule, key]
        return self._memory.get(rule, key)

    def _put(self, rule: RuleName, key: str, row: Row | None) -> None:
        had = self._row(rule, key) is not None
        if row is not None and not had:
            self._make_room(rule)
        self._moved[rule, key] = row
        self._grown[rule] = self._grown.get(rule, 0) + (row is not None) - had
        if row is not None and row.due is not None and row.due <= self._now.engine:
            heappush(self._heap, timer(row.due, rule, key))

    def _make_room(self, rule: RuleName) -> None:
        if len(self._memory.of_rule(rule)) + self._grown.get(rule, 0) < ROWS_PER_RULE:
            return
        oldest = min(self._rows_of(rule), key=lambda entry: (entry[1].since, entry[0]))
        self._put(rule, oldest[0], None)
        self._evicted += 1

    def _rows_of(self, rule: RuleName) -> Iterator[tuple[str, Row]]:
        known = dict(self._memory.of_rule(rule))
        moved = {key: row for (name, key), row in self._moved.items() if name == rule}
        return ((key, row) for key, row in (known | moved).items() if row is not None)

    def _ordered(self, rows: Iterable[tuple[RuleName, str]]) -> list[tuple[RuleName, str]]:
        """Return rows in the order of their rules: how memory was filled must not show in decisions."""
        named = self._rules.named
        return sorted(rows, key=lambda row: (named[row[0]].order if row[0] in named else -1, row))

    # -- time --------------------------------------------------------------------------------

    def timers(self) -> None:
        """Let everything fire that is due, in its order and at its own time."""
        while self._heap:
            due, _, name, key = heappop(self._heap)
            row = self._row(name, key)
            if row is None or row.due != due:
                continue  # moved since
            rule = self._rules.named.get(name)
            if rule is None or row.state == QUIET:
                self._put(name, key, None)
                continue
            try:
                self._ripe(rule, key, row, due)
            except Exception as error:  # one rule's bug must not stop another; its row would raise for ever
                self._put(name, key, None)
                self._fault(rule, error)

    def _ripe(self, rule: Rule, key: str, row: Row, due: float) -> None:
        at = Instant(self._now.wall - timedelta(seconds=self._now.engine - due), due)
        if rule.hours is not None and not rule.hours.hold(at.wall):
            self._put(rule.name, key, None)
        elif (quiet := self._quiet_until(rule, key)) > due:
            self._put(rule.name, key, replace(row, due=quiet))
        else:
            self._fire(rule, key, row, at)

    def _quiet_until(self, rule: Rule, key: str) -> float:
        row = self._row(rule.name, _quiet_key(rule, key)) if rule.cooldown else None
        return row.due if row is not None and row.due is not None else float("-inf")

    # -- events ------------------------------------------------------------------------------

    def event(self, event: Event) -> None:
        """Judge one event."""
        if _blinds(event):
            self._blind(event)
        followed = self._ordered(self._memory.of_subject(subject_key(event)))
        kept = set()
        for rule in self._rules.candidates(event):
            try:
                if rule.holds(event, self._now.wall):
                    self._match(rule, event)
                    kept.add(rule.name)
            except Exception as error:  # one rule's bug must not stop another
                kept.add(rule.name)
                self._fault(rule, error)
        for name, key in followed:
            if name not in kept:
                self._end(name, key, event)

    def _match(self, rule: Rule, event: Event) -> None:
        key, now = subject_key(event), self._now
        lasting = rule.lasting and event.change is not Change.NOTED
        if lasting and self._row(rule.name, key) is not None:
            return
        quiet = self._quiet_until(rule, key)
        due = max(now.engine + rule.hold, quiet)
        row = Row(PENDING, now.engine, now.wall, due, event.id, key, reasons.holding(rule, event))
        if due <= now.engine:
            self._fire(rule, key, row, now, lasting=lasting)
        elif lasting:
            self._put(rule.name, key, row)

    def _end(self, name: RuleName, key: str, event: Event, why: Telling | None = None) -> None:
        row, rule = self._row(name, key), self._rules.named.get(name)
        if row is None:
            return
        self._put(name, key, None)
        if rule is None or row.state != FIRING:
            return
        try:
            self._resolve(rule, key, row, event, why or self._why_over(rule, event))
        except Exception as error:  # one rule's bug must not stop another
            self._fault(rule, error)

    def _why_over(self, rule: Rule, event: Event) -> Telling:
        timely = rule.hours is None or rule.hours.hold(self._now.wall)
        if not timely and rule.admits(event):
            return "reason.over_time", {}
        return reasons.over(rule, event)

    def _blind(self, event: Event) -> None:
        """End what was seen by a camera that is lost, or by all after a gap: nothing is known of it any more."""
        prefix = f"{event.camera}/" if event.kind is Kind.CAMERA else ""
        for name, key in self._ordered((name, key) for name, key, _ in self._memory.rows()):
            rule = self._rules.named.get(name)
            seen = rule is not None and rule.kind in _SEEN and not key.startswith(QUIET_MARK)
            if seen and key.startswith(prefix):
                self._end(name, key, event, ("reason.over_blind", {}))

    # -- decisions ---------------------------------------------------------------------------

    def _fire(self, rule: Rule, key: str, row: Row, at: Instant, *, lasting: bool = True) -> None:
        parts: list[Telling] = [(row.reason.code, row.reason.values)]
        if rule.hold:
            parts.append(("reason.held", {"held": reasons.duration(at.engine - row.since)}))
        if rule.hours is not None:
            parts += rule.hours.told(at.wall)
        self._decide(rule, key, row, Phase.FIRING, at.wall, row.cause, reasons.sentence(parts))
        if lasting:
            self._put(rule.name, key, replace(row, state=FIRING, due=None))
        if rule.cooldown:
            quiet = Row(QUIET, at.engine, at.wall, at.engine + rule.cooldown, row.cause, row.subject)
            self._put(rule.name, _quiet_key(rule, key), quiet)

    def _resolve(self, rule: Rule, key: str, row: Row, event: Event, why: Telling) -> None:
        subject = row.reason.code.partition("+")[0]
        lasted = reasons.duration(self._now.engine - row.since)
        parts = [(subject, row.reason.values), why, ("reason.lasted", {"lasted": lasted})]
        self._decide(rule, key, row, Phase.RESOLVED, self._now.wall, event.id, reasons.sentence(parts))

    def _decide(
        self, rule: Rule, key: str, row: Row, phase: Phase, at: datetime, cause: EventId, reason: Sentence
    ) -> None:
        camera = key.partition("/")[0]
        self._decisions.append(
            Decision(
                id=decision_id(rule.name, key, phase, cause),
                rule=rule.name,
                phase=phase,
                key=key,
                camera=CameraId(camera) if camera else None,
                at=at,
                since=row.since_wall,
                cause=cause,
                severity=rule.severity,
                title=rule.title,
                reason=reason,
                actions=rule.actions if phase is Phase.FIRING else (),
            )
        )

    def _fault(self, rule: Rule, error: Exception) -> None:
        self._faults.append(Fault(rule.name, f"{type(error).__name__}: {error}"))


def _quiet_key(rule: Rule, key: str) -> str:
    scope = {"subject": key, "camera": key.partition("/")[0], "rule": ""}[rule.per]
    return QUIET_MARK + scope
