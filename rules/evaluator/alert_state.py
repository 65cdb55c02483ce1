"""The life of what a rule tells: pending, firing, fading, resolved; cooldowns and escalations.

Whatever makes a rule begin and end (`rules.evaluator.evaluator`, `rules.evaluator.triggers`) says so here, by key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from math import inf
from typing import Any, NamedTuple, cast

from rules.compiler import reasons
from rules.compiler.ruleset import Rule, RuleSet, Telling
from rules.evaluator.rows import Rows
from rules.evaluator.silences import Muting, Silences
from rules.evaluator.vetoes import release, until
from rules.language import texts
from rules.memory import (
    FADING,
    FIRING,
    HELD,
    PENDING,
    QUIET,
    QUIET_MARK,
    SILENCES,
    TAKEN,
    WAITING,
    WAITING_MARK,
)
from rules.model import (
    ActionCall,
    CameraId,
    Change,
    Decision,
    DecisionId,
    Event,
    EventId,
    Fact,
    Instant,
    Json,
    Kind,
    Phase,
    Row,
    RuleName,
    Sentence,
)

#: Seconds for which an acknowledgement can be taken back: a screen offers ten, and lines are slow.
UNDO = 15.0
_NO_REASON = Sentence("")
#: Decisions that are passed on to other rules after one event, or one timer, at most: a tangle of rules ends.
MOST_HEARD = 10_000
#: Between an event and the decision through which it came, in what causes a row.
_VIA = ">"
#: How the subject of a decision begins; what follows is what it is about, by however many rules it went.
DECIDED = "decision:"


class TooMany(Exception):
    """Rules that wait for each other's decisions made too many of one event; `rule`: whose was not passed on."""

    def __init__(self, rule: RuleName) -> None:
        super().__init__(f"more than {MOST_HEARD} decisions of one event")
        self.rule = rule


def about(key: str) -> str:
    """Return what a decision's key is about, of one that other decisions led to what those were about."""
    subject = key.partition("/")[2]
    return subject.removeprefix(DECIDED) if subject.startswith(DECIDED) else key


def decided_key(camera: str | None, thing: str) -> str:
    """Return the key of a rule's decision that another rule's decision about a thing led to."""
    return f"{camera or ''}/{DECIDED}{thing}"


class Beginning(NamedTuple):
    """What begins to hold.

    Attributes:
        subject: ``camera/subject`` that it is about; the part before the slash is its camera.
        lasting: Whether an end will come.
    """

    key: str
    subject: str
    cause: EventId
    reason: Sentence
    lasting: bool = True


def decision_id(rule: RuleName, key: str, phase: Phase, cause: EventId) -> DecisionId:
    """Return the identity of a decision, by what made it fire (`Row.cause`): the same in every replay."""
    told = "\0".join((rule, key, phase, cause))
    return DecisionId(sha256(told.encode()).hexdigest()[:32])


def _through(cause: EventId, via: str) -> EventId:
    """Return what a decision makes of its cause to whoever hears it.

    Two decisions of one event, at two times, are two reasons to fire; where one has ended, the other is no repetition.
    """
    return EventId(f"{cause}{_VIA}{via}") if via else cause


class AlertStates:
    """What is told in one step."""

    __slots__ = ("_audible", "_heard", "_made", "_now", "_rows", "decisions", "rules")

    def __init__(self, rules: RuleSet, rows: Rows, now: Instant) -> None:
        self.rules, self._rows, self._now = rules, rows, now
        rows.gave_up = self._gave_up
        self.decisions: list[Decision] = []
        #: What other rules may hear: what is muted too, and nothing twice.
        self._audible: list[tuple[Decision, Instant, bool]] = []
        self._heard = 0
        self._made: set[tuple[RuleName, str, Phase, EventId, int]] = set()

    @property
    def silences(self) -> Silences:
        """The silences of this step: not kept, since they know who tells of them, and a cycle is freed late."""
        return Silences(self.rules, self._rows, self._now, self._said, self._speak)

    def at(self, engine: float) -> Instant:
        """Return an instant of engine time not later than now, with the wall time reckoned back."""
        return Instant(self._now.wall - timedelta(seconds=self._now.engine - engine), engine)

    # -- beginning and end -------------------------------------------------------------------

    def begin(self, rule: Rule, what: Beginning, at: Instant) -> None:
        """Let something hold from now; it fires when it has held long enough and no cooldown runs."""
        lasting = what.lasting or rule.clear > 0
        if lasting and (row := self._rows.get(rule.name, what.key)) is not None:
            self._again(rule, what.key, row, at)
            return
        if rule.hours is not None and not rule.hours.hold(at.wall):
            return
        quiet = self._quiet_until(rule, what.key, what.subject, what.reason)
        due = max(at.engine + rule.hold, quiet)
        timer = None if due == inf else due
        row = Row(PENDING, at.engine, at.wall, timer, what.cause, what.subject, what.reason, rule.edition)
        if due <= at.engine:
            self._fire(rule, what.key, row, at, lasting=lasting)
        elif lasting:
            self._rows.put(rule, what.key, row)

    def _again(self, rule: Rule, key: str, row: Row, at: Instant) -> None:
        """Note that something that was told holds on, or again."""
        if row.state == FADING:
            self._rows.put(rule, key, replace(row, state=FIRING, due=self._clears(rule, at), data=None))
        elif row.state == FIRING and rule.clear:
            self._rows.put(rule, key, replace(row, due=self._clears(rule, at)))

    def end(self, rule: Rule, key: str, why: Telling, cause: EventId, at: Instant) -> None:
        """Let something hold no longer; what was told is resolved, after `linger`."""
        row = self._rows.get(rule.name, key)
        if row is None or row.state == FADING:
            return
        if row.state == FIRING and rule.linger:
            told = [why[0], dict(why[1]), cause]
            self._rows.put(rule, key, replace(row, state=FADING, due=at.engine + rule.linger, data=told))
            return
        self._rows.drop(rule.name, key)
        if row.state == FIRING:
            self._resolve(rule, key, row, why, cause, at)

    def ripe(self, rule: Rule, key: str, row: Row, at: Instant) -> None:
        """Do what is due for a row of this life."""
        if row.state in (QUIET, TAKEN):
            self._rows.drop(rule.name, key)
        elif row.state == WAITING and (by := self._muting(rule, row, at, asked_for=True)) is not None:
            self._rows.put(rule, key, replace(row, due=max(by.until, at.engine + 1e-3)))
        elif row.state == WAITING:
            self._escalate(rule, key[len(WAITING_MARK) :], row, at)
        elif row.state == FIRING:
            self._rows.drop(rule.name, key)
            cleared: Telling = "reason.cleared", {"cleared": reasons.duration(rule.clear)}
            self._resolve(rule, key, row, cleared, row.cause, at)
        elif row.state == FADING:
            self._rows.drop(rule.name, key)
            code, values, cause = cast("tuple[str, Mapping[str, Fact], str]", row.data)
            self._resolve(rule, key, row, (code, values), EventId(cause), at)
        elif rule.hours is not None and not rule.hours.hold(at.wall):
            self._rows.drop(rule.name, key)
        elif (quiet := self._quiet_until(rule, key, row.subject, row.reason)) > at.engine:
            self._rows.put(rule, key, _put_off(row, quiet))
        else:
            self._fire(rule, key, row, at, lasting=True)

    def withdraw(self, rule: Rule, key: str, row: Row, at: Instant) -> None:
        """Resolve what a rule had told that is gone or means something else now."""
        self._resolve(rule, key, row, ("reason.over_rule", {}), row.cause, at)

    def _gave_up(self, rule: Rule, key: str, row: Row) -> None:
        """Resolve what was told of a subject that is given up because there are too many; what it barred may fire."""
        if row.state in (FIRING, FADING):
            self._resolve(rule, key, row, ("reason.over_limit", {"limit": rule.limit}), row.cause, self._now)
        elif row.state == HELD and rule.vetoes:
            release(self._rows, rule, self._now)

    def acknowledge(self, event: Event, at: Instant) -> None:
        """Wait no longer for what an operator's event names: a decision, that alone; else all of a rule."""
        decision, name = event.facts.get("decision"), event.facts.get("rule")
        for rule, key, row in self._of_state(WAITING):
            if awaited(row.data)[0] == decision if decision is not None else rule.name == name:
                taken = replace(row, state=TAKEN, due=at.engine + UNDO, data=[row.data, row.due])
                self._rows.put(rule, key, taken)

    def unacknowledge(self, event: Event, at: Instant) -> None:
        """Wait again for the decision that an operator's event names; what is overdue by now escalates at once."""
        for rule, key, row in self._of_state(TAKEN):
            known, due = cast("tuple[Json, float | None]", row.data)
            if awaited(known)[0] == event.facts.get("decision"):
                due = None if due is None else max(due, at.engine)
                self._rows.put(rule, key, replace(row, state=WAITING, due=due, data=known))

    def _of_state(self, state: str) -> Iterator[tuple[Rule, str, Row]]:
        for rule in self.rules.escalating:
            for key, row in self._rows.of(rule.name, WAITING_MARK):
                if row.state == state:
                    yield rule, key, row

    def waited_for(self) -> bool:
        """Return whether somebody may wait for decisions that nobody has been asked about; else they are let go."""
        unheard = len(self._audible) - self._heard
        if unheard <= MOST_HEARD and not self.rules.heard:
            self._heard += unheard
            return False
        return unheard > 0

    def heard(self) -> Iterator[tuple[Event, Instant]]:
        """Yield the decisions that other rules wait for, as events at their own time, each once.

        Raises:
            TooMany: More than `MOST_HEARD` came of one event; what is left is not passed on.
        """
        most = self._heard + MOST_HEARD
        while self._heard < len(self._audible):
            made, at, lasting = self._audible[self._heard]
            if self._heard >= most:
                self._heard = len(self._audible)
                raise TooMany(made.rule)
            self._heard += 1
            if made.rule in self.rules.heard and made.phase is not Phase.ESCALATED:
                yield self._as_event(made, Change.BEGAN if lasting else Change.NOTED), at

    def _as_event(self, made: Decision, began: Change) -> Event:
        return Event(
            id=_through(made.cause, made.id),
            site="",
            seq=0,
            kind=Kind.DECISION,
            change=Change.ENDED if made.phase is Phase.RESOLVED else began,
            camera=made.camera,
            at=made.at,
            received_at=made.at,
            subject=f"{DECIDED}{about(made.key)}",
            label=made.rule,
            facts={"severity": str(made.severity), "key": made.key},
        )

    # -- telling -----------------------------------------------------------------------------

    def _quiet_until(self, rule: Rule, key: str, subject: str, told: Sentence) -> float:
        """Return the engine time until which it must not fire; infinity: as long as something holds."""
        vetoed = until(self._rows, rule, subject, told)[0] if rule.vetoes else -inf
        if not rule.cooldown:
            return vetoed
        quiet = self._rows.get(rule.name, quiet_key(rule, key, subject, told))
        return max(vetoed, quiet.due) if quiet is not None and quiet.due is not None else vetoed

    @staticmethod
    def _clears(rule: Rule, at: Instant) -> float | None:
        return at.engine + rule.clear if rule.clear else None

    def _fire(self, rule: Rule, key: str, row: Row, at: Instant, *, lasting: bool) -> None:
        by = self._muting(rule, row, at)
        reason = _because(rule, row, at)
        if by is None:
            made = self._decide(rule, key, row, Phase.FIRING, at, row.cause, reason, lasting=lasting)
            self._await(rule, key, row, made, at)
        else:
            reason = reasons.extended(reason, [by.why])
            self._decide(rule, key, row, Phase.SILENCED, at, row.cause, reason, lasting=lasting)
            self.silences.mute(by, rule, key, row, at, lasting=lasting)
        if lasting:
            self._rows.put(rule, key, _firing(row, self._clears(rule, at)))
        if rule.cooldown:
            until = at.engine + rule.cooldown
            quiet = Row(QUIET, at.engine, at.wall, until, row.cause, row.subject, _NO_REASON, rule.edition)
            self._rows.put(rule, quiet_key(rule, key, row.subject, row.reason), quiet)

    def _muting(self, rule: Rule, row: Row, at: Instant, *, asked_for: bool = False) -> Muting | None:
        """Return what mutes a row; `asked_for`: of silences alone, not of other rules that fire."""
        by = None
        if rule.suspensions or self._rows.any(SILENCES):  # nearly never
            by = self.silences.over(rule, row.subject, row.reason, at)
        if by is None and rule.inhibitors and not asked_for:
            by = self.silences.inhibited(rule, row.subject)
        return by

    def _await(self, rule: Rule, key: str, row: Row, made: Decision, at: Instant) -> None:
        """Wait for somebody to acknowledge what was told."""
        if rule.escalate:
            waits = replace(row, state=WAITING, since=at.engine, since_wall=at.wall, data=made.id)
            self._rows.put(rule, WAITING_MARK + key, replace(waits, due=at.engine + rule.escalate))

    def _speak(self, rule: Rule, key: str, row: Row, at: Instant) -> None:
        """Tell what was muted until now and still holds; other rules have heard it."""
        reason = _because(rule, row, at)
        made = self._decide(rule, key, row, Phase.FIRING, at, row.cause, reason, lasting=True, heard=True)
        self._await(rule, key, row, made, at)

    def _said(self, rule: Rule, key: str, row: Row, phase: Phase, at: Instant, reason: Sentence) -> None:
        """Tell something of a silence itself."""
        self._decide(rule, key, row, phase, at, row.cause, reason, heard=True)

    def lift(self, silence: str, at: Instant) -> None:
        """End a silence before its time: what it muted is told, what it put off escalates."""
        until = self.silences.lift(silence, at)
        for rule, key, row in self._of_state(WAITING) if until is not None else ():
            if row.due == until:
                self._rows.put(rule, key, replace(row, due=at.engine))

    def _escalate(self, rule: Rule, key: str, row: Row, at: Instant) -> None:
        """Tell the next ones; then those after them are waited for, or nobody (the row has no timer then)."""
        decision, before = awaited(row.data)
        tier, last = rule.tiers[min(before, len(rule.tiers) - 1)], before >= len(rule.tiers) - 1
        due = at.engine + tier.every if last and tier.every else None
        if not last:
            due = max(at.engine, row.since + rule.tiers[before + 1].after)
        self._rows.put(rule, WAITING_MARK + key, replace(row, due=due, data=[decision, before + 1]))
        lasted = reasons.duration(at.engine - row.since)
        told: Telling = "reason.unacknowledged", {"unacknowledged": lasted}
        reason = reasons.extended(row.reason, [told])
        self._decide(rule, key, row, Phase.ESCALATED, at, row.cause, reason, nth=before)

    def _resolve(self, rule: Rule, key: str, row: Row, why: Telling, cause: EventId, at: Instant) -> None:
        if rule.escalate:
            self._rows.drop(rule.name, WAITING_MARK + key)
        subject = row.reason.code.partition("+")[0]
        values = {**row.reason.values, **why[1], "lasted": reasons.duration(at.engine - row.since)}
        muted, told = self._forgotten(rule, key), Sentence(f"{subject}+{why[0]}+reason.lasted", values)
        self._decide(rule, key, row, Phase.RESOLVED, at, cause, told, untold=muted)
        if rule.name in self.rules.inhibiting:
            self.silences.release(at)

    def _forgotten(self, rule: Rule, key: str) -> bool:
        """Return whether what ends was muted; it no longer is."""
        return self._rows.any(SILENCES) and self.silences.forget(rule.name, key)

    def _decide(
        self,
        rule: Rule,
        key: str,
        row: Row,
        phase: Phase,
        at: Instant,
        cause: EventId,
        reason: Sentence,
        *,
        lasting: bool = False,
        heard: bool = False,
        untold: bool = False,
        nth: int = 0,
    ) -> Decision:
        """Make a decision.

        Args:
            lasting: Whether its end will be told; not: a moment, or one that a moment led to.
            heard: Other rules have heard it, or have nothing to hear.
            untold: It ends what was muted: nobody but other rules is told.
            nth: Which escalation it is, from 0.
        """
        camera, via = row.subject.partition("/")[0], ""
        alert = own = decision_id(rule.name, key, Phase.FIRING, row.cause)
        if phase is not Phase.FIRING or nth:
            own = decision_id(rule.name, key, phase, EventId(f"{row.cause}+{nth}") if nth else row.cause)
        if _VIA in row.cause:
            via = row.cause.partition(_VIA)[2]
        if _VIA in cause:
            cause = EventId(cause.partition(_VIA)[0])
        written = rule.ended if phase is Phase.RESOLVED and rule.ended else rule.message
        known, facts, almanac = partial(_about, rule, key, row, at), row.reason.values, rule.almanac
        made = Decision(  # by place: by name it takes half as long again
            own,
            rule.name,
            phase,
            key,
            CameraId(camera) if camera else None,
            at.wall,
            row.since_wall,
            cause,
            rule.severity,
            texts.fill(rule.title, known, facts, almanac),
            reason,
            () if rule.dry_run else _asked(rule, phase, at, camera, nth),
            texts.fill(written, known, facts, almanac) if written else written,
            texts.fill({"en": rule.dedup}, known, facts, almanac)["en"] if rule.dedup else "",
            rule.dry_run,
            via,
            alert,
            rule.what_to_do,
        )
        told = rule.name, key, phase, cause, nth
        if told not in self._made:  # else it came by another way, of the same thing: it is told already
            self._made.add(told)
            if not untold:
                self.decisions.append(made)
            if not heard:
                self._audible.append((made, at, lasting))
        return made


def _because(rule: Rule, row: Row, at: Instant) -> Sentence:
    """Return why something is told: what held when it began, how long it has, and the hours."""
    if not rule.hold and rule.hours is None:
        return row.reason
    parts: list[Telling] = []
    if rule.hold:
        parts.append(("reason.held", {"held": reasons.duration(at.engine - row.since)}))
    if rule.hours is not None:
        parts += rule.hours.told(at.wall)
    return reasons.extended(row.reason, parts)


def _about(rule: Rule, key: str, row: Row, at: Instant) -> Mapping[str, Fact | datetime]:
    """Return what texts may name of a decision itself (`rules.language.expressions.fact_readers.ABOUT`)."""
    return {
        "rule": rule.name,
        "camera": row.subject.partition("/")[0],
        "key": key,
        "at": at.wall,
        "since": row.since_wall,
        "held": reasons.duration(at.engine - row.since),
    }


def awaited(data: Json) -> tuple[str, int]:
    """Return for which decision a row waits to be acknowledged, and how often it has escalated."""
    if isinstance(data, (list, tuple)):
        return str(data[0]), int(data[1])
    return str(data), 0


def _asked(rule: Rule, phase: Phase, at: Instant, camera: str, nth: int) -> tuple[ActionCall, ...]:
    """Return what is done: the rule's own actions, then those of the receivers who are told at this time."""
    match phase:
        case Phase.FIRING:
            own, told = rule.actions, rule.receivers
        case Phase.ESCALATED:
            tier = rule.tiers[min(nth, len(rule.tiers) - 1)]
            own, told = tier.actions, tier.receivers
        case Phase.RESOLVED:
            own, told = rule.resolution, tuple(each for each in rule.receivers if each.resolved)
        case _:
            return ()
    if not told and len(own) < 2:
        return own
    every = [*own, *(action for each in told if each.awake(at.wall, camera) for action in each.actions)]
    return tuple(action for place, action in enumerate(every) if action not in every[:place])


def _put_off(row: Row, due: float) -> Row:
    """Return a row that may not fire before an engine time; infinity: until it is asked anew."""
    due_ = None if due == inf else due
    return Row(
        row.state, row.since, row.since_wall, due_, row.cause, row.subject, row.reason, row.edition, row.data
    )


def _firing(row: Row, due: float | None) -> Row:
    """Return a row as firing (`dataclasses.replace` costs more than all the rest of a firing's rows)."""
    return Row(FIRING, row.since, row.since_wall, due, row.cause, row.subject, row.reason, row.edition)


def quiet_key(rule: Rule, key: str, subject: str, told: Sentence) -> str:
    """Return the key of the cooldown that counts for what was told of a subject."""
    if rule.per == "camera":
        return QUIET_MARK + subject.partition("/")[0]
    if rule.per == "rule":
        return QUIET_MARK
    if rule.per in ("subject", "key"):
        return QUIET_MARK + key
    values: Mapping[str, Any] = told.values
    return f"{QUIET_MARK}{rule.per}:{values.get(rule.per, '?')}"
