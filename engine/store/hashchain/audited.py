"""What people did, as rows of the log: how they are written, chained, read and, in the end, emptied.

A row of ``audit`` is chained twice. As an entry of the log it has its link like every other (`engine.seal.chain`). And
it names the digest of the audit row before: that chain is of audit rows alone, and so it holds on when the links of
old events go. The digest is over all columns but ``body``, of which it holds the SHA-256 (`payload`): what is told of a
deed may go with its age, and both chains stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple

from engine.seal.chain import Entry, Place, digest
from engine.store.codec import Columns, micros, moment
from engine.store.model import Audited

#: Columns that are digested, in order; behind them stands the body.
DIGESTED: Final = "seq, id, nth, deed, at, engine, camera, payload, previous"
COLUMNS: Final = f"{DIGESTED}, body"
INSERT: Final = f"INSERT INTO audit ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - our own text
#: Which of some ids are there; and the last row, digested columns first.
KNOWN: Final = "SELECT id FROM audit WHERE id IN (SELECT value FROM json_each(?))"
LAST: Final = f"SELECT {DIGESTED} FROM audit ORDER BY nth DESC LIMIT 1"  # noqa: S608 - our own text
#: Where `meta` has the end of this chain.
END: Final = "audit"
_EVER = 1 << 62
_WHO, _NAME, _OUTCOME = (
    f"CASE WHEN json_valid(body) THEN json_extract(body, '$.{name}') END"
    for name in ("who", "name", "outcome")
)


class AuditRow(NamedTuple):
    """What is written of a record before it has its place in the chain."""

    seq: int
    id: str
    deed: str
    at: int
    engine: float
    camera: str | None
    payload: str
    body: str


def row_of(told: Audited) -> AuditRow:
    """Return the columns of a record."""
    body = told.body or "{}"
    at, payload = micros(told.at), sha256(body.encode()).hexdigest()
    return AuditRow(told.seq, told.id, told.deed, at, float(told.engine), told.camera, payload, body)


def chained(rows: Iterable[AuditRow], end: Place) -> tuple[list[tuple[object, ...]], list[Entry], Place]:
    """Return rows of the table behind an end, what of them is linked as entries of the log, and the new end."""
    found, entries, nth, value = list[tuple[object, ...]](), list[Entry](), end.seq, end.value
    for each in sorted(rows):
        nth += 1
        row = (
            each.seq, each.id, nth, each.deed, each.at, each.engine, each.camera, each.payload, value.hex()
        )  # fmt: skip
        value = digest("audit", row)
        found.append((*row, each.body))
        entries.append(Entry(each.seq, each.id, value))
    return found, entries, Place(nth, value)


def end_of(row: Columns) -> Place:
    """Return where the chain ends by its last row (`DIGESTED`)."""
    return Place(row[2], digest("audit", row))


# -- reading --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which records; None: whichever.

    Attributes:
        before: Only with a smaller `nth`.
        who: The person's id or name.
        since: Only from then on; `until`: only before.
    """

    before: int | None = None
    limit: int = 100
    who: str | None = None
    deed: str | None = None
    camera: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def query(self) -> tuple[str, tuple[object, ...]]:
        """Return what reads them, newest first."""
        told = (
            f"nth IN (SELECT nth FROM audit WHERE {_WHO} = ?1 UNION SELECT nth FROM audit WHERE {_NAME} = ?1)"  # noqa: S608
        )
        conditions = {
            told: self.who,
            "deed = ?2": self.deed,
            "camera = ?3": self.camera,
            f"{_OUTCOME} = ?4": self.outcome,
            "at >= ?5": None if self.since is None else micros(self.since),
            "at < ?6": None if self.until is None else micros(self.until),
            "nth < ?7": _EVER if self.before is None else self.before,
        }
        where = " AND ".join(each for each, value in conditions.items() if value is not None)
        sql = f"SELECT {COLUMNS} FROM audit WHERE {where} ORDER BY nth DESC LIMIT ?8"  # noqa: S608 - our own text
        return sql, (*conditions.values(), self.limit)


def audited_of(row: Columns) -> Audited:
    """Return the record of `COLUMNS`."""
    seq, id_, nth, deed, at, engine, camera, _, _, body = row
    return Audited(id_, seq, deed, moment(at), engine, camera, body, nth)
