"""Runs of availability (`engine.availability`) as rows: what writes them, what reads them, what is old of them.

One transaction keeps the runs that changed and when the engine was alive: after a kill both are of one moment.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from engine.availability import Availability, Run
from engine.store.codec import Columns, micros, moment
from engine.store.faults import translating
from engine.store.plan import META, Statement

#: Runs kept at most, of all cameras; beyond it the oldest go. About 60 MB.
MOST = 500_000
#: Key of the time at which the engine was last alive, in microseconds since 1970.
ALIVE = "alive"
COLUMNS = "id, camera, state, since, until, reason"
_KEEP = (
    f"INSERT INTO availability ({COLUMNS}, engine) VALUES (?, ?, ?, ?, ?, ?, ?) "  # noqa: S608 - our own text
    "ON CONFLICT (id) DO UPDATE SET until = excluded.until, engine = excluded.engine"
)
LAST = f"SELECT {COLUMNS} FROM availability WHERE id IN (SELECT max(id) FROM availability GROUP BY camera)"  # noqa: S608
WITHIN = (
    f"SELECT {COLUMNS} FROM availability WHERE since < ?1 AND coalesce(until, ?1) > ?2 "  # noqa: S608
    "AND (?3 IS NULL OR camera = ?3) ORDER BY id"
)
_OLD = "DELETE FROM availability WHERE until < ? AND engine < ?"
_TOO_MANY = "DELETE FROM availability WHERE id <= (SELECT max(id) FROM availability) - ?"


def kept(runs: Iterable[Run], alive: datetime, engine: float) -> tuple[Statement, ...]:
    """Return what keeps runs that are new or otherwise than before, and that the engine is alive, at an engine time."""
    rows = tuple((*row_of(run), engine) for run in runs)
    told = Statement(META, ((ALIVE, str(micros(alive))),))
    return (Statement(_KEEP, rows), told) if rows else (told,)


def forgotten(before: datetime, engine: float) -> tuple[Statement, ...]:
    """Return what forgets the runs that ended before both times, and of too many the oldest."""
    return Statement(_OLD, ((micros(before), engine),)), Statement(_TOO_MANY, ((MOST,),))


def row_of(run: Run) -> tuple[object, ...]:
    """Return the columns of a run."""
    until = None if run.until is None else micros(run.until)
    return run.id, run.camera, str(run.state), micros(run.since), until, run.reason


def run_of(row: Columns) -> Run:
    """Return the run of `COLUMNS`."""
    id, camera, state, since, until, reason = row
    return Run(
        id, camera, Availability(state), moment(since), None if until is None else moment(until), reason
    )


def read_file(path: Path, since: datetime, until: datetime) -> list[Run]:
    """Return the runs within a time from a database that no engine has open; what was open ends where it was alive.

    Raises:
        StoreError: It cannot be read, or is older than this ledger.
    """
    with translating(path), closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        told = db.execute("SELECT value FROM meta WHERE key = ?", (ALIVE,)).fetchone()
        rows = db.execute(WITHIN, (micros(until), micros(since), None)).fetchall()
    alive = int(told[0]) if told else None
    return [
        run_of((*row[:4], max(row[3], alive or row[3]) if row[4] is None else row[4], row[5])) for row in rows
    ]
