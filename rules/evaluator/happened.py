"""What keeps a rule from firing: something that happened a while ago, or holds.

A veto keeps the newest of what happened per key: a `HELD` row per subject while it lasts, then one `WAS` row per key
until it counts no more. What nobody has told did not happen: a rule that is new fires from the first minute on.
"""

from __future__ import annotations

from rules.compiler.ruleset import Matcher, Rule, Veto
from rules.evaluator.step_context import StepContext, correlation, subject_key
from rules.evaluator.vetoes import release
from rules.memory import HELD, HELD_MARK, WAS
from rules.model import Change, Event, EventId, Row, Sentence

_NO_REASON = Sentence("")


def seen(ctx: StepContext, rule: Rule, veto: Veto, pattern: Matcher, event: Event) -> set[str]:
    """Take in that it happened; return the keys of the rows that hold on."""
    lasts = pattern.lasting and event.change is not Change.NOTED
    kept: set[str] = set()
    for corr in correlation(veto.by, event, pattern):
        if not lasts:
            _was(ctx, rule, veto, corr, event.id, subject_key(event))
            continue
        key = f"{HELD_MARK}{veto.role}:{subject_key(event)}|{corr}"
        kept.add(key)
        if ctx.rows.get(rule.name, key) is None:
            now = ctx.now
            ctx.rows.put(
                rule,
                key,
                Row(
                    HELD,
                    now.engine,
                    now.wall,
                    None,
                    event.id,
                    subject_key(event),
                    _NO_REASON,
                    rule.edition,
                    corr,
                ),
            )
    return kept


def gone(ctx: StepContext, rule: Rule, veto: Veto, key: str, row: Row) -> None:
    """Take in that it holds no longer: from now on the time counts."""
    ctx.rows.drop(rule.name, key)
    _was(ctx, rule, veto, str(row.data), row.cause, "")
    release(ctx.rows, rule, ctx.now)


def ripe(ctx: StepContext, rule: Rule, key: str) -> None:
    """Take in that it happened too long ago to count."""
    ctx.rows.drop(rule.name, key)


def _was(ctx: StepContext, rule: Rule, veto: Veto, corr: str, cause: EventId, subject: str) -> None:
    if not veto.within:
        return
    now = ctx.now
    due = now.engine + veto.within
    key = f"{HELD_MARK}{veto.role}:|{corr}"
    row = Row(WAS, now.engine, now.wall, due, cause, subject, _NO_REASON, rule.edition, corr)
    ctx.rows.put(rule, key, row)
