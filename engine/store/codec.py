"""Values to SQLite rows and back: the only place that knows how the JSON bodies look.

Bodies are JSON objects without what a column already says and without defaults. Unknown keys are
ignored when reading, so that an older program can read what a newer one of the same schema wrote.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from engine.runtime.clock import Mark
from engine.store.model import Acknowledgement, Call, Deletion, Pending, Unseen
from rules.model import (
    ActionCall,
    CameraId,
    Change,
    Decision,
    DecisionId,
    Event,
    EventId,
    Kind,
    Phase,
    Row,
    RowChange,
    RuleName,
    Sentence,
    Severity,
)

#: What sqlite3 hands over per row.
Columns = Sequence[Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_load = json.JSONDecoder().decode


def _dump(body: object) -> str:
    # Five times as fast as `json`, which was a third of what it cost to keep an event; read back, it is the same.
    try:
        return to_json(body).decode()
    except PydanticSerializationError as error:
        raise TypeError(str(error)) from error


def micros(at: datetime) -> int:
    """Return microseconds since 1970 UTC."""
    return (at - _EPOCH) // _TICK


def moment(ticks: int) -> datetime:
    """Return the aware UTC time of microseconds since 1970."""
    return _EPOCH + ticks * _TICK


# -- events: (seq, id, camera, received_at, engine, body) -----------------------------------


def event_row(event: Event, engine: float) -> tuple[object, ...]:
    """Return the columns of an event judged at an engine time."""
    body: dict[str, object] = {
        "site": event.site,
        "kind": str(event.kind),  # as text: a member of an enumeration takes five times as long
        "change": str(event.change),
        "at": event.at.isoformat(),
    }
    if event.clock_suspect:
        body["clock_suspect"] = True
    if event.subject:
        body["subject"] = event.subject
    if event.label:
        body["label"] = event.label
    if event.zones:
        body["zones"] = event.zones
    if event.box:
        body["box"] = event.box
    if event.score is not None:
        body["score"] = event.score
    if event.facts:
        body["facts"] = dict(event.facts)
    return event.seq, event.id, event.camera, micros(event.received_at), float(engine), _dump(body)


#: Columns that `event_of` reads, in order.
EVENT = "event.seq, event.id, event.camera, event.received_at, event.engine, event.body"


def event_of(row: Columns) -> Event:
    """Return the event of `EVENT` columns."""
    seq, id_, camera, received_at, engine, text = row
    body = _load(text)
    box = body.get("box")
    return Event(
        id=EventId(id_),
        site=body["site"],
        seq=seq,
        kind=Kind(body["kind"]),
        change=Change(body["change"]),
        camera=None if camera is None else CameraId(camera),
        at=datetime.fromisoformat(body["at"]),
        received_at=moment(received_at),
        clock_suspect=body.get("clock_suspect", False),
        subject=body.get("subject", ""),
        label=body.get("label"),
        zones=tuple(body.get("zones", ())),
        score=body.get("score"),
        box=None if box is None else (box[0], box[1], box[2], box[3]),
        facts=body.get("facts", {}),
        judged=engine,
    )


# -- decisions: (seq, id, camera, cause, at, engine, body, alert) ---------------------------


def decision_row(decision: Decision, engine: float, seq: int | None) -> tuple[object, ...]:
    """Return the columns of a decision committed at an engine time as an entry of the log."""
    body: dict[str, object] = {
        "rule": decision.rule,
        "phase": decision.phase,
        "key": decision.key,
        "since": decision.since.isoformat(),
        "severity": decision.severity,
        "title": dict(decision.title),
        "reason": [decision.reason.code, dict(decision.reason.values)],
        "actions": [[call.name, dict(call.params)] for call in decision.actions],
    }
    if decision.message:
        body["message"] = dict(decision.message)
    if decision.dedup:
        body["dedup"] = decision.dedup
    if decision.what_to_do:
        body["what_to_do"] = dict(decision.what_to_do)
    if decision.dry_run:
        body["dry_run"] = True
    if decision.via:
        body["via"] = decision.via
    if decision.alert != decision.id:
        body["alert"] = decision.alert
    at = micros(decision.at)
    about = decision.id, decision.camera, decision.cause
    return seq, *about, at, float(engine), _dump(body), decision.alert or None


#: Columns that `decision_of` reads, in order.
DECISION = "decision.id, decision.camera, decision.cause, decision.at, decision.body"


def decision_of(row: Columns) -> Decision:
    """Return the decision of `DECISION` columns."""
    id_, camera, cause, at, text = row
    body = _load(text)
    code, values = body["reason"]
    return Decision(
        id=DecisionId(id_),
        rule=RuleName(body["rule"]),
        phase=Phase(body["phase"]),
        key=body["key"],
        camera=None if camera is None else CameraId(camera),
        at=moment(at),
        since=datetime.fromisoformat(body["since"]),
        cause=EventId(cause),
        severity=Severity(body["severity"]),
        title=body["title"],
        reason=Sentence(code, values),
        actions=tuple(ActionCall(name, params) for name, params in body["actions"]),
        message=body.get("message", {}),
        dedup=body.get("dedup", ""),
        what_to_do=body.get("what_to_do", {}),
        dry_run=body.get("dry_run", False),
        via=body.get("via", ""),
        alert=DecisionId(body.get("alert", id_ if body["phase"] == Phase.FIRING else "")),
    )


# -- acknowledgements: (decision, at, person, note) -----------------------------------------


def acknowledged_row(acknowledgement: Acknowledgement) -> tuple[object, ...]:
    """Return the columns of an acknowledgement."""
    return acknowledgement.decision, micros(acknowledgement.at), acknowledgement.by, acknowledgement.note


def acknowledged_of(row: Columns) -> Acknowledgement:
    """Return the acknowledgement of its columns."""
    decision, at, by, note = row
    return Acknowledgement(decision, moment(at), by, note)


def unseen_of(row: Columns) -> Unseen:
    """Return the unseen alert of its columns."""
    decision, ended = row
    return Unseen(DecisionId(decision), None if ended is None else moment(ended))


# -- memory: (rule, key, state, since, since_wall, due, cause, subject, reason) -------------
# The last column holds [code, values, edition, data]: rows that mean something else were dropped by their version.


def memory_row(rule: RuleName, key: str, row: Row) -> tuple[object, ...]:
    """Return the columns of what a rule remembers about one key."""
    wall = row.since_wall.isoformat()
    reason = _dump([row.reason.code, dict(row.reason.values), row.edition, row.data])
    return rule, key, row.state, row.since, wall, row.due, row.cause, row.subject, reason


def memory_of(row: Columns) -> RowChange:
    """Return a memory row as the change that restores it."""
    rule, key, state, since, since_wall, due, cause, subject, reason = row
    code, values, edition, data = _load(reason)
    wall, why = datetime.fromisoformat(since_wall), Sentence(code, values)
    kept = Row(state, since, wall, due, EventId(cause), subject, why, edition, data)
    return RowChange(RuleName(rule), key, kept)


# -- outbox ---------------------------------------------------------------------------------


def call_row(call: Call, created: float) -> tuple[object, ...]:
    """Return the columns (subject, nth, action, params, lane, rank, created) of a new outbox row."""
    return call.decision, call.nth, call.action, _dump(dict(call.params)), call.lane, call.rank, created


#: Columns that `pending_of` reads, in order: of what is to be done, and of dead letters.
PENDING = (
    "outbox.id, outbox.nth, outbox.action, outbox.params, outbox.lane, outbox.attempts, "
    f"outbox.created, outbox.next_at, outbox.detail, {DECISION}, {EVENT}"
)
LETTER = PENDING.replace("outbox.next_at", "outbox.died").replace("outbox.", "dead_letter.")


def pending_of(row: Columns) -> Pending:
    """Return the outbox row of `PENDING` columns; the event may have been forgotten already."""
    id_, nth, action, params, lane, attempts, created, next_at, detail = row[:9]
    decision = decision_of(row[9:14])
    return Pending(
        id=id_,
        key=f"{decision.id}/{nth}",
        action=action,
        params=_load(params),
        lane=lane,
        attempts=attempts,
        created=created,
        next_at=next_at,
        detail=detail,
        decision=decision,
        event=None if row[14] is None else event_of(row[14:20]),
    )


# -- deletions: (what, why, rows, first, last, since, until) --------------------------------


def deletion_row(gone: Deletion) -> tuple[object, ...]:
    """Return the columns of a deletion."""
    since, until = (None if at is None else micros(at) for at in (gone.since, gone.until))
    return gone.what, gone.why, gone.rows, gone.first, gone.last, since, until


def deletion_of(row: Columns) -> Deletion:
    """Return the deletion of its columns."""
    what, why, rows, first, last, *times = row
    since, until = (None if at is None else moment(at) for at in times)
    return Deletion(what, why, rows, first, last, since, until)


# -- meta -----------------------------------------------------------------------------------


def mark_text(mark: Mark) -> str:
    """Return a mark as JSON."""
    return _dump(asdict(mark) | {"wall": mark.wall.isoformat()})


def mark_of(text: str) -> Mark:
    """Return the mark of its JSON."""
    body: Mapping[str, Any] = _load(text)
    wall = datetime.fromisoformat(body["wall"])
    return Mark(body["engine"], body["boottime"], body["boot_id"], wall)
