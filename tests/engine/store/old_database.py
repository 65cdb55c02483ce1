"""Databases as earlier versions left them: made by the upgrade files that there were, with rows that are generated."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from engine.store.schema import steps, upgrade
from rules.evaluator.evaluator import decision_id
from rules.model import EventId, Phase, RuleName

EVENTS = 12
_START = 1_772_343_000_000_000
DAMAGED = "damaged"
RULE, BY = RuleName("r"), "other-decision"


def _id(key: str, phase: Phase, cause: str) -> str:
    return str(decision_id(RULE, key, phase, EventId(cause)))


#: What fires and is resolved; what escalates in between; what another decision led to. By id, the firing first.
LIVES = (
    (_id("a", Phase.FIRING, "event-1"), _id("a", Phase.RESOLVED, "event-1")),
    tuple(_id("b", phase, "event-2") for phase in (Phase.FIRING, Phase.ESCALATED, Phase.RESOLVED)),
    tuple(_id("c", phase, f"event-3>{BY}") for phase in (Phase.FIRING, Phase.ESCALATED, Phase.RESOLVED)),
    (_id("a", Phase.FIRING, "event-5"), _id("a", Phase.RESOLVED, "event-5")),
)
_PHASES = {2: (Phase.FIRING, Phase.RESOLVED), 3: (Phase.FIRING, Phase.ESCALATED, Phase.RESOLVED)}
_KEYS = (("a", "event-1", ""), ("b", "event-2", ""), ("c", "event-3", BY), ("a", "event-5", ""))


def make(path: Path, version: int, padding: int = 0) -> None:
    """Make a database of a schema: rows of the first one, brought on by the upgrades up to that version.

    Args:
        padding: Bytes of text in one of its events, to make the file as long.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        upgrade(db, steps()[:1])
        _events(db, padding)
        _decisions(db)
        for n, (life, state) in enumerate([(0, "dead"), (1, "due"), (2, "due"), (3, "due"), (3, "done")]):
            db.execute(
                "INSERT INTO outbox (decision, nth, action, params, lane, state, created) "
                "VALUES (?, ?, ?, ?, ?, ?, 1.0)",
                (LIVES[life][0], n, "log", "{}", "log//gate", state),
            )
        db.execute("INSERT INTO meta (key, value) VALUES ('last_seq', ?)", (str(EVENTS),))
        if version > 1:
            upgrade(db, steps()[:version])


def _events(db: sqlite3.Connection, padding: int) -> None:
    for seq in range(1, EVENTS + 1):
        at = _START + seq * 1_000_000
        body = {"site": "s", "kind": "object", "change": "began", "at": "2026-03-01T05:30:00+00:00"}
        facts = {"facts": {"x": "x" * padding}} if seq == EVENTS and padding else {}
        row = seq, f"event-{seq}", "gate", at, float(seq), json.dumps(body | facts)
        db.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)", row)


def _decisions(db: sqlite3.Connection) -> None:
    insert = "INSERT INTO decision (id, camera, cause, at, engine, body) VALUES (?, 'gate', ?, ?, ?, ?)"
    for n, (life, (key, cause, via)) in enumerate(zip(LIVES, _KEYS, strict=True)):
        for id_, phase in zip(life, _PHASES[len(life)], strict=True):
            body = {
                "rule": RULE, "phase": phase, "key": key, "since": "2026-03-01T05:30:00+00:00",
                "severity": "warning", "title": {"en": "t"}, "reason": ["reason.x", {"n": 1.50}], "actions": [],
            } | ({"via": via} if via else {})  # fmt: skip
            end = "event-9" if phase is Phase.RESOLVED else cause
            text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
            db.execute(insert, (id_, end, _START + n, float(n), text))
    db.execute(insert, (DAMAGED, "event-4", _START + 99, 9.0, "{no JSON"))
