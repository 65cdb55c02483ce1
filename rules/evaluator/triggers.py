"""Several things together: who is told of a match, and all of several, and absences.

Each trigger keeps what it gathered in rows of the rule: a `GATHERING` row per key, and where patterns last a
`HELD` row per pattern and subject. `seen` is told of every pattern that matches, `gone` of every `HELD` row
whose subject no longer does, `ripe` of every row of theirs that is due; they say to `Life` what begins and ends.
Sequences, counts and times of day have modules of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from rules.compiler import reasons
from rules.compiler.ruleset import Absence, Counting, Matcher, Ordered, Rule, Telling, TimesOfDay, Together
from rules.evaluator import clock, happened
from rules.evaluator import count as counting
from rules.evaluator import sequence as ordered
from rules.evaluator.alert_state import Beginning
from rules.evaluator.step_context import (
    StepContext,
    begun_from_nothing,
    correlation,
    next_minute,
    subject_key,
    subject_of,
)
from rules.evaluator.vetoes import veto_of
from rules.memory import GATHERING, GATHERING_MARK, HELD, HELD_MARK, WAS, role_of
from rules.model import Change, Event, EventId, Fact, Instant, Row, Sentence

_NO_REASON = Sentence("")
#: The key of what must not hold, and has nothing by which it belongs to some of it only.
ANYWHERE = "*any"


@dataclass(slots=True)
class Triggers(StepContext):
    """Works on the rows of one step."""

    def seen(self, rule: Rule, pattern: Matcher, event: Event) -> set[str]:
        """Take in that a pattern matches; return the keys of `HELD` rows that it keeps."""
        if (veto := veto_of(rule, pattern.role)) is not None:
            return happened.seen(self, rule, veto, pattern, event)
        match rule.trigger:
            case Ordered() as sequence:
                ordered.seen(self, rule, sequence, pattern, event)
            case Counting() as count:
                counting.seen(self, rule, count, pattern, event)
            case Together() as together:
                return self._hold(rule, together, pattern, event)
            case Absence() as absence:
                return self._present(rule, absence, pattern, event)
        return set()

    def gone(self, rule: Rule, key: str, row: Row, why: Telling, cause: EventId, *, until: float) -> None:
        """Take in that what a `HELD` row stands for holds no longer; `until`: nothing is known before."""
        corr = cast(str, row.data)
        if (veto := veto_of(rule, role_of(key))) is not None:
            happened.gone(self, rule, veto, key, row)
        elif isinstance(rule.trigger, Together):
            self._let_go(rule, rule.trigger, key, row)
            self._asked_again(rule, rule.trigger, key, corr, why, cause, self.now)
        elif isinstance(rule.trigger, Absence):
            self.rows.drop(rule.name, key)
            if not self._held(rule, corr):
                self._arm(rule, rule.trigger, corr, cause, until, row.subject)

    def ripe(self, rule: Rule, key: str, row: Row, at: Instant) -> None:
        """Do what is due for a row of a combination."""
        if row.state == WAS and veto_of(rule, role_of(key)) is not None:
            happened.ripe(self, rule, key)
        elif row.state == WAS and isinstance(rule.trigger, Together):
            self.rows.drop(rule.name, key)
            corr = cast(str, row.data)
            if role_of(key) in rule.trigger.barred:
                self._asked_again(rule, rule.trigger, key, corr, ("reason.over", {}), row.cause, at)
            elif (
                self._steps(rule, rule.trigger, corr) is None
            ):  # what holds together begins with an event only
                self.alerts.end(rule, corr, ("reason.over", {}), row.cause, at)
        elif row.state == GATHERING:
            corr = key[len(GATHERING_MARK) :]
            match rule.trigger:
                case Ordered() as sequence:
                    ordered.ripe(self, rule, sequence, corr, row, at)
                case Counting() as count:
                    counting.ripe(self, rule, count, corr, row, at)
                case Absence() as absence:
                    self._missed(rule, absence, corr, row, at)
                case TimesOfDay() as alarm:
                    clock.ripe(self, rule, alarm, row, at)

    def blind(self, rule: Rule, camera: str | None, until: float, cause: EventId) -> None:
        """Take in that a camera (None: everything) was not watched until an engine time."""
        hold = getattr(rule.trigger, "hold_on_gap", False)
        if not hold:
            return
        for key, row in self.rows.of(rule.name, GATHERING_MARK):
            corr = key[len(GATHERING_MARK) :]
            about = row.subject if isinstance(rule.trigger, Ordered) else corr
            if camera is not None and camera != about.partition("/")[0]:
                continue
            match rule.trigger:
                case Absence() as absence if camera is None:
                    self._arm(rule, absence, corr, cause, until, row.subject)
                case Absence(after=False):
                    self.rows.put(rule, key, replace(row, due=None))
                case Counting() as count if camera is None:
                    counting.arm(self, rule, count, corr, cause, until)
                case Counting():
                    counting.suspend(self, rule, key, row)
                case Ordered(waits=True) as sequence:
                    ordered.blind(self, rule, sequence, key, row)
                case TimesOfDay() as alarm if camera is None:
                    clock.wind(self, rule, alarm, Instant(self.wall(until), until))

    def sighted(self, rule: Rule, camera: str, cause: EventId) -> None:
        """Take in that a camera is watched again: what it misses counts from now."""
        if not getattr(rule.trigger, "hold_on_gap", False):
            return
        for key, row in self.rows.of(rule.name, GATHERING_MARK):
            corr = key[len(GATHERING_MARK) :]
            if row.due is not None or corr.partition("/")[0] != camera:
                continue
            if isinstance(rule.trigger, Absence):
                self._arm(rule, rule.trigger, corr, cause, self.now.engine, row.subject)
            elif isinstance(rule.trigger, Counting) and row.data is None:
                counting.arm(self, rule, rule.trigger, corr, cause, self.now.engine)

    def wind(self, rule: Rule) -> None:
        """Wait for a time of day, by what a day is at the site now; what was told of it stays known."""
        if isinstance(rule.trigger, TimesOfDay):
            clock.wind(self, rule, rule.trigger, self.now)

    def reckon(self, rule: Rule) -> None:
        """Take in that the clock on the wall was set."""
        if isinstance(rule.trigger, TimesOfDay):
            clock.reckon(self, rule, rule.trigger)

    def arm(self, rule: Rule) -> None:
        """Begin to count what counts from nothing: an absence, a count of few."""
        now, cause = self.now, EventId(begun_from_nothing(self.now.engine))
        for corr in getattr(rule.trigger, "keys", ()):
            known = self.rows.get(rule.name, GATHERING_MARK + corr), self.rows.get(rule.name, corr)
            if known != (None, None) or self._held(rule, corr):
                continue
            if isinstance(rule.trigger, Absence):
                self._arm(rule, rule.trigger, corr, cause, now.engine, subject_of(corr, ""))
            elif isinstance(rule.trigger, Counting):
                counting.arm(self, rule, rule.trigger, corr, cause, now.engine)

    # -- all together ------------------------------------------------------------------------

    def _hold(self, rule: Rule, together: Together, pattern: Matcher, event: Event) -> set[str]:
        subject, kept = subject_key(event), set()
        lasts = pattern.lasting and event.change is not Change.NOTED
        barred = pattern.role in together.barred
        for corr in correlation(together.by, event, pattern) or ((ANYWHERE,) if barred else ()):
            key = f"{HELD_MARK}{pattern.role}:{subject}|{corr}"
            row = self.rows.get(rule.name, key)
            kept.add(key)
            if row is not None and row.state == HELD:
                continue
            told = reasons.holding(rule, pattern, event)
            now = self.now
            row = Row(HELD, now.engine, now.wall, None, event.id, subject, told, rule.edition, corr)
            if not lasts:
                row = replace(row, state=WAS, due=self.now.engine + (together.within or 0.0))
            self.rows.put(rule, key, row)
            over: Telling = "reason.over", {}
            if barred:
                over = "reason.over_barred", {"barred": reasons.about(pattern)}
            self._asked_again(rule, together, key, corr, over, event.id, self.now)
        return kept

    def _let_go(self, rule: Rule, together: Together, key: str, row: Row) -> None:
        if together.within is None:
            self.rows.drop(rule.name, key)
        else:
            self.rows.put(rule, key, replace(row, state=WAS, due=self.now.engine + together.within))

    def _asked_again(
        self, rule: Rule, together: Together, key: str, corr: str, why: Telling, cause: EventId, at: Instant
    ) -> None:
        """Begin or end what a row may change: of what must not hold anywhere, that is all of the rule."""
        if role_of(key) in together.barred and why[0] == "reason.over_blind":
            return  # nobody knows whether it holds no longer
        every = (
            {str(row.data) for _, row in self.rows.of(rule.name, HELD_MARK)} if corr == ANYWHERE else {corr}
        )
        for each in sorted(every - {ANYWHERE}):
            self._together(rule, together, each, why, cause, at)

    def _together(
        self, rule: Rule, together: Together, corr: str, why: Telling, cause: EventId, at: Instant
    ) -> None:
        """Begin or end what all steps tell, by which of them hold."""
        held = self._steps(rule, together, corr)
        if held is None:
            self.alerts.end(rule, corr, why, cause, at)
        elif self.rows.get(rule.name, corr) is None or rule.linger or rule.clear:
            newest = max((row for row in held if row is not None), key=lambda row: (row.since, row.subject))
            told = reasons.several(_told(rule, together, held), "reason.and")
            self.alerts.begin(rule, Beginning(corr, newest.subject, cause, told), at)

    def _steps(self, rule: Rule, together: Together, corr: str) -> list[Row | None] | None:
        """Return a row of each step that holds, or counts still (None: of what must not hold); None: not all do."""
        held: list[Row | None] = []
        for roles in together.groups:
            found = next((row for role in roles if (row := self._first(rule, role, corr, ANYWHERE))), None)
            if (found is None) is not (roles[0] in together.barred):
                return None
            held.append(found)
        return held

    def _first(self, rule: Rule, role: int, *corrs: str) -> Row | None:
        return next((row for _, row in self.rows.joined(rule.name, role, *corrs)), None)

    # -- absence -----------------------------------------------------------------------------

    def _present(self, rule: Rule, absence: Absence, pattern: Matcher, event: Event) -> set[str]:
        keys = correlation(absence.by, event, pattern)
        if pattern.role == 1:
            for corr in keys:
                if self.rows.get(rule.name, GATHERING_MARK + corr) is None:
                    self._arm(rule, absence, corr, event.id, self.now.engine, subject_key(event))
            return set()
        if absence.after:
            for corr in keys:
                self.rows.drop(rule.name, GATHERING_MARK + corr)
            return set()
        return {self._there(rule, absence, corr, pattern, event) for corr in keys}

    def _there(self, rule: Rule, absence: Absence, corr: str, pattern: Matcher, event: Event) -> str:
        """Note that something is not missing; return the key of the row that stands for it."""
        subject = subject_key(event)
        key = f"{HELD_MARK}0:{subject}|{corr}"
        if self.rows.get(rule.name, key) is not None:
            return key
        self.alerts.end(rule, corr, ("reason.over_absent", {}), event.id, self.now)
        if pattern.lasting and event.change is not Change.NOTED:
            now = self.now
            row = Row(HELD, now.engine, now.wall, None, event.id, subject, _NO_REASON, rule.edition, corr)
            self.rows.put(rule, key, row)
            self.rows.drop(rule.name, GATHERING_MARK + corr)
        else:
            self._arm(rule, absence, corr, event.id, self.now.engine, subject)
        return key

    def _held(self, rule: Rule, corr: str) -> bool:
        return self._first(rule, 0, corr) is not None

    def _arm(
        self, rule: Rule, absence: Absence, corr: str, cause: EventId, since: float, subject: str
    ) -> None:
        wall = self.wall(since)
        due = since + absence.time
        row = Row(GATHERING, since, wall, due, cause, subject, _NO_REASON, rule.edition)
        self.rows.put(rule, GATHERING_MARK + corr, row)

    def _missed(self, rule: Rule, absence: Absence, corr: str, row: Row, at: Instant) -> None:
        if (again := _counts_on(rule, absence, row, at)) is not None:
            self.rows.put(rule, GATHERING_MARK + corr, replace(row, due=again))
            return
        self.rows.drop(rule.name, GATHERING_MARK + corr)
        lasted: dict[str, Fact] = {"absent": reasons.duration(at.engine - row.since)}
        told = reasons.missing(rule.patterns[0], "absent", lasted)
        subject = subject_of(corr, row.subject)
        begins = Beginning(corr, subject, row.cause, told, lasting=not absence.after)
        self.alerts.begin(rule, begins, at)


def _told(rule: Rule, together: Together, held: list[Row | None]) -> list[Sentence]:
    """Return what holds of each step, or that it does not."""
    return [
        reasons.missing(rule.patterns[roles[0]], "not_now", {}) if row is None else row.reason
        for roles, row in zip(together.groups, held, strict=True)
    ]


def _counts_on(rule: Rule, absence: Absence, row: Row, at: Instant) -> float | None:
    """Return the engine time at which something that is missed is asked of again; None: it was missed long enough."""
    if rule.hours is None:
        return None
    if not rule.hours.hold(at.wall):  # it goes on missing until they come
        return next_minute(at)
    if not absence.within_hours:
        return None
    began = at.engine - (at.wall - rule.hours.since(at.wall)).total_seconds()
    ends = max(row.since, began) + absence.time
    return ends if ends > at.engine + 1e-6 else None
