"""Numbered upgrade files, applied in order, all in one transaction with the last one's number.

So whatever cuts an upgrade short, the database is as the older program left it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from importlib.resources import files
from typing import Protocol

from engine.errors import StoreError
from rules.evaluator.evaluator import decision_id
from rules.model import EventId, Phase, RuleName


class Upgrade(Protocol):
    """One upgrade file: what `pathlib.Path` and package resources have in common."""

    @property
    def name(self) -> str:
        """File name, ``NNNN_what.sql``."""
        ...

    def read_text(self, encoding: str) -> str:
        """Return its SQL."""
        ...


def steps() -> list[Upgrade]:
    """Return the upgrade files that this program carries, in order."""
    folder = files("engine.store") / "upgrade"
    return sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda f: f.name)


def version_of(db: sqlite3.Connection) -> int:
    """Return the number of the last upgrade applied; 0 for an empty database."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def upgrade(db: sqlite3.Connection, carried: Sequence[Upgrade]) -> None:
    """Bring a database to the newest schema.

    Args:
        db: A connection in autocommit mode.
        carried: Upgrade files numbered from 1 without holes, in order.

    Raises:
        StoreError: The database was written by a newer program; it is left as it is.
        sqlite3.Error: A step failed; the database stays as it was.
    """
    have, know = version_of(db), len(carried)
    if have > know:
        raise StoreError(
            f"the database has schema {have}, this matthan knows {know}: it was written by a newer "
            "version; install that version again, or restore a backup made before the upgrade"
        )
    for number, step in enumerate(carried[have:], start=have + 1):
        if int(step.name.partition("_")[0]) != number:
            raise StoreError(f"upgrade file {step.name} is out of order: {number} was expected")
    if have == know:
        return
    db.create_function("decision_id", 4, _decision_id, deterministic=True)
    # executescript ends an open transaction, so the transaction is part of the script
    script = "\n".join(step.read_text("utf-8") for step in carried[have:])
    try:
        db.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {know};\nCOMMIT;")
    except sqlite3.Error:
        db.rollback()
        raise


def _decision_id(*told: object) -> str | None:
    """Return the identity of a decision for SQL, NULL where what it is made of is damaged."""
    rule, key, phase, cause = told
    if not (isinstance(rule, str) and isinstance(key, str) and isinstance(cause, str)):
        return None
    return decision_id(RuleName(rule), key, Phase(str(phase)), EventId(cause))
