"""What became of the store, told: deletions become events of its log, damage and lack of room are standing problems."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from engine.draft import Draft
from engine.store.db import Store
from engine.store.model import FORGOT, Deletion
from engine.store.ports import Journal
from engine.store.witness import damage_file
from rules.model import Change, Fact, Kind, Sentence


async def journal(store: Journal, wall: datetime) -> list[Draft]:
    """Return an event for each kind of deletion that the log does not tell of yet."""
    return [_event(gone, wall) for gone in await store.deletions()]


def _event(gone: Deletion, wall: datetime) -> Draft:
    since, until = (
        None if at is None else at.isoformat(timespec="seconds") for at in (gone.since, gone.until)
    )
    known = {"first": gone.first, "last": gone.last, "since": since, "until": until}
    facts: dict[str, Fact] = {"what": gone.what, "why": gone.why, "rows": gone.rows}
    facts |= {name: value for name, value in known.items() if value is not None}
    return Draft(Kind.ENGINE, Change.NOTED, None, wall, subject="engine", label=FORGOT, facts=facts)


def ailing(store: Store) -> Iterator[Sentence]:
    """Yield what a person should know of the store: what was damaged, is missing, or had to go."""
    if (damage := store.damage()) is not None:
        note = str(damage_file(store.path))
        if damage.complaint:
            told: dict[str, Fact] = {
                "quarantine": damage.quarantine,
                "complaint": damage.complaint,
                "note": note,
            }
            yield Sentence("store.damaged", {**told, "events": damage.saved.get("event", 0)})
        else:
            lost = "?" if damage.lost is None else damage.lost
            yield Sentence("store.past_missing", {"path": str(store.path), "lost": lost, "note": note})
    yield from store.scrub.problems()
    if store.unreadable:
        yield Sentence("store.unreadable", {"rows": store.unreadable})
    if store.forgotten:
        yield Sentence("store.forgotten", {"rows": store.forgotten})
    if store.given_up:
        yield Sentence("store.given_up", {"rows": store.given_up})
