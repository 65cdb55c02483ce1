"""Times of day: one row says which is next and which was told last; engine time carries it, the wall clock decides.

The wall clock goes with engine time until an event says that it was set: then it is reckoned anew how far the next
time is. As for `cron`, a time that comes again because the clock was set back a little was told already; where it was
set back far, the clock was wrong before, and the time comes again in its own right.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

from rules.compiler import reasons
from rules.compiler.counters import clock_event
from rules.compiler.if_condition import If
from rules.compiler.ruleset import Rule, TimesOfDay
from rules.evaluator.alert_state import Beginning
from rules.evaluator.recall import counted
from rules.evaluator.step_context import StepContext
from rules.memory import GATHERING, GATHERING_MARK, SITE
from rules.model import EventId, Instant, Row, Sentence

#: How far a clock may be set back so that what it told already is not told again.
LITTLE = timedelta(hours=3)
#: A clock is not asked to be finer.
_HAIR = timedelta(milliseconds=1)
_KEY = GATHERING_MARK + SITE
NEVER = datetime.min.replace(tzinfo=UTC)
_NO_REASON = Sentence("")


def wind(context: StepContext, rule: Rule, alarm: TimesOfDay, at: Instant) -> None:
    """Wait for the next time after a moment, whatever was waited for."""
    row = context.rows.get(rule.name, _KEY)
    waited, told = (None, NEVER) if row is None else times(row)
    if row is not None and row.since > at.engine:  # nobody watches until then
        at = Instant(row.since_wall, row.since)
    target = _upcoming(alarm, at.wall, told)
    if row is None or (target, rule.edition) != (waited, row.edition):
        _wait(context, rule, target, told, at)


def reckon(context: StepContext, rule: Rule, alarm: TimesOfDay) -> None:
    """Reckon anew how far the next time is: the clock was set. A time that it was set beyond has come."""
    if (row := context.rows.get(rule.name, _KEY)) is not None:
        _reckon(context, rule, alarm, row, context.now)


def ripe(context: StepContext, rule: Rule, alarm: TimesOfDay, row: Row, at: Instant) -> None:
    """Tell a time of day that has come."""
    target, told = times(row)
    if at.wall < target - _HAIR:  # the clock was set back, and no event said so
        _reckon(context, rule, alarm, row, at)
        return
    told_at = f"{target.astimezone(rule.almanac.zone):%H:%M}"
    clock = Sentence("reason.clock", {"clock": told_at})
    said = clock if rule.guard is None else _guarded(context, rule, rule.guard, clock, at)
    if said is not None:
        context.alerts.begin(rule, Beginning(SITE, "", _cause(target, at), said, lasting=False), at)
    told = max(target, told)
    _wait(context, rule, _upcoming(alarm, at.wall, told), told, at)


def _guarded(context: StepContext, rule: Rule, guard: If, said: Sentence, at: Instant) -> Sentence | None:
    """Return a reason with what a time of day asks besides; None: it does not hold."""
    facts = dict(counted(context.alerts.rules, context.rows, guard.expression.tallied, at))
    event = clock_event(rule, at.wall, facts)
    return reasons.extended(said, [guard.told(event)]) if guard.test(event) else None


def _cause(target: datetime, at: Instant) -> EventId:
    """Return what makes a decision one of its time, and of this once: a clock that was set shows it again."""
    return EventId(f"at:{target.isoformat()}@{at.engine:.3f}")


def _upcoming(alarm: TimesOfDay, wall: datetime, told: datetime) -> datetime | None:
    return alarm.upcoming(told if wall < told <= wall + LITTLE else wall)


def _reckon(context: StepContext, rule: Rule, alarm: TimesOfDay, row: Row, at: Instant) -> None:
    target, told = times(row)
    nearer = _upcoming(alarm, at.wall, told)
    _wait(context, rule, min(target, nearer or target), told, at)


def _wait(context: StepContext, rule: Rule, target: datetime | None, told: datetime, at: Instant) -> None:
    if target is None:
        context.rows.drop(rule.name, _KEY)
        return
    due = at.engine + max(0.0, (target - at.wall).total_seconds())
    data = [target.isoformat(), told.isoformat()]
    row = Row(GATHERING, at.engine, at.wall, due, _cause(target, at), "", _NO_REASON, rule.edition, data)
    context.rows.put(rule, _KEY, row)


def times(row: Row) -> tuple[datetime, datetime]:
    """Return the time that a row waits for, and the latest that was told."""
    if isinstance(row.data, str):  # of an older program
        return datetime.fromisoformat(row.data), NEVER
    target, told = cast("list[str]", row.data)
    return datetime.fromisoformat(target), datetime.fromisoformat(told)
