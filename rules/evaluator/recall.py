"""What rules remember of numbers: samples of a subject over a time, and counters; laid beside an event's own facts.

Memory is bounded whatever comes: a time is kept in `MOST` pieces, each with how many there were, their sum, the least,
the most, the first and the last. What a piece holds that is half over counts as long as its newest part does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from rules.compiler.if_condition import If
from rules.compiler.ruleset import COUNTER, Matcher, Rule, RuleSet, Tally
from rules.evaluator.rows import Rows
from rules.evaluator.step_context import subject_key
from rules.kinds.fact_types import measured
from rules.language.expressions.remembered import Sampled, Tallied
from rules.memory import SAMPLED, SAMPLES_MARK, SITE
from rules.model import Event, EventId, Fact, Instant, Row, RuleName, Sentence

#: Pieces that a time is kept in.
MOST = 120
_NO_REASON = Sentence("")
#: When a piece began and ended, how many, their sum, the least, the most, the first, the last.
Piece = list[Any]


def knowing(rules: RuleSet, rows: Rows, rule: Rule, pattern: Matcher, event: Event, now: Instant) -> Event:
    """Return an event with what a pattern's conditions ask of the past; what it tells itself is remembered."""
    known: dict[str, Fact] = {}
    for each in pattern.recalls:
        known |= _sampled(rows, rule, each, event, now)
        known |= dict(counted(rules, rows, each.expression.tallied, now))
    return replace(event, facts={**event.facts, **known})


def counted(
    rules: RuleSet, rows: Rows, asked: tuple[Tallied, ...], now: Instant
) -> Iterator[tuple[str, Fact]]:
    """Yield the answers of counters; one that has counted nothing yet says 0."""
    for each in asked:
        name = RuleName(f"{COUNTER}{each.counter}")
        rule, row = rules.rule(name), rows.get(name, _key(SITE))
        if rule is not None and isinstance(rule.trigger, Tally):
            yield each.fact, float(_counted(rule.trigger, row, each.seconds, now))


def _key(subject: str, series: str = "") -> str:
    return f"{SAMPLES_MARK}{series}|{subject}"


# -- samples -------------------------------------------------------------------------------------


def _sampled(rows: Rows, rule: Rule, condition: If, event: Event, now: Instant) -> dict[str, Fact]:
    """Return the answers of a condition's numbers over time, the event's own number among them."""
    known: dict[str, Fact] = {}
    kept: dict[str, list[Piece]] = {}
    for each in condition.expression.sampled:
        before = _pieces(rows, rule, each, event, now)
        pieces = kept.get(each.series) or _with(before, each, event, now)
        kept[each.series] = pieces
        value = before[-1][7] if before and each.function == "earlier" else _figure(each.function, pieces)
        if value is not None:
            known[each.fact] = value
    for each in condition.expression.sampled:
        if pieces := kept.pop(each.series, []):
            subject, due = subject_key(event), now.engine + each.seconds
            row = Row(SAMPLED, now.engine, now.wall, due, event.id, subject, _NO_REASON, rule.edition, pieces)
            rows.put(rule, _key(subject, each.series), row)
    return known


def _pieces(rows: Rows, rule: Rule, each: Sampled, event: Event, now: Instant) -> list[Piece]:
    row = rows.get(rule.name, _key(subject_key(event), each.series))
    pieces: list[Piece] = row.data if row is not None and isinstance(row.data, list) else []
    return [piece for piece in pieces if piece[1] > now.engine - each.seconds]


def _with(pieces: list[Piece], each: Sampled, event: Event, now: Instant) -> list[Piece]:
    """Return pieces with the number of an event; as they are where it has none."""
    value = measured(each.read(event))
    if value is None:
        return pieces
    at, last = now.engine, pieces[-1] if pieces else None
    if last is None or at - last[0] >= each.seconds / MOST:
        return [*pieces, [at, at, 1, value, value, value, value, value]]
    begun, _, count, sum_, low, high, first, _ = last
    merged = [begun, at, count + 1, sum_ + value, min(low, value), max(high, value), first, value]
    return [*pieces[:-1], merged]


def _figure(function: str, pieces: list[Piece]) -> float | None:
    if not pieces:
        return None
    match function:
        case "avg":
            return float(sum(piece[3] for piece in pieces) / sum(piece[2] for piece in pieces))
        case "low":
            return float(min(piece[4] for piece in pieces))
        case "high":
            return float(max(piece[5] for piece in pieces))
        case "delta":
            return float(pieces[-1][7] - pieces[0][6])
        case "rate":
            took = pieces[-1][1] - pieces[0][0]
            return float((pieces[-1][7] - pieces[0][6]) / took) if took > 0 else None
    return None


# -- counters ------------------------------------------------------------------------------------


def count(rows: Rows, rule: Rule, tally: Tally, event_id: EventId, now: Instant) -> None:
    """Count one more."""
    key = _key(SITE)
    begun = _begun(tally, now.wall)
    total, pieces = _of(rows.get(rule.name, key), begun)
    pieces = [piece for piece in pieces if piece[0] > now.engine - tally.longest]
    if pieces and now.engine - pieces[-1][0] < tally.longest / (2 * MOST):
        pieces = [*pieces[:-1], [pieces[-1][0], pieces[-1][1] + 1]]
    elif tally.longest:
        pieces = [*pieces, [now.engine, 1]]
    data = {"since": begun, "total": total + 1, "pieces": pieces}
    row = Row(SAMPLED, now.engine, now.wall, None, event_id, "", _NO_REASON, rule.edition, data)
    rows.put(rule, key, row)


def _counted(tally: Tally, row: Row | None, seconds: float, now: Instant) -> int:
    total, pieces = _of(row, _begun(tally, now.wall))
    if not seconds:
        return total
    return sum(int(piece[1]) for piece in pieces if piece[0] > now.engine - seconds)


def _of(row: Row | None, begun: str) -> tuple[int, list[Piece]]:
    data = row.data if row is not None and isinstance(row.data, dict) else {}
    return (int(data.get("total", 0)) if data.get("since") == begun else 0), list(data.get("pieces", ()))


def _begun(tally: Tally, wall: datetime) -> str:
    """Return when a counter began anew last; empty: it never does."""
    return "" if tally.since is None else tally.almanac.latest(wall, tally.since).isoformat()
