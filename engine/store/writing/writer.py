"""The connection that writes: a whole transaction is one call into its thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar, cast

import aiosqlite

T = TypeVar("T")
#: Seconds that a lock of another program is waited for.
BUSY_SECONDS = 5.0
_ROWS_AT_ONCE = 64


class Writer(aiosqlite.Connection):
    """A connection at whose thread functions are run as a whole.

    A statement at a time costs a hop there and one back for each, longer than what the statement itself takes.
    """

    async def __aenter__(self) -> Self:
        await self
        return self

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what a function of the connection returns that is run at its thread."""
        return cast("T", await self._execute(work, self._conn))  # type: ignore[no-untyped-call]


def writer_of(path: Path) -> Writer:
    """Return a connection to a database whose transactions begin with their first statement, as writing ones."""
    return Writer(
        lambda: sqlite3.connect(path, isolation_level="IMMEDIATE", timeout=BUSY_SECONDS), _ROWS_AT_ONCE
    )


async def tune(writer: Writer, reader: aiosqlite.Connection, quota_mb: int) -> None:
    """Let what is written survive a power cut, stay within a quota, and the reader write nothing."""
    await writer.execute_fetchall("PRAGMA synchronous = FULL")
    await writer.execute_fetchall("PRAGMA wal_autocheckpoint = 0")  # engine.store.pages makes them
    size = next(iter(await writer.execute_fetchall("PRAGMA page_size")))[0]
    await writer.execute_fetchall(f"PRAGMA max_page_count = {quota_mb * (1 << 20) // int(size)}")
    await reader.execute_fetchall("PRAGMA query_only = ON")
