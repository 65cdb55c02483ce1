"""Judging: one pure step from an event (or a timer's tick) to decisions.

``step(rules, memory, event, now)`` reads no clock, writes nothing and remembers nothing itself: the same
arguments give the same result, live, in a replay and after a restart. Whoever uses a rule set for the first
time with a memory applies `settle` before.

What holds is followed per rule and subject. It begins with an event that matches and goes on until an
event of the same subject does not match (an object has left the zone or is gone, motion has stopped, the
camera is back). It fires when it has held for `for:`, and is resolved when it ends. A cooldown counts per
camera (unless the rule says otherwise); a firing that falls within comes at its end, if it still holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from rules.compiler import reasons
from rules.compiler.if_condition import shown
from rules.compiler.ruleset import Each, Matcher, Rule, RuleSet, Tally, Telling
from rules.evaluator import recall
from rules.evaluator.alert_state import (
    DECIDED,
    AlertStates,
    Beginning,
    TooMany,
    decided_key,
    decision_id,
)
from rules.evaluator.rows import Rows, nobody
from rules.evaluator.step_context import subject_key
from rules.evaluator.triggers import Triggers
from rules.evaluator.vetoes import veto_of
from rules.kinds.lookup import PICTURED
from rules.memory import (
    FADING,
    FIRING,
    GATHERING,
    HELD,
    PENDING,
    QUIET,
    SAMPLED,
    SILENCES,
    TAKEN,
    WAITING,
    WAS,
    Memory,
    role_of,
)
from rules.model import CONDITIONS, Change, Event, Fault, Instant, Kind, Row, RowChange, RuleName, Step
from rules.silence import SILENCE, UNSILENCE

__all__ = ["GAPS", "NOTHING", "decision_id", "forget", "settle", "step", "subject_key", "ticks"]

#: Years in which calendars reckon.
_FIRST, _LAST = 3, 9997
#: Engine events after which nothing is known of what was being seen.
GAPS = frozenset({"gap", "engine.gap"})
#: Says that the clock on the wall was set: `at` is what it would have shown, by which everything fired before.
CLOCK_SET = "engine.clock"
#: The operator's act that gives up escalations.
ACKNOWLEDGE = "acknowledge"
#: The act that takes an acknowledgement back.
UNACKNOWLEDGE = "unacknowledge"
#: Events that mean something to rows that are not of their subject.
_TOUCHING = frozenset({Kind.CAMERA, Kind.ENGINE, Kind.OPERATOR})
#: What came of an event that matched nothing and ended nothing: always this very step.
NOTHING = Step()


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
    if memory.soonest > now.engine and (event is None or _irrelevant(rules, memory, event)):
        return NOTHING
    if not _FIRST <= now.wall.year <= _LAST:
        now = Instant(_sane(now.wall), now.engine)
    if event is not None and not _FIRST <= event.received_at.year <= _LAST:
        event = replace(event, received_at=_sane(event.received_at))
    round_ = _Round(rules, memory, now)
    if memory.soonest <= now.engine:
        round_.timers()
    if event is not None:
        round_.event(event)
    return round_.result()


def ticks(memory: Memory, now: Instant) -> Iterator[Instant]:
    """Yield the moment of each timer that is due by now; `memory` has taken over its step before the next is asked for.

    Time passes by these alone, live and in a replay: what a timer leads to depends on no one else's moment, such as
    when somebody looked.
    """
    while (due := memory.next_due()) is not None and due <= now.engine:
        yield Instant(now.wall - timedelta(seconds=now.engine - due), due)
        if memory.next_due() == due:  # a timer that stays would be asked for ever
            break


def settle(
    rules: RuleSet,
    memory: Memory,
    now: Instant,
    before: RuleSet | None = None,
    kept: Iterable[RuleName] = (),
) -> Step:
    """Fit a memory to a rule set: after a start, and after a reload.

    Rows of rules that are gone, or whose meaning changed, are dropped, and what they had told is resolved
    (as far as `before`, the rules until now, still knows them); rules that wait for those decisions hear it.
    Absences and times of day begin to count.

    Args:
        before: The rules until now, as far as somebody knows them.
        kept: Rules that mean what they meant when their rows were made: nobody needs to look at those.
    """
    now = Instant(_sane(now.wall), now.engine)
    known = before.named if before is not None else {}
    gone = known.keys() - rules.named.keys()
    every = replace(rules, rules=tuple({**known, **rules.named}.values())) if gone else rules
    round_ = _Round(every, memory, now)
    for rule in rules.absences:
        round_.triggers.wind(rule)
    for name in sorted(memory.rules() - frozenset(kept)):
        present = rules.rule(name)
        for key in sorted(memory.of_rule(name)):
            row = round_.row(name, key)
            if row is not None and (present is None or (row.edition and row.edition != present.edition)):
                round_.withdraw(known.get(name) or present, name, key, row)
    for rule in rules.absences:
        round_.triggers.arm(rule)
    round_.resume_silences()
    round_.hear(rules)
    return round_.result()


def _sane(wall: datetime) -> datetime:
    """Return a time of which days before and after can be reckoned; a clock may show anything."""
    if _FIRST <= wall.year <= _LAST:
        return wall
    return wall.replace(year=_FIRST if wall.year < _FIRST else _LAST, day=min(wall.day, 28))


def forget(rules: RuleSet, memory: Memory) -> tuple[RowChange, ...]:
    """Return the changes that drop the rows of rules that no longer exist (`settle` resolves them too)."""
    return tuple(RowChange(rule, key, None) for rule, key, _ in memory.rows() if rules.rule(rule) is None)


def _irrelevant(rules: RuleSet, memory: Memory, event: Event) -> bool:
    """Return whether an event matches nothing and ends nothing: the fast way out for nearly all of them."""
    followed = memory.followed
    if (
        followed and f"{event.camera or ''}/{event.subject or event.kind}" in followed
    ):  # `subject_key`, at once
        return False
    if event.kind in _TOUCHING and (memory or event.label == SILENCE):
        return False
    try:
        for _, pattern in rules.index.candidates(event):
            if not _FIRST <= event.received_at.year <= _LAST or pattern.holds(event):
                return False  # not any(): a generator costs more than the tests
    except Exception:  # a rule raised: the full round finds out which one and goes on with the others
        return False
    return True


def _blinds(event: Event) -> bool:
    lost = _of_state(event) and event.change is Change.ENDED
    return lost or (event.kind is Kind.ENGINE and event.label in GAPS)


def _of_state(event: Event) -> bool:
    """Return whether an event is about whether a camera sees: not about what else may be the matter with it."""
    return event.kind is Kind.CAMERA and event.label not in CONDITIONS


class _Round:
    """One step's work."""

    __slots__ = ("_alerts", "_at", "_faults", "_memory", "_now", "_rows", "_rules", "triggers")

    def __init__(self, rules: RuleSet, memory: Memory, now: Instant) -> None:
        self._rules, self._memory, self._now = rules, memory, now
        self._rows = Rows(memory, now.engine)
        self._alerts = AlertStates(rules, self._rows, now)
        self.triggers = Triggers(self._rows, self._alerts, now)
        self._at = now
        self._faults: list[Fault] = []

    def result(self) -> Step:
        """Return what the step came to; nothing of the round is used after that."""
        self._rows.gave_up = nobody  # no cycle: all of it is freed at once
        evicted = tuple(self._rows.evicted)
        return Step(tuple(self._alerts.decisions), self._rows.changes(), tuple(self._faults), evicted)

    def timers(self) -> None:
        """Let everything fire that is due, in its order and at its own time."""
        for name, key, row, due in self._rows.ripe():
            rule = self._rules.rule(name)
            if rule is None:
                self._rows.drop(name, key)
                continue
            try:
                self._ripe(rule, key, row, due)
            except Exception as error:  # one rule's bug must not stop another; its row would raise for ever
                self._rows.drop(name, key)
                self._fault(rule, error)
            self._hear()

    def _ripe(self, rule: Rule, key: str, row: Row, due: float) -> None:
        at = self._alerts.at(due)
        if rule.name == SILENCES:
            self._alerts.silences.ripe(key, row, at)
        elif row.state == SAMPLED:
            self._rows.drop(rule.name, key)
        elif row.state in (GATHERING, WAS):
            self.triggers.ripe(rule, key, row, at)
            after = self._rows.get(rule.name, key)
            if after == row:  # nobody knows what it is: it would be due for ever
                self._rows.drop(rule.name, key)
        else:
            self._alerts.ripe(rule, key, row, at)

    def event(self, event: Event) -> None:
        """Judge one event, and then the decisions that other rules wait for."""
        self._at = self.triggers.now = self._now
        if event.kind in _TOUCHING:
            self._notice(event)
        self._judge(event, self._now)
        self._hear()

    def hear(self, rules: RuleSet) -> None:
        """Judge the decisions of this round by other rules."""
        self._rules = rules
        self._hear()

    def _hear(self) -> None:
        if not self._alerts.waited_for():
            return
        try:
            for made, at in self._alerts.heard():
                self._judge(made, at)
        except TooMany as error:
            self._faults.append(Fault(error.rule, str(error)))

    def _judge(self, event: Event, now: Instant) -> None:
        """Judge an event at its time: that of a decision that a timer made is the timer's."""
        self._at = self.triggers.now = now
        followed = self._followed(event)
        kept: set[tuple[RuleName, str]] = set()
        for rule, pattern in self._rules.index.candidates(event):
            try:
                if pattern.holds(event) and (known := self._knowing(rule, pattern, event)) is not None:
                    kept.update([(rule.name, key) for key in self._match(rule, pattern, known)])
            except Exception as error:  # one rule's bug must not stop another
                kept |= {entry for entry in followed if entry[0] == rule.name}
                self._fault(rule, error)
        for name, key in followed:
            if (name, key) not in kept and not self._holds_on(name, key, event):
                self._over(name, key, event)

    def _knowing(self, rule: Rule, pattern: Matcher, event: Event) -> Event | None:
        """Return an event with what its pattern asks of the past; None: then it does not match."""
        if not pattern.recalls:
            return event
        known = recall.knowing(self._rules, self._rows, rule, pattern, event, self._at)
        asked = (each for each in pattern.recalls if not each.expression.linked)
        return known if all(each.test(known) for each in asked) else None

    def _holds_on(self, name: RuleName, key: str, event: Event) -> bool:
        """Return whether what an event does not match holds on all the same."""
        if event.kind is Kind.DECISION and self._still_decided(name, key, event):
            return True
        rule = self._rules.rule(name)
        if rule is None or rule.until is None or event.change is Change.ENDED:
            return False
        row = self._rows.get(name, key)
        return row is not None and row.state in (FIRING, FADING, PENDING) and not rule.until.test(event)

    def _still_decided(self, name: RuleName, key: str, event: Event) -> bool:
        """Return whether another rule that a row stands for still fires about the same thing."""
        rule, row = self._rules.named.get(name), self._rows.get(name, key)
        if rule is None or row is None:
            return False
        role = role_of(key) if row.state == HELD else None
        own = [each for each in rule.patterns if role == each.role or veto_of(rule, each.role) is None]
        waits = [each for each in own if each.lasting and role in (None, each.role)]
        others = {label for each in waits if each.kind is Kind.DECISION for label in each.labels or ()}
        thing = event.subject.removeprefix(DECIDED)
        keys = thing, decided_key(event.camera, thing)
        found = [self._rows.get(RuleName(other), each) for other in others - {event.label} for each in keys]
        return any(each is not None and each.state in (FIRING, FADING) for each in found)

    def _followed(self, event: Event) -> list[tuple[RuleName, str]]:
        """Return the rows of a subject in the order of their rules: how memory was filled must not show."""
        rows = self._rows.of_subject(subject_key(event))
        if len(rows) < 2:
            return rows
        named = self._rules.named
        return sorted(rows, key=lambda row: (named[row[0]].order if row[0] in named else -1, row))

    def _match(self, rule: Rule, pattern: Matcher, event: Event) -> set[str]:
        """Take in a match; return the keys of the rows that it keeps."""
        if isinstance(rule.trigger, Tally):
            recall.count(self._rows, rule, rule.trigger, event.id, self._at)
            return set()
        if not isinstance(rule.trigger, Each) or veto_of(rule, pattern.role) is not None:
            return self.triggers.seen(rule, pattern, event)
        key = subject_key(event)
        lasting = rule.until is not None or (pattern.lasting and event.change is not Change.NOTED)
        row = self._rows.get(rule.name, key) if lasting else None
        if row is not None and not rule.linger and not rule.clear:
            timely = rule.hours is None or rule.hours.hold(self._at.wall)
            return {key} if timely else set()
        if rule.hours is not None and not rule.hours.hold(self._at.wall):
            return set()
        told = reasons.holding(rule, pattern, event)
        self._alerts.begin(rule, Beginning(key, key, event.id, told, lasting), self._at)
        return {key}

    def _over(self, name: RuleName, key: str, event: Event, why: Telling | None = None) -> None:
        """End what an event of its subject no longer matches."""
        row, rule = self._rows.get(name, key), self._rules.rule(name)
        if row is None:
            return
        if rule is None:
            self._rows.drop(name, key)
            return
        try:
            self._end(rule, key, row, event, why)
        except Exception as error:  # one rule's bug must not stop another
            self._rows.drop(name, key)
            self._fault(rule, error)

    def _end(self, rule: Rule, key: str, row: Row, event: Event, why: Telling | None) -> None:
        until = _until(event, self._at) if why and _holds_on_gap(rule) else self._at.engine
        if row.state == HELD:
            told = why or reasons.over(rule, event)
            self.triggers.gone(rule, key, row, told, event.id, until=until)
        elif row.state in (WAS, SAMPLED):
            return  # it counts until it is due
        elif isinstance(rule.trigger, Each) and not (rule.clear and not rule.patterns[0].lasting):
            told = why or (self._why_over(rule, event) if row.state == FIRING else ("reason.over", {}))
            self._alerts.end(rule, key, told, event.id, self._at)

    def _why_over(self, rule: Rule, event: Event) -> Telling:
        if rule.until is not None and event.change is not Change.ENDED:
            return "reason.over_until", {"until": rule.until.text, "until_is": shown(rule.until, event)}
        timely = rule.hours is None or rule.hours.hold(self._at.wall)
        if not timely and any(pattern.admits(event) for pattern in rule.patterns):
            return "reason.over_time", {}
        return reasons.over(rule, event)

    # -- what concerns more than one subject ---------------------------------------------------

    def _notice(self, event: Event) -> None:
        if event.kind is Kind.OPERATOR and event.label == ACKNOWLEDGE:
            self._alerts.acknowledge(event, self._at)
        elif event.kind is Kind.OPERATOR and event.label == UNACKNOWLEDGE:
            self._alerts.unacknowledge(event, self._at)
        elif event.kind is Kind.OPERATOR and event.label == SILENCE:
            self._alerts.silences.begin(event, self._at)
        elif event.kind is Kind.OPERATOR and event.label == UNSILENCE:
            self._alerts.lift(str(event.facts.get("silence", "")), self._at)
        elif event.kind is Kind.ENGINE and event.label == CLOCK_SET:
            for rule in self._rules.absences:
                self.triggers.reckon(rule)
            self._alerts.silences.reckon(self._at)
        elif _blinds(event):
            self._blind(event)
        elif _of_state(event) and event.change is Change.BEGAN and event.camera is not None:
            for rule in self._rules.absences:
                self.triggers.sighted(rule, event.camera, event.id)

    def _blind(self, event: Event) -> None:
        """End what was seen by a camera that is lost, or by all after a gap: nothing is known of it any more."""
        camera = event.camera if event.kind is Kind.CAMERA else None
        prefix = "" if camera is None else f"{camera}/"
        until = _until(event, self._now)
        for name in sorted({name for name, _, _ in self._memory.rows()}, key=self._place):
            rule = self._rules.rule(name)
            if rule is None:
                continue
            for key, row in self._rows.of(name):
                if row.subject.startswith(prefix) and self._was_seen(rule, key, row):
                    self._over(name, key, event, ("reason.over_blind", {}))
            self.triggers.blind(rule, camera, until, event.id)

    def _place(self, name: RuleName) -> tuple[int, str]:
        rule = self._rules.rule(name)
        return (-1 if rule is None else rule.order), name

    @staticmethod
    def _was_seen(rule: Rule, key: str, row: Row) -> bool:
        """Return whether a row stands for something that a camera saw."""
        if row.state == HELD:
            return rule.patterns[role_of(key)].kind in PICTURED
        if not isinstance(rule.trigger, Each) or row.state in (QUIET, WAITING, TAKEN, SAMPLED):
            return False
        kinds = {each.kind for each in rule.patterns if veto_of(rule, each.role) is None}
        return kinds <= PICTURED or (not kinds.isdisjoint(PICTURED) and _sees(row))

    def row(self, name: RuleName, key: str) -> Row | None:
        """Return a row as it is by now."""
        return self._rows.get(name, key)

    def resume_silences(self) -> None:
        """Ask anew what is muted: other rules may mute something else."""
        self._alerts.silences.ask_again(self._now)
        self._alerts.silences.arm(self._now)

    def withdraw(self, rule: Rule | None, name: RuleName, key: str, row: Row) -> None:
        """Drop a row of a rule that is gone or means something else; resolve what it had told."""
        if rule is not None and row.state in (FIRING, FADING):
            self._alerts.withdraw(rule, key, row, self._now)
        self._rows.drop(name, key)

    def _fault(self, rule: Rule, error: Exception) -> None:
        self._faults.append(Fault(rule.name, f"{type(error).__name__}: {error}"))


def _sees(row: Row) -> bool:
    """Return whether a row's subject is one that a camera sees."""
    subject = row.subject.partition("/")[2]
    return subject.startswith(("track:", "crowd:")) or subject == "motion"


def _until(event: Event, now: Instant) -> float:
    """Return the engine time until which nobody watched."""
    seconds = event.facts.get("seconds")
    gap = event.kind is Kind.ENGINE and isinstance(seconds, (int, float))
    return now.engine + (float(seconds) if gap and isinstance(seconds, (int, float)) else 0.0)


def _holds_on_gap(rule: Rule) -> bool:
    return bool(getattr(rule.trigger, "hold_on_gap", False))
