"""One transaction, all of it or nothing. Blocking: it is run as a whole at the writer's thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from engine.runtime import log
from engine.store.hashchain.linking import Ends, Linking
from engine.store.plan import DECISION, EVENT, Chaining, Part

_log = log.get(__name__)


def transact(db: sqlite3.Connection, parts: Sequence[Part], linking: Linking) -> int:
    """Run the parts of a transaction, and make it durable; return the rows of history changed.

    Raises:
        sqlite3.Error: One failed; nothing of it is there.
    """
    try:
        changed, head = _run(db, parts, linking)
        db.commit()
    except BaseException:  # whatever it was, the transaction must not stay open
        _undo(db)
        raise
    linking.head = head
    return changed


def _run(db: sqlite3.Connection, parts: Sequence[Part], linking: Linking) -> tuple[int, Ends | None]:
    before, quiet, missing, head = db.total_changes, 0, 0, linking.head
    for each in parts:
        if isinstance(each, Chaining):
            head = linking.link(db, each, whole=not missing)
            continue
        changed = db.executemany(each.sql, each.rows).rowcount
        quiet += changed if each.quiet else 0
        missing += len(each.rows) - changed if each.sql in (EVENT, DECISION) else 0
    return db.total_changes - before - quiet, head


def _undo(db: sqlite3.Connection) -> None:
    try:
        db.rollback()
    except sqlite3.Error as error:
        _log.warning("store.rollback_failed", error=str(error))
