"""Sequences: one thing after the other.

A row keeps per step the attempts that got there. Attempts of which later steps ask nothing are all alike, and the
one that began last is kept: it has most time left, so that a sequence is found if there is one. Where later
steps ask (`earlier`, `since`), one is kept for each set of facts that they ask for, the newest of them. What waits
for a last `not` keeps the first instead: it is due first.

An attempt is ``[began, told, facts, times]``: engine time, a (code, values) per step, what later steps ask for as
``"1:label"``, and when each step was reached. Plain lists: rows are kept as JSON.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from rules.compiler import reasons
from rules.compiler.ruleset import Matcher, Ordered, Rule
from rules.evaluator.alert_state import Beginning
from rules.evaluator.step_context import StepContext, correlation, subject_key
from rules.language.expressions.expr import SINCE, earlier_fact
from rules.memory import GATHERING, GATHERING_MARK
from rules.model import Event, EventId, Fact, Instant, Row, Sentence

#: Attempts that are kept per step and key; of more the oldest are given up, and counted.
MOST_ATTEMPTS = 8
Attempt = list[Any]
_NO_REASON = Sentence("")


def seen(context: StepContext, rule: Rule, ordered: Ordered, pattern: Matcher, event: Event) -> None:
    """Take in that a step matches."""
    if pattern.role in ordered.breaks.values():
        _break(context, rule, ordered, pattern, event)
        return
    for corr in correlation(ordered.by, event, pattern):
        _advance(context, rule, ordered, corr, pattern, event)


def _advance(
    context: StepContext, rule: Rule, ordered: Ordered, corr: str, pattern: Matcher, event: Event
) -> None:
    number, size = ordered.steps.index(pattern.role), len(ordered.steps)
    row = context.rows.get(rule.name, GATHERING_MARK + corr)
    attempts = attempts_of(row, size)
    before = (
        [context.now.engine, [], {}, {}]
        if number == 0
        else _before(context, ordered, attempts, pattern, event)
    )
    if before is None:
        return
    attempt = _reached(context, rule, ordered, before, pattern, event)
    if number < size - 1:
        _keep(context, rule, attempts[number], attempt)
    elif not ordered.waits:
        context.rows.drop(rule.name, GATHERING_MARK + corr)
        _complete(context, rule, ordered, corr, attempt, subject_key(event), event.id, context.now)
        return
    elif not attempts[number]:
        attempts[number].append(attempt)
    else:
        return
    _gather(context, rule, ordered, corr, attempts, subject_key(event), event.id)


def _before(
    context: StepContext, ordered: Ordered, attempts: list[list[Attempt]], pattern: Matcher, event: Event
) -> Attempt | None:
    """Return the attempt that a step carries on: the one that began last of those of which it may."""
    for attempt in reversed(attempts[ordered.steps.index(pattern.role) - 1]):
        timely = context.now.engine - attempt[0] < ordered.within
        if timely and _linked(pattern, event, attempt, context.now.engine):
            return attempt
    return None


def _linked(pattern: Matcher, event: Event, attempt: Attempt, now: float) -> bool:
    """Return whether what a step asks of earlier ones holds."""
    if not pattern.linked:
        return True
    known = knowing(event, attempt, now)
    return all(condition.test(known) for condition in pattern.linked)


def knowing(event: Event, attempt: Attempt, now: float) -> Event:
    """Return an event that knows what the steps before it were."""
    earlier: dict[str, Fact] = dict(attempt[2])
    earlier |= {earlier_fact(int(role), SINCE): now - at for role, at in attempt[3].items()}
    return replace(event, facts={**event.facts, **earlier})


def _reached(
    context: StepContext, rule: Rule, ordered: Ordered, before: Attempt, pattern: Matcher, event: Event
) -> Attempt:
    """Return an attempt that has come one step further."""
    now = context.now.engine
    told = reasons.holding(rule, pattern, knowing(event, before, now) if pattern.linked else event)
    facts, times = dict(before[2]), dict(before[3])
    if ordered.asked:
        read = ((name, reader(event)) for role, name, reader in ordered.asked if role == pattern.role)
        facts |= {earlier_fact(pattern.role + 1, name): value for name, value in read if value is not None}
        times[str(pattern.role + 1)] = now
    return [before[0], [*before[1], [told.code, dict(told.values)]], facts, times]


def _keep(context: StepContext, rule: Rule, kept: list[Attempt], attempt: Attempt) -> None:
    """Keep an attempt at a step: of those with the same facts the one that began last."""
    same = next((each for each in kept if each[2] == attempt[2]), None)
    if same is not None and same[0] > attempt[0]:
        return
    kept[:] = sorted((*(each for each in kept if each is not same), attempt), key=lambda each: each[0])
    if len(kept) > MOST_ATTEMPTS:
        del kept[0]
        context.rows.evicted.append(rule.name)


def _gather(
    context: StepContext,
    rule: Rule,
    ordered: Ordered,
    corr: str,
    attempts: list[list[Attempt]],
    subject: str,
    cause: EventId,
) -> None:
    starts = [attempt[0] for kept in attempts for attempt in kept]
    if not starts:
        context.rows.drop(rule.name, GATHERING_MARK + corr)
        return
    at, due = context.alerts.at(context.now.engine), min(starts) + ordered.within
    row = Row(GATHERING, min(starts), at.wall, due, cause, subject, _NO_REASON, rule.edition, attempts)
    context.rows.put(rule, GATHERING_MARK + corr, row)


def _break(context: StepContext, rule: Rule, ordered: Ordered, pattern: Matcher, event: Event) -> None:
    """Give up the attempts between whose steps something happened that must not."""
    after = [step for step, role in ordered.breaks.items() if role == pattern.role]
    keys = [GATHERING_MARK + corr for corr in correlation(ordered.by, event, pattern)]
    if not keys:  # it lacks what is kept apart: it breaks all
        keys = [key for key, _ in context.rows.of(rule.name, GATHERING_MARK)]
    for key in keys:
        row = context.rows.get(rule.name, key)
        if row is not None:
            attempts = attempts_of(row, len(ordered.steps))
            for step in after:
                attempts[step] = [
                    each for each in attempts[step] if not _linked(pattern, event, each, context.now.engine)
                ]
            _gather(context, rule, ordered, key[len(GATHERING_MARK) :], attempts, row.subject, row.cause)


def ripe(context: StepContext, rule: Rule, ordered: Ordered, corr: str, row: Row, at: Instant) -> None:
    """Give up the attempts whose time is over; what waited for a last `not` is complete."""
    attempts = attempts_of(row, len(ordered.steps))
    timely = [[each for each in kept if each[0] + ordered.within > at.engine] for kept in attempts]
    _gather(context, rule, ordered, corr, timely, row.subject, row.cause)
    if ordered.waits and attempts[-1] and not timely[-1]:
        _complete(context, rule, ordered, corr, attempts[-1][0], row.subject, row.cause, at)


def blind(context: StepContext, rule: Rule, ordered: Ordered, key: str, row: Row) -> None:
    """Give up what waits for a last `not`: nobody saw whether it happened."""
    attempts = attempts_of(row, len(ordered.steps))
    attempts[-1] = []
    _gather(context, rule, ordered, key[len(GATHERING_MARK) :], attempts, row.subject, row.cause)


def _complete(
    context: StepContext,
    rule: Rule,
    ordered: Ordered,
    corr: str,
    attempt: Attempt,
    subject: str,
    cause: EventId,
    at: Instant,
) -> None:
    steps = [Sentence(code, values) for code, values in attempt[1]]
    took = reasons.duration(at.engine - attempt[0])
    code = "reason.and_not" if ordered.waits else "reason.took"
    told = reasons.several(steps, "reason.then", [(code, {"took": took})])
    context.alerts.begin(rule, Beginning(corr, subject, cause, told, lasting=False), at)


def attempts_of(row: Row | None, size: int) -> list[list[Attempt]]:
    """Return what a sequence gathered, a list of attempts per step; a copy."""
    known = cast("list[list[Attempt]]", row.data) if row is not None else []
    return [*map(list, known), *([] for _ in range(size - len(known)))]
