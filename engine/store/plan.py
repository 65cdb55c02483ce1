"""From verdicts to statements: pure, so that what a transaction writes can be read and tested."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from typing import cast

from engine.seal.chain import Entry, Value, digest
from engine.store.codec import (
    acknowledged_row,
    call_row,
    decision_row,
    event_row,
    mark_text,
    memory_row,
    micros,
)
from engine.store.hashchain.audited import AuditRow
from engine.store.hashchain.audited import row_of as audit_row
from engine.store.model import (
    Acknowledgement,
    DeliveryState,
    Duty,
    Seen,
    Verdict,
    Withdrawal,
    told_deletion,
    wants_eyes,
)
from rules.model import Kind, Phase, RowChange, RuleName

# The same event or decision again is the same fact (a retry after an answer that got lost), not an error.
EVENT = (
    "INSERT INTO event (seq, id, camera, received_at, engine, body) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (id) DO NOTHING"
)
DECISION = (
    "INSERT INTO decision (seq, id, camera, cause, at, engine, body, alert) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (id) DO NOTHING"
)
# What a decision asks for is written before it: where it is kept already, its actions are on their way or done.
_CALL = (
    "INSERT INTO outbox (subject, nth, action, params, lane, rank, created) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 "
    "WHERE NOT EXISTS (SELECT 1 FROM decision WHERE id = ?1) ON CONFLICT (subject, nth) DO NOTHING"
)
_UNACKNOWLEDGE = "DELETE FROM acknowledgement WHERE decision = ?"
_ACKNOWLEDGE = (
    "INSERT INTO acknowledgement (decision, at, person, note) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_FIRED = "INSERT INTO attention (decision, at) VALUES (?, ?) ON CONFLICT DO NOTHING"
_ENDED = "UPDATE attention SET ended = ?2 WHERE decision = ?1 AND ended IS NULL"
_UNSEEN = "UPDATE attention SET seen = NULL WHERE decision = ?"
_SEEN = "UPDATE attention SET seen = ?2 WHERE decision = ?1 AND seen IS NULL"
_REMEMBER = (
    "INSERT OR REPLACE INTO memory (rule, key, state, since, since_wall, due, cause, subject, reason) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_FORGET = "DELETE FROM memory WHERE rule = ? AND key = ?"
_RULESET = "INSERT INTO ruleset (digest, body) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING"
_ADOPTION = "INSERT INTO adoption (seq, digest) VALUES (?, ?) ON CONFLICT (seq) DO NOTHING"
# Before the event that tells of it is written: where that is kept already, this is told already.
_TOLD = (
    "UPDATE deletion SET rows = rows - ?3 WHERE what = ?1 AND why = ?2 "
    "AND NOT EXISTS (SELECT 1 FROM event WHERE id = ?4)"
)
_ALL_TOLD = "DELETE FROM deletion WHERE rows <= 0"
_SETTLED = "DELETE FROM meta WHERE key = 'anew'"
_AGAIN = "UPDATE outbox SET next_at = ?, detail = ?, attempts = attempts + 1 WHERE id = ?"
_DONE = "DELETE FROM outbox WHERE id = ?"
_DEAD = (
    "INSERT OR REPLACE INTO dead_letter "
    "(id, kind, subject, nth, action, params, lane, rank, detail, attempts, created, died) "
    "SELECT id, kind, subject, nth, action, params, lane, rank, ?2, attempts + 1, created, ?1 "
    "FROM outbox WHERE id = ?3"
)
_RESEND = (
    "INSERT INTO outbox (id, kind, subject, nth, action, params, lane, rank, created) "
    "SELECT id, kind, subject, nth, action, params, lane, rank, ?2 FROM dead_letter "
    "WHERE id IN (SELECT value FROM json_each(?1)) ON CONFLICT DO NOTHING"
)
_RESENT = "DELETE FROM dead_letter WHERE id IN (SELECT value FROM json_each(?))"
_REVIVE = "UPDATE outbox SET next_at = 0 WHERE next_at > 0 AND lane >= ? AND lane < ?"
META = "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)"


_DOUBLE = Struct(">d")
#: Columns of a decision's row that are digested; behind them stands a copy of what the body says.
DIGESTED = 7
Row = tuple[object, ...]
EventRow = tuple[int, str, str | None, int, float, str]


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL text and the rows it is run with.

    Attributes:
        quiet: What it changes is no history, and is not counted.
    """

    sql: str
    rows: tuple[tuple[object, ...], ...]
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Chaining:
    """The end of a transaction that writes to the log: its entries are linked, as far as they are new.

    Attributes:
        entries: Those that the statements before insert.
        notes: Rows of `meta`, written together with the chain's new head.
        audits: Records that are to be chained, written and linked.
    """

    entries: tuple[Entry, ...]
    notes: tuple[tuple[str, str], ...]
    audits: tuple[AuditRow, ...] = ()


#: What somebody waits for to be written: a verdict, or statements that belong together.
Item = Verdict | Statement | tuple[Statement, ...]
#: A part of a transaction.
Part = Statement | Chaining


def plan(items: Iterable[Item]) -> list[Part]:
    """Return what one transaction does for many waiting items, each kind of a verdict in one statement."""
    verdicts: list[Verdict] = []
    others: list[Statement] = []
    for item in items:
        if isinstance(item, Verdict):
            verdicts.append(item)
        else:
            others += [item] if isinstance(item, Statement) else item
    return [*_merge(verdicts), *others]


def _merge(verdicts: list[Verdict]) -> Iterable[Part]:
    if not verdicts:
        return
    final = _final(change for each in verdicts for change in each.changes)
    adopted = [adoption for each in verdicts for adoption in each.adopted]
    events = [event for each in verdicts for event in each.events]
    duties = [duty for each in verdicts for duty in each.duties.values()]
    decisions = [made for each in verdicts for made in each.decisions]
    told = [
        (*gone, event.id) for event in events if event.kind is Kind.ENGINE and (gone := told_deletion(event))
    ]
    rows: dict[str, list[Row]] = {
        _TOLD: [*told],
        _ALL_TOLD: [()] if told else [],
        EVENT: [event_row(event, judged) for each in verdicts for event, judged in each.times()],
        _REMEMBER: [memory_row(rule, key, c.row) for (rule, key), c in final.items() if c.row is not None],
        _FORGET: [(rule, key) for (rule, key), change in final.items() if change.row is None],
        _CALL: [call_row(call, each.mark.engine) for each in verdicts for call in each.calls],
        DECISION: [
            decision_row(made, each.mark.engine, seq) for each in verdicts for made, seq in each.numbered()
        ],
        _UNACKNOWLEDGE: [(each.decision,) for each in duties if isinstance(each, Withdrawal)],
        _ACKNOWLEDGE: [acknowledged_row(told) for told in _acknowledged(duties)],
        _FIRED: [(made.id, micros(made.at)) for made in decisions if wants_eyes(made)],
        _ENDED: [(made.alert, micros(made.at)) for made in decisions if made.phase is Phase.RESOLVED],
        _UNSEEN: [(each.decision,) for each in duties if isinstance(each, Withdrawal)],
        _SEEN: [(told.decision, micros(told.at)) for told in _seen(duties)],
        _RULESET: [(each.digest, each.body) for each in adopted],
        _ADOPTION: [(each.seq, each.digest) for each in adopted],
        _SETTLED: [()] if adopted else [],
    }
    for sql, values in rows.items():
        if values:
            yield Statement(sql, tuple(values))
    notes = [("mark", mark_text(verdicts[-1].mark))]
    if last := max(each.last_seq() for each in verdicts):
        notes.append(("last_seq", str(last)))
    audits = tuple(audit_row(told) for each in verdicts for told in each.audits)
    yield Chaining(tuple(_entries(rows[EVENT], rows[DECISION])), tuple(notes), audits)


def _entries(events: Iterable[Row], decisions: Iterable[Row]) -> Iterator[Entry]:
    """Yield what rows of both tables are in the log; a decision without a number is not."""
    for row in cast("Iterable[EventRow]", events):
        yield Entry(row[0], row[1], event_digest(row))
    for made in cast("Iterable[tuple[int | None, str, Value]]", decisions):
        if made[0] is not None:
            yield Entry(made[0], made[1], digest("decision", made[:DIGESTED]))


def event_digest(row: EventRow) -> bytes:
    """Return `engine.seal.chain.digest` of an event's row, in half of its time: this is what sealing costs."""
    seq, id_, camera, received_at, engine, body = row
    if camera is None or not (id_.isascii() and camera.isascii() and body.isascii()):
        return digest("event", row)
    number, at = str(seq), str(received_at)
    return sha256(
        f"t5:event,i{len(number)}:{number},t{len(id_)}:{id_},t{len(camera)}:{camera},i{len(at)}:{at},"
        f"r16:{_DOUBLE.pack(engine).hex()},t{len(body)}:{body},".encode()
    ).digest()


def _acknowledged(duties: Iterable[Duty]) -> list[Acknowledgement]:
    """Return what is acknowledged and not taken back after that; of a decision, the first one counts (in SQL)."""
    left: list[Acknowledgement] = []
    for duty in duties:
        if isinstance(duty, Acknowledgement):
            left.append(duty)
        elif isinstance(duty, Withdrawal):
            left = [each for each in left if each.decision != duty.decision]
    return left


def _seen(duties: Iterable[Duty]) -> list[Acknowledgement | Seen]:
    """Return by what somebody is known to have seen decisions: whoever takes care of one has."""
    told = list(duties)
    return [*_acknowledged(told), *(each for each in told if isinstance(each, Seen))]


def _final(changes: Iterable[RowChange]) -> dict[tuple[RuleName, str], RowChange]:
    """Return the last change of each memory row: within one transaction only that one counts."""
    return {(change.rule, change.key): change for change in changes}


# -- the outbox -----------------------------------------------------------------------------


def settled(id: int, state: DeliveryState, next_at: float, detail: str) -> tuple[Statement, ...]:
    """Return what notes what became of one try of a row; what is given up becomes a dead letter."""
    tried, done = ((next_at, detail, id),), Statement(_DONE, ((id,),))
    if state is DeliveryState.DUE:
        return (Statement(_AGAIN, tried),)
    return (done,) if state is DeliveryState.DONE else (Statement(_DEAD, tried), done)


def resent(ids: Sequence[int], now: float) -> tuple[Statement, ...]:
    """Return what lets dead letters be tried again as if they were new at an engine time."""
    chosen = json.dumps([*ids])
    return Statement(_RESEND, ((chosen, now),)), Statement(_RESENT, ((chosen,),))


def revived(action: str, target: str) -> Statement:
    """Return what makes every waiting row of an action (of one of its targets) due now."""
    lanes = f"{action}/{target}/" if target else f"{action}/"
    return Statement(_REVIVE, ((lanes, lanes[:-1] + chr(ord("/") + 1)),))
