"""People and what they may as rows: few, read whole at a start, each change durable before it is answered.

What the rows mean is `engine.identity`'s business; here is which tables there are, and how a row is kept or goes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from engine.store.plan import Statement

#: What a column holds.
Value = str | int | float | bytes | None
Row = tuple[Value, ...]


class Table(StrEnum):
    """The tables, in the order in which they are salvaged: without persons nobody gets in."""

    PERSON = "person"
    GRANT = "role_grant"
    TOKEN = "token"  # noqa: S105 - a table's name
    SESSION = "session"
    CODE = "one_time"
    TRY = "login_try"


#: What lets somebody in for a while; a restore leaves it out.
LET_IN: Final = (Table.SESSION, Table.CODE)
COLUMNS: Final = {
    Table.PERSON: "id, name, local, by, made, password, set_at, disabled, removed",
    Table.GRANT: "id, person, role, place, by, why, since, until, hours, engine",
    Table.TOKEN: "id, secret, person, purpose, made, until, engine, by, role, place, used",
    Table.SESSION: "id, secret, person, address, made, engine, used, used_at",
    Table.CODE: "id, secret, purpose, made, engine, person",
    Table.TRY: "subject, tries, engine",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A row that is kept from now on, in place of the one with the same key; or one that goes.

    Attributes:
        row: Its columns (`COLUMNS`); of one that goes, its key alone.
        gone: It goes.
    """

    table: Table
    row: Row
    gone: bool = False


def kept(changes: Iterable[Change]) -> tuple[Statement, ...]:
    """Return what keeps changes, in their order."""
    return tuple(Statement(_sql(each), (each.row,)) for each in changes)


def _sql(change: Change) -> str:
    columns = COLUMNS[change.table]
    if change.gone:
        return f"DELETE FROM {change.table} WHERE {columns.partition(',')[0]} = ?"  # noqa: S608 - names are our own
    marks = ", ".join("?" * len(change.row))
    return f"INSERT OR REPLACE INTO {change.table} ({columns}) VALUES ({marks})"  # noqa: S608 - names are our own
