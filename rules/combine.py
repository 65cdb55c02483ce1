"""Several things together: sequences, all of several, counts, absences, times of day.

Each trigger keeps what it gathered in rows of the rule: a `GATHERING` row per key, and where patterns last a
`HELD` row per pattern and subject. `seen` is told of every pattern that matches, `gone` of every `HELD` row
whose subject no longer does, `ripe` of every row of theirs that is due; they say to `Life` what begins and ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from rules import reasons
from rules.facts import reader
from rules.life import Beginning, Life
from rules.memory import GATHERING, GATHERING_MARK, HELD, HELD_MARK, WAS
from rules.model import Change, Event, EventId, Fact, Instant, Row, Sentence
from rules.rows import Rows
from rules.ruleset import Absence, Alarm, Counting, Matcher, Ordered, Rule, Telling, Together

#: Seconds after which a time of day is reckoned anew: what a clock that is set forward costs at most.
RECKON = 60.0
#: Which key stands for the whole site.
SITE = "*"
_NO_REASON = Sentence("")


def subject_key(event: Event) -> str:
    """Return what an event is about, as rows know it."""
    return f"{event.camera or ''}/{event.subject or event.kind}"


def correlation(by: Sequence[str], event: Event, pattern: Matcher) -> tuple[str, ...]:
    """Return the keys under which an event belongs; none where it lacks what is asked for."""
    parts = [event.camera or "" if {"camera", "track", "zone"} & set(by) else SITE]
    zones: Sequence[str] = ("",)
    for name in by:
        if name == "track":
            parts.append(event.subject)
        elif name in ("plate", "label"):
            value = reader(name)(event)
            if value is None:
                return ()
            parts.append(f"{name}:{value}")
        elif name == "zone":
            zones = [zone for zone in event.zones if pattern.zones is None or zone in pattern.zones]
    tail = [f"/zone:{zone}" if zone else "" for zone in zones]
    return tuple("/".join(parts) + zone for zone in tail)


@dataclass(slots=True)
class Combine:
    """Works on the rows of one step."""

    rows: Rows
    life: Life
    now: Instant

    def seen(self, rule: Rule, pattern: Matcher, event: Event) -> set[str]:
        """Take in that a pattern matches; return the keys of `HELD` rows that it keeps."""
        match rule.trigger:
            case Ordered() as ordered:
                self._step(rule, ordered, pattern, event)
            case Counting() as counting:
                self._count(rule, counting, pattern, event)
            case Together() as together:
                return self._hold(rule, together, pattern, event)
            case Absence() as absence:
                return self._present(rule, absence, pattern, event)
        return set()

    def gone(self, rule: Rule, key: str, row: Row, why: Telling, cause: EventId, *, until: float) -> None:
        """Take in that what a `HELD` row stands for holds no longer; `until`: nothing is known before."""
        corr = cast(str, row.data)
        if isinstance(rule.trigger, Together):
            self._let_go(rule, rule.trigger, key, row)
            self._together(rule, rule.trigger, corr, why, cause, self.now)
        elif isinstance(rule.trigger, Absence):
            self.rows.drop(rule.name, key)
            if not self._held(rule, corr):
                self._arm(rule, rule.trigger, corr, cause, until, row.subject)

    def ripe(self, rule: Rule, key: str, row: Row, at: Instant) -> None:
        """Do what is due for a row of a combination."""
        if row.state == WAS and isinstance(rule.trigger, Together):
            self.rows.drop(rule.name, key)
            self._together(rule, rule.trigger, cast(str, row.data), ("reason.over", {}), row.cause, at)
        elif row.state == GATHERING:
            corr = key[len(GATHERING_MARK) :]
            match rule.trigger:
                case Ordered() as ordered:
                    self._expire(rule, ordered, corr, row, at)
                case Counting() as counting:
                    self._lapse(rule, counting, corr, row, at)
                case Absence() as absence:
                    self._missed(rule, absence, corr, row, at)
                case Alarm() as alarm:
                    self._strike(rule, alarm, row, at)

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
                case Ordered(waits=True, steps=steps):
                    self._forget_last(rule, key, row, len(steps))
                case Alarm() as alarm if camera is None:
                    self._wind(rule, alarm, self.now.wall + timedelta(seconds=until - self.now.engine), until)

    def sighted(self, rule: Rule, camera: str, cause: EventId) -> None:
        """Take in that a camera is watched again: its absences count from now."""
        if isinstance(rule.trigger, Absence) and rule.trigger.hold_on_gap:
            for key, row in self.rows.of(rule.name, GATHERING_MARK):
                corr = key[len(GATHERING_MARK) :]
                if row.due is None and corr.partition("/")[0] == camera:
                    self._arm(rule, rule.trigger, corr, cause, self.now.engine, row.subject)

    # -- in order ----------------------------------------------------------------------------
    # A row keeps per step the attempt that got there and began last: it has most time left, so that a
    # sequence is found if there is one. What waits for a last `not` keeps the first instead: it is due first.

    def _step(self, rule: Rule, ordered: Ordered, pattern: Matcher, event: Event) -> None:
        if pattern.role in ordered.breaks.values():
            self._break(rule, ordered, pattern, event)
            return
        number = ordered.steps.index(pattern.role)
        for corr in correlation(ordered.by, event, pattern):
            self._advance(rule, ordered, number, corr, pattern, event)

    def _advance(
        self, rule: Rule, ordered: Ordered, number: int, corr: str, pattern: Matcher, event: Event
    ) -> None:
        size, now = len(ordered.steps), self.now.engine
        row = self.rows.get(rule.name, GATHERING_MARK + corr)
        attempts = _attempts(row, size)
        if number == 0:
            attempt: list[Any] = [now, []]
        else:
            before = attempts[number - 1]
            if before is None or now - before[0] >= ordered.within:
                return
            attempt = [before[0], list(before[1])]
        told = reasons.holding(rule, pattern, event)
        attempt[1].append([told.code, dict(told.values)])
        last = number == size - 1
        if last and not ordered.waits:
            self.rows.drop(rule.name, GATHERING_MARK + corr)
            self._complete(rule, ordered, corr, attempt, subject_key(event), event.id, self.now)
            return
        if last and attempts[number] is not None:
            return
        attempts[number] = attempt
        self._gather(rule, ordered, corr, attempts, subject_key(event), event.id)

    def _gather(
        self, rule: Rule, ordered: Ordered, corr: str, attempts: list[Any], subject: str, cause: EventId
    ) -> None:
        starts = [attempt[0] for attempt in attempts if attempt is not None]
        if not starts:
            self.rows.drop(rule.name, GATHERING_MARK + corr)
            return
        at = self.life.at(self.now.engine)
        due = min(starts) + ordered.within
        row = Row(GATHERING, min(starts), at.wall, due, cause, subject, _NO_REASON, rule.edition, attempts)
        self.rows.put(rule, GATHERING_MARK + corr, row)

    def _break(self, rule: Rule, ordered: Ordered, pattern: Matcher, event: Event) -> None:
        """Give up the attempts between whose steps something happened that must not."""
        after = [step for step, role in ordered.breaks.items() if role == pattern.role]
        keys = [GATHERING_MARK + corr for corr in correlation(ordered.by, event, pattern)]
        if not keys:  # it lacks what is kept apart: it breaks all
            keys = [key for key, _ in self.rows.of(rule.name, GATHERING_MARK)]
        for key in keys:
            row = self.rows.get(rule.name, key)
            if row is not None:
                attempts = _attempts(row, len(ordered.steps))
                for step in after:
                    attempts[step] = None
                corr = key[len(GATHERING_MARK) :]
                self._gather(rule, ordered, corr, attempts, row.subject, row.cause)

    def _expire(self, rule: Rule, ordered: Ordered, corr: str, row: Row, at: Instant) -> None:
        size = len(ordered.steps)
        attempts = _attempts(row, size)
        done = attempts[-1] if ordered.waits else None
        for number, attempt in enumerate(attempts):
            if attempt is not None and attempt[0] + ordered.within <= at.engine:
                attempts[number] = None
        self._gather(rule, ordered, corr, attempts, row.subject, row.cause)
        if done is not None and attempts[-1] is None:
            self._complete(rule, ordered, corr, done, row.subject, row.cause, at)

    def _forget_last(self, rule: Rule, key: str, row: Row, size: int) -> None:
        attempts = _attempts(row, size)
        attempts[-1] = None
        ordered = cast(Ordered, rule.trigger)
        self._gather(rule, ordered, key[len(GATHERING_MARK) :], attempts, row.subject, row.cause)

    def _complete(
        self,
        rule: Rule,
        ordered: Ordered,
        corr: str,
        attempt: list[Any],
        subject: str,
        cause: EventId,
        at: Instant,
    ) -> None:
        steps = [Sentence(code, values) for code, values in attempt[1]]
        took = reasons.duration(at.engine - attempt[0])
        code = "reason.and_not" if ordered.waits else "reason.took"
        told = reasons.several(steps, "reason.then", [(code, {"took": took})])
        self.life.begin(rule, Beginning(corr, subject, cause, told, lasting=False), at)

    # -- all together ------------------------------------------------------------------------

    def _hold(self, rule: Rule, together: Together, pattern: Matcher, event: Event) -> set[str]:
        subject, kept = subject_key(event), set()
        lasts = pattern.lasting and event.change is not Change.NOTED
        for corr in correlation(together.by, event, pattern):
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
            self._together(rule, together, corr, ("reason.over", {}), event.id, self.now)
        return kept

    def _let_go(self, rule: Rule, together: Together, key: str, row: Row) -> None:
        if together.within is None:
            self.rows.drop(rule.name, key)
        else:
            self.rows.put(rule, key, replace(row, state=WAS, due=self.now.engine + together.within))

    def _together(
        self, rule: Rule, together: Together, corr: str, why: Telling, cause: EventId, at: Instant
    ) -> None:
        """Begin or end what all patterns tell, by which of them hold."""
        by_role: dict[int, Row] = {}
        for key, row in self.rows.of(rule.name, HELD_MARK):
            if row.data == corr:
                role = int(key[len(HELD_MARK) : key.index(":")])
                by_role.setdefault(role, row)
        if len(by_role) < together.size:
            self.life.end(rule, corr, why, cause, at)
        elif self.rows.get(rule.name, corr) is None or rule.linger or rule.clear:
            steps = [row.reason for _, row in sorted(by_role.items())]
            newest = max(by_role.values(), key=lambda row: (row.since, row.subject))
            told = reasons.several(steps, "reason.and")
            self.life.begin(rule, Beginning(corr, newest.subject, cause, told), at)

    # -- counting ----------------------------------------------------------------------------

    def _count(self, rule: Rule, counting: Counting, pattern: Matcher, event: Event) -> None:
        if event.change is Change.GOES_ON and pattern.lasting and not counting.distinct:
            return
        value = _distinct(counting.distinct, event)
        if value is None:
            return
        for corr in correlation(counting.by, event, pattern):
            self._add(rule, counting, corr, value, pattern, event)

    def _add(
        self, rule: Rule, counting: Counting, corr: str, value: str, pattern: Matcher, event: Event
    ) -> None:
        now, key = self.now.engine, GATHERING_MARK + corr
        row = self.rows.get(rule.name, key)
        hits = [
            hit
            for hit in cast("list[list[Any]]", row.data if row else [])
            if self._counts(counting, hit, row)
        ]
        if counting.distinct:
            known = next((hit for hit in hits if hit[1] == value), None)
            if known is not None and counting.tumbling:
                return
            hits = [hit for hit in hits if hit is not known]
        hits = [*hits, [now, value]][-counting.above :]
        began = row.since if row is not None and counting.tumbling else now
        due = self._lapses(counting, hits, began)
        told = reasons.holding(rule, pattern, event)
        subject = subject_key(event)
        wall = self.now.wall
        made = Row(GATHERING, began, wall, due, event.id, subject, _NO_REASON, rule.edition, hits)
        self.rows.put(rule, key, made)
        if len(hits) >= counting.above:
            more: dict[str, Fact] = {
                "counted": len(hits),
                "within_time": reasons.duration(counting.within),
                "count": len(hits),
            }
            whole = reasons.sentence([(told.code, told.values), ("reason.counted", more)])
            self.life.begin(rule, Beginning(corr, subject, event.id, whole), self.now)

    def _counts(self, counting: Counting, hit: list[Any], row: Row | None) -> bool:
        """Return whether an earlier event still counts."""
        since = row.since if counting.tumbling and row is not None else hit[0]
        return bool(self.now.engine - since < counting.within)

    @staticmethod
    def _lapses(counting: Counting, hits: list[list[Any]], began: float) -> float:
        """Return when the count changes by itself."""
        if counting.tumbling:
            return began + counting.within
        enough = len(hits) >= counting.above
        return float((hits[0] if enough else hits[-1])[0]) + counting.within

    def _lapse(self, rule: Rule, counting: Counting, corr: str, row: Row, at: Instant) -> None:
        hits = [hit for hit in cast("list[list[Any]]", row.data) if at.engine - hit[0] < counting.within]
        if hits and not counting.tumbling:
            due = float(hits[-1][0]) + counting.within
            self.rows.put(rule, GATHERING_MARK + corr, replace(row, data=hits, due=due))
        else:
            self.rows.drop(rule.name, GATHERING_MARK + corr)
        self.life.end(rule, corr, ("reason.over_count", {}), row.cause, at)

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
        self.life.end(rule, corr, ("reason.over_absent", {}), event.id, self.now)
        if pattern.lasting and event.change is not Change.NOTED:
            now = self.now
            row = Row(HELD, now.engine, now.wall, None, event.id, subject, _NO_REASON, rule.edition, corr)
            self.rows.put(rule, key, row)
            self.rows.drop(rule.name, GATHERING_MARK + corr)
        else:
            self._arm(rule, absence, corr, event.id, self.now.engine, subject)
        return key

    def _held(self, rule: Rule, corr: str) -> bool:
        return any(row.data == corr for _, row in self.rows.of(rule.name, HELD_MARK))

    def _arm(
        self, rule: Rule, absence: Absence, corr: str, cause: EventId, since: float, subject: str
    ) -> None:
        wall = self.now.wall + timedelta(seconds=since - self.now.engine)
        due = since + absence.time
        row = Row(GATHERING, since, wall, due, cause, subject, _NO_REASON, rule.edition)
        self.rows.put(rule, GATHERING_MARK + corr, row)

    def _missed(self, rule: Rule, absence: Absence, corr: str, row: Row, at: Instant) -> None:
        if rule.hours is not None and not rule.hours.hold(at.wall):  # it goes on missing until they come
            self.rows.put(rule, GATHERING_MARK + corr, replace(row, due=at.engine + RECKON))
            return
        self.rows.drop(rule.name, GATHERING_MARK + corr)
        wanted = rule.patterns[0]
        label = ", ".join(sorted(wanted.labels)) if wanted.labels else str(wanted.kind)
        values: dict[str, Fact] = {"missed": label, "absent": reasons.duration(at.engine - row.since)}
        zones = ", ".join(sorted(wanted.zones)) if wanted.zones else ""
        code = "reason.absent_zone" if zones else "reason.absent"
        told = Sentence(code, {**values, "zone": zones} if zones else values)
        camera = corr.partition("/")[0]
        subject = row.subject if camera == SITE else f"{camera}/"
        begins = Beginning(corr, subject, row.cause, told, lasting=not absence.after)
        self.life.begin(rule, begins, at)

    # -- times of day ------------------------------------------------------------------------

    def wind(self, rule: Rule) -> None:
        """Set what counts from nothing: an absence, a time of day."""
        if isinstance(rule.trigger, Alarm):
            if self.rows.get(rule.name, GATHERING_MARK + SITE) is None:
                self._wind(rule, rule.trigger, self.now.wall, self.now.engine)
        elif isinstance(rule.trigger, Absence):
            for corr in rule.trigger.keys:
                known = self.rows.get(rule.name, GATHERING_MARK + corr), self.rows.get(rule.name, corr)
                if known == (None, None) and not self._held(rule, corr):
                    cause = EventId(f"from:{self.now.engine:.3f}")
                    camera = corr.partition("/")[0]
                    subject = "" if camera == SITE else f"{camera}/"
                    self._arm(rule, rule.trigger, corr, cause, self.now.engine, subject)

    def _wind(self, rule: Rule, alarm: Alarm, wall: datetime, engine: float) -> None:
        target = alarm.upcoming(wall)
        if target is None:
            return
        self._tick(rule, target, wall, engine)

    def _tick(self, rule: Rule, target: datetime, wall: datetime, engine: float) -> None:
        left = max(0.0, (target - wall).total_seconds())
        cause = EventId(f"at:{target.isoformat()}")
        # Nobody can look at the clock between two steps, so what lies before now is not looked at.
        due = min(engine + left, max(engine + RECKON, self.now.engine))
        told = target.isoformat()
        row = Row(GATHERING, engine, wall, due, cause, "", _NO_REASON, rule.edition, told)
        self.rows.put(rule, GATHERING_MARK + SITE, row)

    def _strike(self, rule: Rule, alarm: Alarm, row: Row, at: Instant) -> None:
        """Tell a time of day that has come; otherwise reckon anew how far it is."""
        target = datetime.fromisoformat(cast(str, row.data))
        if at.wall < target - timedelta(milliseconds=1):
            nearer = alarm.upcoming(at.wall)  # the clock may have been set back
            self._tick(rule, min(target, nearer or target), at.wall, at.engine)
            return
        told = Sentence("reason.clock", {"clock": f"{target.astimezone(rule.almanac.zone):%H:%M}"})
        self.life.begin(rule, Beginning(SITE, "", row.cause, told, lasting=False), at)
        self._wind(rule, alarm, max(at.wall, target), at.engine)


def _attempts(row: Row | None, size: int) -> list[Any]:
    """Return what a sequence gathered, one attempt per step; a copy."""
    known = cast("list[Any]", row.data) if row is not None else []
    return [*known, *[None] * (size - len(known))]


def _distinct(name: str, event: Event) -> str | None:
    """Return the value by which events are told apart; None where an event has none."""
    if name == "track":
        return subject_key(event)
    if name == "camera":
        return event.camera or ""
    if name == "zone":
        return ",".join(event.zones) or None
    value = reader(name)(event) if name else ""
    return None if value is None else str(value)
