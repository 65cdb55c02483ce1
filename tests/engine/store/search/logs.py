"""Logs that are looked through: rows as the engine writes them, and a naive scan of them to compare with."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.severity import RANK
from engine.store import codec
from engine.store.plan import DECISION, EVENT
from engine.store.schema import steps, upgrade
from engine.store.search.sought import FIELDS, Sought, fold, tokens
from engine.text import render
from rules.model import (
    CameraId,
    Change,
    Decision,
    DecisionId,
    Event,
    EventId,
    Kind,
    Phase,
    RuleName,
    Sentence,
    Severity,
)

BEGIN = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Logged:
    """One entry of a log: of an event, or of a decision that a cause may have been kept for."""

    seq: int
    what: Event | Decision
    cause: Event | None = None

    @property
    def at(self) -> datetime:
        return self.what.received_at if isinstance(self.what, Event) else self.what.at

    def fields(self) -> set[tuple[str, str]]:
        """Return what it is found by: (field, value)."""
        camera = ("camera", self.what.camera or "")
        if isinstance(self.what, Event):
            return {camera, ("is", "event"), ("change", self.what.change), *_about(self.what)}
        made = self.what
        own = {("rule", fold(made.rule)), ("severity", made.severity), ("phase", made.phase)}
        about = _about(self.cause) if self.cause else set()
        return {camera, ("is", "decision"), *own, *about}

    def text(self) -> tuple[str, ...]:
        """Return the words of its text."""
        if isinstance(self.what, Event):
            told = self.what.kind in (Kind.OPERATOR, Kind.PLATE)
            return tokens(
                " ".join(str(v) for v in self.what.facts.values() if isinstance(v, str)) if told else ""
            )
        made = self.what
        reasons = [render(made.reason.code, made.reason.values, each) for each in ("vi", "en")]
        parts = [
            made.id,
            made.rule,
            made.camera or "",
            *made.title.values(),
            *made.message.values(),
            *reasons,
        ]
        return tokens(" ".join(parts))


def _about(event: Event) -> set[tuple[str, str]]:
    label = {("label", fold(event.label))} if event.label else set()
    return {("kind", event.kind), *label, *(("zone", fold(zone)) for zone in event.zones)}


def naive(logged: Iterable[Logged], sought: Sought) -> list[int]:
    """Return the numbers of what is looked for, greatest first, by looking at each entry."""
    found = []
    for each in logged:
        terms = {f"{field}:{value}" for field, value in each.fields()}
        if sought.wants(terms, each.text(), each.at):
            found.append(each.seq)
    return sorted(found, reverse=True)


def event(seq: int, camera: str | None = "gate", *, after: float | None = None, **more: object) -> Logged:
    at = BEGIN + timedelta(seconds=seq if after is None else after)
    made = Event(
        EventId(f"event-{seq:08}"),
        "site",
        seq,
        Kind.OBJECT,
        Change.BEGAN,
        CameraId(camera) if camera else None,
        at,
        at,
    )
    return Logged(seq, replace(made, **more))  # type: ignore[arg-type]


def decision(seq: int, cause: Logged, *, after: float | None = None, **more: object) -> Logged:
    of = cause.what
    assert isinstance(of, Event)
    at = BEGIN + timedelta(seconds=seq if after is None else after)
    made = Decision(
        DecisionId(f"decision-{seq:08}"), RuleName("night-gate"), Phase.FIRING, f"{of.camera}/x", of.camera, at, at,
        of.id, Severity.WARNING, {"vi": "Người ở cổng", "en": "Person at the gate"}, Sentence("reason.x"),
        alert=DecisionId(f"decision-{seq:08}"),
    )  # fmt: skip
    return Logged(seq, replace(made, **more), of)  # type: ignore[arg-type]


def make_database(path: Path, logged: Sequence[Logged] = (), name: str = "this") -> Path:
    """Return a database with these entries."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        upgrade(db, steps())
        db.execute("INSERT INTO meta VALUES ('store', ?)", (name,))
    append(path, logged)
    return path


def append(path: Path, logged: Iterable[Logged]) -> None:
    """Write entries to a database, as the engine does."""
    with closing(sqlite3.connect(path)) as db, db:
        for each in logged:
            if isinstance(each.what, Event):
                db.execute(EVENT, codec.event_row(each.what, float(each.seq)))
            else:
                db.execute(DECISION, codec.decision_row(each.what, float(each.seq), each.seq))


def forget(path: Path, before: int) -> None:
    """Delete what is below a number, but for decisions of severity critical: they fire still."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM event WHERE seq < ?", (before,))
        db.execute(
            "DELETE FROM decision WHERE seq < ? AND json_extract(body, '$.severity') <> 'critical'", (before,)
        )


__all__ = [
    "BEGIN",
    "FIELDS",
    "RANK",
    "Logged",
    "append",
    "decision",
    "event",
    "forget",
    "make_database",
    "naive",
]
