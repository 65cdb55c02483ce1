"""What the engine asks of whatever keeps its past: one port for each who asks, and each takes only its own.

`engine.store.db.Store` is all of them but `Media`, which `engine.store.media.MediaFolder` is. What a port promises
beyond its types is tried by `tests/engine/store/contract.py`, which any other implementation must pass too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from engine.store.codec import Columns
from engine.store.hashchain.audited import AuditFilter
from engine.store.model import (
    Acknowledgement,
    Audited,
    Counts,
    Deletion,
    DeliveryState,
    Pending,
    Unseen,
    Verdict,
)
from engine.store.people import Change, Table
from rules.model import Decision, Event


class Verdicts(Protocol):
    """Where the judge's verdicts go."""

    async def commit(self, verdict: Verdict) -> None:
        """Keep a verdict, durably, all of it or nothing; the same one again is the same fact.

        Raises:
            StoreFull: No room; trying again is safe. `StoreBusy` likewise.
        """
        ...


class Events(Protocol):
    """The log, and its events."""

    async def log(self, after: int, limit: int = 500) -> list[tuple[int, Event | Decision | Audited]]:
        """Return entries of the log with ``seq > after``, in order."""
        ...

    async def events(
        self, before: int | None = None, limit: int = 100, camera: str | None = None
    ) -> list[Event]:
        """Return events newest first, with ``seq < before``."""
        ...

    async def event(self, id: str) -> Event | None:
        """Return one event, None when it is not (or no longer) kept."""
        ...


class Decisions(Protocol):
    """Decisions, and who takes care of them."""

    async def decisions(
        self, before: str | None = None, limit: int = 100, camera: str | None = None
    ) -> list[Decision]:
        """Return decisions newest first, older than the decision id `before` (none if it is unknown)."""
        ...

    async def decisions_of(self, ids: Iterable[str]) -> list[Decision]:
        """Return the decisions of these ids, as far as they are kept, in no order."""
        ...

    async def decisions_of_alert(self, alert: str) -> list[Decision]:
        """Return an alert's decisions, in order, as far as they are kept."""
        ...

    async def acknowledgements(self, ids: Iterable[str]) -> dict[str, Acknowledgement]:
        """Return who takes care of which of these decisions: the first who said so, if not taken back."""
        ...

    async def unseen(self, limit: int, before: datetime | None = None) -> list[Unseen]:
        """Return alerts that nobody has seen, newest first, of those that began before a time."""
        ...

    async def count_unseen(self) -> int:
        """Return how many alerts nobody has seen."""
        ...


class Recorded(Protocol):
    """What people did."""

    async def records(self, which: AuditFilter) -> list[Audited]:
        """Return records, newest first."""
        ...


class Ageing(Protocol):
    """How old something is."""

    def lived(self, since: float) -> float:
        """Return the seconds since an engine time that were really counted."""
        ...


class Outbox(Ageing, Protocol):
    """What is to be sent, and what was given up."""

    async def lanes(self) -> list[str]:
        """Return every lane with rows still to be done."""
        ...

    async def due(self, now: float, limit: int, lane: str | None = None) -> list[Pending]:
        """Return rows to be tried at engine time `now`, in order of decision; those that failed often come last."""
        ...

    async def next_try(self, lane: str) -> float | None:
        """Return the engine time of a lane's next try, None when nothing is left to be done."""
        ...

    async def settle(self, id: int, state: DeliveryState, next_at: float, detail: str) -> None:
        """Note what became of one try of a row; `next_at` is engine time."""
        ...

    async def revive(self, action: str, target: str = "") -> None:
        """Make every waiting row of an action (of one of its targets) due now."""
        ...

    async def dead(self, limit: int = 100, before: int | None = None) -> list[Pending]:
        """Return dead letters, newest first, with ids below `before`."""
        ...

    async def letters(self, ids: Collection[int] | None) -> list[Pending]:
        """Return the dead letters of these ids, as far as there are any; None: all. In order of decision."""
        ...

    async def resend(self, ids: Collection[int] | None = None) -> list[Pending]:
        """Let dead letters be tried again as if they were new, with the same keys; return them. None: all."""
        ...

    async def counts(self) -> Counts:
        """Return how many rows and dead letters there are."""
        ...


class Records(Events, Decisions, Outbox, Recorded, Protocol):
    """All that people ask for."""


class Journal(Protocol):
    """Deletions that the log does not tell of yet."""

    async def note(self, gone: Deletion) -> None:
        """Journal a deletion of something that is kept elsewhere; done before it."""
        ...

    async def deletions(self) -> list[Deletion]:
        """Return what was deleted and is not yet an event of the log."""
        ...


class Notes(Ageing, Journal, Protocol):
    """What the keeper of pictures notes for itself."""

    async def remember(self, key: str, value: str) -> None:
        """Keep a value of the engine's own; see `recall`."""
        ...

    async def recall(self, key: str) -> str | None:
        """Return a value that was kept, None where none was."""
        ...


class Retained(Journal, Protocol):
    """What forgets what is old."""

    async def prune(self, before: datetime) -> int:
        """Forget what was received before; return how many rows went."""
        ...

    async def ageing_records(self, before: datetime) -> tuple[int, int]:
        """Return how many records are that old and still told, and the greatest `seq` of them."""
        ...

    async def crowding_records(self) -> datetime | None:
        """Return before when what is told of records is more than its share of the room; None: it is not."""
        ...

    async def prune_records(self, before: datetime, upto: int, why: str) -> int:
        """Forget what is told of records that old, which stay; return of how many. To be recorded beforehand."""
        ...


class People(Protocol):
    """Who may what: persons, grants, and what lets them in."""

    async def people(self, table: Table) -> list[Columns]:
        """Return all rows of a table."""
        ...

    async def keep_people(self, changes: Sequence[Change]) -> None:
        """Keep changes, durably, all of them or none.

        Raises:
            StoreFull: No room; trying again is safe. `StoreBusy` likewise.
        """
        ...


class Media(Protocol):
    """Pictures, and what says what they are: files by the name ``YYYY-MM-DD/FILE``, a day at a time forgotten."""

    async def keep(self, files: Mapping[str, bytes | None]) -> None:
        """Keep files of one day, in their order, each whole or not at all; None: there is none of that name any more.

        Raises:
            OSError: The disk is full, or not ours. Trying again is safe.
        """
        ...

    async def days(self) -> Mapping[date, int]:
        """Return the days that have files, each with a number that is another one after each writing."""
        ...

    async def pictures(self, day: date) -> int:
        """Return how many pictures a day has."""
        ...

    async def forget(self, day: date) -> None:
        """Delete all files of a day."""
        ...
