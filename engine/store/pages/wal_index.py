"""How many frames the write-ahead log has: SQLite's index of it (``-shm``), of which the first words are read.

Format: https://www.sqlite.org/walformat.html#the_wal_index_header. Blocking, for microseconds.
"""

from __future__ import annotations

import os
from pathlib import Path
from struct import Struct

_INDEX = Struct("=4I I")  # what comes before, and how many frames; in this machine's order


class WalIndex:
    """The index of a log, held open.

    It is opened after SQLite has opened the database and closed after SQLite has closed it: whoever closes a file
    gives up all locks that its process has on it.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path.with_name(path.name + "-shm"), os.O_RDONLY | os.O_CLOEXEC)

    def frames(self) -> int:
        """Return how many frames were committed since the log was filled anew."""
        data = os.pread(self._handle, _INDEX.size, 0)
        return int(_INDEX.unpack(data)[4]) if len(data) == _INDEX.size else 0

    def close(self) -> None:
        """Let go of it."""
        os.close(self._handle)
