"""What an entry of the log is found by and counted as. Pure, but that it knows the columns that are read of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from engine.severity import RANK
from engine.store import codec
from engine.store.search.sought import term, tokens
from engine.text import LANGUAGES, render
from rules.model import Decision

#: Microseconds in one bucket of the counts: a quarter of an hour, so that every time zone's hours are whole ones.
BUCKET = 15 * 60 * 1_000_000
#: Characters of a text that are looked through.
LONGEST = 4_000
#: Events whose facts people write or read.
_TOLD = ("operator", "plate")
#: What damaged text raises where it is read.
_ODD = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError)
_BEGINS = frozenset({"began", "noted"})
_HAPPENS = frozenset({"object", "motion", "signal", "crowd", "plate", "mqtt"})
_SOUND = "SELECT seq, id, camera, received_at, iif(json_valid(body), body, '{}') AS body FROM event"
#: Columns of an event, taken apart by SQLite: a third of the time that Python takes, and without its lock.
EVENTS = (
    "SELECT seq, id, camera, received_at, json_extract(body, '$.kind'), json_extract(body, '$.change'), "  # noqa: S608
    "json_extract(body, '$.label'), json_extract(body, '$.zones'), "
    f"CASE WHEN json_extract(body, '$.kind') IN {_TOLD} THEN json_extract(body, '$.facts') END "
    f"FROM ({_SOUND} WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?)"
)
#: A decision, and the event that made it: where that was, and what it was about, a decision is found by as well.
DECISIONS = (
    f"SELECT decision.seq, {codec.DECISION}, iif(json_valid(event.body), event.body, '{{}}') "  # noqa: S608
    "FROM decision LEFT JOIN event ON event.id = decision.cause "
    "WHERE decision.seq > ? AND decision.seq <= ? ORDER BY decision.seq LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Count:
    """What one entry is counted as, in its bucket.

    Attributes:
        scope: ``camera`` (what began or was noted there), ``alert`` (what fired there), ``zone`` (looks and events with
            something in it) or ``rule`` (what it fired).
        name: Of the zone or rule.
        rank: Of the severity, the worst is 0; 3: it has none.
    """

    scope: str
    camera: str
    name: str = ""
    rank: int = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index keeps of one entry.

    Attributes:
        id: Of an event; empty: a decision.
        at: Microseconds since 1970: when an event was received, or a decision made.
        told: Its text, folded, words apart; empty: there is none.
    """

    seq: int
    id: str
    at: int
    terms: tuple[str, ...]
    told: str
    counts: tuple[Count, ...]


def event(row: Sequence[Any]) -> Entry:
    """Return what is kept of an event, by `EVENTS` columns; of a damaged one, where it stands."""
    seq, id_, camera, at, kind, change, label, zones, facts = row
    try:
        where = _zones(zones)
        terms = (*_event_terms(camera, kind, change, label), *(term("zone", zone) for zone in where))
        told = _text(_strings(facts)) if facts else ""
    except _ODD:
        return Entry(seq, str(id_), ticks(at), ("is:event", term("camera", camera)), "", ())
    return Entry(seq, str(id_), ticks(at), terms, told, tuple(_counted(camera or "", kind, change, where)))


def decision(row: Sequence[Any]) -> Entry:
    """Return what is kept of a decision, by `DECISIONS` columns; of a damaged one, where it stands."""
    seq, id_, camera, _, at, _, cause = row
    terms = ["is:decision", term("camera", camera)]
    try:
        made = codec.decision_of(row[1:6])
        terms += _decision_terms(made, json.loads(cause) if cause else {})
        told = _text([id_, *_sentences(made)])
    except _ODD:
        return Entry(seq, "", ticks(at), tuple(terms[:2]), "", ())
    return Entry(seq, "", ticks(at), tuple(dict.fromkeys(terms)), told, tuple(_fired(made)))


def _decision_terms(made: Decision, about: Mapping[str, Any]) -> Iterator[str]:
    """Yield by what a decision is found, its cause's kind, label and zones among it."""
    yield from (term("rule", made.rule), term("severity", made.severity), term("phase", made.phase))
    yield from (term(field, str(about[field])) for field in ("kind", "label") if about.get(field))
    yield from (term("zone", str(zone)) for zone in about.get("zones", ()))


def ticks(at: object) -> int:
    """Return a time; of a damaged one the beginning of time."""
    return at if isinstance(at, int) else 0


def _fired(made: Decision) -> Iterator[Count]:
    if made.phase == "firing" and not made.dry_run:
        camera, rank = made.camera or "", RANK.get(made.severity, 3)
        yield Count("alert", camera, rank=rank)
        yield Count("rule", camera, made.rule, rank)


def _counted(camera: str, kind: str | None, change: str | None, zones: Sequence[str]) -> Iterator[Count]:
    if camera and kind in _HAPPENS:
        if change in _BEGINS:
            yield Count("camera", camera)
        if change != "ended":
            for zone in zones:
                yield Count("zone", camera, zone)


@lru_cache(maxsize=4096)
def _event_terms(
    camera: str | None, kind: str | None, change: str | None, label: str | None
) -> tuple[str, ...]:
    told = [("kind", kind), ("change", change), ("label", label)]
    return (
        "is:event",
        term("camera", camera),
        *(term(field, str(value)) for field, value in told if value is not None),
    )


@lru_cache(maxsize=4096)
def _zones(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(str, json.loads(text)))) if text else ()


def _strings(facts: str) -> list[str]:
    return [str(value) for value in json.loads(facts).values() if isinstance(value, str)]


def _sentences(made: Decision) -> Iterator[str]:
    """Yield what a person may read of a decision, in both languages."""
    yield made.rule
    yield made.camera or ""
    for texts in (made.title, made.message):
        yield from map(str, texts.values())
    for language in LANGUAGES:
        yield render(made.reason.code, made.reason.values, language)


def _text(parts: Sequence[str]) -> str:
    return " ".join(tokens(" ".join(parts)[:LONGEST]))
