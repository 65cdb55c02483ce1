"""What the log itself says of what is not there any more: deletions that were recorded. Blocking.

Only what stands in the chain counts. A note beside it (table ``deletion``) anybody could have put there who can write
the database: it is told of, and no more.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.store.codec import micros
from engine.store.model import FORGOT
from engine.store.witness import MARGIN

_FORGOT = f"SELECT body FROM event WHERE camera IS NULL AND instr(body, '{FORGOT}') > 0"  # noqa: S608 - our own text
_DELETED = "SELECT body FROM audit WHERE deed = 'delete' AND body IS NOT NULL"
_NOTED = "SELECT max(last) FROM deletion WHERE what IN ('events', 'decisions')"
_THERE = (
    "SELECT seq FROM decision WHERE seq > ?1 AND seq <= ?2 "
    "UNION ALL SELECT seq FROM audit WHERE seq > ?1 AND seq <= ?2 ORDER BY 1 DESC"
)
#: A step of the numbers that restores and damage make; less is a hole.
JUMP = MARGIN


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was deleted, as recorded.

    Attributes:
        history: Numbers of events and decisions that went, from which to which each time.
        noted: Greatest number of those that are only noted beside.
        told: Of records of which what is told went: up to which number, and before when (microseconds since 1970).
    """

    history: tuple[tuple[int, int], ...] = ()
    noted: int = 0
    told: tuple[tuple[int, int], ...] = field(default=())

    @property
    def last(self) -> int:
        """Greatest number of what went."""
        return max((last for _, last in self.history), default=0)

    def gone(self, first: int, last: int) -> bool:
        """Return whether it is recorded that all entries of a stretch went.

        Those of a clock that ran ahead stay while others around them go, and with them the links of all.
        """
        return any(begin <= first and last <= end for begin, end in self.history)

    def emptied(self, seq: int, at: object) -> bool:
        """Return whether it is recorded that what was told of a record went."""
        return any(seq <= last and isinstance(at, int) and at < before for last, before in self.told)


def evidence(db: sqlite3.Connection) -> Evidence:
    """Return what a database says."""
    facts = [_part(body, "facts") for body in _bodies(db, _FORGOT)]
    went = [each for each in facts if each.get("what") in ("events", "decisions")]
    history = tuple((_whole(each, "first"), _whole(each, "last")) for each in went)
    about = [_part(body, "about") for body in _bodies(db, _DELETED)]
    told = [(_whole(each, "last"), _time(each)) for each in about if each.get("what") == "audit"]
    noted = db.execute(_NOTED).fetchone()[0]
    return Evidence(history, noted if isinstance(noted, int) else 0, tuple(told))


def begun(db: sqlite3.Connection, start: int, known: int) -> bool:
    """Return whether all that is missing up to the beginning of a chain is among what is known to have been deleted.

    Args:
        start: The last number whose link is gone.
        known: Up to which number deletions are told of.
    """
    if start <= known:
        return True
    there = [row[0] for row in db.execute(_THERE, (known, start))]
    above = start + 1
    for seq in (*there, known):
        if 0 < above - seq - 1 < JUMP:
            return False
        above = seq
    return True


def _bodies(db: sqlite3.Connection, sql: str) -> Iterator[dict[str, Any]]:
    for (text,) in db.execute(sql):
        try:
            body = json.loads(text)
        except ValueError:
            continue
        if isinstance(body, dict):
            yield body


def _part(body: dict[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def _whole(facts: dict[str, Any], name: str) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) else 0


def _time(facts: dict[str, Any]) -> int:
    try:
        return micros(datetime.fromisoformat(str(facts.get("before"))))
    except (ValueError, TypeError):
        return 0
