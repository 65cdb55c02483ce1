"""Counts: so many within a time, or so few.

A row keeps the newest hits, as many as are asked for: more cannot change the answer. What asks for few counts from
nothing, as an absence does: nothing was known before `Row.since`, so it cannot say that something was few before
that is long enough ago. Its `due` is when the count will be known to be too small; none while it is, or, without
hits (``data`` None), while nobody watches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any, cast

from rules.compiler import reasons
from rules.compiler.ruleset import Counting, Matcher, Rule, Telling
from rules.evaluator.alert_state import Beginning
from rules.evaluator.step_context import (
    StepContext,
    correlation,
    next_minute,
    subject_key,
    subject_of,
    zones_about,
)
from rules.language.expressions.fact_readers import reader
from rules.memory import GATHERING, GATHERING_MARK
from rules.model import Change, Event, EventId, Fact, Instant, Row, Sentence

Hit = list[Any]
_NO_REASON = Sentence("")
#: Names of what was counted that a reason tells at most.
_NAMED = 12


def seen(context: StepContext, rule: Rule, counting: Counting, pattern: Matcher, event: Event) -> None:
    """Take in that what is counted happened."""
    if event.change is Change.GOES_ON and pattern.lasting and not counting.distinct:
        return
    apart = (
        "" if counting.distinct in counting.by else counting.distinct
    )  # what is kept apart is one and the same
    values = _distinct(apart, event, pattern)
    for corr, value in product(correlation(counting.by, event, pattern), values):
        if counting.few:
            _one_more(context, rule, counting, corr, value, event)
        else:
            _add(context, rule, counting, corr, value, pattern, event)


def ripe(context: StepContext, rule: Rule, counting: Counting, corr: str, row: Row, at: Instant) -> None:
    """Let time pass: there are fewer than there were."""
    if counting.few:
        _too_few(context, rule, counting, corr, row, at)
    else:
        _lapse(context, rule, counting, corr, row, at)


# -- many ----------------------------------------------------------------------------------------


def _add(
    context: StepContext,
    rule: Rule,
    counting: Counting,
    corr: str,
    value: str,
    pattern: Matcher,
    event: Event,
) -> None:
    now, key = context.now.engine, GATHERING_MARK + corr
    row = context.rows.get(rule.name, key)
    began = row.since if row is not None and counting.tumbling else now
    known = _hits(row) if not counting.tumbling or now - began < counting.within else []
    if counting.tumbling and counting.distinct and any(hit[1] == value for hit in known):
        return
    hits = _newest(counting, known, value, now)
    enough = len(hits) >= counting.size
    due = (began if counting.tumbling else (hits[0] if enough else hits[-1])[0]) + counting.within
    subject, wall = subject_key(event), context.now.wall
    made = Row(GATHERING, began, wall, due, event.id, subject, _NO_REASON, rule.edition, hits)
    context.rows.put(rule, key, made)
    if enough:
        told = reasons.holding(rule, pattern, event)
        more = {**_counted(counting, hits), "counted": len(hits)}
        whole = reasons.sentence(
            [(told.code, told.values), ("reason.counted", more), *_names(counting, hits)]
        )
        context.alerts.begin(rule, Beginning(corr, subject, event.id, whole), context.now)


def _names(counting: Counting, hits: list[Hit]) -> list[Telling]:
    """Return which different ones were counted, where they have names that people know."""
    if not counting.distinct or counting.distinct == "track":
        return []
    names = sorted({str(hit[1]) for hit in hits} - {""})
    if not names:
        return []
    more = ", …" if len(names) > _NAMED else ""
    return [("reason.counted_names", {"names": ", ".join(names[:_NAMED]) + more})]


def _newest(counting: Counting, known: list[Hit], value: str, now: float) -> list[Hit]:
    """Return the hits that count, with one more."""
    hits = [hit for hit in known if counting.tumbling or now - hit[0] < counting.within]
    if counting.distinct:
        hits = [hit for hit in hits if hit[1] != value]
    return [*hits, [now, value]][-counting.size :]


def _lapse(context: StepContext, rule: Rule, counting: Counting, corr: str, row: Row, at: Instant) -> None:
    hits = [hit for hit in _hits(row) if at.engine - hit[0] < counting.within]
    if hits and not counting.tumbling:
        due = float(hits[-1][0]) + counting.within
        context.rows.put(rule, GATHERING_MARK + corr, replace(row, data=hits, due=due))
    else:
        context.rows.drop(rule.name, GATHERING_MARK + corr)
    context.alerts.end(rule, corr, ("reason.over_count", {}), row.cause, at)


# -- few -----------------------------------------------------------------------------------------


def arm(
    context: StepContext, rule: Rule, counting: Counting, corr: str, cause: EventId, since: float
) -> None:
    """Begin to count at an engine time, of which nothing is known before."""
    wall = context.wall(since)
    subject, due = subject_of(corr, ""), since + counting.within
    row = Row(GATHERING, since, wall, due, cause, subject, _NO_REASON, rule.edition, [])
    context.rows.put(rule, GATHERING_MARK + corr, row)


def suspend(context: StepContext, rule: Rule, key: str, row: Row) -> None:
    """Count no further: nobody watches."""
    context.rows.put(rule, key, replace(row, due=None, data=None))


def _one_more(
    context: StepContext, rule: Rule, counting: Counting, corr: str, value: str, event: Event
) -> None:
    key, now = GATHERING_MARK + corr, context.now.engine
    row = context.rows.get(rule.name, key)
    if row is None or row.data is None:
        arm(context, rule, counting, corr, event.id, now)
        row = cast(Row, context.rows.get(rule.name, key))
    hits = _newest(counting, _hits(row), value, now)
    due: float | None = (known := row.since + counting.within)
    if len(hits) == counting.size:
        due = hits[0][0] + counting.within
        context.alerts.end(rule, corr, ("reason.over_few", _counted(counting, hits)), event.id, context.now)
    elif known <= now:
        due = row.due  # few already: told, or its hours are waited for
    context.rows.put(rule, key, replace(row, cause=event.id, due=due, data=hits))


def _too_few(context: StepContext, rule: Rule, counting: Counting, corr: str, row: Row, at: Instant) -> None:
    if rule.hours is not None and not rule.hours.hold(at.wall):  # it goes on being few until they come
        context.rows.put(rule, GATHERING_MARK + corr, replace(row, due=next_minute(at)))
        return
    hits = [hit for hit in _hits(row) if at.engine - hit[0] < counting.within]
    context.rows.put(rule, GATHERING_MARK + corr, replace(row, due=None, data=hits))
    more: dict[str, Fact] = {**_counted(counting, hits), "fewer": counting.size}
    told = reasons.missing(rule.patterns[0], "few", more)
    begins = Beginning(corr, subject_of(corr, row.subject), row.cause, told)
    context.alerts.begin(rule, begins, at)


# -- what both share -----------------------------------------------------------------------------


def _hits(row: Row | None) -> list[Hit]:
    return cast("list[Hit]", row.data or []) if row is not None else []


def _counted(counting: Counting, hits: list[Hit]) -> dict[str, Fact]:
    return {"count": len(hits), "within_time": reasons.duration(counting.within)}


def _distinct(name: str, event: Event, pattern: Matcher) -> Sequence[str]:
    """Return the values by which an event is told apart: of zones each, none where it has none."""
    if name == "track":
        return (subject_key(event),)
    if name == "camera":
        return (event.camera or "",)
    if name == "zone":
        return zones_about(event, pattern)
    value = reader(name)(event) if name else ""
    return () if value is None else (str(value),)
