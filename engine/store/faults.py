"""The boundary where SQLite's errors become the engine's, named by who must act."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
#: Less free space than this behind an I/O error: the disk is full (the shared-memory file says so this way).
SCARCE = 256 << 10


def translated(error: sqlite3.Error, path: Path) -> StoreError:
    """Return the engine's error for one of SQLite's about the database at `path`."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and free_bytes(path) < SCARCE):
        return StoreFull(f"no room for {path}: {error}")
    if code in _BUSY:
        return StoreBusy(f"{path} is locked: {error}")
    if code in _CORRUPT:
        return StoreCorrupt(f"{path} is damaged: {error}")
    return StoreError(f"{path}: {error}")


@contextmanager
def translating(path: Path) -> Iterator[None]:
    """Raise `StoreError` for any SQLite error inside."""
    try:
        yield
    except sqlite3.Error as error:
        raise translated(error, path) from error


def free_bytes(path: Path) -> int:
    """Return the bytes free to us on the disk of `path`."""
    return shutil.disk_usage(path.parent).free
